import type { PhaseContext, Scope } from './phase.ts'

const REPORT_EVERY_MS = 200

/** Counts work of one scope and tells about it at most five times a second. */
export class Meter {
  readonly #ctx: PhaseContext
  readonly #scope: Scope
  readonly #began: number
  readonly #total: number | null
  #told = -Infinity
  #done = 0
  #errors = 0

  constructor(ctx: PhaseContext, scope: Scope, total: number | null) {
    this.#ctx = ctx
    this.#scope = scope
    this.#total = total
    this.#began = ctx.clock.elapsed()
    ctx.emit({ type: 'step-started', scope })
  }

  add(done: number, errors = 0): void {
    this.#done += done
    this.#errors += errors
    const now = this.#ctx.clock.elapsed()
    if (now - this.#told < REPORT_EVERY_MS) return
    this.#told = now
    const rate = this.#done / Math.max((now - this.#began) / 1000, 0.001)
    const left = this.#total === null ? null : Math.max(this.#total - this.#done, 0)
    this.#ctx.emit({ type: 'progress', scope: this.#scope, done: this.#done, total: this.#total, rate, etaSeconds: left === null || rate === 0 ? null : left / rate, errors: this.#errors })
  }

  end(): void {
    this.#ctx.emit({ type: 'step-ended', scope: this.#scope, done: this.#done, errors: this.#errors, milliseconds: this.#ctx.clock.elapsed() - this.#began })
  }
}

/** A batch size that grows while batches are quick and shrinks when they are slow or fail, between a tenth and ten times of `start`. */
export class BatchSize {
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

  failed(): void {
    this.#size = Math.max(this.#least, Math.floor(this.#size / 2))
  }
}
