import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const substring = defineTransform({
  name: 'substring', about: 'Part of a text from a position (1 is the first character).',
  options: z.strictObject({ start: z.int().min(1), length: z.int().min(0).optional() }), output: 'VARCHAR', positional: ['start', 'length'],
  sql: (x, o) => `substring(${x}, ${o.start}${o.length === undefined ? '' : `, ${o.length}`})`,
})
