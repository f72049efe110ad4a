import { literal, type Staging } from '../../staging/staging.ts'
import type { Kind, PlannedColumn } from './plan.ts'

/**
 * Python's ways with values as SQL macros. `py_blank`: no content once tags and white space are gone. `py_strip`: str.strip. `py_number`: text of a
 * number as MariaDB stores it in a varchar. `plain_*`: values of texts that are plainly written. `to_stored`: a double as the site's database rounds
 * it, by way of its shortest decimal text. Text to a wide decimal takes DuckDB 17 µs, to a narrow one half a microsecond, and a double that is near
 * enough to a multiple of 1e-9 (0.25e-9, where its own error is below 0.1e-9) needs no text at all. `flt`: bankers' rounding without the noise of binary
 * fractions, so that 12552.705000000002 is a half of a cent (orders/rounding.ts does it to the last bit; here 7 decimals of the last place decide).
 */
const SPACES = `' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(133) || chr(160) || chr(5760) || ${
  [8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8232, 8233, 8239, 8287, 12288].map((code) => `chr(${code})`).join(' || ')}`

const FLOAT_FORM = `'[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?'`

// Macros are expanded into every statement that uses them: each looks at its argument as seldom as it can. Texts written in an unusual way come out
// NULL from the plain_* ones and are read one by one (leftovers.ts).
const MACROS = [
  `py_strip(x) AS trim(x, ${SPACES})`,
  // Nearly every text begins with a letter or a digit, and is then seen without a pattern.
  `py_blank(x) AS (CASE WHEN x >= '0' AND x < '<' OR x >= 'A' AND x < '~' THEN FALSE WHEN x IS NULL THEN TRUE ELSE regexp_full_match(x, '(\\s|[\\x{1c}-\\x{1f}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}]|<[^>]*>)*') END)`,
  `py_number(x) AS CASE WHEN x = trunc(x) AND abs(x) < 1e15 THEN CAST(CAST(x AS BIGINT) AS VARCHAR) ELSE CAST(x AS VARCHAR) END`,
  `to_stored(x) AS CASE WHEN abs(x) < 5e5 AND abs(x * 1e9 - round(x * 1e9)) <= 0.25 THEN CAST(CAST(x AS DECIMAL(18,9)) AS DECIMAL(21,9))
     ELSE coalesce(CAST(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(18,9)) AS DECIMAL(21,9)), CAST(CAST(x AS VARCHAR) AS DECIMAL(21,9))) END`,
  `flt(x, places) AS round_even(round((x) * pow(10, places), 7), 0) / pow(10, places)`,
  `plain_int(x) AS CASE WHEN regexp_full_match(x, '[+-]?[0-9]{1,18}') THEN CAST(x AS BIGINT) END`,
  `plain_float(x) AS CASE WHEN regexp_full_match(x, ${FLOAT_FORM}) THEN TRY_CAST(x AS DOUBLE) END`,
  `plain_date(x) AS CASE WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') THEN TRY_CAST(x AS DATE) END`,
  `plain_datetime(x) AS CASE WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?)?') THEN TRY_CAST(x AS TIMESTAMP) END`,
  `plain_time(x) AS CASE WHEN regexp_full_match(x, '[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?') THEN TRY_CAST(x AS TIME) END`,
]

/** Makes the macros known to the staging connection; harmless when they are. */
export async function createMacros(staging: Staging): Promise<void> {
  await staging.run(MACROS.map((macro) => `CREATE OR REPLACE TEMP MACRO ${macro}`).join(';\n'))
}

type Given = 'text' | 'bool' | 'int' | 'float' | 'decimal' | 'date' | 'datetime' | 'time'

function givenKind(type: string): Given {
  if (type === 'BOOLEAN') return 'bool'
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return 'int'
  if (type === 'DOUBLE' || type === 'FLOAT') return 'float'
  if (type.startsWith('DECIMAL')) return 'decimal'
  if (type === 'DATE') return 'date'
  if (type.startsWith('TIMESTAMP')) return 'datetime'
  return type === 'TIME' ? 'time' : 'text'
}

const TO_TEXT: Record<Given, (x: string) => string> = {
  text: (x) => `CAST(${x} AS VARCHAR)`, bool: (x) => `CAST(CAST(${x} AS INTEGER) AS VARCHAR)`, int: (x) => `CAST(${x} AS VARCHAR)`, float: (x) => `py_number(${x})`,
  decimal: (x) => `py_number(CAST(${x} AS DOUBLE))`, date: (x) => `strftime(${x}, '%Y-%m-%d')`, datetime: (x) => `CAST(${x} AS VARCHAR)`, time: (x) => `CAST(${x} AS VARCHAR)`,
}

/**
 * SQL that turns a draft's value (`x`, of DuckDB type `type`) into the computing form of `column`, as Frappe and MariaDB would; NULL stays NULL. Dates that are not
 * plainly written come out NULL here and are looked at one by one (see dates.ts).
 */
export function coerce(x: string, type: string, column: Pick<PlannedColumn, 'kind'>): string {
  const given = givenKind(type), number = given === 'bool' || given === 'int' || given === 'float' || given === 'decimal'
  const kinds: Record<Kind, () => string> = {
    text: () => (type === 'VARCHAR' ? x : TO_TEXT[given](x)),
    int: () => (given === 'text' ? `plain_int(${x})` : number ? `CAST(trunc(CAST(${x} AS DOUBLE)) AS BIGINT)` : `CASE WHEN ${x} IS NULL THEN NULL ELSE 0 END`),
    check: () => {
      const value = given === 'text' ? `plain_int(${x})` : given === 'bool' ? `CAST(${x} AS INTEGER)` : number ? `trunc(CAST(${x} AS DOUBLE))` : '0'
      return `CASE WHEN ${value} <> 0 THEN 1 WHEN ${value} = 0 THEN 0 END`
    },
    float: () => (given === 'text' ? `plain_float(${x})` : number ? `CAST(${x} AS DOUBLE)` : `CASE WHEN ${x} IS NULL THEN NULL ELSE 0.0 END`),
    date: () => (given === 'text' ? `plain_date(${x})` : given === 'date' || given === 'datetime' ? `CAST(${x} AS DATE)` : `plain_date(${TO_TEXT[given](x)})`),
    datetime: () => (given === 'text' ? `plain_datetime(${x})` : given === 'date' || given === 'datetime' ? `CAST(${x} AS TIMESTAMP)` : `plain_datetime(${TO_TEXT[given](x)})`),
    // The database reads a number as hours, minutes and seconds, two digits each.
    time: () => (given === 'text' ? `plain_time(${x})` : given === 'time' ? x : given === 'int' ? `plain_time(regexp_replace(lpad(CAST(${x} AS VARCHAR), 6, '0'), '^(..)(..)(..)$', '\\1:\\2:\\3'))` : `plain_time(${TO_TEXT[given](x)})`),
  }
  if (given === 'text' && type !== 'VARCHAR' && column.kind !== 'text') return coerce(`CAST(${x} AS VARCHAR)`, 'VARCHAR', column)
  return kinds[column.kind]()
}

/** True when a value of this DuckDB type is text to Python, so that what it says may be silently lost. */
export function isText(type: string): boolean {
  return givenKind(type) === 'text'
}

/** frappe.utils.cint of text: `12`, ` 1_000 `, `12.7` (12); anything else is 0. */
export function cint(text: string): number {
  const plain = digits(text)
  if (/^[+-]?\d+$/.test(plain)) return Number(plain)
  const value = pyFloat(plain)
  return value === null || !Number.isFinite(value) ? 0 : Math.trunc(value)
}

/** frappe.utils.flt of text: commas are dropped, what is no number is 0. NaN and infinities are what Python reads them as. */
export function flt(text: string): number {
  return pyFloat(digits(text.replaceAll(',', ''))) ?? 0
}

/** Without outer white space and the underscores Python allows between digits. */
function digits(text: string): string {
  return text.trim().replace(/(?<=\d)_(?=\d)/g, '')
}

function pyFloat(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text)
  if (word === null) return null
  return word[2]!.toLowerCase() === 'nan' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity
}

/** A default (text, as DocTypes hold them) as a constant of the column's kind. */
export function constant(text: string, kind: Kind): string {
  switch (kind) {
    case 'int': return String(cint(text))
    case 'check': return cint(text) === 0 ? '0' : '1'
    case 'float': return `CAST(${flt(text)} AS DOUBLE)`
    case 'date': return `TRY_CAST(${literal(text)} AS DATE)`
    case 'datetime': return `TRY_CAST(${literal(text)} AS TIMESTAMP)`
    case 'time': return `TRY_CAST(${literal(text)} AS TIME)`
    default: return literal(text)
  }
}
