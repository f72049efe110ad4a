import type { Format } from '../../model/assessment.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { isDate, isNumber, NOTHING_WORDS, testSql, typedSql, ZERO_DATE } from './formats.ts'

/** ERPNext's Data, Link and Select fields hold 140 characters. */
export const DATA_LENGTH = 140
/** Beyond these a date is a mistake or a placeholder. */
const DATES = { low: '1900-01-01', high: '2100-01-01' }

/** Kinds of dirt that SQL tells from a single value `c` (the column as read); exact over every record. `of`: which columns are looked at. */
export interface DirtTest { kind: string; of: (column: Measured) => boolean; test: (c: string, column: Measured) => string }
/** `low`, `high`: bounds that some number lies beyond, else null; `farDates`: some date lies beyond DATES. What the range rules out need not be tested record by record. */
export interface Measured { name: string; format: Format; maxLength: number; meanLength: number; low: number | null; high: number | null; farDates: boolean }

const isText = (column: Measured): boolean => ['text', 'code', 'email', 'phone', 'url', 'vat-number', 'iban'].includes(column.format)
const isProse = (column: Measured): boolean => column.format === 'text'
const v = (sql: string, c: string): string => sql.replaceAll(/\bv\b/g, () => `trim(${c})`)
const filled = (c: string): string => `trim(${c}) <> ''`

export const DIRT: readonly DirtTest[] = [
  { kind: 'zero-date', of: (column) => isDate(column.format), test: (c) => v(ZERO_DATE, c) },
  { kind: 'impossible-date', of: (column) => isDate(column.format), test: (c, { format }) => `${testSql(c, format)} AND (${typedSql(c, format)}) IS NULL AND NOT ${v(ZERO_DATE, c)}` },
  { kind: 'far-date', of: (column) => column.farDates, test: (c, { format }) => `${testSql(c, format)} AND ((${typedSql(c, format)}) < TIMESTAMP '${DATES.low}' OR (${typedSql(c, format)}) >= TIMESTAMP '${DATES.high}')` },
  { kind: 'not-a-date', of: (column) => isDate(column.format), test: (c, { format }) => `${filled(c)} AND NOT ${testSql(c, format)} AND NOT ${v(ZERO_DATE, c)}` },
  { kind: 'not-a-number', of: (column) => isNumber(column.format), test: (c, { format }) => `${filled(c)} AND NOT ${testSql(c, format)}` },
  { kind: 'outlier', of: (column) => isNumber(column.format) && column.low !== null, test: (c, { format, low, high }) => `(${typedSql(c, format)}) < ${low} OR (${typedSql(c, format)}) > ${high}` },
  { kind: 'wrong-email', of: (column) => column.format === 'email', test: (c) => `${filled(c)} AND NOT ${testSql(c, 'email')}` },
  { kind: 'wrong-phone', of: (column) => column.format === 'phone', test: (c) => `${filled(c)} AND NOT ${testSql(c, 'phone')} AND NOT regexp_full_match(trim(${c}), '[0-9 ]+')` },
  { kind: 'wrong-format', of: (column) => ['uuid', 'iban', 'url', 'vat-number', 'json', 'time'].includes(column.format), test: (c, { format }) => `${filled(c)} AND NOT ${testSql(c, format)}` },
  { kind: 'html-text', of: isProse, test: (c) => `contains(${c}, '<') AND regexp_matches(${c}, '<(/?[a-zA-Z][a-zA-Z0-9]*(\\s[^<>]*)?/?|!--.*--)>')` },
  { kind: 'formula-text', of: isProse, test: (c) => `left(ltrim(${c}), 1) IN ('=', '@', '+', '-') AND regexp_matches(${c}, '^\\s*([=@][A-Za-z0-9(@]|[+-][A-Za-z(@])')` },
  { kind: 'long-text', of: (column) => isText(column) && column.maxLength > DATA_LENGTH && column.meanLength < DATA_LENGTH / 2, test: (c) => `length(${c}) > ${DATA_LENGTH}` },
  { kind: 'control-characters', of: isProse, test: (c) => `regexp_matches(${c}, '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]')` },
  { kind: 'broken-encoding', of: isText, test: (c) => `contains(${c}, '\uFFFD') OR contains(${c}, 'â€') OR (contains(${c}, 'Ã') AND regexp_matches(${c}, 'Ã[¤¶¼©Ÿ„–œ¨±³§]'))` },
  { kind: 'stray-spaces', of: isText, test: (c) => `${c} <> trim(${c}) AND ${filled(c)} OR contains(trim(${c}), '  ')` },
  { kind: 'blank-not-null', of: () => true, test: (c) => `${c} <> '' AND trim(${c}) = ''` },
  { kind: 'nothing-word', of: isText, test: (c) => `length(${c}) <= 16 AND lower(trim(${c})) IN (${NOTHING_WORDS.map((word) => literal(word)).join(', ')})` },
]

/** The smallest and largest typed value, and the bounds that some outlier lies beyond (ten interquartile ranges beyond the quartiles: amounts are skewed by nature). */
export interface Range { min: string | null; max: string | null; low: number | null; high: number | null; farDates: boolean }

/** Ranges of columns by their typed values, in one scan. */
export async function rangesOf(staging: Staging, relation: string, columns: { name: string; format: Format }[]): Promise<Range[]> {
  const typed = columns.map(({ name, format }) => ({ sql: isDate(format) || isNumber(format) ? typedSql(ident(name), format) : null, numeric: isNumber(format) }))
  const parts = typed.flatMap(({ sql, numeric }, i) => (sql === null ? [] : [`min(${sql})::VARCHAR AS lo${i}, max(${sql})::VARCHAR AS hi${i}${numeric ? `, approx_quantile(${sql}, 0.25)::DOUBLE AS q${i}, approx_quantile(${sql}, 0.75)::DOUBLE AS p${i}` : ''}`]))
  const row = parts.length === 0 ? undefined : await staging.one<Record<string, string | number | null>>(`SELECT ${parts.join(', ')} FROM ${relation}`)
  return typed.map(({ sql, numeric }, i) => {
    const text = (key: string): string | null => (row?.[`${key}${i}`] as string | null | undefined)?.replace(/ 00:00:00$/, '').replace(/\.0$/, '') ?? null
    const min = text('lo'), max = text('hi'), none = { min, max, low: null, high: null, farDates: false }
    if (sql === null || min === null || max === null) return none
    if (!numeric) return { ...none, farDates: min < DATES.low || max >= DATES.high }
    const quarter = Number(row?.[`q${i}`] ?? 0), threeQuarters = Number(row?.[`p${i}`] ?? 0), spread = threeQuarters - quarter, low = quarter - 10 * spread, high = threeQuarters + 10 * spread
    return spread > 0 && (Number(min) < low || Number(max) > high) ? { ...none, low, high } : none
  })
}

/** Counts every kind of dirt in every column, over all records; those that were found. `few`: columns of a long table that have few different values. */
export async function countDirt(staging: Staging, relation: string, columns: Measured[], few: (column: number) => boolean): Promise<{ column: number; kind: string; records: number }[]> {
  const all = columns.flatMap((column, i) => DIRT.filter(({ of }) => of(column)).map(({ kind, test }) => ({ column: i, kind, sql: test(ident(column.name), column) })))
  const found: { column: number; kind: string; records: number }[] = [], tests = all.filter(({ column }) => !few(column))
  // Of few different values each is put to the tests once, whatever the number of records.
  for (const [column, own] of Map.groupBy(all.filter(({ column: index }) => few(index)), ({ column: index }) => index)) {
    const c = ident(columns[column]!.name)
    const row = await staging.one<Record<string, number>>(`SELECT ${own.map(({ sql }, i) => `coalesce(sum(n) FILTER (${sql}), 0) AS n${i}`).join(', ')} FROM (SELECT ${c}, count(*) AS n FROM ${relation} GROUP BY 1)`)
    own.forEach(({ kind }, i) => { const records = Number(row?.[`n${i}`] ?? 0); if (records > 0) found.push({ column, kind, records }) })
  }
  for (let from = 0; from < tests.length; from += 200) {
    const part = tests.slice(from, from + 200)
    const row = await staging.one<Record<string, number>>(`SELECT ${part.map(({ sql }, i) => `count(*) FILTER (${sql}) AS n${i}`).join(', ')} FROM ${relation}`)
    part.forEach(({ column, kind }, i) => { const records = Number(row?.[`n${i}`] ?? 0); if (records > 0) found.push({ column, kind, records }) })
  }
  return found
}

/** SQL that is true for the records of one kind of dirt in one column. */
export function dirtSql(kind: string, column: Measured): string {
  return DIRT.find((test) => test.kind === kind)?.test(ident(column.name), column) ?? 'false'
}
