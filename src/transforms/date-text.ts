import { z } from 'zod'
import { literal } from '../staging/staging.ts'

const TOKENS: [string, string][] = [['YYYY', '%Y'], ['yyyy', '%Y'], ['YY', '%y'], ['yy', '%y'], ['MMMM', '%B'], ['MMM', '%b'], ['MM', '%m'], ['DD', '%d'], ['dd', '%d'], ['HH', '%H'], ['mm', '%M'], ['ss', '%S']]
/** What each part may look like, so that 24 is never taken for the year 24. */
const SHAPES: Record<string, string> = {
  d: '\\d{1,2}', m: '\\d{1,2}', Y: '\\d{4}', y: '\\d{2}', H: '\\d{1,2}', I: '\\d{1,2}', M: '\\d{2}', S: '\\d{2}', f: '\\d{1,6}', p: '[AaPp][Mm]', b: '[A-Za-z]{3}', B: '[A-Za-z]{3,9}', a: '[A-Za-z]{3}', A: '[A-Za-z]{6,9}', j: '\\d{1,3}',
}

/** `DD.MM.YYYY` or `%d.%m.%Y`, as strptime spells it. */
export function strptimeFormat(format: string): string {
  return format.includes('%') ? format : TOKENS.reduce((text, [from, to]) => text.replaceAll(from, to), format)
}

export const dateFormat = z.string().min(2).max(60).transform(strptimeFormat).refine((f) => /%/.test(f) && [...f.matchAll(/%(.)/g)].every((m) => (m[1] ?? '') in SHAPES), 'a format such as DD.MM.YYYY or %d.%m.%Y')

function shapeOf(format: string): string {
  return format.replace(/%(.)|([^%]+)/g, (_, part: string | undefined, text: string | undefined) => part !== undefined ? SHAPES[part] ?? '' : (text ?? '').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
}

const ISO = ['%Y-%m-%d', '%Y/%m/%d', '%Y%m%d', '%d.%m.%Y', '%d %b %Y', '%d %B %Y', '%d-%b-%Y', '%B %d, %Y', '%b %d, %Y']
const ORDERS: Record<string, string[]> = {
  dmy: ['%d/%m/%Y', '%d-%m-%Y', '%d.%m.%y', '%d/%m/%y', '%d-%m-%y', '%d-%b-%y'], mdy: ['%m/%d/%Y', '%m-%d-%Y', '%m/%d/%y', '%m-%d-%y'], ymd: ['%y-%m-%d', '%y/%m/%d', '%y%m%d'],
}

/** The formats to try, in order. Slashed dates need `order` or `formats`: 03/04/2024 is two days. */
export function formatsOf(options: { formats?: string[] | undefined; order?: string | undefined }): string[] {
  return options.formats ?? [...ISO, ...(options.order === undefined ? ['%d.%m.%y'] : ORDERS[options.order] ?? [])]
}

/** A CASE that tries the formats in order; TIMESTAMP or NULL. `suffix` is added to every format. */
export function parseSql(x: string, formats: string[], pivot: number): string {
  const arms = formats.map((format) => {
    const parsed = `try_strptime(${x}, ${literal(format)})`
    return `WHEN regexp_full_match(${x}, ${literal(shapeOf(format))}) AND ${parsed} IS NOT NULL THEN ${format.includes('%y') ? pivotSql(parsed, pivot) : parsed}`
  })
  return `CASE ${arms.join(' ')} END`
}

/** Two-digit years below the pivot are 20xx, others 19xx (strptime's own pivot is 69). */
function pivotSql(parsed: string, pivot: number): string {
  if (pivot === 69) return parsed
  return `(${parsed} + to_years(CAST(CASE WHEN year(${parsed}) % 100 < ${pivot} THEN 2000 ELSE 1900 END + year(${parsed}) % 100 - year(${parsed}) AS INTEGER)))`
}

/** Zero dates and their like, which mean that there is no date. */
export function noDate(x: string, nulls: string[] = []): string {
  const more = nulls.length === 0 ? '' : ` OR trim(${x}) IN (${nulls.map(literal).join(', ')})`
  return `(regexp_full_match(trim(${x}), '[-0./: TZ]*') AND regexp_replace(${x}, '[^0]', '', 'g') <> '0' OR trim(${x}) = '' OR regexp_matches(trim(${x}), '^(0000-|1899-12-30|1900-01-00)')${more})`
}
