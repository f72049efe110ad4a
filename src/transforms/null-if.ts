import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

const one = z.union([z.string(), z.number(), z.null()]).transform((v) => String(v ?? 'null'))

export const nullIf = defineTransform({
  name: 'null_if', about: 'Turns placeholder texts such as "n/a" or "-" into nothing.',
  options: z.strictObject({ value: one.optional(), values: z.array(one).optional(), ignore_case: z.boolean().default(true) })
    .refine((o) => o.value !== undefined || o.values !== undefined, 'give value or values'),
  output: 'VARCHAR', mayBeNull: true, positional: ['value'],
  sql: (x, o) => {
    const values = [...(o.value === undefined ? [] : [o.value]), ...(o.values ?? [])]
    const test = o.ignore_case ? `lower(trim(${x}))` : x
    return `CASE WHEN ${test} IN (${values.map((v) => literal(o.ignore_case ? v.trim().toLowerCase() : v)).join(', ')}) THEN NULL ELSE ${x} END`
  },
})
