import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const join = defineTransform({
  name: 'join', about: 'Cuts a text at a separator and joins the parts that are not empty with another, e.g. lines into one.',
  options: z.strictObject({ separator: z.string().min(1).default('\n'), with: z.string().default(', ') }),
  output: 'VARCHAR', positional: ['separator', 'with'],
  sql: (x, o) => `array_to_string(list_filter(list_transform(string_split(replace(${x}, chr(13), ''), ${literal(o.separator)}), lambda p: trim(p)), lambda p: p <> ''), ${literal(o.with)})`,
})
