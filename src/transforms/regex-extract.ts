import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { pattern } from './pattern.ts'
import { defineTransform } from './transform.ts'

export const regexExtract = defineTransform({
  name: 'regex_extract', about: 'The part that matches a regular expression, or a group of it; nothing when it does not match.',
  options: z.strictObject({ pattern, group: z.int().min(0).max(9).optional().describe('Default: the first group, or the whole match when there is none') }),
  output: 'VARCHAR', mayBeNull: true, positional: ['pattern', 'group'],
  sql: (x, o) => {
    const groups = (o.pattern.replace(/\\./g, '').match(/\((?!\?(?!P?<))/g) ?? []).length
    return `CASE WHEN regexp_matches(${x}, ${literal(o.pattern)}) THEN regexp_extract(${x}, ${literal(o.pattern)}, ${Math.min(o.group ?? 1, groups)}) END`
  },
})
