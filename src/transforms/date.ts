import { z } from 'zod'
import { dateFormat, formatsOf, noDate, parseSql } from './date-text.ts'
import { defineTransform } from './transform.ts'

export const date = defineTransform({
  name: 'date', about: 'A date in one of several formats, tried in order; zero dates are nothing; Excel serial numbers on request.',
  options: z.strictObject({
    formats: z.union([dateFormat, z.array(dateFormat).min(1)]).transform((f) => (Array.isArray(f) ? f : [f])).optional().describe('DD.MM.YYYY or %d.%m.%Y; default: ISO, dotted and written-out months'),
    order: z.enum(['dmy', 'mdy', 'ymd']).optional().describe('How slashed dates are meant; without it they are not read'),
    pivot: z.int().min(0).max(100).default(69).describe('Two-digit years below are 20xx, others 19xx'),
    excel: z.union([z.boolean(), z.literal(1904)]).default(false).describe('Read numbers as Excel serial dates; 1904 for the old Macintosh system'),
    null_dates: z.array(z.string()).default([]).describe('Texts that mean no date, e.g. 9999-12-31'),
  }),
  output: 'DATE', positional: ['formats'],
  sql: (x, o) => {
    const serial = o.excel === false ? '' : `WHEN regexp_full_match(trim(${x}), '\\d{1,6}([.]\\d+)?') AND TRY_CAST(trim(${x}) AS DOUBLE) BETWEEN 1 AND 2958465 THEN ${o.excel === 1904 ? "DATE '1904-01-01' + CAST(floor(CAST(trim(" + x + ") AS DOUBLE)) AS INTEGER)" : `DATE '1899-12-30' + CAST(floor(CAST(trim(${x}) AS DOUBLE)) + CASE WHEN CAST(trim(${x}) AS DOUBLE) < 60 THEN 1 ELSE 0 END AS INTEGER)`} `
    return `CASE WHEN ${noDate(x, o.null_dates)} THEN NULL WHEN regexp_full_match(${x}, '\\d{4}-\\d{2}-\\d{2}') THEN TRY_CAST(${x} AS DATE) ${serial}`
      + `WHEN regexp_full_match(trim(${x}), '\\d{4}-\\d{2}-\\d{2}[ T].*') AND TRY_CAST(trim(${x}) AS TIMESTAMP) IS NOT NULL THEN TRY_CAST(left(trim(${x}), 10) AS DATE) `
      + `ELSE CAST(${parseSql(`trim(${x})`, formatsOf(o), o.pivot)} AS DATE) END`
  },
  blank: (x, o) => noDate(x, o.null_dates),
})
