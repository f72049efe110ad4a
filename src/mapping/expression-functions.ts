import { asDecimal, asText, type Typed, type ValueType } from './value-type.ts'

/** What a parameter takes. `any`: everything; `scalar text`: text, or a number as text. */
export type Parameter = 'text' | 'number' | 'integer' | 'date' | 'boolean' | 'any'

/** A function of the expression language: pure, on one record, never raising. The whitelist is this table and the transforms. */
export interface ExpressionFunction {
  parameters: Parameter[]
  /** How many of the parameters may be left out; `more`: the last one repeats. */
  optional?: number
  more?: boolean
  about: string
  result: ValueType | ((args: Typed[]) => ValueType)
  sql(args: Typed[]): string
}

const text = (value: Typed): string => asText(value)
const d = (value: Typed | undefined): string => asDecimal(value ?? { sql: 'NULL', type: 'null' })
const s = (args: Typed[], i: number): string => args[i]?.sql ?? 'NULL'
const asDate = (value: Typed | undefined): string => value === undefined ? 'NULL' : value.type === 'date' ? value.sql : `CAST(${value.sql} AS DATE)`
const keep = (args: Typed[]): ValueType => (args[0]?.type === 'timestamp' ? 'timestamp' : 'date')

export const FUNCTIONS: Readonly<Record<string, ExpressionFunction>> = {
  length: { parameters: ['text'], about: 'characters of a text', result: 'integer', sql: (a) => `length(${text(a[0]!)})` },
  concat: { parameters: ['any'], more: true, about: 'texts one after another, nulls left out', result: 'text', sql: (a) => `concat(${a.map(text).join(', ')})` },
  concat_ws: { parameters: ['text', 'any'], more: true, about: 'texts joined by the first, null and empty ones left out', result: 'text', sql: (a) => `nullif(concat_ws(${text(a[0]!)}, ${a.slice(1).map((v) => `nullif(${text(v)}, '')`).join(', ')}), '')` },
  contains: { parameters: ['text', 'text'], about: 'whether a text holds another', result: 'boolean', sql: (a) => `contains(${s(a, 0)}, ${s(a, 1)})` },
  starts_with: { parameters: ['text', 'text'], about: 'whether a text begins with another', result: 'boolean', sql: (a) => `starts_with(${s(a, 0)}, ${s(a, 1)})` },
  ends_with: { parameters: ['text', 'text'], about: 'whether a text ends with another', result: 'boolean', sql: (a) => `suffix(${s(a, 0)}, ${s(a, 1)})` },
  position: { parameters: ['text', 'text'], about: 'where the second text begins in the first, from 1; 0: nowhere', result: 'integer', sql: (a) => `strpos(${s(a, 0)}, ${s(a, 1)})` },
  reverse: { parameters: ['text'], about: 'a text backwards', result: 'text', sql: (a) => `reverse(${s(a, 0)})` },
  similarity: { parameters: ['text', 'text'], about: 'how alike two texts are, 0 to 1 (Jaro-Winkler)', result: 'decimal', sql: (a) => `CAST(jaro_winkler_similarity(${s(a, 0)}, ${s(a, 1)}) AS DECIMAL(38,9))` },
  floor: { parameters: ['number'], about: 'the whole number below', result: 'integer', sql: (a) => `TRY_CAST(floor(${d(a[0])}) AS BIGINT)` },
  ceil: { parameters: ['number'], about: 'the whole number above', result: 'integer', sql: (a) => `TRY_CAST(ceil(${d(a[0])}) AS BIGINT)` },
  mod: { parameters: ['number', 'number'], about: 'the remainder', result: 'decimal', sql: (a) => `CAST(TRY(${d(a[0])} % nullif(${d(a[1])}, 0)) AS DECIMAL(38,9))` },
  year: { parameters: ['date'], about: 'year of a date', result: 'integer', sql: (a) => `year(${s(a, 0)})` },
  month: { parameters: ['date'], about: 'month of a date, 1 to 12', result: 'integer', sql: (a) => `month(${s(a, 0)})` },
  day: { parameters: ['date'], about: 'day of the month', result: 'integer', sql: (a) => `day(${s(a, 0)})` },
  weekday: { parameters: ['date'], about: 'day of the week, 1 Monday to 7 Sunday', result: 'integer', sql: (a) => `isodow(${s(a, 0)})` },
  quarter: { parameters: ['date'], about: 'quarter of a date, 1 to 4', result: 'integer', sql: (a) => `quarter(${s(a, 0)})` },
  add_days: { parameters: ['date', 'integer'], about: 'a date some days later', result: keep, sql: (a) => `CAST(TRY(${s(a, 0)} + to_days(CAST(${s(a, 1)} AS INTEGER))) AS ${keep(a) === 'date' ? 'DATE' : 'TIMESTAMP'})` },
  add_months: { parameters: ['date', 'integer'], about: 'a date some months later, at most the last of the month', result: keep, sql: (a) => `CAST(TRY(${s(a, 0)} + to_months(CAST(${s(a, 1)} AS INTEGER))) AS ${keep(a) === 'date' ? 'DATE' : 'TIMESTAMP'})` },
  add_years: { parameters: ['date', 'integer'], about: 'a date some years later', result: keep, sql: (a) => `CAST(TRY(${s(a, 0)} + to_years(CAST(${s(a, 1)} AS INTEGER))) AS ${keep(a) === 'date' ? 'DATE' : 'TIMESTAMP'})` },
  days_between: { parameters: ['date', 'date'], about: 'days from the first date to the second', result: 'integer', sql: (a) => `date_diff('day', ${asDate(a[0])}, ${asDate(a[1])})` },
  month_end: { parameters: ['date'], about: 'the last day of the month', result: 'date', sql: (a) => `last_day(${asDate(a[0])})` },
  month_start: { parameters: ['date'], about: 'the first day of the month', result: 'date', sql: (a) => `CAST(date_trunc('month', ${asDate(a[0])}) AS DATE)` },
  make_date: { parameters: ['integer', 'integer', 'integer'], about: 'a date of year, month and day; null when there is none', result: 'date', sql: (a) => `TRY(make_date(${s(a, 0)}, ${s(a, 1)}, ${s(a, 2)}))` },
  day_of: { parameters: ['date'], about: 'the date of a point in time', result: 'date', sql: (a) => asDate(a[0]) },
  is_blank: { parameters: ['any'], about: 'whether a value is null, empty or white space', result: 'boolean', sql: (a) => `coalesce(trim(${text(a[0]!)}) = '', true)` },
  matches: { parameters: ['text', 'text'], about: 'whether a regular expression (a literal) is found in a text', result: 'boolean', sql: (a) => `regexp_matches(${s(a, 0)}, ${s(a, 1)})` },
}
