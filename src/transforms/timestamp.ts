import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { dateFormat, formatsOf, noDate, parseSql } from './date-text.ts'
import { defineTransform } from './transform.ts'

export const zone = z.string().refine((name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}, 'not a time zone (Europe/Berlin, UTC ...)')

const TIMES = ['', ' %H:%M:%S', ' %H:%M', ' %H:%M:%S.%f', 'T%H:%M:%S', ' %I:%M %p', ' %I:%M:%S %p']

export const timestamp = defineTransform({
  name: 'timestamp', about: 'A point in time, taken from one time zone to another; an offset in the text (Z, +02:00) wins over `zone`.',
  options: z.strictObject({
    formats: z.union([dateFormat, z.array(dateFormat).min(1)]).transform((f) => (Array.isArray(f) ? f : [f])).optional(),
    order: z.enum(['dmy', 'mdy', 'ymd']).optional(),
    pivot: z.int().min(0).max(100).default(69),
    zone: zone.default('UTC').describe('Time zone of texts without an offset'),
    to: zone.optional().describe('Time zone of the result; default: that of `zone`, i.e. unchanged'),
  }),
  output: 'TIMESTAMP', positional: ['formats'],
  sql: (x, o) => {
    const to = o.to ?? o.zone
    const formats = o.formats ?? formatsOf({ order: o.order }).flatMap((format) => TIMES.map((time) => format + time))
    const moved = (local: string) => (to === o.zone ? local : `timezone(${literal(to)}, timezone(${literal(o.zone)}, ${local}))`)
    const t = `trim(${x})`
    return `CASE WHEN ${noDate(x)} THEN NULL `
      + `WHEN regexp_full_match(${t}, '\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}(:\\d{2}([.]\\d+)?)? ?(Z|[-+]\\d{2}(:?\\d{2})?)') THEN TRY(timezone(${literal(to)}, TRY_CAST(regexp_replace(regexp_replace(${t}, '([-+]\\d{2})(\\d{2})$', '\\1:\\2'), '^(.{10}.\\d{2}:\\d{2}) ?([-+Z])', '\\1:00\\2') AS TIMESTAMPTZ))) `
      + `WHEN regexp_full_match(${t}, '\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}([.]\\d+)?)?)?') THEN ${moved(`TRY_CAST(${t} AS TIMESTAMP)`)} `
      + `ELSE ${moved(parseSql(t, formats, o.pivot))} END`
  },
  blank: (x) => noDate(x),
})
