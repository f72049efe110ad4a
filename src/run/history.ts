import type { JournalEvent } from '../ledger/journal.ts'

export type RunStatus = 'running' | 'checked' | 'done' | 'blocked' | 'failed' | 'interrupted' | 'rolled-back'

/** A run as the journal tells it. `status` running: it never ended, so it was killed (or runs right now). Times are timestamps in UTC. */
export interface RunRecord {
  run: string; fingerprint: string; parts: Record<string, string> | null; startedAt: string; endedAt: string | null; status: RunStatus
  /** Work that was finished, in order; `milliseconds` how long it took, `at` when it ended. */
  scopes: ScopeRecord[]
  steps: string[]
}
export interface ScopeRecord { step: string; phase: string | null; wave: number | null; subject: string | null; done: number; errors: number; milliseconds: number; at: string }

/** Runs of a journal, oldest first. */
export function runsOf(events: JournalEvent[]): RunRecord[] {
  const runs = new Map<string, RunRecord>()
  for (const event of events) {
    if (event.type === 'run-started') {
      runs.set(event.run, { run: event.run, fingerprint: String(event['fingerprint'] ?? ''), parts: (event['parts'] ?? null) as Record<string, string> | null, startedAt: event.at, endedAt: null, status: 'running', scopes: [], steps: [] })
    }
    const run = runs.get(event.type === 'rolled-back' ? String(event['of']) : event.run)
    if (!run) continue
    if (event.type === 'run-resumed') { run.status = 'running'; run.endedAt = null }
    if (event.type === 'scope') {
      run.scopes.push({
        step: String(event['step']), phase: event['phase'] as string | null, wave: event['wave'] as number | null, subject: event['subject'] as string | null,
        done: Number(event['done']), errors: Number(event['errors']), milliseconds: Number(event['milliseconds']), at: event.at,
      })
    }
    if (event.type === 'step-done') run.steps.push(String(event['step']))
    if (event.type === 'run-ended') { run.status = String(event['status']) as RunStatus; run.endedAt = event.at }
    if (event.type === 'rolled-back' && event['to'] === 'start') run.status = 'rolled-back'
  }
  return [...runs.values()]
}

/** A run that can be gone on with: it was killed, stopped, failed, or checked without loading. */
export function isOpen(run: RunRecord): boolean {
  return run.status === 'running' || run.status === 'interrupted' || run.status === 'failed' || run.status === 'checked' || run.status === 'blocked'
}
