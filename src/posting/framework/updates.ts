import { ident, literal } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'

/**
 * Sets `column` of rows in `rows."<table>"` by name and keeps in `ops.updates` what it was, for rows that were there before the run. `select` yields `id` (the document),
 * `key` (name of the row) and `after`; where a row is named twice, the last document's value stays.
 */
export async function changeRows(batch: Batch, table: string, column: string, select: string): Promise<void> {
  const { staging, run } = batch, wanted = batch.scratch('change')
  const target = `rows.${ident(table)}`, col = ident(column)
  run.written.add(table)
  await staging.run(`CREATE TEMP TABLE ${wanted.slice(5)} AS SELECT s.id, n._root AS root, CAST(s."key" AS VARCHAR) AS "key", s."after", t.${col} AS before, t._draft AS draft, t._doctype AS owner, ` +
    `row_number() OVER (ORDER BY s.id) AS seq FROM (${select}) s JOIN ${batch.doc} n ON n._id = s.id JOIN ${target} t ON t.name = s."key"
    QUALIFY row_number() OVER (PARTITION BY s."key" ORDER BY s.id DESC) = 1 AND s."after" IS DISTINCT FROM t.${col}`)
  const changed = await staging.run(`UPDATE ${target} AS t SET ${col} = w."after" FROM ${wanted} w WHERE t.name = w."key"`)
  if (changed > 0) {
    run.updateSeq += await staging.run(`INSERT INTO ops.updates SELECT ${run.updateSeq} + seq, ${literal(run.rootDoctype)}, root, ${literal(table)}, "key", ${literal(column)}, ` +
      `CAST(to_json(before) AS VARCHAR), CAST(to_json("after") AS VARCHAR) FROM ${wanted} WHERE draft IS NULL OR EXISTS (SELECT 1 FROM ops.known_drafts k WHERE k.doctype = owner AND k.id = draft) ORDER BY seq`)
  }
  if (changed > 0) {
    await staging.run(`INSERT INTO temp.undo SELECT ${literal(table)}, "key", ${literal(column)}, CAST(to_json(before) AS VARCHAR) FROM ${wanted} WHERE draft IS NOT NULL`)
  }
  await staging.run(`DROP TABLE ${wanted}`)
}
