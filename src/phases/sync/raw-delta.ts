import type { SyncRule } from '../../config/sync-schema.ts'
import type { ChangePage } from '../../sources/changes.ts'
import { prepareRaw, rawRelation, relationSql } from '../../staging/load.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Value } from '../../model/value.ts'

/** An entity to be kept up to date. `key`: the source's own, by which its records are told apart; `columns`: as the source has them now, in its order. */
export interface SyncEntity { name: string; source: string; table: string; rule: SyncRule; key: string[]; columns: string[] }

/** What an entity's records did since the last sync, each counted once per time it was seen to change. */
export interface Delta { inserted: number; updated: number; deleted: number; unchanged: number }

export const entityId = (entity: SyncEntity): string => `${entity.source}.${entity.table}`
export const rawSql = (entity: SyncEntity): string => relationSql(rawRelation(entity.source, entity.table))
export const onKey = (entity: SyncEntity, a: string, b: string): string => entity.key.map((column) => `${a}.${ident(column)} = ${b}.${ident(column)}`).join(' AND ')

/**
 * Which state of `raw` this is: another text after each change, '' as it was extracted. The ledger notes the one its documents were made from; where they differ (a sync was
 * killed, a run rolled back), all is mapped and compared again.
 */
export async function rawVersion(staging: Staging): Promise<string> {
  await staging.run('CREATE TABLE IF NOT EXISTS ops.sync_state (version VARCHAR)')
  return (await staging.one<{ version: string }>('SELECT version FROM ops.sync_state'))?.version ?? ''
}

/** Notes, in the caller's transaction, that `raw` changed. */
async function nextVersion(staging: Staging): Promise<void> {
  const next = (await staging.one<{ v: string }>('SELECT uuid()::VARCHAR AS v'))?.v ?? ''
  await staging.run(`CREATE TABLE IF NOT EXISTS ops.sync_state (version VARCHAR); DELETE FROM ops.sync_state; INSERT INTO ops.sync_state VALUES (${literal(next)})`)
}

/** Makes sure that `raw` has every column the source has. */
export async function widenRaw(staging: Staging, entity: SyncEntity): Promise<void> {
  await prepareRaw(staging, rawRelation(entity.source, entity.table), entity.columns)
}

/** Puts whole records into `raw`, in one transaction: those that differ take the place of what is there, new ones come last; equal ones are dropped. */
export async function applyPage(staging: Staging, entity: SyncEntity, page: ChangePage): Promise<Delta> {
  const none: Delta = { inserted: 0, updated: 0, deleted: 0, unchanged: page.count }
  if (page.count === 0) return none
  await fillTable(staging, 'incoming', page.columns, page.values)
  const raw = rawSql(entity), columns = page.columns.map(ident)
  return staging.transaction(async () => {
    const differs = columns.map((column) => `r.${column} IS DISTINCT FROM i.${column}`).join(' OR ')
    await staging.run(`CREATE OR REPLACE TABLE work.changed AS SELECT i.*, r._row AS _was FROM work.incoming i LEFT JOIN ${raw} r ON ${onKey(entity, 'r', 'i')} WHERE r._row IS NULL OR ${differs}`)
    const updated = await staging.run(`UPDATE ${raw} AS r SET ${columns.map((column) => `${column} = c.${column}`).join(', ')} FROM work.changed c WHERE c._was IS NOT NULL AND r._row = c._was`)
    const inserted = await staging.run(`INSERT INTO ${raw} (_row, ${columns.join(', ')}) SELECT (SELECT coalesce(max(_row), 0) FROM ${raw}) + row_number() OVER (), ${columns.join(', ')} FROM work.changed WHERE _was IS NULL`)
    if (inserted + updated > 0) await settle(staging, entity)
    return { inserted, updated, deleted: 0, unchanged: page.count - inserted - updated }
  })
}

/** Takes records out of `raw`; `keys` is a relation with the key's columns. */
export async function applyDeleted(staging: Staging, entity: SyncEntity, keys: string): Promise<number> {
  return staging.transaction(async () => {
    const deleted = await staging.run(`DELETE FROM ${rawSql(entity)} AS r WHERE EXISTS (SELECT 1 FROM ${keys} k WHERE ${onKey(entity, 'r', 'k')})`)
    if (deleted > 0) await settle(staging, entity)
    return deleted
  })
}

/** The accounting of extraction follows: what is staged is what was read, less what was rejected then. */
async function settle(staging: Staging, entity: SyncEntity): Promise<void> {
  await nextVersion(staging)
  await staging.run(`UPDATE ops.cursors SET staged = n, read = n + rejected FROM (SELECT count(*) AS n FROM ${rawSql(entity)}) WHERE entity = ${literal(entityId(entity))}`)
}

/** A table in `work` of texts by column. */
export async function fillTable(staging: Staging, name: string, columns: string[], values: (string | null)[][]): Promise<void> {
  await staging.run(`CREATE OR REPLACE TABLE work.${ident(name)} (${columns.map((column) => `${ident(column)} VARCHAR`).join(', ')})`)
  await staging.appendColumns({ schema: 'work', table: name }, columns.map((column, i) => ({ name: column, kind: 'VARCHAR' as const, values: (values[i] ?? []) as Extract<Value, string | null>[] })))
}

/** Rows as texts, turned into columns. */
export function byColumn(rows: (string | null)[][], width: number): (string | null)[][] {
  return Array.from({ length: width }, (_, i) => rows.map((row) => row[i] ?? null))
}
