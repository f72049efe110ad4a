import { ident, type ColumnKind } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import { isText } from './coerce.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import type { DocTypePlan, Kind } from './plan.ts'

const KINDS = new Set<Kind>(['date', 'datetime', 'time'])

/** Looks at texts given for dates and times that are not plainly written: reads them as MariaDB would, or finds them refused. */
export async function readDates(batch: Batch, source: DraftSource, where: string): Promise<void> {
  await readTable(batch, batch.plan, source.documents, batch.doc, '_id', null, where)
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname)
    if (given !== undefined && batch.childCount(field.fieldname) > 0) await readTable(batch, plan, given, batch.child(field.fieldname), '_parent', field.fieldname, where)
  }
}

async function readTable(batch: Batch, plan: DocTypePlan, given: DraftRelation, relation: string, id: string, child: string | null, where: string): Promise<void> {
  for (const column of plan.columns) {
    const type = given.columns.get(column.name)
    if (!KINDS.has(column.kind) || type === undefined || !isText(type) || column.field === undefined) continue
    const col = ident(column.name), join = child === null ? 'w._id = d._id' : 'w._parent = d._parent AND w._idx = d._idx'
    const rows = await batch.staging.all<{ id: number; idx: number; v: string }>(
      `SELECT d.${id} AS id, ${child === null ? '0' : 'd._idx'} AS idx, CAST(d.${col} AS VARCHAR) AS v FROM ${given.relation} d JOIN ${relation} w ON ${join} ` +
      `WHERE ${child === null ? where : 'TRUE'} AND d.${col} IS NOT NULL AND w.${col} IS NULL AND d.${col} <> ''`)
    if (rows.length === 0) continue
    const read = rows.map((row) => ({ ...row, to: readMoment(row.v, column.kind) }))
    const name = child === null ? column.name : `${child}.${column.name}`
    await batch.findAll({ type: 'OperationalError', field: name, stage: 'framework_insert', causeByValue: true, hint: 'Bring dates into the form 2026-11-22 with a transform.' },
      read.filter((r) => r.to === null).map((r) => ({ id: r.id, value: r.v, idx: child === null ? null : r.idx, message: `(1292, "Incorrect ${column.kind} value: '${r.v}' for column '${column.name}' at row 1")` })))
    const good = read.filter((r) => r.to !== null)
    await batch.findAll({ severity: 'warning', type: 'date-guessed', field: name, hint: 'Bring dates into the form 2026-11-22 with a transform.' },
      good.map((r) => ({ id: r.id, value: r.v, idx: child === null ? null : r.idx, message: `The database reads this as ${r.to}` })))
    if (good.length === 0) continue
    const keys = [{ name: id, kind: 'BIGINT' as ColumnKind, values: good.map((r) => r.id) }, ...(child === null ? [] : [{ name: '_idx', kind: 'BIGINT' as ColumnKind, values: good.map((r) => r.idx) }])]
    const scratch = batch.scratch('dates')
    await batch.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (${keys.map((key) => `${ident(key.name)} BIGINT`).join(', ')}, v VARCHAR)`)
    await batch.append(scratch, [...keys, { name: 'v', kind: 'VARCHAR', values: good.map((r) => r.to) }])
    await batch.staging.run(`UPDATE ${relation} AS t SET ${col} = CAST(s.v AS ${column.stored}) FROM ${scratch} s WHERE ${keys.map((key) => `t.${ident(key.name)} = s.${ident(key.name)}`).join(' AND ')}`)
  }
}

const pad = (text: string, length = 2) => text.padStart(length, '0')

/** A text as MariaDB's strict mode reads it into a DATE, DATETIME or TIME column; null when it is refused. */
export function readMoment(text: string, kind: Kind): string | null {
  const trimmed = text.trim()
  if (kind === 'time') {
    const match = /^(\d{1,3}):(\d{1,2})(?::(\d{1,2})(\.\d{1,6})?)?$/.exec(trimmed)
    if (!match || Number(match[1]) > 23 || Number(match[2]) > 59 || Number(match[3] ?? 0) > 59) return null
    return `${pad(match[1]!)}:${pad(match[2]!)}:${pad(match[3] ?? '0')}${match[4] ?? ''}`
  }
  let parts: RegExpExecArray | null
  if (/^\d{8}$/.test(trimmed)) parts = /^(\d{4})(\d\d)(\d\d)()$/.exec(trimmed)
  else if (/^\d{14}$/.test(trimmed)) parts = /^(\d{4})(\d\d)(\d\d)(\d{6})$/.exec(trimmed)
  else if (/^\d{6}$/.test(trimmed)) parts = /^(\d\d)(\d\d)(\d\d)()$/.exec(trimmed)
  else parts = /^(\d{4}|\d{1,2})[^\w\s](\d{1,2})[^\w\s](\d{1,2})(?:[T ]+(\d.*))?$/.exec(trimmed)
  if (parts === null) return null
  const yearText = parts[1]!, year = yearText.length === 4 ? Number(yearText) : Number(yearText) < 70 ? 2000 + Number(yearText) : 1900 + Number(yearText)
  const month = Number(parts[2]), day = Number(parts[3])
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null
  const date = `${pad(String(year), 4)}-${pad(String(month))}-${pad(String(day))}`
  const rest = parts[4] ?? ''
  if (kind === 'date') return rest === '' || /^\d/.test(rest) ? date : null
  if (rest === '') return `${date} 00:00:00`
  const time = /^(\d{1,2}):?(\d{1,2})(?::?(\d{1,2})(\.\d+)?)?$/.exec(rest)
  if (!time || Number(time[1]) > 23 || Number(time[2]) > 59 || Number(time[3] ?? 0) > 59) return null
  return `${date} ${pad(time[1]!)}:${pad(time[2]!)}:${pad(time[3] ?? '0')}${(time[4] ?? '').slice(0, 7)}`
}
