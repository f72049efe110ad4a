import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const truncate = defineTransform({
  name: 'truncate', about: 'Cuts a text to a length; every text that was cut is a warning.',
  options: z.strictObject({ length: z.int().min(1), ellipsis: z.string().default('').describe('Put at the end of a text that was cut, within the length') })
    .refine((o) => o.ellipsis.length < o.length, 'the ellipsis must be shorter than the length'),
  output: 'VARCHAR', positional: ['length'],
  sql: (x, o) => `CASE WHEN length(${x}) > ${o.length} THEN rtrim(left(${x}, ${o.length - [...o.ellipsis].length})) || ${literal(o.ellipsis)} ELSE ${x} END`,
  loses: (x, o) => `length(${x}) > ${o.length}`,
})
