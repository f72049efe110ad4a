import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const left = defineTransform({
  name: 'left', about: 'The first characters.', options: z.strictObject({ length: z.int().min(0) }), output: 'VARCHAR', positional: ['length'],
  sql: (x, o) => `left(${x}, ${o.length})`,
})
