import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const stripFormula = defineTransform({
  name: 'strip_formula', about: 'Takes the leading = + - @ from a text that a spreadsheet would run as a formula; numbers and telephone numbers stay.',
  options: z.strictObject({}), output: 'VARCHAR',
  sql: (x) => `CASE WHEN regexp_matches(${x}, '^[\\s]*[=@]') OR (regexp_matches(${x}, '^[\\s]*[-+]') AND NOT regexp_full_match(${x}, '\\s*[-+][\\d\\s().,/-]*')) THEN regexp_replace(${x}, '^[\\s=+@-]+', '') ELSE ${x} END`,
})
