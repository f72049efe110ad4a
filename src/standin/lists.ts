import type { Json, Value } from '../model/value.ts'
import { ident } from '../staging/staging.ts'
import { cint } from './python-text.ts'
import { thrown, unsupported } from './exception.ts'
import { requireDoctype } from './documents.ts'
import { checkFilters, condition, parseFilters } from './list-filters.ts'
import { folded, knowsField, listColumn, listRow, ListTables, unknownColumn, type ListColumn } from './list-columns.ts'
import type { ServedSite } from './served-site.ts'

/** Arguments of `frappe.client.get_list`, as they come: texts, or what the texts say. */
export interface ListQuery {
  fields?: Json
  filters?: Json
  or_filters?: Json
  group_by?: Json
  order_by?: Json
  limit_start?: Json
  limit_page_length?: Json
  as_dict?: Json
  parent?: Json
}

/** `frappe.get_list`: objects, or lists of values when `as_dict` is false. */
export async function listDocuments(served: ServedSite, doctype: string, query: ListQuery): Promise<unknown[]> {
  requireDoctype(served, doctype)
  const meta = served.site.doctype(doctype)!
  if (meta.istable && !(typeof query.parent === 'string' && served.site.doctype(query.parent)?.tableFields().some((field) => field.options === doctype))) throw thrown('PermissionError', '', { messages: [] })
  if (meta.is_virtual || meta.issingle) throw unsupported(`${doctype} has no table to list`)
  const tables = new ListTables(served, meta)
  const columns = selected(tables, query.fields)
  const filters = parseFilters(query.filters), others = parseFilters(query.or_filters)
  checkFilters(tables, filters)
  checkFilters(tables, others)
  const conditions: string[] = [], either: string[] = []
  for (const filter of filters) conditions.push(await condition(tables, filter))
  for (const filter of others) either.push(await condition(tables, filter))
  if (either.length > 0) conditions.push(`(${either.join(' OR ')})`)
  const groups = groupBy(tables, query.group_by)
  const used = [...columns.map((column) => column.sql), ...[...filters, ...others].map((filter) => tables.column(filter.field)?.sql ?? '')]
  const order = orderBy(tables, query.order_by, columns, groups, used)
  const limit = cint(query.limit_page_length ?? 20)
  const grouped = groups === null ? columns.map((column) => column.sql) : columns.map((column) => (column.aggregate || groups.includes(column.sql) ? column.sql : `any_value(${column.sql})`))
  const sql = `SELECT ${grouped.map((column, i) => `${column} AS c${i}`).join(', ')} FROM ${tables.from}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}` +
    `${groups === null ? '' : ` GROUP BY ${groups.join(', ')}`}${order}${limit > 0 ? ` LIMIT ${limit} OFFSET ${cint(query.limit_start ?? 0)}` : ''}`
  const rows = (await served.staging.all<Record<string, Value>>(sql)).map((row) => listRow(columns, columns.map((_, i) => row[`c${i}`])))
  return asDict(query.as_dict) ? rows.map((row) => Object.fromEntries(row)) : rows.map((row) => row.map(([, value]) => value))
}

function asDict(given: Json | undefined): boolean {
  return given === undefined || given === null || !['0', 'false', 'no', 'n', 'f'].includes(String(given).toLowerCase())
}

function selected(tables: ListTables, given: Json | undefined): ListColumn[] {
  const parsed = typeof given === 'string' && given !== '*' ? fieldsOf(given) : given
  const fields = parsed === undefined || parsed === null || parsed === '' || (Array.isArray(parsed) && parsed.length === 0) ? ['name'] : Array.isArray(parsed) ? parsed.filter((item) => item !== null && item !== '').map(String) : [String(parsed)]
  return fields.flatMap((field) => (field === '*' ? everything(tables) : [listColumn(tables, field)]))
}

function fieldsOf(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text.split(',').map((item) => item.trim())
  }
}

/** `*`: what the DocType's table holds, Frappe's own notes left out. */
function everything(tables: ListTables): ListColumn[] {
  return tables.meta.columns.filter((column) => !column.name.startsWith('_')).map((column) => ({ sql: `t.${ident(column.name)}`, key: column.name, type: column.type, aggregate: false }))
}

function groupBy(tables: ListTables, given: Json | undefined): string[] | null {
  if (given === undefined || given === null || given === '') return null
  return String(given).split(',').map((part) => {
    const column = tables.column(part.trim())
    if (column === null) throw unknownColumn(part.trim(), 'GROUP BY')
    return column.sql
  })
}

/** Bytes of a key of a column's type. */
function keyBytes(type: string): number {
  if (type.startsWith('datetime')) return 8
  if (type.startsWith('date')) return 3
  if (type.startsWith('bigint')) return 8
  return /^(int|tinyint|smallint)/.test(type) ? 4 : 4 * Number(/\((\d+)\)/.exec(type)?.[1] ?? 1000)
}

/** Without an order rows come as the site's database reads them: by the shortest index that holds all that is asked for, else by primary key. */
function naturalOrder(tables: ListTables, used: string[]): string {
  const covering = tables.meta.columns.filter((column) => (column.key === 'MUL' || column.key === 'UNI') && used.every((sql) => sql === `t.${ident(column.name)}` || sql === 't."name"'))
  const index = covering.sort((a, b) => keyBytes(a.type) + (a.nullable ? 1 : 0) - keyBytes(b.type) - (b.nullable ? 1 : 0))[0]
  const text = index !== undefined && /^(varchar|text|longtext)/.test(index.type), column = index === undefined ? '' : `t.${ident(index.name)}`
  return ` ORDER BY ${index === undefined ? '' : `${text ? folded(column) : column} NULLS FIRST, `}${folded('t.name')}, t.name`
}

function orderBy(tables: ListTables, given: Json | undefined, columns: ListColumn[], groups: string[] | null, used: string[]): string {
  const text = given === undefined || given === null ? '' : String(given).trim()
  if (text === '') return groups !== null ? ` ORDER BY ${groups.map((sql) => `${sql} NULLS FIRST`).join(', ')}` : columns.some((column) => column.aggregate) ? '' : naturalOrder(tables, used)
  if (/[^a-z0-9-_ ,`'".()]/i.test(text)) throw thrown('ValidationError', 'Illegal SQL Query')
  const parts = text.split(',').map((part) => {
    const match = /^(.+?)(?:\s+(asc|desc))?$/i.exec(part.trim())!, written = match[1]!.trim(), down = match[2]?.toLowerCase() === 'desc'
    const alias = columns.findIndex((column) => column.key === written && !knowsField(tables, written))
    if (alias >= 0) return `c${alias}${down ? ' DESC NULLS LAST' : ' ASC NULLS FIRST'}`
    if (written.includes('(')) throw unsupported(`The stand-in does not sort by ${written}`)
    const column = tables.column(written)
    if (column === null) throw unknownColumn(written.replaceAll('`', ''), 'ORDER BY')
    const key = /^(varchar|text|longtext|mediumtext|char)/.test(column.type) ? folded(column.sql) : column.sql
    return `${key}${down ? ' DESC NULLS LAST' : ' ASC NULLS FIRST'}`
  })
  return ` ORDER BY ${parts.join(', ')}`
}

/** `frappe.db.count`. */
export async function countDocuments(served: ServedSite, doctype: string, given: Json | undefined): Promise<number> {
  if (served.site.doctype(doctype) === undefined) throw thrown('ProgrammingError', `(1146, "Table '_site.tab${doctype}' doesn't exist")`, { messages: [] })
  const tables = new ListTables(served, served.site.doctype(doctype)!), conditions: string[] = []
  for (const filter of parseFilters(given)) conditions.push(await condition(tables, filter))
  const row = await served.staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${tables.from}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}`)
  return Number(row!.n)
}
