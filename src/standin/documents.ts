import type { CaseDoc } from '../posting/replay.ts'
import { postOne } from '../posting/replay.ts'
import type { Json } from '../model/value.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import { refusal } from './refusal.ts'
import { SiteException, thrown, unsupported } from './exception.ts'
import { insertCustomField } from './custom-fields.ts'
import { readDocument, type DocumentJson } from './document-json.ts'
import type { ServedSite } from './served-site.ts'

export type GivenDocument = Record<string, Json>

export interface InsertHow {
  /** A given name is kept: `frappe.flags.api_name_set` of `/api/resource`. */
  keepName?: boolean
}

/** A document that was inserted, and which of its child rows came with the request, by table field. */
export interface Inserted { doctype: string; name: string; rows: Record<string, ReadonlySet<number>> }

/** Throws the DoesNotExistError of an unknown DocType. */
export function requireDoctype(served: ServedSite, doctype: string): void {
  if (served.site.doctype(doctype) === undefined) throw thrown('DoesNotExistError', `DocType ${doctype} not found`)
}

/** Throws what importing the controller of an unknown DocType does. */
export function requireModule(served: ServedSite, doctype: string): void {
  if (served.site.doctype(doctype) !== undefined) return
  throw new SiteException('ImportError', '', { text: `Module import failed for ${doctype}\nError: No module named 'frappe.core.doctype.${doctype.toLowerCase().replace(/[ -]/g, '_')}'`, messages: [], during: 'import' })
}

/** Inserts a document as the site would, and submits it when `docstatus` says so. Throws the exception the site would raise, Unsupported (501) for what cannot be predicted. */
export async function insertDocument(served: ServedSite, doctype: string, given: GivenDocument, how: InsertHow = {}): Promise<Inserted> {
  requireModule(served, doctype)
  const meta = served.site.doctype(doctype)!
  if (doctype === 'Custom Field') return insertCustomField(served, given)
  if (meta.issingle) throw unsupported(`${doctype} is a single: its values are settings, which the stand-in does not change`)
  const { doctype: _, docstatus, ...fields } = asNewRows(meta, given)
  const doc: CaseDoc = { ...fields, ...(docstatus === undefined ? {} : { docstatus }), doctype }
  const ordinal = served.nextOrdinal(), refusedNames = new Map<number, string>(), notices = new Map<number, string[]>()
  const made = await postOne(served.engine, doc, false, ordinal, { keepNames: how.keepName === true && typeof given['name'] === 'string' && given['name'] !== '', refusedNames, notices })
  for (const message of notices.get(ordinal) ?? []) served.messages.push({ message, title: 'Message', alert: 1 })
  if ('error' in made) throw await refusal(served, doctype, ordinal, made.error, refusedNames.get(ordinal) ?? null)
  return { doctype, name: made.name, rows: newRows(meta, given) }
}

/** Places of the rows of a given document that have no name: new ones. */
export function newRows(meta: DocTypeMeta, given: GivenDocument): Record<string, ReadonlySet<number>> {
  return Object.fromEntries(meta.tableFields().map(({ fieldname }) => {
    const rows = Array.isArray(given[fieldname]) ? given[fieldname] as (GivenDocument | null)[] : []
    return [fieldname, new Set(rows.flatMap((row, i) => (row?.['name'] ? [] : [i])))]
  }))
}

/** A child row that brings a name and says that it is new gets its defaults like any other. The site keeps its name then; the stand-in draws one. */
function asNewRows(meta: DocTypeMeta, given: GivenDocument): GivenDocument {
  const tables = new Set(meta.tableFields().map((field) => field.fieldname))
  return Object.fromEntries(Object.entries(given).map(([field, value]) => [field, !tables.has(field) || !Array.isArray(value) ? value : value.map((row) => {
    if (row === null || typeof row !== 'object' || Array.isArray(row) || !row['__islocal']) return row
    const { name: _name, __islocal: _new, ...rest } = row
    return rest
  })]))
}

/** The document as the answer to its insert shows it. */
export async function insertedJson(served: ServedSite, inserted: Inserted, nulls = false): Promise<DocumentJson> {
  return (await readDocument(served, inserted.doctype, inserted.name, { given: true, unsaved: inserted.rows, nulls }))!
}

/** A document of the site. Throws its DoesNotExistError. */
export async function getDocument(served: ServedSite, doctype: string, name: string): Promise<DocumentJson> {
  requireModule(served, doctype)
  const document = await readDocument(served, doctype, name)
  if (document === null) throw thrown('DoesNotExistError', `${doctype} ${name} not found`)
  return document
}
