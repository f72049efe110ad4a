import { ident } from '../staging/staging.ts'
import type { Staging } from '../staging/staging.ts'
import type { Column } from '../site/doctype.ts'
import { duckType } from '../site/tables.ts'
import type { Site } from '../site/site.ts'

/** MariaDB column of a field type that a Custom Field may have here; absent: it has no column, or none we make. */
const COLUMN_TYPES: Record<string, string> = {
  Data: 'varchar(140)', Link: 'varchar(140)', 'Dynamic Link': 'varchar(140)', Select: 'varchar(140)', 'Read Only': 'varchar(140)', Phone: 'varchar(140)', Barcode: 'longtext', Color: 'varchar(140)', Icon: 'varchar(140)',
  Autocomplete: 'varchar(140)', Password: 'text', Attach: 'text', 'Attach Image': 'text', 'Small Text': 'text', Text: 'text', 'Long Text': 'longtext', 'Text Editor': 'longtext', 'Markdown Editor': 'longtext', Code: 'longtext',
  'HTML Editor': 'longtext', Geolocation: 'longtext', JSON: 'longtext', Signature: 'longtext', Int: 'int(11)', Check: 'int(1)', Float: 'decimal(21,9)', Currency: 'decimal(21,9)', Percent: 'decimal(21,9)', Duration: 'decimal(21,9)',
  Rating: 'decimal(3,2)', Date: 'date', Datetime: 'datetime(6)', Time: 'time(6)',
}

/** Column a Custom Field adds to its DocType's table, or null for one that only lays out a form. */
export function columnOf(field: CustomField): Column | null {
  const type = COLUMN_TYPES[field.fieldtype]
  if (type === undefined) return null
  const numeric = type.startsWith('int') || type.startsWith('decimal')
  return { name: field.fieldname, type, nullable: !numeric, key: field.unique ? 'UNI' : '', default: numeric ? '0' : null }
}

export interface CustomField { dt: string; fieldname: string; fieldtype: string; unique: number }

/** The site with the custom fields of its own table `tabCustom Field` that it was not recorded with; missing columns are added to `rows`. The same site when there are none. */
export async function withCustomFields(site: Site, staging: Staging): Promise<Site> {
  const columns = ['dt', 'fieldname', 'fieldtype', 'label', 'options', '"default"', 'reqd', '"unique"', 'read_only', 'hidden', 'no_copy', 'allow_on_submit', 'non_negative', 'fetch_from', 'fetch_if_empty', 'mandatory_depends_on', '"length"', '"precision"', 'is_virtual', 'search_index', 'ignore_user_permissions']
  const rows = await staging.all<CustomField & Record<string, string | number | null>>(`SELECT ${columns.join(', ')} FROM rows."tabCustom Field" ORDER BY creation, idx, name`)
  let extended = site
  for (const row of rows) {
    const meta = extended.doctype(row.dt)
    if (meta === undefined || meta.field(row.fieldname) !== undefined) continue
    const column = meta.issingle || meta.is_virtual ? null : columnOf(row)
    extended = extended.withField(row.dt, row, column)
    if (column !== null) await staging.run(`ALTER TABLE rows.${ident(meta.table)} ADD COLUMN IF NOT EXISTS ${ident(column.name)} ${duckType(column.type)}${column.default === null ? '' : ' DEFAULT 0'}`)
  }
  return extended
}
