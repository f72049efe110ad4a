import type { Journal } from '../ledger/journal.ts'
import { timestamp, type Clock } from '../model/clock.ts'
import type { Json } from '../model/value.ts'
import type { PhaseContext, ProgressEvent } from '../phases/phase.ts'
import type { Staging } from '../staging/staging.ts'
import { BatchSize, Meter } from './meter.ts'
import { decide } from './policy.ts'

/** What runs need from outside; compose.ts of the command line provides it. */
export interface RunPorts {
  staging: Staging
  journal: Journal
  clock: Clock
  signal: AbortSignal
  emit(event: ProgressEvent): void
  /** How often a passing failure is tried again. */
  retries: number
  /** Waits before another attempt; ends early when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Tests kill the process at one of these points; otherwise nothing happens. */
  reached?(point: string): void
}

/** The context in which the phases of `run` work: events, journal, policy, pace. Timings of finished scopes go into the journal. */
export function makeContext(ports: RunPorts, run: string): PhaseContext {
  const { clock, journal } = ports
  const record = (type: string, detail: Record<string, Json>): void => journal.append([{ ...detail, type, run, at: timestamp(clock) }])
  const emit = (event: ProgressEvent): void => {
    if (event.type === 'step-ended') {
      const { scope, done, errors, milliseconds } = event
      record('scope', { step: scope.step, phase: scope.phase ?? null, wave: scope.wave ?? null, subject: scope.subject ?? null, done, errors, milliseconds: Math.round(milliseconds) })
    }
    ports.emit(event)
  }
  return {
    run, clock, staging: ports.staging, signal: ports.signal, emit, record,
    gauge: (scope, total) => new Meter(clock, emit, scope, total),
    pace: (start, fixed) => new BatchSize(start, fixed !== true),
    reached: (point) => ports.reached?.(point),
    attempt: async (scope, operation) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await operation()
        } catch (error) {
          const decision = decide(error, attempt, ports.retries)
          if (decision.action === 'stop' || ports.signal.aborted) throw error
          emit({ type: 'retry', scope, attempt, waitMs: decision.waitMs, message: error instanceof Error ? error.message : String(error) })
          await ports.wait(decision.waitMs, ports.signal)
        }
      }
    },
  }
}
