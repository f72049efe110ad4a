import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const text = defineTransform({
  name: 'text', about: 'The value as text, e.g. a number that is a code; 7.0 becomes 7.', options: z.strictObject({}), output: 'VARCHAR',
  sql: (x) => `CASE WHEN regexp_full_match(${x}, '-?\\d+\\.0+') THEN split_part(${x}, '.', 1) ELSE ${x} END`,
})
