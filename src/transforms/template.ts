import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const template = defineTransform({
  name: 'template', about: 'A text with the value at {value}: "CUST-{value}"; nothing stays nothing.',
  options: z.strictObject({ text: z.string().refine((t) => t.includes('{value}'), 'the text must hold {value}') }), output: 'VARCHAR', positional: ['text'],
  sql: (x, o) => `CASE WHEN trim(${x}) <> '' THEN ${o.text.split('{value}').map(literal).join(` || ${x} || `)} END`,
})
