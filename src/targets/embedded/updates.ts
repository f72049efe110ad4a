import { LandfallError } from '../../errors/error.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { LoadBatch } from '../target.ts'
import { rowKey } from './tables.ts'

interface UpdateScope {
  batch: LoadBatch
  seq: number
  database: string
  touched: Set<string>
  /** Tables the batch inserted into. */
  tables: string[]
  settled: string
}

/**
 * Applies, inside the caller's transaction, what the batch's documents change on rows that were there before them (`ops.updates`), keeping
 * what the site held before. A row that this batch inserted and a later one changes is set back to what it is now, because `rows.*`
 * holds its final state.
 */
export async function applyUpdates(staging: Staging, ledger: Ledger, scope: UpdateScope): Promise<void> {
  const { batch, seq, database } = scope
  const mine = `u.doctype = ${literal(batch.doctype)} AND u.id BETWEEN ${batch.from} AND ${batch.to} AND u.id NOT IN (SELECT id FROM ${scope.settled})`
  await revertLater(staging, ledger, scope, mine)
  const changed = await staging.all<{ tbl: string; col: string }>(`SELECT DISTINCT tbl, col FROM ops.updates u WHERE ${mine} ORDER BY tbl, col`)
  for (const { tbl, col } of changed) {
    const table = `${database}.main.${ident(tbl)}`
    const type = await typeOf(staging, table, col)
    scope.touched.add(tbl)
    const last = `(SELECT u."key" AS k, arg_max(coalesce(u."after", 'null'), u.seq) AS v FROM ops.updates u WHERE ${mine} AND u.tbl = ${literal(tbl)} AND u.col = ${literal(col)} GROUP BY u."key")`
    await staging.run(`INSERT INTO ${ledger.table('before_images')} SELECT ${literal(batch.run)}, ${seq}, ${seq}, ${literal(tbl)}, u.k, ${literal(col)}, to_json(t.${ident(col)})::VARCHAR FROM ${table} t JOIN ${last} u ON ${rowKey(tbl, 't')} = u.k`)
    await staging.run(`UPDATE ${table} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM ${last} u WHERE ${rowKey(tbl, 't')} = u.k`)
  }
}

/** Rows just inserted carry changes that later documents make; take those back to the value before the first of them. */
async function revertLater(staging: Staging, ledger: Ledger, scope: UpdateScope, mine: string): Promise<void> {
  const { seq, database } = scope
  const later = await staging.all<{ tbl: string; col: string }>(
    `SELECT DISTINCT tbl, col FROM ops.updates u WHERE tbl IN (${scope.tables.map(literal).join(', ') || `''`}) AND NOT coalesce(${mine}, false) ORDER BY tbl, col`)
  for (const { tbl, col } of later) {
    const type = await typeOf(staging, `${database}.main.${ident(tbl)}`, col)
    const first = `(SELECT u."key" AS k, arg_min(coalesce(u."before", 'null'), u.seq) AS v FROM ops.updates u JOIN ${ledger.table('rows_written')} w `
      + `ON w.batch = ${seq} AND w.tbl = u.tbl AND w.name = u."key" WHERE u.tbl = ${literal(tbl)} AND u.col = ${literal(col)} AND NOT coalesce(${mine}, false) GROUP BY u."key")`
    await staging.run(`UPDATE ${database}.main.${ident(tbl)} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM ${first} u WHERE ${rowKey(tbl, 't')} = u.k`)
  }
}

/** DuckDB's type of a column. Throws `ledger-broken` when the site does not have it. */
export async function typeOf(staging: Staging, table: string, column: string): Promise<string> {
  const found = (await staging.columnsOf(table)).find((entry) => entry.name === column)
  if (!found) throw new LandfallError('ledger-broken', `A change is recorded for ${table}.${column}, which the site does not have.`, { hint: 'The site was changed from outside; restore its file from a backup, or begin with a new one.' })
  return found.type
}
