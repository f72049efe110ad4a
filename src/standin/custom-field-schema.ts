import { ident } from '../staging/staging.ts'
import type { Staging } from '../staging/staging.ts'
import { columnOf } from '../site/custom-field-columns.ts'
import { duckType } from '../site/tables.ts'
import type { Site } from '../site/site.ts'

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
