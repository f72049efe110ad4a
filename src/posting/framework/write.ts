import { ident, literal } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import type { DocTypePlan, PlannedColumn } from './plan.ts'
import { honestValues } from './truth.ts'

/** SQL of a computing value as the column stores it (`alias` null: no document has one): numbers Frappe never leaves empty become 0, empty unique texts NULL. */
function stored(column: PlannedColumn, alias: string | null): string {
  const value = alias === null ? 'NULL' : `${alias}.${ident(column.name)}`
  const zero = column.field !== undefined && (column.kind === 'check' || column.field.fieldtype === 'Int' || ['Float', 'Currency', 'Percent', 'Rating'].includes(column.field.fieldtype))
  if (alias === null) return (column.kind === 'float' || column.kind === 'int' || column.kind === 'check') && (zero || !column.nullable) ? '0' : 'NULL'
  switch (column.kind) {
    // By way of text: the shortest decimal of a double is what the site sends to its database.
    case 'float': {
      const text = column.stored === 'DECIMAL(21,9)' ? `to_stored(${value})` : `CAST(CAST(${value} AS VARCHAR) AS ${column.stored})`
      return zero || !column.nullable ? `COALESCE(${text}, 0)` : text
    }
    case 'int': case 'check': return zero || !column.nullable ? `COALESCE(${value}, 0)` : value
    case 'text': {
      if (column.field?.unique) return `CASE WHEN py_strip(${value}) = '' THEN NULL ELSE ${value} END`
      return value
    }
    default: return value
  }
}

/** Most columns of a table hold nothing in any document: counted once, they are written as constants, not looked at row by row. */
async function insertSql(batch: Batch, plan: DocTypePlan, relation: string, from: string, alias: string, overrides: Record<string, string>): Promise<string> {
  const columns = plan.columns.map((column) => ident(column.name)).join(', ')
  const counts = (await batch.staging.one<Record<string, number>>(`SELECT ${plan.columns.map((column, i) => `COUNT(${ident(column.name)}) AS c${i}`).join(', ')} FROM ${relation}`))!
  const values = plan.columns.map((column, i) => overrides[column.name] ?? stored(column, counts[`c${i}`] === 0 ? null : alias)).join(', ')
  batch.run.written.add(plan.meta.table)
  return `INSERT INTO rows.${ident(plan.meta.table)} (${columns}, _draft, _doctype) SELECT ${values}, n._root, ${literal(batch.run.rootDoctype)} FROM ${from}`
}

/** Whoever saves a document has seen it, where its DocType keeps track; inserting it does not count, submitting it afterwards does. */
function seenBySaver({ user, plan }: Batch): string {
  const column = plan.columns.find(({ name }) => name === '_seen')
  return column === undefined ? 'NULL' : `CASE WHEN n._submit AND NOT n._once THEN ${literal(JSON.stringify([user]))} END`
}

/** Writes the rows of every document that was not refused, and of its child tables. */
export async function writeRows(batch: Batch): Promise<void> {
  const any = await batch.staging.one(`SELECT 1 FROM temp.found WHERE severity = 'blocking' LIMIT 1`)
  const live = any === undefined ? 'TRUE' : `n._root NOT IN (SELECT id FROM temp.found WHERE severity = 'blocking')`
  const status: Record<string, string> = { ...honestValues(batch, null, 'n'), ...(batch.submits > 0 ? { docstatus: 'CASE WHEN n._submit THEN 1 ELSE n.docstatus END', _seen: seenBySaver(batch) } : {}) }
  const statements = [await insertSql(batch, batch.plan, batch.doc, `${batch.doc} n WHERE ${live}`, 'n', status)]
  for (const { field, plan } of batch.plan.children) {
    if (batch.childCount(field.fieldname) === 0) continue
    const overrides: Record<string, string> = { ...honestValues(batch, field.fieldname, 'c'), parent: 'n.name', docstatus: batch.submits > 0 ? 'CASE WHEN n._submit THEN 1 ELSE n.docstatus END' : 'n.docstatus' }
    statements.push(await insertSql(batch, plan, batch.child(field.fieldname), `${batch.child(field.fieldname)} c JOIN ${batch.doc} n ON n._id = c._parent WHERE ${live}`, 'c', overrides))
  }
  await batch.staging.run(statements.join(';\n'))
}

/** Writes the series counters that moved: new rows, or updates of rows that were there. */
export async function writeSeries(batch: Batch): Promise<void> {
  const { run, staging } = batch
  for (const counter of run.series.values()) {
    if (counter.current === (counter.before ?? 0)) continue
    if (counter.before === null) {
      run.written.add('tabSeries')
      await staging.run(`INSERT INTO rows."tabSeries" (name, "current", _draft, _doctype) VALUES (${literal(counter.name)}, ${counter.current}, ${counter.root}, ${literal(run.rootDoctype)})`)
    } else {
      const row = await staging.one<{ d: number | null }>(`SELECT _draft AS d FROM rows."tabSeries" WHERE name = ${literal(counter.name)}`)
      await staging.run(`UPDATE rows."tabSeries" SET "current" = ${counter.current} WHERE name = ${literal(counter.name)}`)
      if (row?.d === null) {
        await staging.run(`INSERT INTO ops.updates VALUES (${++run.updateSeq}, ${literal(run.rootDoctype)}, ${counter.root}, 'tabSeries', ${literal(counter.name)}, 'current', '${counter.before}', '${counter.current}')`)
      }
    }
    counter.before = counter.current
  }
}
