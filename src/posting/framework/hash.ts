import { LandfallError } from '../../errors/error.ts'
import type { Staging } from '../../staging/staging.ts'
import { literal } from '../../staging/staging.ts'

const UNITS = 360

/**
 * Names for rows Frappe would name by a random hash: 10 characters `z`, two for the unit (a digit, then base 36), seven for `id` × 1000 + `idx` in base 36.
 * Unique because units are distinct and a row's place within its unit is; never one of Frappe's own, whose base 32 stops at `v`; and the same
 * however the documents are split into batches. Rows from the thousandth of a document on belong to a unit of their own.
 */
export class HashNames {
  readonly #staging: Staging
  readonly #units = new Map<string, number>()

  private constructor(staging: Staging) {
    this.#staging = staging
  }

  static async open(staging: Staging): Promise<HashNames> {
    const names = new HashNames(staging)
    for (const row of await staging.all<{ unit: string; ordinal: number }>('SELECT unit, ordinal FROM ops.hash_units')) names.#units.set(row.unit, row.ordinal)
    return names
  }

  /** SQL of the name of row `idx` (SQL, from 0) of document `id` (SQL) in `unit`. */
  sql(unit: string, id: string, idx: string): string {
    const small = this.#prefix(unit)
    const name = (prefix: string, ordinal: string) => `${literal(prefix)} || lower(to_base(${ordinal}, 36, 7))`
    if (/^\d+$/.test(idx)) return name(small, `(${id}) * 1000 + ${Number(idx)}`)
    const large = this.#prefix(`${unit}#`)
    return `CASE WHEN (${idx}) < 1000 THEN ${name(small, `(${id}) * 1000 + (${idx})`)} ELSE ${name(large, `(${id}) * 100000 + (${idx})`)} END`
  }

  #prefix(unit: string): string {
    let ordinal = this.#units.get(unit)
    if (ordinal === undefined) {
      ordinal = this.#units.size
      if (ordinal >= UNITS) throw new LandfallError('posting-failed', 'No unit for generated names is left', { hint: 'A staging file serves one migration; start a new one.' })
      this.#units.set(unit, ordinal)
      this.#fresh.push([unit, ordinal])
    }
    return `z${ordinal % 10}${Math.floor(ordinal / 10).toString(36)}`
  }

  readonly #fresh: [string, number][] = []

  /** Remembers units used for the first time; call within the transaction of the rows. */
  async save(): Promise<void> {
    if (this.#fresh.length === 0) return
    await this.#staging.run(`INSERT INTO ops.hash_units VALUES ${this.#fresh.map(([unit, ordinal]) => `(${literal(unit)}, ${ordinal})`).join(', ')}`)
    this.#fresh.length = 0
  }

  /** Forgets what a rolled back rehearsal registered. */
  async reload(): Promise<void> {
    this.#fresh.length = 0
    this.#units.clear()
    for (const row of await this.#staging.all<{ unit: string; ordinal: number }>('SELECT unit, ordinal FROM ops.hash_units')) this.#units.set(row.unit, row.ordinal)
  }
}
