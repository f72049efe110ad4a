import type { Clock } from '../model/clock.ts'
import type { Gauge, Pace, ProgressEvent, Scope } from '../phases/phase.ts'

const REPORT_EVERY_MS = 200

/** Counts work of one scope and tells about it at most five times a second. */
export class Meter implements Gauge {
  readonly #clock: Clock
  readonly #emit: (event: ProgressEvent) => void
  readonly #scope: Scope
  readonly #began: number
  readonly #total: number | null
  #told = -Infinity
  #done = 0
  #errors = 0

  constructor(clock: Clock, emit: (event: ProgressEvent) => void, scope: Scope, total: number | null) {
    this.#clock = clock
    this.#emit = emit
    this.#scope = scope
    this.#total = total
    this.#began = clock.elapsed()
    emit({ type: 'step-started', scope })
  }

  add(done: number, errors = 0): void {
    this.#done += done
    this.#errors += errors
    const now = this.#clock.elapsed()
    if (now - this.#told < REPORT_EVERY_MS) return
    this.#told = now
    const rate = this.#done / Math.max((now - this.#began) / 1000, 0.001)
    const left = this.#total === null ? null : Math.max(this.#total - this.#done, 0)
    this.#emit({ type: 'progress', scope: this.#scope, done: this.#done, total: this.#total, rate, etaSeconds: left === null || rate === 0 ? null : left / rate, errors: this.#errors })
  }

  end(): void {
    this.#emit({ type: 'step-ended', scope: this.#scope, done: this.#done, errors: this.#errors, milliseconds: this.#clock.elapsed() - this.#began })
  }
}

/** A batch size that grows while batches are quick and shrinks when they are slow or fail, between a tenth and ten times of `start`. */
export class BatchSize implements Pace {
  readonly #least: number
  readonly #most: number
  #size: number

  constructor(start: number, adaptive = true) {
    this.#size = start
    this.#least = adaptive ? Math.max(1, Math.floor(start / 10)) : start
    this.#most = adaptive ? start * 10 : start
  }

  get rows(): number {
    return this.#size
  }

  /** Tells how long a batch of the present size took. Batches of a quarter to a full second are left as they are. */
  took(milliseconds: number): void {
    if (milliseconds < 250) this.#size = Math.min(this.#most, this.#size * 2)
    else if (milliseconds > 1000) this.#size = Math.max(this.#least, Math.floor(this.#size / 2))
  }
}
