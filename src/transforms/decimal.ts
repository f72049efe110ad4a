import { z } from 'zod'
import { decimalCast } from './decimal-cast.ts'
import { defineTransform } from './transform.ts'

export const decimal = defineTransform({
  name: 'decimal', about: 'A decimal number as machines write it (1234.56), nothing else.',
  options: z.strictObject({}), output: 'DECIMAL(38,9)',
  sql: (x) => `CASE WHEN regexp_full_match(trim(${x}), '[-+]?(\\d+(\\.\\d*)?|\\.\\d+)') THEN ${decimalCast(`trim(${x})`)} END`,
})
