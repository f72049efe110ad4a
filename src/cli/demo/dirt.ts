import { seededRandom } from '../../model/clock.ts'

/** Every kind of dirt the demo plants, with what a migration should make of it. */
export const DIRT_KINDS = {
  duplicate_case: 'the same customer again in capitals', duplicate_accent: 'the same customer again without accents', duplicate_space: 'the same customer again with stray spaces',
  duplicate_typo: 'the same customer again with two letters swapped', orphan_order: 'an order of a customer that does not exist', orphan_line: 'an order line of an order that does not exist',
  orphan_activity: 'an activity of a customer that does not exist', zero_date: 'a date of zeros', html_text: 'HTML in a text', formula_text: 'a spreadsheet formula in a text', long_text: 'text longer than the field',
  missing_mandatory: 'a mandatory value missing', wrong_email: 'an e-mail address that is none', group_as_leaf: 'a group used where a leaf belongs', unmapped_value: 'a code that no list explains',
  bad_number: 'a number that is none', short_month: 'a day that the month does not have', early_delivery: 'goods wanted before they were ordered',
} as const
export type DirtKind = keyof typeof DIRT_KINDS

/** What was planted where: the answer sheet of the demo business. */
export interface DirtEntry { kind: DirtKind; entity: string; key: string; column: string; value: string }

/** Draws one entity's records; every entity has a stream of its own, so that one can grow without changing another. */
export class Draw {
  readonly #random: () => number
  constructor(seed: number, entity: string) {
    let hash = seed >>> 0
    for (const char of entity) hash = (Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)) >>> 0
    this.#random = seededRandom(hash)
  }
  unit(): number { return this.#random() }
  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number { return low + Math.floor(this.#random() * (high - low + 1)) }
  pick<T>(list: readonly T[]): T { return list[Math.floor(this.#random() * list.length)]! }
  chance(share: number): boolean { return this.#random() < share }
}

/** Spreads dirt evenly: every `1 / share`-th record, at least one record of the entity, never the first ten (which others refer to as clean). */
export class DirtPlan {
  readonly entries: DirtEntry[] = []
  readonly #due = new Map<string, number>()

  /** True when record `ordinal` (from 0, of `count`) should get this dirt. */
  due(entity: string, kind: DirtKind, ordinal: number, count: number, share: number): boolean {
    const wanted = Math.max(1, Math.round(count * share))
    const id = `${entity}/${kind}`
    const done = this.#due.get(id) ?? 0
    if (done >= wanted) return false
    const offset = 10 + (Object.keys(DIRT_KINDS).indexOf(kind) * 7) % Math.max(1, Math.floor(count / wanted) - 1)
    const place = Math.min(offset + Math.floor((done * (count - 12)) / wanted), count - 1 - (wanted - 1 - done))
    if (ordinal < place) return false
    this.#due.set(id, done + 1)
    return true
  }

  add(kind: DirtKind, entity: string, key: string, column: string, value: string): void {
    this.entries.push({ kind, entity, key, column, value: value.slice(0, 80) })
  }
}

/** Swaps two neighbouring letters in the middle of a name: a typing mistake. */
export function mistype(text: string): string {
  const at = Math.max(1, Math.floor(text.length / 2) - 1)
  const a = text[at]!, b = text[at + 1] ?? ''
  return a === b || b === '' ? `${text.slice(0, at)}x${text.slice(at)}` : text.slice(0, at) + b + a + text.slice(at + 2)
}

export function withoutAccents(text: string): string {
  return text.replaceAll('ß', 'ss').replaceAll('ø', 'o').replaceAll('Ø', 'O').normalize('NFD').replace(/[\u0300-\u036f]/g, '')
}
