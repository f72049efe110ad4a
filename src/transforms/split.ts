import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const split = defineTransform({
  name: 'split', about: 'One part of a text cut at a separator, trimmed: part 1 is the first, -1 the last; nothing when there are fewer.',
  options: z.strictObject({ separator: z.string().min(1), part: z.int().refine((n) => n !== 0, 'parts count from 1, or from -1 at the end').default(1) }),
  output: 'VARCHAR', mayBeNull: true, positional: ['separator', 'part'],
  sql: (x, o) => `nullif(trim(string_split(${x}, ${literal(o.separator)})[${o.part}]), '')`,
})
