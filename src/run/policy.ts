import { LandfallError } from '../errors/error.ts'
import type { ErrorCode } from '../errors/codes.ts'

/** Failures that pass: a network that drops, a database that is restarted, a file that another program holds for a moment. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['source-unreachable', 'source-failed', 'target-failed', 'staging-locked'])

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

export type Decision = { action: 'retry'; waitMs: number } | { action: 'stop' }

/**
 * The only place that decides what follows a failure: try again (passing failures, `retries` times, waiting twice as long each time) or stop.
 * Bad data never comes here: it is a finding.
 */
export function decide(error: unknown, attempt: number, retries: number): Decision {
  if (!(error instanceof LandfallError) || !PASSING.has(error.code) || attempt > retries) return { action: 'stop' }
  return { action: 'retry', waitMs: Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) }
}

/** Exit code of the process for an error; see docs/reference/cli.md. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof LandfallError)) return 5
  if (error.code === 'interrupted') return 130
  return { usage: 2, source: 3, target: 4, data: 1, conflict: 4, broken: 5, transient: 3 }[error.kind]
}
