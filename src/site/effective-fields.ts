import type { Loose } from './compact.ts'
import { DOCTYPE_FLAGS, DOCTYPE_TEXTS, FIELD_FLAGS } from './doctype.ts'

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))
const int = (value: unknown): number => { const parsed = Number.parseInt(text(value), 10); return Number.isNaN(parsed) ? 0 : parsed }

/** A property setter's value in the type it names, as the site casts it. */
function cast(setter: Loose): string | number {
  const value = text(setter['value'])
  switch (setter['property_type']) {
    case 'Check': case 'Int': return /^true$/i.test(value) ? 1 : int(value)
    case 'Float': case 'Currency': case 'Percent': return Number.isFinite(Number(value)) ? Number(value) : 0
    default: return value
  }
}

/** What makes a DocType what it is on this site: its own row and fields, and what the site's owners changed. */
export interface DocTypeParts { row: Loose; fields: readonly Loose[]; customFields: readonly Loose[]; setters: readonly Loose[] }

/** A DocType as the site applies it: custom fields added, property setters applied, fields in the order of the form. Inputs are left as they are. */
export function effectiveDocType({ row, fields, customFields, setters }: DocTypeParts): { row: Loose; fields: Loose[] } {
  const byIdx = (a: Loose, b: Loose) => int(a['idx']) - int(b['idx'])
  const all: Loose[] = [...[...fields].sort(byIdx), ...[...customFields].sort(byIdx).map((field) => ({ ...field, is_custom_field: 1 }))].map((field) => ({ ...field }))
  const result: Loose = { ...row }
  for (const setter of setters) {
    const property = text(setter['property'])
    if (setter['doctype_or_field'] === 'DocType') result[property] = cast(setter)
    if (setter['doctype_or_field'] !== 'DocField') continue
    const field = all.find((one) => one['fieldname'] === setter['field_name'])
    if (field !== undefined) field[property] = cast(setter)
  }
  return { row: result, fields: ordered(all, text(result['field_order'])) }
}

function fieldOrder(given: string, known: ReadonlyMap<string, Loose>): string[] {
  if (given === '') return []
  try {
    const parsed = JSON.parse(given) as unknown
    return Array.isArray(parsed) ? parsed.map(String).filter((name) => known.has(name)) : []
  } catch {
    return []
  }
}

/** Frappe's order: a `field_order` setter first, then custom fields after the field they name; standard fields keep their own order. */
function ordered(fields: Loose[], given: string): Loose[] {
  const known = new Map(fields.map((field) => [text(field['fieldname']), field]))
  let order = fieldOrder(given, known)
  if (order.length === fields.length) return order.map((name) => known.get(name)!)
  if (order.length > 0) {
    const first: string[] = []
    let found = false
    for (const [name, field] of known) {
      if (field['is_custom_field'] === 1) break
      if (order.includes(name)) { found = true; break }
      first.push(name)
    }
    order = found ? [...first, ...order] : first
  }
  const placed = new Set(order), after = new Map<string, string[]>(), begun = order.length > 0
  fields.forEach((field, i) => {
    const name = text(field['fieldname'])
    if (placed.has(name)) return
    const custom = field['is_custom_field'] === 1
    const before = custom ? text(field['insert_after']) : begun ? text(fields[i - 1]?.['fieldname']) : null
    if (before === null) order.push(name)
    else if (before === '') order.unshift(name)
    else after.set(before, [...after.get(before) ?? [], name])
  })
  for (let again = true; again;) {
    again = false
    for (const [before, names] of [...after]) {
      const at = order.indexOf(before)
      if (at < 0) continue
      order.splice(at + 1, 0, ...names)
      after.delete(before)
      again = true
    }
  }
  order.push(...[...after.values()].flat())
  // A fieldname that is there twice stays twice, as on the site.
  return order.map((name) => known.get(name)!)
}

const FIELD_TEXTS = ['label', 'options', 'default', 'mandatory_depends_on', 'fetch_from', 'precision'] as const
const TRUE = (value: unknown): boolean => value !== undefined && value !== null && value !== '' && Number(value) !== 0

/** A line of `doctypes.jsonl`: what is empty is left out. `controller` null: nobody knows what its Python class does. */
export function doctypeLine(effective: { row: Loose; fields: readonly Loose[] }, columns: readonly unknown[], controller: readonly string[] | null): Loose {
  const { row, fields } = effective, line: Loose = { name: row['name'], module: text(row['module']) }
  for (const key of DOCTYPE_TEXTS) if (text(row[key]) !== '') line[key] = row[key]
  for (const key of DOCTYPE_FLAGS) if (TRUE(row[key])) line[key] = 1
  return { ...line, fields: fields.map(fieldLine), columns, controller }
}

function fieldLine(field: Loose): Loose {
  const line: Loose = { fieldname: field['fieldname'], fieldtype: field['fieldtype'] }
  for (const key of FIELD_TEXTS) if (text(field[key]) !== '') line[key] = text(field[key])
  if (int(field['length']) > 0) line['length'] = int(field['length'])
  for (const key of FIELD_FLAGS) if (TRUE(field[key])) line[key] = 1
  return line
}
