import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const scale = defineTransform({
  name: 'scale', about: 'Multiplies by a factor, exactly: cents to units with 0.01, a sign change with -1.',
  options: z.strictObject({ factor: z.number().refine((n) => Number.isFinite(n) && Math.abs(n) < 1e12 && /^-?\d+(\.\d{1,9})?$/.test(String(n)), 'a decimal number with at most 9 places') }),
  output: 'DECIMAL(38,9)', input: 'number', positional: ['factor'],
  sql: (x, o) => `TRY_CAST(TRY(${x} * CAST(${o.factor} AS DECIMAL(22,9))) AS DECIMAL(38,9))`,
})
