import type { Column, ColumnType } from '../../model/entity.ts'

/** What a text could be, apart from text. `decimal,`: with a decimal comma. */
type Shape = 'integer' | 'decimal' | 'decimal,' | 'boolean' | 'uuid' | 'time' | 'timestamp' | `date ${string}`

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const BOOLEANS = new Set(['true', 'false', 'yes', 'no', 't', 'f', 'y', 'n', 'ja', 'nein', 'oui', 'non', 'wahr', 'falsch'])
const POINT = /^[+-]?(?:\d{1,3}(?:[, '\u00a0\u202f]\d{3})+|\d+)?\.\d+(?:[eE][+-]?\d+)?$/
const COMMA = /^[+-]?(?:\d{1,3}(?:[. '\u00a0\u202f]\d{3})+|\d+)?,\d+$/
const GROUPED_POINT = /^[+-]?\d{1,3}(?:,\d{3})+$/, GROUPED_COMMA = /^[+-]?\d{1,3}(?:\.\d{3})+$/

/** The shape of one text, or null for mere text. Leading zeros make an identifier, not a number. */
export function shapeOf(text: string): Shape | null {
  if (text.length > 64 || text === '') return null
  const first = text.charCodeAt(0)
  if ((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46 || first === 44) {
    if (/^[+-]?(0|[1-9]\d{0,37})$/.test(text)) return 'integer'
    if (/^0\d/.test(text) && /^\d+$/.test(text)) return null
    if (GROUPED_POINT.test(text) || POINT.test(text)) return 'decimal'
    if (GROUPED_COMMA.test(text) || COMMA.test(text)) return 'decimal,'
    if (UUID.test(text)) return 'uuid'
    return dateShape(text)
  }
  if (BOOLEANS.has(text.toLowerCase())) return 'boolean'
  return UUID.test(text) ? 'uuid' : null
}

function dateShape(text: string): Shape | null {
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text)
  if (iso) {
    const zero = iso[1] === '0000' && iso[2] === '00' && iso[3] === '00'
    if (!zero && !dayExists(Number(iso[2]), Number(iso[3]))) return null
    return iso[4] === undefined ? 'date YYYY-MM-DD' : 'timestamp'
  }
  if (/^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/.test(text)) return 'time'
  const other = /^(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})( \d{1,2}:\d\d(:\d\d)?)?$/.exec(text)
  if (!other) return null
  const [a, sign, b, c] = [other[1] as string, other[2] as string, Number(other[3]), other[4] as string]
  if (other[5] !== undefined) return dayExists(b, Number(a)) || dayExists(Number(a), b) ? 'timestamp' : null
  if (a.length === 4) return c.length <= 2 && dayExists(b, Number(c)) ? `date YYYY${sign}MM${sign}DD` : null
  if (c.length === 3) return null
  const year = c.length === 4 ? 'YYYY' : 'YY'
  const dayFirst = dayExists(b, Number(a)), monthFirst = dayExists(Number(a), b)
  if (dayFirst && monthFirst) return sign === '.' ? `date DD.MM.${year}` : `date ??${sign}??${sign}${year}`
  if (dayFirst) return `date DD${sign}MM${sign}${year}`
  return monthFirst ? `date MM${sign}DD${sign}${year}` : null
}

function dayExists(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!
}

/** Gathers what the values of one column look like. */
export class ColumnShape {
  readonly #shapes = new Map<Shape | null, number>()
  #values = 0
  #nulls = 0
  #longest = 0
  #odd: string | null = null

  add(value: string | null): void {
    if (value === null || value === '') { this.#nulls++; return }
    this.#values++
    if (value.length > this.#longest) this.#longest = value.length
    const shape = shapeOf(value.trim())
    if (shape === null && this.#odd === null) this.#odd = value.slice(0, 40)
    this.#shapes.set(shape, (this.#shapes.get(shape) ?? 0) + 1)
  }

  /** The column as inferred, and what a person should know about its values. */
  column(name: string): { column: Column; note: string | null } {
    const { type, note } = this.#judge()
    return { column: { name, type, declared: '', nullable: true, inferred: true, ...(type === 'text' && this.#longest > 0 ? { length: this.#longest } : {}) }, note: note === null ? null : `column \`${name}\`: ${note}` }
  }

  #judge(): { type: ColumnType; note: string | null } {
    if (this.#values === 0) return { type: this.#nulls > 0 ? 'unknown' : 'text', note: this.#nulls > 0 ? 'no value in the sample' : null }
    const of = (test: (shape: Shape) => boolean) => [...this.#shapes].reduce((sum, [shape, n]) => sum + (shape !== null && test(shape) ? n : 0), 0)
    const integers = of((s) => s === 'integer'), points = of((s) => s === 'decimal'), commas = of((s) => s === 'decimal,')
    const dates = of((s) => s.startsWith('date ')), times = of((s) => s === 'timestamp')
    const all = this.#values
    if (integers === all) return { type: 'integer', note: null }
    if (integers + points === all) return { type: 'decimal', note: null }
    if (integers + commas === all) return { type: 'decimal', note: 'decimal comma' }
    if (integers + points + commas === all) return { type: 'text', note: `numbers with decimal point (${points}) and decimal comma (${commas}) are mixed` }
    if (dates === all) return { type: 'date', note: this.#formats() }
    if (dates + times === all) return { type: 'timestamp', note: dates > 0 ? `dates with and without time; ${this.#formats()}` : null }
    for (const type of ['boolean', 'uuid', 'time'] as const) if (of((s) => s === type) === all) return { type, note: null }
    const typed = Math.max(integers + points + commas, dates + times)
    if (typed >= all * 0.9) return { type: 'text', note: `${typed} of ${all} sampled values are ${dates + times === typed ? 'dates' : 'numbers'}; others such as "${this.#odd ?? ''}" are not` }
    return { type: 'text', note: null }
  }

  #formats(): string | null {
    const found = [...this.#shapes].filter(([shape]) => shape !== null && shape.startsWith('date ')).sort((a, b) => b[1] - a[1])
    const names = found.map(([shape, n]) => `${(shape as string).slice(5)} (${n})`)
    if (names.length === 1 && names[0]?.startsWith('YYYY-MM-DD')) return null
    return `date formats ${names.join(', ')}${names.some((name) => name.startsWith('??')) ? '; ?? is day or month' : ''}`
  }
}
