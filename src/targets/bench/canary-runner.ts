import type { Json } from '../../model/value.ts'
import type { CanaryDocument, CanaryRunner } from '../../posting/canary/proof.ts'
import type { Effect } from '../../posting/canary/set.ts'
import type { LaneDocument } from '../lane.ts'
import type { BenchLane, CanaryResult } from './lane.ts'

/** Tries canaries by the site's own controllers, named as the site names them; the lane is one that inserts and then submits, as the prediction does. */
export function benchRunner(lane: Pick<BenchLane, 'canary'>): CanaryRunner {
  return { run: async (documents) => effectsOf(await lane.canary(documents.map(laneDocument))) }
}

function laneDocument({ ref, doc, submit }: CanaryDocument, at: number): LaneDocument {
  return { id: at, entity: 'canary', key: `${ref.doctype} ${ref.id}`, name: '', docstatus: submit ? 1 : 0, once: false, nested: false, touches: [], doc: { ...doc } }
}

const KEY_SEPARATOR = '\u001f'
type Changes = Record<string, [Json, Json]>
type Older = Map<string, { table: string; key: string[]; changes: Changes; by: Set<number> }>

/** What each document did, seen from the end: a row that one inserted and a later one changed is an inserted row; a change to an older row is of all that had a part in it. */
export function effectsOf(results: CanaryResult[]): Effect[] {
  const inserted = new Map<string, { table: string; row: Record<string, Json>; by: number }>(), older: Older = new Map()
  results.forEach((result, by) => {
    for (const [table, rows] of Object.entries(result.inserted)) for (const row of rows) inserted.set(`${table}${KEY_SEPARATOR}${keyOf(table, row)}`, { table, row: { ...row }, by })
    for (const [table, list] of Object.entries(result.updated)) {
      for (const { key, changes } of list) {
        const at = `${table}${KEY_SEPARATOR}${key.join(KEY_SEPARATOR)}`, own = inserted.get(at)
        if (own !== undefined) for (const [column, [, after]] of Object.entries(changes as Changes)) own.row[column] = after
        else noteChange(older, at, { table, key, changes: changes as Changes, by })
      }
    }
    for (const [table, rows] of Object.entries(result.deleted)) for (const row of rows) inserted.delete(`${table}${KEY_SEPARATOR}${keyOf(table, row)}`)
  })
  const effects = results.map((result): Effect => (result.status === 'refused' ? { error: { type: result.reason?.type ?? 'ValidationError', message: result.reason?.message ?? '' } } : { names: [result.name ?? ''], inserted: {}, updated: {} }))
  for (const { table, row, by } of inserted.values()) if (effects[by]!.inserted) (effects[by]!.inserted[table] ??= []).push(row as never)
  for (const { table, key, changes, by } of older.values()) {
    const left = Object.fromEntries(Object.entries(changes).filter(([, [before, after]]) => before !== after))
    if (Object.keys(left).length > 0) for (const at of by) if (effects[at]!.updated) (effects[at]!.updated[table] ??= []).push({ key, changes: left })
  }
  return effects
}

function noteChange(older: Older, at: string, { table, key, changes, by }: { table: string; key: string[]; changes: Changes; by: number }): void {
  const known = older.get(at)
  if (known === undefined) {
    older.set(at, { table, key, changes: { ...changes }, by: new Set([by]) })
    return
  }
  known.by.add(by)
  for (const [column, [before, after]] of Object.entries(changes)) known.changes[column] = [known.changes[column] === undefined ? before : known.changes[column]![0], after]
}

const keyOf = (table: string, row: Record<string, unknown>) => (table === 'tabSingles' ? `${String(row['doctype'])}${KEY_SEPARATOR}${String(row['field'])}` : String(row['name']))
