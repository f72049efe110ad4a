import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const replaceText = defineTransform({
  name: 'replace', about: 'Replaces every occurrence of a text.',
  options: z.strictObject({ find: z.string().min(1), with: z.string().default('') }), output: 'VARCHAR', positional: ['find', 'with'],
  sql: (x, o) => `replace(${x}, ${literal(o.find)}, ${literal(o.with)})`,
})
