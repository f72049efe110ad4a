import { Numeral, flatten, walk } from './json.ts'

/** Values in the order of the columns; shorter than those when later records brought more. */
export type Values = (string | null | undefined)[]

/** Columns in the order met, under names that differ by more than case; `_row` is taken. */
export class Columns {
  readonly names: string[] = []
  /** Places by the name in the record. */
  readonly #places = new Map<string, number>()
  readonly #taken = new Set(['_row'])

  place(raw: string): number {
    const known = this.#places.get(raw)
    if (known !== undefined) return known
    let name = raw === '' ? 'value' : raw
    for (let n = 2; this.#taken.has(name.toLowerCase()); n++) name = `${raw}_${n}`
    this.#taken.add(name.toLowerCase())
    this.#places.set(raw, this.names.length)
    return this.names.push(name) - 1
  }

  take(record: unknown): Values {
    const values: Values = new Array(this.names.length).fill(null)
    if (record === null || typeof record !== 'object' || Array.isArray(record) || record instanceof Numeral) {
      flatten(record, (raw, value) => { values[this.place(raw)] = value })
      return values
    }
    // Nearly all values are plain ones of columns that are known.
    for (const key of Object.keys(record)) {
      const value = (record as Record<string, unknown>)[key], place = this.#places.get(key)
      if (place !== undefined && typeof value === 'string') values[place] = value
      else if (place !== undefined && typeof value === 'number') values[place] = String(value)
      else walk(value, key, (raw, text) => { values[this.place(raw)] = text })
    }
    return values
  }
}
