import { literal } from '../staging/staging.ts'
import type { Json } from '../model/value.ts'
import { today } from '../model/clock.ts'
import { columnOf, folded, invalidField, knowsField, STANDARD_FIELDS, unknownColumn, type ListTables } from './list-columns.ts'
import { thrown, unsupported } from './exception.ts'

const OPERATORS = ['=', '!=', '>', '<', '>=', '<=', 'like', 'not like', 'in', 'not in', 'is', 'between', 'timespan', 'previous', 'next', 'ancestors of', 'not ancestors of', 'descendants of', 'not descendants of', 'descendants of (inclusive)']
/** Those of the tree come from a set on the site. */
const ALWAYS_FILLED = new Set(['name', 'modified', 'creation'])
const NUMBERS = new Set(['Check', 'Float', 'Int', 'Currency', 'Percent'])

interface Filter { doctype: string | null; field: string; operator: string; value: Json }

/** Filters in any of the forms Frappe takes: a list of [field, operator, value] or [DocType, field, operator, value], or an object {field: value or [operator, value]}. */
export function parseFilters(given: Json | undefined): Filter[] {
  const filters = typeof given === 'string' ? (given === '' ? [] : JSON.parse(given) as Json) : given ?? []
  if (filters === null) return []
  if (!Array.isArray(filters)) {
    if (typeof filters !== 'object') throw thrown('ValidationError', 'Filter must be a tuple or list (in a list)')
    return Object.entries(filters).map(([field, value]) => (Array.isArray(value) ? { doctype: null, field, operator: String(value[0]), value: value[1] ?? null } : { doctype: null, field, operator: '=', value }))
  }
  return filters.map((item): Filter => {
    if (item !== null && typeof item === 'object' && !Array.isArray(item)) return parseFilters(item)[0]!
    if (!Array.isArray(item)) throw thrown('ValidationError', 'Filter must be a tuple or list (in a list)')
    if (item.length === 3) return { doctype: null, field: String(item[0]), operator: String(item[1] ?? '') || '=', value: item[2]! }
    if (item.length < 4) throw thrown('ValidationError', `Filter must have 4 values (doctype, fieldname, operator, value): ${JSON.stringify(item)}`)
    return { doctype: String(item[0]), field: String(item[1]), operator: String(item[2] ?? '') || '=', value: item[3]! }
  })
}

/** Fields a filter names that the DocType lacks are refused before the query is made. */
export function checkFilters(tables: ListTables, filters: Filter[]): void {
  for (const { doctype, field } of filters) {
    if (doctype === null ? knowsField(tables, field) : STANDARD_FIELDS.has(field) || tables.served.site.doctype(doctype)?.field(field) !== undefined) continue
    throw invalidField(field)
  }
}

/** A filter as a condition. */
export async function condition(tables: ListTables, filter: Filter): Promise<string> {
  const operator = filter.operator.toLowerCase()
  if (!OPERATORS.includes(operator)) throw thrown('ValidationError', `Operator must be one of ${OPERATORS.join(', ')}`)
  const place = filter.doctype === null || filter.doctype === tables.meta.name ? null : tables.child(filter.doctype)
  const column = place === null ? tables.column(filter.field) : columnOf(place.meta, place.alias, filter.field)
  if (column === null) throw unknownColumn(`tab${filter.doctype ?? tables.meta.name}.${filter.field}`, 'WHERE')
  const meta = place?.meta ?? tables.meta, field = meta.field(column.name)
  const kind = kindOf(column.type), { value } = filter
  if (operator === 'is') return value === 'set' ? `(${column.sql} IS NOT NULL${kind === 'text' ? ` AND ${folded(column.sql)} <> ''` : ''})` : `(${column.sql} IS NULL${kind === 'text' ? ` OR ${folded(column.sql)} = ''` : ''})`
  if (operator.includes('of')) return treeCondition(tables, column.sql, field?.options ?? meta.name, operator, value)
  if (operator === 'in' || operator === 'not in') return listCondition(column, kind, operator, value)
  if (operator === 'between') return between(tables, column, value)
  if (['timespan', 'previous', 'next'].includes(operator)) throw unsupported(`The stand-in does not filter by ${operator}`)
  const nullable = !ALWAYS_FILLED.has(column.name) && !NUMBERS.has(field?.fieldtype ?? '') && !(value !== null && value !== '' && value !== 0 && ['=', 'like'].includes(operator))
  return compare(column, kind, operator, value, nullable)
}

type Kind = 'text' | 'number' | 'date' | 'datetime' | 'time'
function kindOf(type: string): Kind {
  if (/^(int|bigint|tinyint|smallint|decimal|double|float)/.test(type)) return 'number'
  return type.startsWith('datetime') || type.startsWith('timestamp') ? 'datetime' : type.startsWith('date') ? 'date' : type.startsWith('time') ? 'time' : 'text'
}

const FALLBACK: Record<Kind, string> = { text: `''`, number: '0', date: `DATE '0001-01-01'`, datetime: `TIMESTAMP '0001-01-01'`, time: `TIME '00:00:00'` }
const DUCK: Record<Exclude<Kind, 'text' | 'number'>, string> = { date: 'DATE', datetime: 'TIMESTAMP', time: 'TIME' }

function numberOf(value: Json): number {
  const number = Number(typeof value === 'boolean' ? Number(value) : value ?? 0)
  return Number.isFinite(number) ? number : 0
}

function valueSql(kind: Kind, value: Json): string {
  if (kind === 'number') return String(numberOf(value))
  if (kind === 'text') return folded(literal(value === null ? '' : String(value)))
  return `TRY_CAST(${literal(String(value ?? ''))} AS ${DUCK[kind]})`
}

function compare(column: { sql: string }, kind: Kind, operator: string, value: Json, nullable: boolean): string {
  if (operator === 'like' || operator === 'not like') {
    const text = nullable ? `coalesce(${folded(column.sql)}, '')` : folded(column.sql)
    return `${text} ${operator === 'like' ? 'LIKE' : 'NOT LIKE'} ${folded(literal(String(value ?? '')))} ESCAPE '\\'`
  }
  const side = kind === 'text' ? folded(column.sql) : column.sql
  return `${nullable ? `coalesce(${side}, ${FALLBACK[kind]})` : side} ${operator} ${valueSql(kind, value)}`
}

function listCondition(column: { sql: string; name: string }, kind: Kind, operator: string, value: Json): string {
  const values = Array.isArray(value) ? value : value === null || value === '' ? [] : String(value).split(',')
  const empty = values.length === 0 || values.some((item) => item === null || item === '')
  const nullable = !ALWAYS_FILLED.has(column.name) && (operator === 'not in' || empty)
  // The site compares as text whatever the column is.
  const side = kind === 'number' ? `CAST(${column.sql} AS DOUBLE)` : folded(column.sql)
  const list = (values.length === 0 ? [''] : values).map((item) => (kind === 'number' ? String(numberOf(item)) : folded(literal(String(item ?? '').trim()))))
  return `${nullable ? `coalesce(${side}, ${kind === 'number' ? '0' : `''`})` : side} ${operator === 'in' ? 'IN' : 'NOT IN'} (${list.join(', ')})`
}

function between(tables: ListTables, column: { sql: string; type: string }, value: Json): string {
  const kind = kindOf(column.type), now = today(tables.served.clock), bounds = Array.isArray(value) ? value : []
  const [from, to] = [String(bounds[0] ?? now), String(bounds[1] ?? now)]
  if (kind === 'datetime') {
    const whole = (text: string, time: string) => literal(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text} ${time}` : text)
    return `${column.sql} BETWEEN TRY_CAST(${whole(from, '00:00:00')} AS TIMESTAMP) AND TRY_CAST(${whole(to, '23:59:59.999999')} AS TIMESTAMP)`
  }
  if (kind === 'number') return `${column.sql} BETWEEN ${numberOf(from)} AND ${numberOf(to)}`
  return kind === 'text' ? `${folded(column.sql)} BETWEEN ${folded(literal(from))} AND ${folded(literal(to))}` : `${column.sql} BETWEEN TRY_CAST(${literal(from)} AS ${DUCK[kind]}) AND TRY_CAST(${literal(to)} AS ${DUCK[kind]})`
}

/** Names above or below a document of a tree. */
async function treeCondition(tables: ListTables, sql: string, doctype: string, operator: string, value: Json): Promise<string> {
  const meta = tables.served.site.doctype(doctype)
  if (meta?.column('lft') === undefined) throw unsupported(`${doctype} is no tree`)
  const table = `rows."${meta.table}"`
  const at = await tables.served.staging.one<{ lft: number; rgt: number }>(`SELECT lft, rgt FROM ${table} WHERE ${folded('name')} = ${folded(literal(String(value ?? '')))}`)
  const { lft, rgt } = at ?? { lft: 0, rgt: 0 }
  const inside = operator.includes('descendants') ? `lft > ${lft} AND rgt < ${rgt}` : `lft < ${lft} AND rgt > ${rgt}`
  const own = operator.endsWith('(inclusive)') ? ` OR ${folded('name')} = ${folded(literal(String(value ?? '')))}` : ''
  return `coalesce(${sql}, '') ${operator.startsWith('not') ? 'NOT IN' : 'IN'} (SELECT name FROM ${table} WHERE (${inside})${own})`
}
