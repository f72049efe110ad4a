import { z } from 'zod'
import { numberOptions, numberSql } from './number-text.ts'
import { defineTransform } from './transform.ts'

export const percent = defineTransform({
  name: 'percent', about: 'A percentage: 12,5 % is 12.5. With `from: fraction` a bare 0.125 is 12.5 too.',
  options: z.strictObject({ ...numberOptions, from: z.enum(['percent', 'fraction']).default('percent').describe('What a number without a % sign means') }),
  output: 'DECIMAL(38,9)', positional: ['locale'],
  sql: (x, o) => o.from === 'percent' ? numberSql(x, o.locale)
    : `TRY_CAST(CASE WHEN ${x} LIKE '%\\%%' ESCAPE '\\' THEN ${numberSql(x, o.locale)} ELSE TRY(${numberSql(x, o.locale)} * 100) END AS DECIMAL(38,9))`,
})
