import type { Json } from '../model/value.ts'
import type { ApiRequest } from './api-request.ts'
import { readDocument } from './document-json.ts'
import { getDocument, insertDocument, insertedJson, requireDoctype, requireModule, type GivenDocument, type Inserted } from './documents.ts'
import { deleteDocument } from './deletions.ts'
import { thrown, unsupported } from './exception.ts'
import { countDocuments, listDocuments, type ListQuery } from './lists.ts'
import { updateDocument, type UpdateHow } from './updates.ts'
import type { ServedSite } from './served-site.ts'

/** Arguments of a method, as the request's form gives them. */
export type Arguments = Record<string, Json>

export interface Method {
  /** HTTP methods it may be called with; absent: any. */
  http?: string[]
  /** Callable without a login. */
  guest?: boolean
  /** It opens transactions of its own; else one that may write is a transaction. */
  own?: boolean
  run(served: ServedSite, args: Arguments, request: ApiRequest): Promise<unknown>
}

/** Fields `set_value` leaves alone. */
const FIXED = new Set(['doctype', 'name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype'])
const WRITES = ['POST', 'PUT']

function parsed(value: Json | undefined): Json {
  return typeof value === 'string' ? JSON.parse(value) as Json : value ?? null
}

function document(value: Json | undefined): GivenDocument {
  const doc = parsed(value)
  if (doc === null || typeof doc !== 'object' || Array.isArray(doc)) throw thrown('TypeError', `'NoneType' object is not iterable`, { messages: [] })
  return doc
}

function text(args: Arguments, key: string): string {
  const value = args[key]
  if (value === undefined || value === null) throw thrown('TypeError', `missing 1 required positional argument: '${key}'`, { messages: [] })
  return String(value)
}

/** `as_dict()`, which unlike the documents of `/api/resource` shows what is empty. */
async function whole(served: ServedSite, doctype: string, name: string): Promise<unknown> {
  return readDocument(served, doctype, name, { nulls: true })
}

async function update(served: ServedSite, doctype: string, name: string, given: GivenDocument, how: UpdateHow = {}): Promise<unknown> {
  return whole(served, doctype, (await updateDocument(served, doctype, name, given, how)).name)
}

async function insertOne(served: ServedSite, doc: GivenDocument): Promise<Inserted> {
  if (!doc['doctype']) throw thrown('ValueError', '"doctype" is a required key', { messages: [] })
  const doctype = String(doc['doctype'])
  requireModule(served, doctype)
  if (served.site.doctype(doctype)!.istable) throw unsupported('The stand-in inserts no single child rows')
  return insertDocument(served, doctype, doc)
}

async function firstValue(served: ServedSite, args: Arguments): Promise<unknown> {
  const doctype = text(args, 'doctype'), fields = fieldNames(args['fieldname']), meta = served.site.doctype(doctype)
  if (meta?.issingle) {
    const single = await readDocument(served, doctype, doctype)
    return Object.fromEntries(fields.map((field) => [field, single?.[field] ?? null]))
  }
  let filters = args['filters'] ?? null
  if (typeof filters === 'string') {
    try { filters = JSON.parse(filters) as Json } catch { filters = { name: filters } }
  }
  if (typeof filters === 'number' || typeof filters === 'string') filters = { name: String(filters) }
  const asDict = !['0', 'false'].includes(String(args['as_dict'] ?? '1').toLowerCase())
  const rows = await listDocuments(served, doctype, { fields, filters, limit_page_length: 1, as_dict: asDict ? 1 : 0, parent: args['parent'] ?? null })
  if (asDict) return rows[0] ?? {}
  const row = rows[0] as unknown[] | undefined
  return row === undefined ? null : fields.length > 1 ? row : row[0]
}

function fieldNames(value: Json | undefined): string[] {
  let fields: Json = value ?? 'name'
  if (typeof fields === 'string') {
    try { fields = JSON.parse(fields) as Json } catch { /* a plain fieldname */ }
  }
  return Array.isArray(fields) ? fields.map(String) : [String(fields)]
}

async function found(served: ServedSite, doctype: string, name: string): Promise<unknown> {
  return whole(served, doctype, (await getDocument(served, doctype, name)).name)
}

async function getOne(served: ServedSite, args: Arguments): Promise<unknown> {
  const doctype = text(args, 'doctype')
  requireDoctype(served, doctype)
  if (args['name'] !== undefined && args['name'] !== null && args['name'] !== '') return found(served, doctype, String(args['name']))
  if (args['filters'] !== undefined && args['filters'] !== null) {
    const names = await listDocuments(served, doctype, { fields: ['name'], filters: args['filters'], limit_page_length: 1, order_by: 'creation desc' }) as { name: string }[]
    if (names.length === 0) throw thrown('DoesNotExistError', `${doctype} ${JSON.stringify(parsed(args['filters']))} not found`)
    return whole(served, doctype, names[0]!.name)
  }
  return found(served, doctype, doctype)
}

async function bulkUpdate(served: ServedSite, args: Arguments): Promise<unknown> {
  const docs = parsed(args['docs'])
  if (!Array.isArray(docs)) throw thrown('TypeError', 'the JSON object must be str, bytes or bytearray, not NoneType', { messages: [] })
  // Those that fail would stay half done here; the site goes on after each.
  for (const doc of docs as GivenDocument[]) {
    const { doctype, docname, flags: _, ...fields } = doc
    await updateDocument(served, String(doctype ?? ''), String(docname ?? ''), fields)
  }
  return { failed_docs: [] }
}

/** `frappe.client`: what clients of the REST API call most. */
export const CLIENT_METHODS: Record<string, Method> = {
  'frappe.client.get_list': { run: async (served, args) => listDocuments(served, text(args, 'doctype'), args as ListQuery) },
  'frappe.client.get_count': { run: async (served, args) => countDocuments(served, text(args, 'doctype'), args['filters']) },
  'frappe.client.get': { run: getOne },
  'frappe.client.get_value': { run: firstValue },
  'frappe.client.get_single_value': { run: async (served, args) => (await readDocument(served, text(args, 'doctype'), text(args, 'doctype')))?.[text(args, 'field')] ?? null },
  'frappe.client.insert': { http: WRITES, run: async (served, args) => insertedJson(served, await insertOne(served, document(args['doc'])), true) },
  'frappe.client.insert_many': {
    http: WRITES,
    run: async (served, args) => {
      const docs = parsed(args['docs'])
      if (!Array.isArray(docs)) throw thrown('TypeError', `object of type 'NoneType' has no len()`, { messages: [] })
      if (docs.length > 200) throw thrown('ValidationError', 'Only 200 inserts allowed in one request')
      const names: string[] = []
      for (const doc of docs) names.push((await insertOne(served, document(doc))).name)
      return names
    },
  },
  'frappe.client.save': {
    http: WRITES, own: true,
    run: async (served, args) => {
      const doc = document(args['doc'])
      if (!doc['name'] || doc['__islocal']) return served.transaction(async () => insertedJson(served, await insertOne(served, doc), true))
      return update(served, String(doc['doctype'] ?? ''), String(doc['name']), doc, { whole: true })
    },
  },
  'frappe.client.submit': {
    http: WRITES, own: true,
    run: async (served, args) => {
      const doc = document(args['doc'])
      if (!doc['name'] || doc['__islocal']) return served.transaction(async () => insertedJson(served, await insertOne(served, { ...doc, docstatus: 1 }), true))
      return update(served, String(doc['doctype'] ?? ''), String(doc['name']), { ...doc, docstatus: 1 }, { whole: true })
    },
  },
  'frappe.client.set_value': {
    http: WRITES, own: true,
    run: async (served, args) => {
      if (typeof args['fieldname'] === 'string' && FIXED.has(args['fieldname'])) throw thrown('ValidationError', 'Cannot edit standard fields')
      const field = args['fieldname'] ?? null, value = args['value'] ?? null
      let values: Json = field
      if (value !== null && value !== '' && value !== 0) values = { [String(field)]: value }
      else if (typeof field === 'string') {
        try { values = JSON.parse(field) as Json } catch { values = { [field]: '' } }
      }
      return update(served, text(args, 'doctype'), text(args, 'name'), values as GivenDocument)
    },
  },
  'frappe.client.cancel': { http: WRITES, own: true, run: async (served, args) => update(served, text(args, 'doctype'), text(args, 'name'), { docstatus: 2 }) },
  'frappe.client.delete': { http: ['DELETE', 'POST'], run: async (served, args) => { await deleteDocument(served, text(args, 'doctype'), text(args, 'name')); return null } },
  'frappe.client.bulk_update': { http: WRITES, own: true, run: bulkUpdate },
  'frappe.client.rename_doc': { http: WRITES, run: async () => { throw unsupported('Renaming a document changes all that link to it, which the stand-in does not do') } },
}
