import { ident, literal } from '../staging/staging.ts'
import type { Value } from '../model/value.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import { storedUnder } from '../posting/framework/names.ts'
import { pythonMoment, pythonSpan } from './python-text.ts'
import type { ServedSite } from './served-site.ts'

export type DocumentJson = { doctype: string; name: string } & Record<string, unknown>

const FIRST = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx']
const CHILD = ['parent', 'parentfield', 'parenttype']

export interface ReadHow {
  /** As the document stands in memory: times of day as they were given. */
  given?: boolean
  /** Rows that came new with the request are still marked `__unsaved`: their places from 0, by table field. */
  unsaved?: Record<string, ReadonlySet<number>>
  /** NULLs too. Frappe leaves them out of its answers. */
  nulls?: boolean
}

/** Name under which the site has a document, or null. The site's collation decides what is the same name. */
export async function storedName(served: ServedSite, doctype: string, name: string): Promise<string | null> {
  const meta = served.site.doctype(doctype)
  if (meta === undefined || meta.columns.length === 0) return null
  return [...(await storedUnder(served.staging, `rows.${ident(meta.table)}`, 'name', [name])).values()][0] ?? null
}

/** A document of the site as Frappe's `as_dict` gives it, child rows too; null when there is none. */
export async function readDocument(served: ServedSite, doctype: string, name: string, how: ReadHow = {}): Promise<DocumentJson | null> {
  const meta = served.site.doctype(doctype)
  if (meta?.issingle) return readSingle(served, meta)
  const stored = await storedName(served, doctype, name)
  if (meta === undefined || stored === null) return null
  const row = await served.staging.one<Record<string, Value>>(`SELECT * FROM rows.${ident(meta.table)} WHERE name = ${literal(stored)}`)
  const document = rowJson(meta, row!, how)
  for (const field of meta.tableFields()) {
    const child = served.site.doctype(field.options ?? '')
    document[field.fieldname] = child === undefined || child.columns.length === 0 ? [] : (await served.staging.all<Record<string, Value>>(
      `SELECT * FROM rows.${ident(child.table)} WHERE parent = ${literal(stored)} AND parenttype = ${literal(doctype)} AND parentfield = ${literal(field.fieldname)} ORDER BY idx, name`,
    )).map((item, i) => ({ ...rowJson(child, item, how), ...(how.unsaved?.[field.fieldname]?.has(i) ? { __unsaved: 1 } : {}) }))
  }
  return document
}

/** Singles are stored field by field, as text. */
async function readSingle(served: ServedSite, meta: DocTypeMeta): Promise<DocumentJson> {
  const rows = await served.staging.all<{ field: string; value: string | null }>(`SELECT field, "value" FROM rows."tabSingles" WHERE doctype = ${literal(meta.name)}`)
  const values = new Map(rows.map((row) => [row.field, row.value]))
  const document: DocumentJson = { name: meta.name, doctype: meta.name }
  for (const key of FIRST) if (values.get(key) !== undefined && values.get(key) !== null) document[key] = ['docstatus', 'idx'].includes(key) ? Number(values.get(key)) : values.get(key)
  for (const field of meta.valueFields()) {
    const value = values.get(field.fieldname) ?? null, kind = field.fieldtype
    if (['Check', 'Int', 'Long Int'].includes(kind)) document[field.fieldname] = Math.trunc(Number(value ?? 0))
    else if (['Float', 'Currency', 'Percent', 'Rating'].includes(kind)) document[field.fieldname] = Number(value ?? 0)
    else if (value !== null) document[field.fieldname] = value
  }
  for (const field of meta.tableFields()) document[field.fieldname] = []
  return document
}

/** A row of the DocType's table in Frappe's order of keys. */
function rowJson(meta: DocTypeMeta, row: Record<string, Value>, how: ReadHow): DocumentJson {
  const document: Record<string, unknown> = {}
  const put = (key: string) => {
    const column = meta.column(key)
    if (column === undefined) return
    const value = outward(row[key] ?? null, column.type, how.given ?? false)
    if (value !== null || how.nulls) document[key] = value
  }
  for (const key of FIRST) put(key)
  for (const field of meta.valueFields()) put(field.fieldname)
  if (meta.istable) for (const key of CHILD) put(key)
  document['doctype'] = meta.name
  return document as DocumentJson
}

/** A stored value as JSON has it. `given`: a time is still the text the document was given. */
export function outward(value: Value, type: string, given = false): unknown {
  if (value === null) return null
  if (type.startsWith('decimal') || type.startsWith('double')) return Number(value)
  if (type.startsWith('datetime')) return pythonMoment(String(value))
  if (type.startsWith('time')) return given ? String(value) : pythonSpan(String(value))
  return typeof value === 'bigint' ? Number(value) : value
}
