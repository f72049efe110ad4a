import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '../../config/project.ts'
import type { Conflict } from '../../phases/sync/reconciliation.ts'
import type { SyncResult } from '../../run/sync.ts'

/** What is known of an entity after a sync. `lagSeconds`: how far behind the source's clock everything is known to be complete; null where the source does not say. */
export interface EntityState { entity: string; source: string; how: string; lagSeconds: number | null; heldBy: string | null; inserted: number; updated: number; deleted: number }

/** The standing of a project's syncs, in `.landfall/sync/state.json`; times in ISO form, UTC. `lastError` null: the last one came to its end. */
export interface SyncState {
  lastAttempt: string; lastSuccess: string | null; lastChange: string | null; lastError: string | null; run: string | null; milliseconds: number
  syncs: number; failures: number; written: number; conflicts: number; entities: EntityState[]
}

const folderOf = (project: Project): string => join(project.paths.state, 'sync')

export function readSyncState(project: Project): SyncState | null {
  const file = join(folderOf(project), 'state.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as SyncState : null
}

export function readConflicts(project: Project): Conflict[] {
  const file = join(folderOf(project), 'conflicts.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Conflict[] : []
}

const EMPTY: SyncState = { lastAttempt: '', lastSuccess: null, lastChange: null, lastError: null, run: null, milliseconds: 0, syncs: 0, failures: 0, written: 0, conflicts: 0, entities: [] }

/** Notes how a sync came out. Conflicts of a sync that looked at nothing stay those of the last one that did. */
export function noteSync(project: Project, at: string, outcome: SyncResult | { error: string }): SyncState {
  const before = readSyncState(project) ?? EMPTY
  let state: SyncState
  if ('error' in outcome) state = { ...before, lastAttempt: at, lastError: outcome.error, failures: before.failures + 1 }
  else {
    const wrote = outcome.inserted + outcome.changed
    if (outcome.run !== null) write(project, 'conflicts.json', outcome.conflicts)
    state = {
      lastAttempt: at, lastSuccess: at, lastChange: wrote > 0 ? at : before.lastChange, lastError: null, run: outcome.run ?? before.run, milliseconds: outcome.milliseconds,
      syncs: before.syncs + 1, failures: before.failures, written: before.written + wrote, conflicts: outcome.run === null ? before.conflicts : outcome.conflicts.length,
      entities: outcome.detected.map(({ entity, source, how, high, now, heldBy, inserted, updated, deleted }) => ({ entity, source, how, lagSeconds: lagOf(high, now), heldBy, inserted, updated, deleted })),
    }
  }
  write(project, 'state.json', state)
  return state
}

function lagOf(high: string | null, now: string | null): number | null {
  if (high === null || now === null) return null
  const at = (text: string): number => Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23).replace(/\+.*$/, '') || '00:00:00'}Z`)
  const lag = (at(now) - at(high)) / 1000
  return Number.isFinite(lag) ? Math.max(0, lag) : null
}

/** Files are whole at every moment: others read them while syncs go on. */
export function write(project: Project, name: string, value: unknown): void {
  const folder = folderOf(project), file = join(folder, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${file}.new`, typeof value === 'string' ? value : `${JSON.stringify(value, null, 1)}\n`)
  renameSync(`${file}.new`, file)
}
