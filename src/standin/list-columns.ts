import { ident, literal } from '../staging/staging.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import { outward } from './document-json.ts'
import { thrown, unsupported, type SiteException } from './exception.ts'
import type { ServedSite } from './served-site.ts'

const DEFAULT_FIELDS = ['doctype', 'name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx']
const OPTIONAL_FIELDS = ['_user_tags', '_comments', '_assign', '_liked_by', '_seen']
const CHILD_FIELDS = ['parent', 'parentfield', 'parenttype']
/** Fields every DocType may be asked for. */
export const STANDARD_FIELDS: ReadonlySet<string> = new Set([...DEFAULT_FIELDS, ...OPTIONAL_FIELDS, ...CHILD_FIELDS])

/** Text as the site's collation compares it: case, accents and trailing blanks do not count. */
export const folded = (sql: string): string => `rtrim(lower(strip_accents(CAST(${sql} AS VARCHAR))), ' ')`

/** A column of a list: SQL, the key it gets, and how its values go out. */
export interface ListColumn { sql: string; key: string; type: string; aggregate: boolean }

export function invalidField(field: string): SiteException {
  return thrown('DataError', `Field not permitted in query: ${field}`)
}

export function unknownColumn(column: string, clause: string): SiteException {
  return thrown('OperationalError', `(1054, "Unknown column '${column}' in '${clause}'")`, { messages: [] })
}

/** The tables of a list query: the DocType's own as `t`, child tables and linked DocTypes joined to it as they are named. */
export class ListTables {
  readonly served: ServedSite
  readonly meta: DocTypeMeta
  readonly #joins = new Map<string, { alias: string; meta: DocTypeMeta; sql: string }>()

  constructor(served: ServedSite, meta: DocTypeMeta) {
    this.served = served
    this.meta = meta
  }

  get from(): string {
    return [`rows.${ident(this.meta.table)} t`, ...[...this.#joins.values()].map((join) => join.sql)].join(' ')
  }

  /** Rows of a child DocType, joined by their parent. */
  child(doctype: string): { alias: string; meta: DocTypeMeta } {
    return this.#join(`child ${doctype}`, doctype, (alias, table) => `LEFT JOIN ${table} ${alias} ON ${alias}.parent = t.name AND ${alias}.parenttype = ${literal(this.meta.name)}`)
  }

  /** The document a Link field points to. */
  link(doctype: string, fieldname: string): { alias: string; meta: DocTypeMeta } {
    return this.#join(`link ${fieldname}`, doctype, (alias, table) => `LEFT JOIN ${table} ${alias} ON ${alias}.name = t.${ident(fieldname)}`)
  }

  #join(key: string, doctype: string, sql: (alias: string, table: string) => string): { alias: string; meta: DocTypeMeta } {
    let join = this.#joins.get(key)
    if (join === undefined) {
      const meta = this.served.site.doctype(doctype)
      if (meta === undefined) throw thrown('DoesNotExistError', `DocType ${doctype} not found`)
      const alias = `j${this.#joins.size + 1}`
      join = { alias, meta, sql: sql(alias, `rows.${ident(meta.table)}`) }
      this.#joins.set(key, join)
    }
    return join
  }

  /** SQL and MariaDB type of a field as a client names it: `name`, `items.item_code`, `customer.territory`, `` `tabCustomer`.`name` ``. Null when nobody has it. */
  column(written: string): { sql: string; type: string; name: string } | null {
    const parts = written.replaceAll('`', '').trim().split('.')
    if (parts.length === 1) return columnOf(this.meta, 't', parts[0]!)
    const [place, name] = parts as [string, string]
    if (place.startsWith('tab') && this.meta.field(place) === undefined) {
      if (place === this.meta.table) return columnOf(this.meta, 't', name)
      const joined = this.child(place.slice(3))
      return columnOf(joined.meta, joined.alias, name)
    }
    const field = this.meta.field(place)
    if (field === undefined) return null
    const joined = field.fieldtype === 'Link' ? this.link(field.options ?? '', place) : this.child(field.options ?? '')
    return columnOf(joined.meta, joined.alias, name)
  }
}

export function columnOf(meta: DocTypeMeta, alias: string, name: string): { sql: string; type: string; name: string } | null {
  const column = meta.column(name)
  return column === undefined ? null : { sql: `${alias}.${ident(name)}`, type: column.type, name }
}

/** True when the DocType knows the field, be it stored or not. */
export function knowsField(tables: ListTables, written: string): boolean {
  const name = written.replaceAll('`', '').split('.').at(-1)!
  if (STANDARD_FIELDS.has(name)) return true
  return written.includes('.') ? tables.column(written) !== null : tables.meta.field(name) !== undefined
}

const FUNCTION = /^(count|sum|avg|min|max)\((distinct\s+)?(.+?)\)$/i

/** One entry of `fields`. Throws the site's DataError for a field it does not have, Unsupported for SQL beyond columns and the usual sums. */
export function listColumn(tables: ListTables, entry: string): ListColumn {
  const alias = /^(.+?)\s+as\s+[`'"]?([^`'"]+)[`'"]?$/i.exec(entry.trim())
  const written = (alias?.[1] ?? entry).trim(), call = FUNCTION.exec(written)
  if (call !== null) {
    const [, name, distinct, argument] = call as unknown as [string, string, string | undefined, string], fn = name.toLowerCase()
    const column = argument.trim() === '*' || argument.trim() === '1' ? null : tables.column(argument)
    if (column === null && argument.trim() !== '*' && argument.trim() !== '1') throw invalidField(argument.replaceAll('`', ''))
    const numeric = fn === 'sum' || fn === 'avg'
    const sql = `${fn}(${distinct === undefined ? '' : 'DISTINCT '}${column === null ? '*' : numeric ? `CAST(${column.sql} AS DOUBLE)` : column.sql})`
    return { sql, key: alias?.[2] ?? written, type: fn === 'min' || fn === 'max' ? column?.type ?? '' : numeric ? 'double' : '', aggregate: true }
  }
  if (/[(),;@]/.test(written)) throw unsupported(`The stand-in does not run SQL: ${written}`)
  if (!knowsField(tables, written)) throw invalidField(written.replaceAll('`', ''))
  const column = tables.column(written)
  if (column === null) throw unknownColumn(written.replaceAll('`', ''), 'SELECT')
  return { sql: column.sql, key: alias?.[2] ?? column.name, type: column.type, aggregate: false }
}

/** A row of the result in the site's form. */
export function listRow(columns: ListColumn[], values: unknown[]): [string, unknown][] {
  return columns.map((column, i) => [column.key, outward(values[i] as never, column.type)])
}
