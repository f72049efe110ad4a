import { ident, type ColumnData } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import { cint, flt, isText } from './coerce.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import { readMoment } from './moment.ts'
import { readPythonDate } from './python-date.ts'
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
  const left = (column: PlannedColumn) => `${where} AND w.${ident(column.name)} IS NULL AND d.${ident(column.name)} ${isDuration(column) ? 'IS NOT NULL' : `<> ''`}`
  const counts = (await batch.staging.one<Record<string, number>>(`SELECT ${columns.map((column, i) => `COUNT(*) FILTER (${left(column)}) AS c${i}`).join(', ')} FROM ${join}`))!
  for (const [i, column] of columns.entries()) {
    if (counts[`c${i}`] === 0) continue
    const rows = await batch.staging.all<{ id: number; idx: number; v: string }>(
      `SELECT d.${id} AS id, ${child === null ? '0' : 'd._idx'} AS idx, CAST(d.${ident(column.name)} AS VARCHAR) AS v FROM ${join} WHERE ${left(column)}`)
    const read = rows.map((row) => ({ ...row, to: valueOf(row.v, column) }))
    await report(batch, column, read, child)
    // The controller reads a date in its own way before the database does, and compares it.
    const looked = column.kind === 'date' && (batch.run.rule(batch.meta.name)?.dates ?? []).includes(child === null ? column.name : `${child}.${column.name}`)
    const seen = looked ? read.map((row) => ({ ...row, to: row.to ?? readPythonDate(row.v, batch.today) })) : read
    await push(batch, column, seen.filter((row) => row.to !== null), relation, child)
  }
}

const isDuration = (column: PlannedColumn) => column.field?.fieldtype === 'Duration'

const DATE_HINT = 'Bring dates into the form 2026-11-22 with a transform.'
const numberRefusal = (column: PlannedColumn, text: string) => (isDuration(column) ? /^\s*[+-]?\d/.test(text) ? `(1265, "Data truncated for column '${column.name}' at row 1")` : `(1366, "Incorrect decimal value: '${text}' for column '${column.name}' at row 1")` : `${text} can not be used with MySQL`)

/** The value as text DuckDB casts to the column's type; null when the site refuses it. */
function valueOf(text: string, column: PlannedColumn): string | null {
  if (column.kind === 'int') return String(cint(text))
  if (column.kind === 'check') return cint(text) === 0 ? '0' : '1'
  // A duration goes to the database as it is given, which reads numbers only.
  if (isDuration(column)) return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? String(Number(text)) : null
  if (column.kind === 'float') return Number.isFinite(flt(text)) ? String(flt(text)) : null
  return readMoment(text, column.kind)
}

async function report(batch: Batch, column: PlannedColumn, read: Leftover[], child: string | null): Promise<void> {
  const field = child === null ? column.name : `${child}.${column.name}`, number = column.kind === 'int' || column.kind === 'check' || column.kind === 'float'
  const at = (row: Leftover) => ({ id: row.id, value: row.v, idx: child === null ? null : row.idx })
  const rule = batch.run.rule(batch.meta.name), replaced = rule?.replaced?.[field]
  const lost = replaced === undefined ? new Set<number>() : new Set((await batch.staging.all<{ id: number }>(`SELECT _id AS id FROM ${batch.doc} WHERE ${replaced}`)).map((row) => row.id))
  const refused = read.filter((row) => row.to === null && !lost.has(row.id))
  const early = !number && (rule?.dates ?? []).includes(field) ? refused.filter((row) => readPythonDate(row.v, batch.today) === null && !row.v.trim().startsWith('0000-00-00')) : []
  await batch.findAll({ type: 'ValidationError', field, stage: 'validate', causeByValue: true, hint: DATE_HINT }, early.map((row) => ({ ...at(row), message: `${row.v} is not a valid date string.` })))
  const zero = number ? [] : refused.filter((row) => /^\s*0000-00-00(?:[ T]00:00(?::00(?:\.0*)?)?)?\s*$/.test(row.v))
  await batch.findAll({ type: 'unsupported', field, causeByValue: true, hint: 'Leave the date empty.' }, zero.map((row) => ({ ...at(row), message: 'The database keeps dates of zeros, which is not predicted' })))
  const long = column.kind === 'time' ? refused.filter((row) => /^\d{2,3}:[0-5]?\d(:[0-5]?\d)?$/.test(row.v)) : []
  await batch.findAll({ type: 'unsupported', field, causeByValue: true, hint: 'Give a time of day.' }, long.map((row) => ({ ...at(row), message: 'The database keeps times of 24 hours and more, which is not predicted' })))
  await batch.findAll({ type: number ? isDuration(column) ? 'DataError' : 'ProgrammingError' : 'OperationalError', field, stage: 'framework_insert', causeByValue: true, hint: number ? 'Use a number transform.' : DATE_HINT },
    refused.filter((row) => !early.includes(row) && !long.includes(row) && !zero.includes(row)).map((row) => ({ ...at(row), message: number ? numberRefusal(column, row.v) : `(1292, "Incorrect ${column.kind} value: '${row.v}' for column '${column.name}' at row 1")` })))
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
  if (child === null) batch.notice(column.name)
  const keys: ColumnData[] = [{ name: child === null ? '_id' : '_parent', kind: 'BIGINT', values: rows.map((row) => row.id) }]
  if (child !== null) keys.push({ name: '_idx', kind: 'BIGINT', values: rows.map((row) => row.idx) })
  const scratch = batch.scratch('leftovers')
  await batch.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (${keys.map((key) => `${ident(key.name)} BIGINT`).join(', ')}, v VARCHAR)`)
  await batch.append(scratch, [...keys, { name: 'v', kind: 'VARCHAR', values: rows.map((row) => row.to) }])
  const type = column.kind === 'float' ? 'DOUBLE' : column.kind === 'int' || column.kind === 'check' ? 'BIGINT' : column.stored
  await batch.staging.run(`UPDATE ${relation} AS t SET ${ident(column.name)} = CAST(s.v AS ${type}) FROM ${scratch} s WHERE ${keys.map((key) => `t.${ident(key.name)} = s.${ident(key.name)}`).join(' AND ')}`)
}
