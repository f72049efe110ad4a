import type { Loose } from './compact.ts'

/** A column as a line of a site folder has it: name, MariaDB type, nullable, key, default. */
export type ColumnRow = [name: string, type: string, nullable: boolean, key: string, initial: string | null]

/** MariaDB type of a field type, and its size where it has one; field types without a column are not here. */
const TYPES: Record<string, [type: string, size?: string]> = {
  Currency: ['decimal', '21,9'], Float: ['decimal', '21,9'], Percent: ['decimal', '21,9'], Duration: ['decimal', '21,9'], Rating: ['decimal', '3,2'],
  Int: ['int', '11'], 'Long Int': ['bigint', '20'], Check: ['int', '1'],
  'Small Text': ['text'], Text: ['text'], Password: ['text'], Attach: ['text'], 'Attach Image': ['text'],
  'Long Text': ['longtext'], Code: ['longtext'], 'Text Editor': ['longtext'], 'Markdown Editor': ['longtext'], 'HTML Editor': ['longtext'],
  Signature: ['longtext'], Barcode: ['longtext'], Geolocation: ['longtext'], JSON: ['longtext'],
  Date: ['date'], Datetime: ['datetime', '6'], Time: ['time', '6'],
  Data: ['varchar', '140'], Link: ['varchar', '140'], 'Dynamic Link': ['varchar', '140'], Select: ['varchar', '140'], 'Read Only': ['varchar', '140'],
  Color: ['varchar', '140'], Icon: ['varchar', '140'], Phone: ['varchar', '140'], Autocomplete: ['varchar', '140'],
}

/** Defaults that stand for something computed per document: the column has none. */
const COMPUTED_DEFAULTS = new Set(['_Login', '__user', '_Full Name', 'Today', '__today', 'now', 'Now'])

const number = (value: unknown): number => { const parsed = Number(value ?? 0); return Number.isFinite(parsed) ? parsed : 0 }
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))

function typeOf(field: Loose): string | null {
  const fieldtype = text(field['fieldtype']), length = number(field['length'])
  const found = fieldtype === 'Int' && length > 11 ? TYPES['Long Int'] : TYPES[fieldtype]
  if (found === undefined) return null
  const [type, size] = found
  if (length > 0 && type === 'varchar') return `varchar(${length})`
  if (length > 0 && length < 11 && type === 'int') return `int(${length})`
  return size === undefined ? type : `${type}(${size})`
}

function columnOf(field: Loose): ColumnRow | null {
  const type = typeOf(field)
  if (type === null || number(field['is_virtual']) !== 0) return null
  const given = text(field['default']), fieldtype = text(field['fieldtype']), long = type === 'text' || type === 'longtext'
  const key = long ? '' : number(field['unique']) !== 0 ? 'UNI' : number(field['search_index']) !== 0 ? 'MUL' : ''
  if (fieldtype === 'Check' || fieldtype === 'Int') return [text(field['fieldname']), type, false, key, String(Math.trunc(number(given)))]
  if (fieldtype === 'Currency' || fieldtype === 'Float' || fieldtype === 'Percent') return [text(field['fieldname']), type, false, key, number(given).toFixed(9)]
  if (given === '' || COMPUTED_DEFAULTS.has(given) || given.startsWith(':')) return [text(field['fieldname']), type, true, key, null]
  return [text(field['fieldname']), type, true, key, long ? `'${given.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'` : fieldtype === 'Time' ? timeOf(given) : given]
}

/** `9:00` as MariaDB shows it. */
function timeOf(given: string): string {
  const [hours = '0', minutes = '0', seconds = '0'] = given.split(':')
  return `${hours.padStart(2, '0')}:${minutes.padStart(2, '0')}:${seconds.includes('.') ? seconds : seconds.padStart(2, '0')}${seconds.includes('.') ? '' : '.000000'}`
}

/**
 * Columns a DocType's table has by Frappe's own rules, from its effective fields: what REST cannot show. Singles and virtual DocTypes have none. A table
 * that went through older versions can differ (columns of fields that were removed, indexes made by hand): `withShippedColumns` takes those of standard
 * DocTypes from the shipped catalog, and a database connection shows the truth.
 */
export function deriveColumns(doctype: Loose, fields: readonly Loose[]): ColumnRow[] {
  if (number(doctype['issingle']) !== 0 || number(doctype['is_virtual']) !== 0) return []
  const child = number(doctype['istable']) !== 0
  const name: ColumnRow = text(doctype['autoname']) === 'autoincrement' ? ['name', 'bigint(20)', false, 'PRI', null] : ['name', 'varchar(140)', false, 'PRI', null]
  const plain = (column: string, type = 'varchar(140)', key = ''): ColumnRow => [column, type, true, key, null]
  const creation = plain('creation', 'datetime(6)', text(doctype['sort_field']) === 'creation' ? 'MUL' : '')
  const columns: ColumnRow[] = [
    name, creation, plain('modified', 'datetime(6)', child ? '' : 'MUL'), plain('modified_by'), plain('owner'), ['docstatus', 'int(1)', false, '', '0'], ['idx', 'int(8)', false, '', '0'],
  ]
  const seen = new Set([...columns.map(([column]) => column), 'parent', 'parentfield', 'parenttype'])
  for (const field of fields) {
    const column = columnOf(field)
    if (column === null || seen.has(column[0])) continue
    seen.add(column[0])
    columns.push(column)
  }
  const optional = ['_user_tags', '_comments', '_assign', '_liked_by', ...(number(doctype['track_seen']) !== 0 ? ['_seen'] : [])]
  if (child) return [...columns, plain('parent', 'varchar(140)', 'MUL'), plain('parentfield'), plain('parenttype')]
  // A DocType may have a field of such a name: the column is a text all the same.
  return [...columns.map((column) => (optional.includes(column[0]) ? plain(column[0], 'text') : column)), ...optional.filter((column) => !seen.has(column)).map((column) => plain(column, 'text'))]
}

/**
 * Derived columns, with what the shipped catalog knows of a standard DocType's table put in where the field is the same in both: indexes ERPNext makes by
 * code, and the core tables that are older than the rules.
 */
export function withShippedColumns(derived: readonly ColumnRow[], shipped: { columns: readonly ColumnRow[]; derived: readonly ColumnRow[] }): ColumnRow[] {
  const byRule = new Map(shipped.derived.map((column) => [column[0], JSON.stringify(column)]))
  const real = new Map(shipped.columns.map((column) => [column[0], column]))
  return derived.map((column) => (byRule.get(column[0]) === JSON.stringify(column) ? real.get(column[0]) ?? column : column))
}
