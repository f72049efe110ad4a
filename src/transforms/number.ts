import { z } from 'zod'
import { numberOptions, numberSql } from './number-text.ts'
import { defineTransform } from './transform.ts'

export const number = defineTransform({
  name: 'number', about: 'A number as people write it: 1.234,56 / 1,234.56 / 1\'234.56 / (12.50) / 12.50- / € 5.',
  options: z.strictObject(numberOptions), output: 'DECIMAL(38,9)', positional: ['locale'],
  sql: (x, o) => numberSql(x, o.locale),
})
