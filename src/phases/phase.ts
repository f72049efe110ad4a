import type { Clock } from '../model/clock.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Json } from '../model/value.ts'
import type { Staging } from '../staging/staging.ts'

/** The steps of a run, in order. `load` is divided further by the plan's own phases (master, transactional, historical). */
export const STEPS = ['plan', 'extract', 'map', 'preflight', 'load', 'verify', 'report'] as const
export type StepName = (typeof STEPS)[number]

/** What is being worked on; `phase` and `wave` are those of the plan, absent before it matters. */
export interface Scope { step: StepName; phase?: string; wave?: number; subject?: string }

/**
 * What a run tells while it works: to the terminal, to `--json`, to a dashboard. `subject` is an entity while extracting and cleansing, a
 * DocType afterwards. `total` null: not known yet. Rates are per second, `etaSeconds` null when unknown.
 */
export type ProgressEvent =
  | { type: 'run-started'; run: string; project: string; resumed: boolean }
  | { type: 'step-started'; scope: Scope }
  | { type: 'progress'; scope: Scope; done: number; total: number | null; rate: number; etaSeconds: number | null; errors: number }
  | { type: 'step-ended'; scope: Scope; done: number; errors: number; milliseconds: number }
  | { type: 'note'; scope: Scope; level: 'info' | 'warning'; message: string }
  | { type: 'retry'; scope: Scope; attempt: number; waitMs: number; message: string }
  | { type: 'run-ended'; run: string; status: 'done' | 'blocked' | 'failed' | 'interrupted'; milliseconds: number }

/** Counts the work of one scope and tells about it now and then. */
export interface Gauge {
  add(done: number, errors?: number): void
  end(): void
}

/** A batch size that follows how long batches take. */
export interface Pace {
  readonly rows: number
  took(milliseconds: number): void
}

/** What a phase works with. */
export interface PhaseContext {
  run: string
  staging: Staging
  clock: Clock
  /** Aborted when the user asks to stop: phases end cleanly after the batch at hand by throwing `interrupted`. */
  signal: AbortSignal
  emit(event: ProgressEvent): void
  /** Begins a scope of work; `total` null when unknown. */
  gauge(scope: Scope, total: number | null): Gauge
  /** A batch size beginning with `start`, or always `start` when `fixed`. */
  pace(start: number, fixed?: boolean): Pace
  /** Writes an event into the journal; durable when it returns. Intent is recorded before effect. */
  record(type: string, detail: Record<string, Json>): void
  /** Called at every point a crash would hurt most (after a commit, before the next intent); tests use it to kill the process there. */
  reached(point: string): void
  /** Runs an operation under the run's policy: transient failures are tried again, all else is thrown. */
  attempt<T>(scope: Scope, operation: () => Promise<T>): Promise<T>
}

/** Counts of outcomes. */
export type OutcomeCounts = Record<Outcome['status'], number>
