import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace, type Workspace } from '../../src/cli/compose.ts'
import { syncRule } from '../../src/config/sync-schema.ts'
import { fixedClock, type Clock } from '../../src/model/clock.ts'
import { runMigration } from '../../src/run/engine.ts'
import { runSync, type SyncResult } from '../../src/run/sync.ts'

const CUSTOMERS = (sync: string): string => `entity: customers
sync: ${sync}
doctype: Customer
fields:
  customer_name: name
  customer_type: { value: Company }
  customer_group: { value: Commercial }
  territory: { value: All Territories }
  website: website
  customer_details: about
ignore: { modified: only for sync, id: the key }
`
const NOTES = `entity: notes
sync: { field: modified }
doctype: Note
fields:
  title: title
  content: body
  public: { value: 1 }
  seen_by: { from: readers, on: { id: note }, order_by: n, fields: { user: who } }
ignore: { modified: only for sync, id: the key }
`

/** A project of customers and notes with readers, over a source given as YAML; `sync`: what the customers' mapping says. */
export function makeProject(source: string, sync = '{ field: modified, deletes: disable }', project = '{ lag: 0s }'): string {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-sync-'))
  mkdirSync(join(folder, 'mappings'))
  writeFileSync(join(folder, 'landfall.yaml'), `project: sync\nsources:\n  old: ${source}\nsync: ${project}\n`)
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), CUSTOMERS(sync))
  writeFileSync(join(folder, 'mappings', 'notes.yaml'), NOTES)
  return folder
}

/** The clock of a machine whose days are the same for all tests, and whose seconds go on. */
export const testClock = (): Clock => {
  const began = performance.now(), start = fixedClock('2026-11-22T10:00:00Z').now()
  return { now: () => Math.round(start + performance.now() - began), elapsed: () => performance.now() }
}

export async function withProject<T>(folder: string, work: (workspace: Workspace) => Promise<T>, reached?: (point: string) => void): Promise<T> {
  const workspace = await openWorkspace({ folder, ...(reached === undefined ? {} : { reached }) })
  try {
    return await work(workspace)
  } finally {
    await workspace.close()
  }
}

export async function loadAll(folder: string): Promise<void> {
  await withProject(folder, async (workspace) => runMigration({ ...workspace.migration(), prove: null }, workspace.ports(() => undefined), { resume: false, until: 'end' }))
}

export async function syncOnce(workspace: Workspace, options: { all?: boolean; prove?: boolean } = {}): Promise<SyncResult> {
  const rules = new Map(workspace.mappings().map(({ mapping }) => [mapping.entity, mapping.sync]))
  return runSync(workspace.migration(), workspace.ports(() => undefined), { rule: (entity) => syncRule(workspace.project.config.sync, rules.get(entity)), log: { slot: workspace.project.config.sync.slot, serverId: workspace.project.config.sync.server_id }, all: options.all ?? false, prove: options.prove ?? false })
}
