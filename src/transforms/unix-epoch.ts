import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { zone } from './timestamp.ts'
import { defineTransform } from './transform.ts'

const MICROS = { s: '1000000', ms: '1000', us: '1' } as const

export const unixEpoch = defineTransform({
  name: 'unix_epoch', about: 'Seconds, milliseconds or microseconds since 1970 as a point in time.',
  options: z.strictObject({ unit: z.enum(['s', 'ms', 'us']).default('s'), to: zone.default('UTC').describe('Time zone of the result') }),
  output: 'TIMESTAMP', input: 'number', positional: ['unit'],
  sql: (x, o) => {
    const utc = `TRY(make_timestamp(CAST(${x} * ${MICROS[o.unit]} AS BIGINT)))`
    return o.to === 'UTC' ? utc : `timezone(${literal(o.to)}, timezone('UTC', ${utc}))`
  },
})
