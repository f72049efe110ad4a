import { DOCTYPE_FLAGS, DOCTYPE_TEXTS, FIELD_FLAGS, type Column, type DocTypeData, type Field } from './doctype.ts'

/**
 * The compact form of a DocType: arrays in place of objects, flags as the bits of one number, labels left out where they follow from
 * the fieldname. It is what the package ships and what a site's hash is taken over, so that a folder and the shipped catalog with the
 * same content have the same hash.
 *
 * DocType: [name, module, flags, texts, controller, fields, columns] · field: [fieldname, fieldtype, flags, label, options, default,
 * length, precision, fetch_from, mandatory_depends_on], cut after the last value that is not empty · column: [name, type, flags,
 * default], cut likewise, flags: 1 not nullable, 2 PRI, 4 UNI, 8 MUL.
 */
export type CompactField = (string | number | null)[]
export type CompactColumn = (string | number | null)[]
export type CompactDocType = [string, string, number, (string | null)[], string[] | null, CompactField[], CompactColumn[]]

/** Records of one DocType: its columns in use, then one array of values per record, in order of name. */
export interface CompactRecords { columns: string[]; rows: (string | number | null)[][] }

export interface CompactSettings {
  apps: Record<string, string>
  singles: Record<string, Record<string, string>>
  defaults: Record<string, string>
  series: Record<string, number>
  /** Code of apps other than frappe and erpnext that runs on documents of a DocType (`*`: of all). Absent: not known, or none. */
  hooks?: Record<string, string[]>
}

/** A DocType or field as a line of a site folder's `doctypes.jsonl` has it. */
export type Loose = Record<string, unknown>

const KEY_BITS: Record<string, number> = { PRI: 2, UNI: 4, MUL: 8 }
/** Their `options` are text shown on a form (markup, conditions), which no document depends on. */
const TEXT_OPTIONS: ReadonlySet<string> = new Set(['HTML', 'Button', 'Section Break', 'Column Break', 'Tab Break', 'Heading'])

function trim<T extends (string | number | null)[]>(values: T): T {
  while (values.length > 1 && (values.at(-1) === null || values.at(-1) === 0)) values.pop()
  return values
}

function text(value: unknown): string | null {
  return value === undefined || value === null || value === '' ? null : String(value)
}

function flagsOf(names: readonly string[], source: Loose): number {
  let bits = 0
  for (let i = 0; i < names.length; i++) if (source[names[i]!] !== undefined && Number(source[names[i]!])) bits |= 1 << i
  return bits
}

/** `customer_name` is shown as `Customer Name` unless the DocType says otherwise. */
function labelFrom(fieldname: string): string {
  return fieldname.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
}

/** Packs a DocType as a site folder has it. The caller has checked that name, module, fields and columns are there. */
export function packDocType(raw: Loose): CompactDocType {
  const fields = (raw['fields'] as Loose[]).map((field) => packField(field))
  const columns = (raw['columns'] as unknown[][]).map((column) => packColumn(column))
  const texts = DOCTYPE_TEXTS.map((name) => text(raw[name]))
  return [String(raw['name']), String(raw['module']), flagsOf(DOCTYPE_FLAGS, raw), trim(texts), raw['controller'] === undefined ? [] : raw['controller'] as string[] | null, fields,
    columns]
}

/** Packs a field as a site folder, or a row of `tabCustom Field`, has it. */
export function packField(field: Loose): CompactField {
  const fieldname = String(field['fieldname']), fieldtype = String(field['fieldtype'])
  const label = text(field['label']) ?? ''
  return trim([
    fieldname, fieldtype, flagsOf(FIELD_FLAGS, field), label === labelFrom(fieldname) ? null : label,
    TEXT_OPTIONS.has(fieldtype) ? null : field['options'] === undefined || field['options'] === null ? null : String(field['options']),
    field['default'] === undefined || field['default'] === null ? null : String(field['default']),
    Number(field['length'] ?? 0), text(field['precision']) === null ? null : Number(field['precision']) + 1,
    text(field['fetch_from']), text(field['mandatory_depends_on']),
  ])
}

/** Packs `[name, type, nullable, key, default]`. */
export function packColumn([name, type, nullable, key, initial]: unknown[]): CompactColumn {
  const flags = (nullable ? 0 : 1) | (KEY_BITS[String(key)] ?? 0)
  return trim([String(name), String(type), flags, initial === null || initial === undefined ? null : String(initial)])
}

/** Unpacks what `packDocType` packed. */
export function unpackDocType([name, module, flags, texts, controller, fields, columns]: CompactDocType): DocTypeData {
  const data: Record<string, unknown> = { name, module, controller, fields: fields.map(unpackField), columns: columns.map(unpackColumn) }
  DOCTYPE_FLAGS.forEach((flag, i) => { data[flag] = (flags & (1 << i)) !== 0 })
  DOCTYPE_TEXTS.forEach((key, i) => { data[key] = texts[i] ?? null })
  return data as unknown as DocTypeData
}

function unpackField(packed: CompactField): Field {
  const [fieldname, fieldtype, flags, label, options, initial, length, precision, fetchFrom, mandatory] = packed
  const bits = Number(flags ?? 0), has = (bit: number) => (bits & (1 << bit)) !== 0
  return {
    fieldname: String(fieldname), fieldtype: String(fieldtype), label: label === null || label === undefined ? labelFrom(String(fieldname)) : String(label),
    options: textOr(options), default: textOr(initial), mandatory_depends_on: textOr(mandatory), fetch_from: textOr(fetchFrom),
    length: Number(length ?? 0), precision: typeof precision === 'number' ? precision - 1 : null,
    // In the order of FIELD_FLAGS.
    reqd: has(0), unique: has(1), non_negative: has(2), fetch_if_empty: has(3), read_only: has(4), hidden: has(5), no_copy: has(6), allow_on_submit: has(7),
    set_only_once: has(8), is_virtual: has(9), ignore_user_permissions: has(10), search_index: has(11),
  }
}

function textOr(value: string | number | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value)
}

function unpackColumn([name, type, packed, initial]: CompactColumn): Column {
  const flags = Number(packed ?? 0)
  const key = (flags & 2) !== 0 ? 'PRI' : (flags & 4) !== 0 ? 'UNI' : (flags & 8) !== 0 ? 'MUL' : ''
  return { name: String(name), type: String(type), nullable: (flags & 1) === 0, key, default: textOr(initial) }
}
