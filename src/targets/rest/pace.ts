import type { Clock } from '../../model/clock.ts'

/** How one request went, for the pace: `pushed-back`: the site asked for less, or failed under load. */
export type Felt = { kind: 'good'; milliseconds: number; documents: number } | { kind: 'pushed-back'; waitMs: number }

const SLOW = 4, BASELINE_MEMORY = 0.05
/** A baseline is believed after so many answers. */
const LEARNED = 8

/**
 * How many requests may be under way: one more for each full round of good answers, half when the site pushes back (once per round, because requests that were
 * under way fail together), a little less when answers take several times as long as they did. Nothing is sent before a pause that was asked for is over.
 */
export class Pace {
  readonly #clock: Clock
  readonly #most: number
  readonly #wait: (ms: number) => Promise<void>
  readonly #queue: (() => void)[] = []
  #limit: number
  #under = 0
  #pausedUntil = 0
  #lastCut = -Infinity
  #baseline = 0
  #answers = 0

  constructor(clock: Clock, most: number, wait: (ms: number) => Promise<void>) {
    this.#clock = clock
    this.#most = most
    this.#limit = Math.min(2, most)
    this.#wait = wait
  }

  /** Requests that may be under way now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  /** Waits for a place, runs the request, and learns from how it went. */
  async run<T>(request: () => Promise<{ felt: Felt; result: T }>): Promise<T> {
    await this.#enter()
    const began = this.#clock.elapsed()
    try {
      const { felt, result } = await request()
      this.#learn(felt, began)
      return result
    } finally {
      this.#under--
      this.#admit()
    }
  }

  async #enter(): Promise<void> {
    while (this.#under >= this.limit) await new Promise<void>((go) => this.#queue.push(go))
    this.#under++
    for (let left = this.#pausedUntil - this.#clock.elapsed(); left > 0; left = this.#pausedUntil - this.#clock.elapsed()) await this.#wait(left)
  }

  #admit(): void {
    for (let free = this.limit - this.#under; free > 0; free--) this.#queue.shift()?.()
  }

  #learn(felt: Felt, began: number): void {
    if (felt.kind === 'pushed-back') {
      this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.elapsed() + felt.waitMs)
      this.#cut(began, 0.5)
      return
    }
    const each = felt.milliseconds / Math.max(1, felt.documents)
    this.#answers++
    if (this.#answers > LEARNED && each > SLOW * this.#baseline) this.#cut(began, 0.8)
    else this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit)
    this.#baseline = this.#answers === 1 ? each : this.#baseline * (1 - BASELINE_MEMORY) + each * BASELINE_MEMORY
  }

  /** A request that began before the last cut says nothing about the pace since. */
  #cut(began: number, factor: number): void {
    if (began <= this.#lastCut) return
    this.#limit = Math.max(1, this.#limit * factor)
    this.#lastCut = this.#clock.elapsed()
  }
}

/** Milliseconds of a Retry-After (seconds or a date), or null. */
export function retryAfterMs(text: string | null, now: number): number | null {
  if (text === null) return null
  const at = /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(at) ? null : Math.max(0, at)
}
