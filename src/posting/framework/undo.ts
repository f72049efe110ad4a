import { ident, literal } from '../../staging/staging.ts'
import type { Run } from './batch.ts'

/**
 * Takes back what an attempt wrote to `rows` and `ops.updates`: the batch is about to be posted again without the documents found wanting.
 * `documents` is a SELECT of their ids. */
export async function undoAttempt(run: Run, doctype: string, documents: string, firstUpdate: number): Promise<void> {
  const { staging } = run
  const own = await staging.all<{ tbl: string; key: string; col: string; before: string }>('SELECT tbl, "key", col, before FROM temp.undo ORDER BY rowid DESC')
  const updates = await staging.all<{ tbl: string; key: string; col: string; before: string }>(`SELECT tbl, "key", col, before FROM ops.updates WHERE seq > ${firstUpdate} ORDER BY seq DESC`)
  for (const { tbl, key, col, before } of [...own, ...updates]) {
    const type = (await staging.columnsOf(`rows.${ident(tbl)}`)).find((column) => column.name === col)!.type
    const value = JSON.parse(before) as string | number | boolean | null
    await staging.run(`UPDATE rows.${ident(tbl)} SET ${ident(col)} = CAST(${literal(value)} AS ${type}) WHERE name = ${literal(key)}`)
  }
  await staging.run('DELETE FROM temp.undo')
  await staging.run(`DELETE FROM ops.updates WHERE seq > ${firstUpdate}`)
  for (const table of run.written) {
    if (table === 'tabSeries') continue
    await staging.run(`DELETE FROM rows.${ident(table)} WHERE _doctype = ${literal(doctype)} AND _draft IN (${documents})`)
  }
}
