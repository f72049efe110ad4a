import { z } from 'zod'
import { numberOptions, numberSql } from './number-text.ts'
import { defineTransform } from './transform.ts'

export const money = defineTransform({
  name: 'money', about: 'An amount, rounded half away from zero to its places.',
  options: z.strictObject({ ...numberOptions, places: z.int().min(0).max(9).default(2) }), output: 'DECIMAL(38,9)', positional: ['locale', 'places'],
  sql: (x, o) => `CAST(round(${numberSql(x, o.locale)}, ${o.places}) AS DECIMAL(38,9))`,
})
