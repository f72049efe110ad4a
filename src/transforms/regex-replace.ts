import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { pattern } from './pattern.ts'
import { defineTransform } from './transform.ts'

export const regexReplace = defineTransform({
  name: 'regex_replace', about: 'Replaces what matches a regular expression; `\\1` is the first group.',
  options: z.strictObject({ pattern, with: z.string().default(''), first_only: z.boolean().default(false), ignore_case: z.boolean().default(false) }),
  output: 'VARCHAR', positional: ['pattern', 'with'],
  sql: (x, o) => `regexp_replace(${x}, ${literal(o.pattern)}, ${literal(o.with.replace(/\\(?![0-9\\])/g, '\\\\'))}, '${o.first_only ? '' : 'g'}${o.ignore_case ? 'i' : ''}')`,
})
