import { ident, literal } from '../../staging/staging.ts'
import { draftRelation } from '../../model/draft.ts'
import type { Batch, Run } from './batch.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import { STANDARD, type DocTypePlan, type PlannedColumn } from './plan.ts'

/** A given column and when its value came out changed: SQL over `d` (the draft) and `w` (what the site holds). */
interface Given { column: PlannedColumn; changed: string }

/** SQL: the given value means something else than what is stored; NULL and '' say nothing and are never changed. */
function changedSql(column: PlannedColumn): string {
  const given = `CAST(d.${ident(column.name)} AS VARCHAR)`, stored = `w.${ident(column.name)}`
  switch (column.kind) {
    case 'int': case 'check': case 'float': {
      const exactly = `${given} <> '' AND COALESCE(TRY_CAST(${given} AS DECIMAL(38, 9)), CASE lower(${given}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END) IS DISTINCT FROM CAST(COALESCE(${stored}, 0) AS DECIMAL(38, 9))`
      // Text to a wide decimal is a hundred times slower than to a double, and below a million both see the same nine digits.
      return `CASE WHEN d.${ident(column.name)} IS NULL THEN FALSE WHEN abs(${stored}) < 1e6 AND TRY_CAST(d.${ident(column.name)} AS DOUBLE) = ${stored} THEN FALSE ELSE ${exactly} END`
    }
    case 'date': return `${given} <> '' AND CAST(TRY_CAST(${given} AS TIMESTAMP) AS DATE) IS DISTINCT FROM ${stored}`
    case 'datetime': return `${given} <> '' AND TRY_CAST(${given} AS TIMESTAMP) IS DISTINCT FROM ${stored}`
    case 'time': return `${given} <> '' AND TRY_CAST(${given} AS TIME) IS DISTINCT FROM ${stored}`
    default: return `${given} <> '' AND ${given} IS DISTINCT FROM ${stored}`
  }
}

function givenColumns(plan: DocTypePlan, given: DraftRelation): Given[] {
  return plan.columns.filter((column) => given.columns.has(column.name) && column.field !== undefined && !STANDARD.has(column.name))
    .map((column) => ({ column, changed: changedSql(column) }))
}

/**
 * The last look at a batch: every given value the site stores otherwise (cleaned, trimmed, fetched from a link, recomputed) is said as a
 * warning `changed-by-site`, unless another finding of that document and field says it. One statement a table where nothing changed.
 */
export async function reportChanged(batch: Batch, source: DraftSource): Promise<void> {
  const table = `rows.${ident(batch.meta.table)}`, { staging } = batch
  const range = await staging.one<{ lo: number | null; hi: number | null }>(`SELECT min(_id) AS lo, max(_id) AS hi FROM ${batch.doc}`)
  if (range === undefined || range.lo === null) return
  const own = `${source.documents.relation} d JOIN ${table} w ON w._draft = d._id AND w._doctype = ${literal(batch.meta.name)} AND w._draft BETWEEN ${range.lo} AND ${range.hi} JOIN ${batch.doc} n ON n._id = d._id AND n.name = w.name`
  await reportTable(batch, givenColumns(batch.plan, source.documents), own, 'd._id', null)
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname)
    if (given === undefined || batch.childCount(field.fieldname) === 0) continue
    const joined = `${given.relation} d JOIN ${batch.child(field.fieldname)} w ON w._parent = d._parent AND w._idx = d._idx`
    await reportTable(batch, givenColumns(plan, given), joined, 'd._parent', field.fieldname)
  }
}

async function reportTable(batch: Batch, columns: Given[], joined: string, id: string, child: string | null): Promise<void> {
  if (columns.length === 0) return
  const counts = (await batch.staging.one<Record<string, number>>(`SELECT ${columns.map(({ changed }, i) => `COUNT(*) FILTER (${changed}) AS c${i}`).join(', ')} FROM ${joined}`))!
  for (const [i, { column, changed }] of columns.entries()) {
    if (counts[`c${i}`] === 0) continue
    const field = child === null ? column.name : `${child}.${column.name}`, idx = child === null ? '' : ', d._idx AS idx'
    await batch.find({
      severity: 'warning', type: 'changed-by-site', field, hint: 'Map the value in the form the site stores, or leave the field to the site.',
      select: `SELECT ${id} AS id, CAST(d.${ident(column.name)} AS VARCHAR) AS "value"${idx}, 'The site stores ' || COALESCE('"' || left(CAST(w.${ident(column.name)} AS VARCHAR), 100) || '"', 'nothing') AS message FROM ${joined} ` +
        `WHERE ${changed} AND ${id} NOT IN (${batch.refused}) AND NOT EXISTS (SELECT 1 FROM temp.found f WHERE f.id = ${id} AND f.field = ${literal(field)})`,
    })
  }
}

/**
 * The same for documents of earlier batches whose rows this batch changed (a new preferred address takes the flag from the one before): a
 * warning `changed-by-site` in `ops.findings` for each given value that is stored otherwise now. Reads `temp.undo` of the attempt that stands.
 */
export async function reportChangedBefore(run: Run): Promise<void> {
  const { staging } = run
  const changes = await staging.all<{ tbl: string; col: string }>('SELECT DISTINCT tbl, col FROM temp.undo ORDER BY tbl, col')
  for (const { tbl, col } of changes) {
    const doctype = tbl.slice('tab'.length), drafts = draftRelation(doctype)
    const given = new Set((await staging.exists(drafts)) ? (await staging.columnsOf(drafts)).map((one) => one.name) : [])
    if (!given.has(col)) continue
    const from = (name: string) => (given.has(name) ? `d.${ident(name)}` : 'NULL')
    const column = run.plan(doctype).columns.find((one) => one.name === col)
    if (column?.field === undefined) continue
    await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'changed-by-site', ${literal(doctype)}, d._id, ${from('_entity')}, ${from('_key')}, ${literal(col)}, NULL, ` +
      `'The site stores ' || COALESCE('"' || left(CAST(w.${ident(col)} AS VARCHAR), 100) || '"', 'nothing') || ' after a later ${run.rootDoctype}', CAST(d.${ident(col)} AS VARCHAR), ` +
      `${literal(`changed-by-site|${doctype}|${col}`)}, 'Nothing has to be done where the later document is right.', 0, 0 ` +
      `FROM ${drafts} d JOIN rows.${ident(tbl)} w ON w._draft = d._id AND w._doctype = ${literal(doctype)} JOIN (SELECT DISTINCT "key" FROM temp.undo WHERE tbl = ${literal(tbl)} AND col = ${literal(col)}) u ON u."key" = w.name ` +
      `WHERE ${changedSql(column)} AND NOT EXISTS (SELECT 1 FROM ops.findings f WHERE f.doctype = ${literal(doctype)} AND f.id = d._id AND f.field = ${literal(col)})`)
  }
}
