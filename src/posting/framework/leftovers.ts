import { ident, type ColumnData } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import { cint, flt, isText } from './coerce.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import { readMoment } from './moment.ts'
import type { DocTypePlan, PlannedColumn } from './plan.ts'

interface Leftover { id: number; idx: number; v: string; to: string | null }

/** Reads the texts given for numbers, dates and times that are not plainly written as Frappe and MariaDB would; finds those that are refused. */
export async function readLeftovers(batch: Batch, source: DraftSource, where: string): Promise<void> {
  await readTable(batch, batch.plan, source.documents, batch.doc, null, where)
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname)
    if (given !== undefined && batch.childCount(field.fieldname) > 0) await readTable(batch, plan, given, batch.child(field.fieldname), field.fieldname, 'TRUE')
  }
}

async function readTable(batch: Batch, plan: DocTypePlan, given: DraftRelation, relation: string, child: string | null, where: string): Promise<void> {
  const id = child === null ? '_id' : '_parent'
  const columns = plan.columns.filter((column) => column.kind !== 'text' && column.field !== undefined && given.columns.has(column.name) && isText(given.columns.get(column.name)!))
  if (columns.length === 0) return
  const join = `${given.relation} d JOIN ${relation} w ON ${child === null ? 'w._id = d._id' : 'w._parent = d._parent AND w._idx = d._idx'}`
  const left = (column: PlannedColumn) => `${where} AND w.${ident(column.name)} IS NULL AND d.${ident(column.name)} <> ''`
  const counts = (await batch.staging.one<Record<string, number>>(`SELECT ${columns.map((column, i) => `COUNT(*) FILTER (${left(column)}) AS c${i}`).join(', ')} FROM ${join}`))!
  for (const [i, column] of columns.entries()) {
    if (counts[`c${i}`] === 0) continue
    const rows = await batch.staging.all<{ id: number; idx: number; v: string }>(
      `SELECT d.${id} AS id, ${child === null ? '0' : 'd._idx'} AS idx, CAST(d.${ident(column.name)} AS VARCHAR) AS v FROM ${join} WHERE ${left(column)}`)
    const read = rows.map((row) => ({ ...row, to: valueOf(row.v, column) }))
    await report(batch, column, read, child)
    await push(batch, column, read.filter((row) => row.to !== null), relation, child)
  }
}

/** The value as text DuckDB casts to the column's type; null when the site refuses it. */
function valueOf(text: string, column: PlannedColumn): string | null {
  if (column.kind === 'int') return String(cint(text))
  if (column.kind === 'check') return cint(text) === 0 ? '0' : '1'
  if (column.kind === 'float') return Number.isFinite(flt(text)) ? String(flt(text)) : null
  return readMoment(text, column.kind)
}

async function report(batch: Batch, column: PlannedColumn, read: Leftover[], child: string | null): Promise<void> {
  const field = child === null ? column.name : `${child}.${column.name}`, number = column.kind === 'int' || column.kind === 'check' || column.kind === 'float'
  const at = (row: Leftover) => ({ id: row.id, value: row.v, idx: child === null ? null : row.idx })
  const refused = read.filter((row) => row.to === null)
  await batch.findAll({ type: number ? 'ProgrammingError' : 'OperationalError', field, stage: 'framework_insert', causeByValue: true, hint: number ? 'Use a number transform.' : 'Bring dates into the form 2026-11-22 with a transform.' },
    refused.map((row) => ({ ...at(row), message: number ? `${row.v} can not be used with MySQL` : `(1292, "Incorrect ${column.kind} value: '${row.v}' for column '${column.name}' at row 1")` })))
  if (number) {
    await batch.findAll({ severity: 'warning', type: 'silent-zero', field, causeByValue: true, hint: 'Use a number transform with the right locale, or a boolean transform.' },
      read.filter((row) => row.to === '0' && !/^[\s+0.,_-]*$/.test(row.v)).map((row) => ({ ...at(row), message: 'The site reads this text as 0' })))
    return
  }
  await batch.findAll({ severity: 'warning', type: 'date-guessed', field, hint: 'Bring dates into the form 2026-11-22 with a transform.' },
    read.filter((row) => row.to !== null).map((row) => ({ ...at(row), message: `The database reads this as ${row.to}` })))
}

async function push(batch: Batch, column: PlannedColumn, rows: Leftover[], relation: string, child: string | null): Promise<void> {
  if (rows.length === 0) return
  const keys: ColumnData[] = [{ name: child === null ? '_id' : '_parent', kind: 'BIGINT', values: rows.map((row) => row.id) }]
  if (child !== null) keys.push({ name: '_idx', kind: 'BIGINT', values: rows.map((row) => row.idx) })
  const scratch = batch.scratch('leftovers')
  await batch.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (${keys.map((key) => `${ident(key.name)} BIGINT`).join(', ')}, v VARCHAR)`)
  await batch.append(scratch, [...keys, { name: 'v', kind: 'VARCHAR', values: rows.map((row) => row.to) }])
  const type = column.kind === 'float' ? 'DOUBLE' : column.kind === 'int' || column.kind === 'check' ? 'BIGINT' : column.stored
  await batch.staging.run(`UPDATE ${relation} AS t SET ${ident(column.name)} = CAST(s.v AS ${type}) FROM ${scratch} s WHERE ${keys.map((key) => `t.${ident(key.name)} = s.${ident(key.name)}`).join(' AND ')}`)
}
