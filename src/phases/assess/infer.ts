import type { Format } from '../../model/assessment.ts'
import type { Column, ColumnType } from '../../model/entity.ts'
import { meansAny, meaningOf } from '../../mapping/words/name.ts'
import { BOOLEAN_WORDS, isDate, ruleOf, RULES } from './formats.ts'
import type { ColumnCounts, ColumnShape } from './profile.ts'

/** The type and format a column is taken for, and the shares of the formats that were seen at all. */
export interface Inference { type: ColumnType; format: Format; formats: { format: Format; share: number }[] }

/** Formats that a name makes likely: of these a smaller share of the values is enough, because the rest is dirt. */
const EXPECTED: { format: Format; concepts: string[]; share: number }[] = [
  { format: 'email', concepts: ['email', 'reporter'], share: 0.5 }, { format: 'phone', concepts: ['phone', 'fax'], share: 0.6 }, { format: 'url', concepts: ['website'], share: 0.6 },
  { format: 'iban', concepts: ['iban'], share: 0.6 }, { format: 'vat-number', concepts: ['tax'], share: 0.7 },
]
const MOST = 0.9
const DATE_CONCEPTS = ['date', 'created', 'modified', 'since', 'birth', 'due', 'start', 'end']
/** Excel counts days from 1899-12-30; these are the years 1954 to 2064. */
const SERIAL = { low: 20_000, high: 60_000 }

/** What a column is, from the shapes of its values, its name, and what the source declares. */
export function infer(column: Column, counts: ColumnCounts, shape: ColumnShape): Inference {
  const share = (format: Format): number => (shape.total === 0 ? 0 : (shape.fits.get(format) ?? 0) / shape.total)
  const formats = RULES.map(({ format }) => ({ format, share: Math.round(share(format) * 10_000) / 10_000 })).filter((one) => one.share >= 0.001).sort((a, b) => b.share - a.share).slice(0, 5)
  const answer = (format: Format, type?: ColumnType): Inference => ({ type: type ?? ruleOf(format)?.type ?? 'text', format, formats })
  if (shape.total === 0) return answer('empty', column.type === 'unknown' ? 'text' : column.type)
  if (column.type === 'boolean' || isBoolean(shape)) return answer('boolean', 'boolean')
  if (column.type === 'binary') return answer('text', 'binary')
  for (const { format, concepts, share: enough } of EXPECTED) if (meansAny(column.name, concepts) && share(format) >= enough && share('integer') < MOST) return answer(format)
  for (const format of ['uuid', 'email', 'url', 'iban', 'json'] as const) if (share(format) >= MOST) return answer(format)
  const date = dateFormat(share, shape, column)
  if (date !== null) return answer(date)
  if (share('time') >= MOST) return answer('time')
  // Postal codes of digits are codes all the same: the next country has letters in them.
  if (meansAny(column.name, ['zip']) && column.type !== 'integer') return answer('code')
  // A key with one letter in it somewhere is a code.
  if (share('integer') >= (meaningOf(column.name).identifies ? 1 : MOST)) {
    const few = shape.frequent.every(({ value }) => Number(value) >= SERIAL.low && Number(value) <= SERIAL.high) && counts.maxLength <= 5
    if (few && meansAny(column.name, DATE_CONCEPTS) && !meaningOf(column.name).identifies && Number(counts.low) >= SERIAL.low && Number(counts.high) <= SERIAL.high) return answer('date-serial', 'date')
    return answer('integer')
  }
  const decimal = (['decimal', 'decimal-comma', 'decimal-grouped'] as const).map((format) => ({ format, share: share(format) })).sort((a, b) => b.share - a.share)[0]!
  if (decimal.share >= MOST && !(meaningOf(column.name).identifies && share('integer') >= MOST)) return answer(decimal.format)
  if (share('vat-number') >= MOST) return answer('vat-number')
  if (share('phone') >= MOST && !meaningOf(column.name).identifies) return answer('phone')
  return answer(isCode(counts, shape) ? 'code' : 'text')
}

function isBoolean(shape: ColumnShape): boolean {
  if (shape.sampled || shape.different > 2 || shape.different === 0) return false
  const found = shape.frequent.map(({ value }) => value.toLowerCase())
  if (found.length === 1) return found[0] === 'x' || found[0] === 'true' || found[0] === 'false'
  return BOOLEAN_WORDS.some((pair) => found.every((value) => pair.includes(value)))
}

/** The one date format that most values have; day and month are told apart by which order gives dates at all. */
function dateFormat(share: (format: Format) => number, shape: ColumnShape, column: Column): Format | null {
  const valid = (format: Format): number => share(format) - (shape.impossible.get(format) ?? 0) / Math.max(1, shape.total)
  const found = RULES.filter(({ format }) => isDate(format) && share(format) >= MOST).map(({ format }) => format).sort((a, b) => valid(b) - valid(a))[0]
  if (found === undefined) return null
  if (found === 'date-compact' && (valid(found) < 0.8 || meaningOf(column.name).identifies)) return null
  return found
}

function isCode(counts: ColumnCounts, shape: ColumnShape): boolean {
  if (counts.maxLength > 24 || shape.spaced > shape.total * 0.02) return false
  const first = shape.patterns[0]?.records ?? 0
  return shape.different <= 60 && !shape.sampled && shape.total >= shape.different * 2 || first >= shape.total * 0.8 && /[9]/.test(shape.patterns[0]?.pattern ?? '')
}
