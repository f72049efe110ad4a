import type { Ledger } from '../../ledger/ledger.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { ChangeBatch } from '../target.ts'
import { rowKey } from './tables.ts'
import { typeOf } from './updates.ts'

/**
 * Changes documents of the embedded site in one transaction, with what undo needs: values that rows held before, rows that were added, rows that were taken away; and with what the
 * next sync needs: what each document was made from, and how far the sources were read. Does nothing when the batch was committed before. Answers the tables it touched.
 */
export async function changeDocuments(staging: Staging, ledger: Ledger, database: string, batch: ChangeBatch): Promise<Set<string>> {
  const touched = new Set<string>()
  if (await ledger.batchSeq(batch.batch) !== null) return touched
  const seq = await ledger.lastSeq() + 1, within = `n BETWEEN ${batch.from} AND ${batch.to}`
  await staging.transaction(async () => {
    for (const { tbl, col } of await staging.all<{ tbl: string; col: string }>(`SELECT DISTINCT tbl, col FROM ops.sync_values WHERE ${within} ORDER BY ALL`)) {
      const table = `${database}.main.${ident(tbl)}`, type = await typeOf(staging, table, col)
      const values = `(SELECT "key" AS k, arg_max(coalesce("after", 'null'), n) AS v FROM ops.sync_values WHERE ${within} AND tbl = ${literal(tbl)} AND col = ${literal(col)} GROUP BY "key")`
      touched.add(tbl)
      await staging.run(`INSERT INTO ${ledger.table('before_images')} SELECT ${literal(batch.run)}, ${seq}, ${seq}, ${literal(tbl)}, u.k, ${literal(col)}, to_json(t.${ident(col)})::VARCHAR FROM ${table} t JOIN ${values} u ON ${rowKey(tbl, 't')} = u.k`)
      await staging.run(`UPDATE ${table} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM ${values} u WHERE ${rowKey(tbl, 't')} = u.k`)
    }
    const rows = await addRows(staging, ledger, database, seq, within, touched)
    await takeRows(staging, ledger, database, seq, within, touched)
    await staging.run(`INSERT INTO ${ledger.table('given')} SELECT ${seq}, doctype, entity, "key", name, draft FROM ops.sync_documents WHERE ${within} AND note`)
    for (const { entity, low, position, compared } of batch.watermarks) {
      await staging.run(`INSERT INTO ${ledger.table('watermarks')} VALUES (${[seq, batch.run, entity, low, position, compared, batch.at, batch.version].map(literal).join(', ')})`)
    }
    const changed = await staging.one<{ n: number }>(`SELECT count(DISTINCT n) AS n FROM (SELECT n FROM ops.sync_values WHERE ${within} UNION ALL SELECT n FROM ops.sync_inserts WHERE ${within} UNION ALL SELECT n FROM ops.sync_removes WHERE ${within})`)
    await ledger.noteBatch({ seq, batch: batch.batch, run: batch.run, phase: 'sync', wave: 0, doctype: '' }, Number(changed?.n ?? 0), rows)
  })
  return touched
}

async function addRows(staging: Staging, ledger: Ledger, database: string, seq: number, within: string, touched: Set<string>): Promise<number> {
  let rows = 0
  for (const { tbl } of await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ops.sync_inserts WHERE ${within} ORDER BY tbl`)) {
    const columns = (await staging.columnsOf(`${database}.main.${ident(tbl)}`)).map((column) => ident(column.name)).join(', ')
    const wanted = `SELECT "key" FROM ops.sync_inserts WHERE ${within} AND tbl = ${literal(tbl)}`
    touched.add(tbl)
    rows += await staging.run(`INSERT INTO ${database}.main.${ident(tbl)} (${columns}) SELECT ${columns} FROM rows.${ident(tbl)} WHERE name IN (${wanted})`)
    await staging.run(`INSERT INTO ${ledger.table('rows_written')} SELECT ${seq}, ${literal(tbl)}, "key" FROM (${wanted})`)
  }
  return rows
}

async function takeRows(staging: Staging, ledger: Ledger, database: string, seq: number, within: string, touched: Set<string>): Promise<void> {
  for (const { tbl } of await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ops.sync_removes WHERE ${within} ORDER BY tbl`)) {
    const wanted = `SELECT "key" FROM ops.sync_removes WHERE ${within} AND tbl = ${literal(tbl)}`, table = `${database}.main.${ident(tbl)}`
    const columns = await staging.columnsOf(table)
    touched.add(tbl)
    await staging.run(`INSERT INTO ${ledger.table('removed_rows')} SELECT ${seq}, ${literal(tbl)}, t.name, CAST(json_object(${columns.map((column) => `${literal(column.name)}, CAST(t.${ident(column.name)} AS VARCHAR)`).join(', ')}) AS VARCHAR) FROM ${table} t WHERE t.name IN (${wanted})`)
    await staging.run(`DELETE FROM ${table} WHERE name IN (${wanted})`)
  }
}
