import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const right = defineTransform({
  name: 'right', about: 'The last characters.', options: z.strictObject({ length: z.int().min(0) }), output: 'VARCHAR', positional: ['length'],
  sql: (x, o) => `right(${x}, ${o.length})`,
})
