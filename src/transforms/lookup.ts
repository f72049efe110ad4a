import { z } from 'zod'
import { defineTransform } from './transform.ts'

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)

export const lookup = defineTransform({
  name: 'lookup', about: 'A value by a table {from: to}; a value that is not in it is refused, unless there is a default or `keep`.',
  options: z.strictObject({ map: z.record(z.string(), scalar), default: scalar.optional(), keep: z.boolean().default(false), ignore_case: z.boolean().default(true) }), output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    if (Object.hasOwn(o.map, value)) return o.map[value] ?? null
    if (o.ignore_case) {
      const wanted = value.trim().toLowerCase()
      for (const [from, to] of Object.entries(o.map)) if (from.trim().toLowerCase() === wanted) return to
    }
    return o.default ?? (o.keep ? value : null)
  },
})
