import { LandfallError } from '../../errors/error.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { rowKey } from './tables.ts'
import { typeOf } from './updates.ts'

/**
 * Takes back everything `run` wrote after `mark` (null: all of it) in one transaction: removes the rows, gives older rows back what they
 * held, and forgets batches, documents and marks. Refused with `target-changed` when a later run has written since, because its documents
 * may stand on those of this one.
 */
export async function undoBatches(staging: Staging, ledger: Ledger, database: string, run: string, mark: string | null): Promise<{ removed: number; restored: number }> {
  const { scope, after } = await undoScope(staging, ledger, run, mark)
  return staging.transaction(async () => {
    const removed = await removeRows(staging, ledger, database, scope)
    const back = await restoreRemoved(staging, ledger, database, scope)
    const restored = back + await restoreImages(staging, ledger, database, scope)
    await staging.run(`DELETE FROM ${ledger.table('before_images')} WHERE batch IN (${scope})`)
    await staging.run(`DELETE FROM ${ledger.table('rows_written')} WHERE batch IN (${scope})`)
    await staging.run(`DELETE FROM ${ledger.table('documents')} WHERE batch IN (${scope})`)
    // What later syncs noted holds for a site that had these documents.
    await staging.run(`DELETE FROM ${ledger.table('watermarks')} WHERE batch >= (SELECT min(seq) FROM (${scope}))`)
    for (const table of ['lanes', 'given', 'removed_rows'] as const) await staging.run(`DELETE FROM ${ledger.table(table)} WHERE batch IN (${scope})`)
    await staging.run(`DELETE FROM ${ledger.table('marks')} WHERE run = ${literal(run)} AND seq > ${after}`)
    await staging.run(`DELETE FROM ${ledger.table('batches')} WHERE run = ${literal(run)} AND seq > ${after}`)
    return { removed, restored }
  })
}

/** SQL of the batches that an undo takes back, and the number of the last one that stays. Throws as `undoBatches`. */
export async function undoScope(staging: Staging, ledger: Ledger, run: string, mark: string | null): Promise<{ scope: string; after: number }> {
  const after = await markSeq(ledger, run, mark)
  const scope = `SELECT seq FROM ${ledger.table('batches')} WHERE run = ${literal(run)} AND seq > ${after}`
  const newer = await staging.one<{ run: string }>(`SELECT run FROM ${ledger.table('batches')} WHERE run <> ${literal(run)} AND documents > 0 AND seq > (SELECT coalesce(min(seq), 9e18::BIGINT) FROM (${scope})) LIMIT 1`)
  if (newer) {
    throw new LandfallError('target-changed', `Run ${newer.run} has written documents after ${run}.`, { hint: `Roll back the later run first: landfall rollback --run ${newer.run}` })
  }
  return { scope, after }
}

async function markSeq(ledger: Ledger, run: string, mark: string | null): Promise<number> {
  if (mark === null) return 0
  const marks = await ledger.marks(run)
  const found = marks.find((entry) => entry.mark === mark)
  if (!found) {
    throw new LandfallError('usage', `Run ${run} has no mark "${mark}".`, { hint: marks.length === 0 ? 'The run wrote nothing.' : `Marks: ${marks.map((entry) => entry.mark).join(', ')}.` })
  }
  return found.seq
}

async function removeRows(staging: Staging, ledger: Ledger, database: string, scope: string): Promise<number> {
  let removed = 0
  for (const { tbl } of await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ${ledger.table('rows_written')} WHERE batch IN (${scope})`)) {
    removed += await staging.run(`DELETE FROM ${database}.main.${ident(tbl)} t WHERE ${rowKey(tbl, 't')} IN (SELECT name FROM ${ledger.table('rows_written')} WHERE tbl = ${literal(tbl)} AND batch IN (${scope}))`)
  }
  return removed
}

/** Rows that were taken away come back as they were. */
async function restoreRemoved(staging: Staging, ledger: Ledger, database: string, scope: string): Promise<number> {
  let back = 0
  const removed = ledger.table('removed_rows')
  for (const { tbl } of await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ${removed} WHERE batch IN (${scope})`)) {
    const table = `${database}.main.${ident(tbl)}`, columns = await staging.columnsOf(table)
    back += await staging.run(`INSERT INTO ${table} SELECT ${columns.map((column) => `CAST(json_extract_string("row", ${literal(`$."${column.name}"`)}) AS ${column.type})`).join(', ')} FROM ${removed} WHERE tbl = ${literal(tbl)} AND batch IN (${scope})`)
  }
  return back
}

/** Of several images of one value the oldest counts. */
async function restoreImages(staging: Staging, ledger: Ledger, database: string, scope: string): Promise<number> {
  let restored = 0
  const images = ledger.table('before_images')
  for (const { tbl, col } of await staging.all<{ tbl: string; col: string }>(`SELECT DISTINCT tbl, col FROM ${images} WHERE batch IN (${scope})`)) {
    const type = await typeOf(staging, `${database}.main.${ident(tbl)}`, col)
    restored += await staging.run(`UPDATE ${database}.main.${ident(tbl)} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM `
      + `(SELECT "key" AS k, arg_min(coalesce("before", 'null'), seq) AS v FROM ${images} WHERE batch IN (${scope}) AND tbl = ${literal(tbl)} AND col = ${literal(col)} GROUP BY "key") u WHERE ${rowKey(tbl, 't')} = u.k`)
  }
  return restored
}
