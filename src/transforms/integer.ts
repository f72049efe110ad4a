import { z } from 'zod'
import { numberOptions, numberSql } from './number-text.ts'
import { defineTransform } from './transform.ts'

export const integer = defineTransform({
  name: 'integer', about: 'A whole number; 12.0 is 12, but 12.7 is none unless `round` is set.',
  options: z.strictObject({ ...numberOptions, round: z.boolean().default(false) }), output: 'BIGINT', positional: ['locale'],
  sql: (x, o) => {
    const n = numberSql(x, o.locale)
    return `list_transform([${n}], lambda n: CASE WHEN ${o.round ? 'true' : 'n = trunc(n)'} THEN TRY_CAST(round(n, 0) AS BIGINT) END)[1]`
  },
})
