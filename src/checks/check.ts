import type { Staging } from '../staging/staging.ts'

/** `unchecked` is not a pass: the check could not be carried out, and `summary` says why. */
export type CheckStatus = 'passed' | 'failed' | 'unchecked'

export interface CheckFailure { doctype: string; name: string | null; key: string | null; detail: string }

export interface CheckResult {
  id: string
  /** The group it is reported under. */
  group: 'record_counts' | 'sum_totals' | 'relationships' | 'data_integrity'
  title: string
  status: CheckStatus
  /** How many things were compared. */
  compared: number
  failed: number
  /** The first 100 failures; all of them are in `ops.check_failures`. */
  failures: CheckFailure[]
  summary: string
}

/** Reads only. `run` is called after load, with `rows.*` (predicted) and `site.*` (actual) attached to the staging connection. */
export interface Check {
  id: string
  run(staging: Staging): Promise<CheckResult[]>
}
