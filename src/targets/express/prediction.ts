import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { LaneBatch } from '../lane.ts'
import { filledTables, unionAll } from '../embedded/tables.ts'
import { storedText, type RowColumn } from './column-text.ts'
import type { Text } from './connection.ts'

/** A column of an older row that documents of the batch change: its value before the first and after the last of them, in MariaDB's texts. */
export interface Change { table: string; column: string; name: string; before: Text; after: Text; ids: number[] }

/** Ids of the documents at work: a temporary table of staging. */
const LIVE = 'temp.express_live'

export async function setLive(staging: Staging, ids: readonly number[]): Promise<void> {
  await staging.run(`CREATE OR REPLACE TEMP TABLE express_live (id BIGINT)`)
  if (ids.length > 0) await staging.appendColumns({ database: 'temp', schema: 'main', table: 'express_live' }, [{ name: 'id', kind: 'BIGINT', values: ids as number[] }])
}

/** `rows."tabX" r WHERE ...`: the rows of a table that the documents at work wrote. */
export function liveRows(table: string, batch: LaneBatch): string {
  return `rows.${ident(table)} r WHERE r._doctype = ${literal(batch.doctype)} AND r._draft BETWEEN ${batch.from} AND ${batch.to} AND r._draft IN (SELECT id FROM ${LIVE})`
}

/** Tables that documents of a DocType write to, with how many rows its own had when that was found out: more rows, and it is asked again. */
const tablesKnown = new WeakMap<Staging, Map<string, { rows: number; tables: string[] }>>()

async function tablesOf(staging: Staging, doctype: string): Promise<string[]> {
  const known = tablesKnown.get(staging) ?? new Map<string, { rows: number; tables: string[] }>()
  tablesKnown.set(staging, known)
  const rows = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM rows.${ident(`tab${doctype}`)} WHERE _doctype = ${literal(doctype)}`))?.n)
  const earlier = known.get(doctype)
  if (earlier?.rows === rows) return earlier.tables
  const { filled } = await filledTables(staging, null, 'rows')
  const found = await unionAll<{ tbl: string }>(staging, filled.filter((table) => table !== 'tabSeries'), (table) => `SELECT ${literal(table)} AS tbl WHERE EXISTS (SELECT 1 FROM rows.${ident(table)} WHERE _doctype = ${literal(doctype)} AND _draft IS NOT NULL)`)
  const tables = found.map((row) => row.tbl)
  known.set(doctype, { rows, tables })
  return tables
}

/** Tables the documents at work write to, counters aside, which have their own way. The DocType's own comes first. */
export async function writtenTables(staging: Staging, batch: LaneBatch): Promise<string[]> {
  const main = `tab${batch.doctype}`
  const found = await unionAll<{ tbl: string }>(staging, await tablesOf(staging, batch.doctype), (table) => `SELECT ${literal(table)} AS tbl WHERE EXISTS (SELECT 1 FROM ${liveRows(table, batch)})`)
  return found.map((row) => row.tbl).sort((a, b) => Number(b === main) - Number(a === main) || (a < b ? -1 : 1))
}

/** Asked once: tables of `rows` are made before posting begins. */
const columnsKnown = new WeakMap<Staging, Map<string, RowColumn[]>>()

/** Columns of a predicted table, ours left out. */
export async function rowColumns(staging: Staging, table: string): Promise<RowColumn[]> {
  const known = columnsKnown.get(staging) ?? new Map<string, RowColumn[]>()
  columnsKnown.set(staging, known)
  const columns = known.get(table) ?? (await staging.columnsOf(`rows.${ident(table)}`)).filter(({ name }) => name !== '_draft' && name !== '_doctype')
  known.set(table, columns)
  return columns
}

/** Documents at work that have no row in their DocType's table: nothing was predicted for them. */
export async function withoutRows(staging: Staging, batch: LaneBatch): Promise<number[]> {
  const rows = await staging.all<{ id: number }>(`SELECT id FROM ${LIVE} WHERE id NOT IN (SELECT r._draft FROM ${liveRows(`tab${batch.doctype}`, batch)})`)
  return rows.map((row) => Number(row.id))
}

/** Changes of older rows by the documents at work; counters (tabSeries) and the positions of `tree` (a table) are left out. */
export async function predictedChanges(staging: Staging, batch: LaneBatch, tree: string | null): Promise<Change[]> {
  const mine = `u.doctype = ${literal(batch.doctype)} AND u.id IN (SELECT id FROM ${LIVE})`
  const changed = await staging.all<{ tbl: string; col: string }>(`SELECT DISTINCT tbl, col FROM ops.updates u WHERE ${mine} AND tbl <> 'tabSeries' ORDER BY tbl, col`)
  const changes: Change[] = []
  for (const { tbl, col } of changed) {
    if (tbl === tree && (col === 'lft' || col === 'rgt')) continue
    const type = (await rowColumns(staging, tbl)).find((column) => column.name === col)?.type ?? 'VARCHAR'
    const value = (json: string) => storedText(`CAST(json_extract_string(${json}, '$') AS ${type})`, type)
    const rows = await staging.all<{ k: string; b: Text; a: Text; ids: string }>(
      `SELECT k, ${value('b')} AS b, ${value('a')} AS a, ids FROM (SELECT u."key" AS k, arg_min(coalesce(u.before, 'null'), u.seq) AS b, arg_max(coalesce(u."after", 'null'), u.seq) AS a, `
      + `string_agg(CAST(u.id AS VARCHAR), ',' ORDER BY u.seq) AS ids FROM ops.updates u WHERE ${mine} AND u.tbl = ${literal(tbl)} AND u.col = ${literal(col)} GROUP BY u."key") ORDER BY k`)
    for (const row of rows) changes.push({ table: tbl, column: col, name: row.k, before: row.b, after: row.a, ids: row.ids.split(',').map(Number) })
  }
  return changes
}
