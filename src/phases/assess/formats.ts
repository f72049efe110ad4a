import type { ColumnType } from '../../model/entity.ts'
import type { Format } from '../../model/assessment.ts'

/**
 * How a format is recognised, as data. `test`: SQL over `v` (trimmed, not blank) that is true for values of that shape; `value`: SQL for the typed value,
 * NULL where the shape holds something impossible (31 February); `zero`: shapes that stand for no date. Order decides between formats that fit as well.
 */
export interface FormatRule { format: Format; type: ColumnType; test: string; value?: string }

const date = (pattern: string): string => `try_strptime(v, '${pattern}')`

export const RULES: readonly FormatRule[] = [
  { format: 'uuid', type: 'uuid', test: `length(v) IN (32, 36, 38) AND regexp_full_match(v, '\\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\\}?')` },
  { format: 'email', type: 'text', test: `contains(v, '@') AND regexp_full_match(v, '[^@\\s,;<>"]+@[^@\\s,;<>"]+\\.[^@\\s.,;<>"]{2,}')` },
  { format: 'url', type: 'text', test: `regexp_full_match(v, '(?i)(https?://|ftp://|www\\.)\\S+|.*#https?://.*#')` },
  { format: 'date-iso', type: 'date', test: `length(v) = 10 AND regexp_full_match(v, '\\d{4}-\\d{2}-\\d{2}')`, value: date('%Y-%m-%d') },
  { format: 'timestamp', type: 'timestamp', test: `length(v) >= 15 AND regexp_full_match(v, '\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}(:?\\d{2})?)?')`, value: `TRY_CAST(regexp_replace(replace(v, 'T', ' '), '(Z|[+-]\\d{2}(:?\\d{2})?)$', '') AS TIMESTAMP)` },
  { format: 'date-dmy-dot', type: 'date', test: `regexp_full_match(v, '\\d{1,2}\\.\\d{1,2}\\.\\d{4}')`, value: date('%d.%m.%Y') },
  { format: 'date-mdy', type: 'date', test: `regexp_full_match(v, '\\d{1,2}[/-]\\d{1,2}[/-]\\d{4}')`, value: `try_strptime(replace(v, '-', '/'), '%m/%d/%Y')` },
  { format: 'date-dmy', type: 'date', test: `regexp_full_match(v, '\\d{1,2}[/-]\\d{1,2}[/-]\\d{4}')`, value: `try_strptime(replace(v, '-', '/'), '%d/%m/%Y')` },
  { format: 'date-compact', type: 'date', test: `length(v) = 8 AND regexp_full_match(v, '(19|20|00)\\d{2}(0\\d|1[0-2])[0-3]\\d')`, value: date('%Y%m%d') },
  { format: 'time', type: 'time', test: `regexp_full_match(v, '\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?')`, value: 'TRY_CAST(v AS TIME)' },
  { format: 'integer', type: 'integer', test: `regexp_full_match(v, '[+-]?(0|[1-9]\\d{0,17})')`, value: 'TRY_CAST(v AS DOUBLE)' },
  { format: 'decimal', type: 'decimal', test: `regexp_full_match(v, '[+-]?(0|[1-9]\\d*)?(\\.\\d+)?([eE][+-]?\\d+)?') AND regexp_matches(v, '\\d')`, value: 'TRY_CAST(v AS DOUBLE)' },
  { format: 'decimal-comma', type: 'decimal', test: `regexp_full_match(v, '[€$£]? ?[+-]?([1-9]\\d{0,2}(\\.\\d{3})+|0|[1-9]\\d*)(,\\d+)? ?[€$£%]?')`, value: `TRY_CAST(replace(replace(regexp_replace(v, '[€$£% ]', '', 'g'), '.', ''), ',', '.') AS DOUBLE)` },
  { format: 'decimal-grouped', type: 'decimal', test: `regexp_full_match(v, '[€$£]? ?[+-]?([1-9]\\d{0,2}(,\\d{3})+|0|[1-9]\\d*)(\\.\\d+)? ?[€$£%]?')`, value: `TRY_CAST(replace(regexp_replace(v, '[€$£% ]', '', 'g'), ',', '') AS DOUBLE)` },
  { format: 'iban', type: 'text', test: `regexp_full_match(replace(v, ' ', ''), '[A-Z]{2}\\d{2}[A-Z0-9]{11,30}')` },
  { format: 'vat-number', type: 'text', test: `regexp_full_match(replace(v, ' ', ''), '(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)U?[A-Z0-9]\\d{6,11}[A-Z0-9]?')` },
  { format: 'phone', type: 'text', test: `length(v) BETWEEN 6 AND 25 AND regexp_full_match(v, '(\\+|00|\\()?[\\d][\\d ()/.\\-]{4,}\\d( ?(x|ext\\.?) ?\\d+)?') AND NOT regexp_full_match(v, '\\d+(\\.\\d+)?|\\d{4}-\\d{2}-\\d{2}')` },
  { format: 'json', type: 'json', test: `v[1] IN ('{', '[') AND json_valid(v)` },
]

/** Dates of zeros, in every spelling. */
export const ZERO_DATE = `regexp_full_match(v, '0{1,4}[-./]0{1,2}[-./]0{1,4}([ T]00:00(:00(\\.0+)?)?)?|00000000')`

/** Words for yes and no, each pair on its own. */
export const BOOLEAN_WORDS: readonly (readonly [string, string])[] = [
  ['true', 'false'], ['yes', 'no'], ['ja', 'nein'], ['ja', 'nee'], ['oui', 'non'], ['si', 'no'], ['sí', 'no'], ['sim', 'não'], ['sim', 'nao'], ['t', 'f'], ['y', 'n'], ['j', 'n'], ['s', 'n'], ['o', 'n'], ['1', '0'], ['x', ''], ['-1', '0'], ['wahr', 'falsch'],
]

/** Words that people enter where they have nothing to say. */
export const NOTHING_WORDS: readonly string[] = ['n/a', 'na', 'n.a.', 'null', 'none', '-', '--', '---', '?', '??', 'unknown', 'unbekannt', 'k.a.', 'keine', 'keine angabe', 'tbd', 'xxx', 'nicht bekannt', 'inconnu', 'desconocido', 'desconhecido', 'sconosciuto', 'onbekend', '.', 'nil', 'leer', '#n/a']

export function ruleOf(format: Format): FormatRule | undefined {
  return RULES.find((rule) => rule.format === format)
}

/** SQL for the typed value of a column expression under a format; NULL where it has none. */
export function typedSql(expression: string, format: Format): string | null {
  if (format === 'date-serial') return `(DATE '1899-12-30' + TRY_CAST(trim(${expression}) AS INTEGER))::TIMESTAMP`
  const value = ruleOf(format)?.value
  return value === undefined ? null : value.replaceAll(/\bv\b/g, () => `trim(${expression})`)
}

/** SQL that is true when a value, which is not blank, has the shape of a format. */
export function testSql(expression: string, format: Format): string | null {
  if (format === 'date-serial') return `TRY_CAST(trim(${expression}) AS INTEGER) BETWEEN 1 AND 80000`
  const test = ruleOf(format)?.test
  return test === undefined ? null : `(${test.replaceAll(/\bv\b/g, () => `trim(${expression})`)})`
}

export const isDate = (format: Format): boolean => format.startsWith('date-') || format === 'timestamp'
export const isNumber = (format: Format): boolean => format === 'integer' || format.startsWith('decimal')
