import type { Json } from '../model/value.ts'
import { timestamp } from '../model/clock.ts'
import type { DocTypeMeta, Field } from '../site/doctype.ts'
import { newRows, requireModule, type GivenDocument } from './documents.ts'
import { outward, readDocument, type DocumentJson } from './document-json.ts'
import { SiteException, thrown, unsupported } from './exception.ts'
import { cint } from './python-text.ts'
import { applyChange, predict, submitDraft } from './change.ts'
import type { ServedSite } from './served-site.ts'

export interface UpdateHow {
  /** The document as a whole was sent (`frappe.client.save`), not the fields that change: what is not in it is empty, and `modified` must be that of the site. */
  whole?: boolean
}

const STATUS = ['Draft', 'Submitted', 'Cancelled']
/** Keys of a document no change goes by. */
const KEPT = new Set(['name', 'doctype', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype', 'flags', '__islocal', '__unsaved', '__onload', '__last_sync_on'])

/** Changes a document as `doc.update(given); doc.save()`. Opens transactions of its own. Throws the exception the site would raise, Unsupported for what cannot be predicted. */
export async function updateDocument(served: ServedSite, doctype: string, name: string, given: GivenDocument, how: UpdateHow = {}): Promise<DocumentJson> {
  requireModule(served, doctype)
  const meta = served.site.doctype(doctype)!, stored = await readDocument(served, doctype, name, { nulls: true })
  if (stored === null) throw thrown('DoesNotExistError', `${doctype} ${name} not found`)
  if (meta.issingle || meta.istable || doctype === 'Custom Field') throw unsupported(`The stand-in does not change documents of ${doctype}`)
  checkLatest(served, stored, given, how)
  const before = cint(stored['docstatus']), after = given['docstatus'] === undefined || given['docstatus'] === null ? before : cint(given['docstatus'])
  checkTransition(before, after)
  const wanted = merge(meta, stored, given, how)
  checkConstants(meta, stored, wanted)
  if (before === 1) await changeSubmitted(served, meta, stored, wanted, after)
  else if (after === 1) await submitDraft(served, meta, stored, wanted)
  else {
    const now = await predict(served, meta, stored, stored), then = await predict(served, meta, stored, wanted)
    await applyChange(served, meta, stored, given, now, then)
  }
  return (await readDocument(served, doctype, stored.name, { unsaved: newRows(meta, given) }))!
}

/** Somebody else's change in between is refused. */
function checkLatest(served: ServedSite, stored: DocumentJson, given: GivenDocument, how: UpdateHow): void {
  const claimed = given['modified'] ?? (how.whole ? '' : null)
  if (claimed === null || claimed === stored['modified']) return
  throw thrown('TimestampMismatchError', `Error: Document has been modified after you have opened it (${String(stored['modified'])}, ${timestamp(served.clock)}). Please refresh to get the latest document.`)
}

function checkTransition(before: number, after: number): void {
  if (before === 2) throw thrown('ValidationError', 'Cannot edit cancelled document', { messages: [] })
  const raised = (type: string, message: string) => new SiteException(type, message, { messages: [] })
  if (before === 0 && after === 2) throw raised('DocstatusTransitionError', 'Cannot change docstatus from 0 (Draft) to 2 (Cancelled)')
  if (before === 1 && after === 0) throw raised('DocstatusTransitionError', 'Cannot change docstatus from 1 (Submitted) to 0 (Draft)')
  if (STATUS[after] === undefined) throw raised('ValidationError', 'Invalid docstatus')
}

/** The document as it would be saved. */
function merge(meta: DocTypeMeta, stored: DocumentJson, given: GivenDocument, how: UpdateHow): DocumentJson {
  const wanted: DocumentJson = { name: stored.name, doctype: meta.name }
  const tables = new Set(meta.tableFields().map((field) => field.fieldname))
  for (const field of meta.fields) {
    const key = field.fieldname, known = key in given && !KEPT.has(key)
    if (!known) wanted[key] = how.whole ? (tables.has(key) ? [] : null) : stored[key] ?? (tables.has(key) ? [] : null)
    else if (!tables.has(key)) wanted[key] = given[key]
    else wanted[key] = (Array.isArray(given[key]) ? given[key] as Json[] : []).map((row) => (row !== null && typeof row === 'object' && !Array.isArray(row) ? row : {}))
  }
  return wanted
}

/** Fields that are set once keep their value. */
function checkConstants(meta: DocTypeMeta, stored: DocumentJson, wanted: DocumentJson): void {
  for (const field of meta.fields) {
    const old = stored[field.fieldname]
    if (!field.set_only_once || old === null || old === undefined || old === '' || old === 0 || Array.isArray(old) || same(meta, field, old, wanted[field.fieldname])) continue
    throw thrown('CannotChangeConstantError', `Value cannot be changed for <strong>${field.label}</strong>`)
  }
}

function same(meta: DocTypeMeta, field: Field, old: unknown, value: unknown): boolean {
  const type = meta.column(field.fieldname)?.type ?? 'varchar'
  const text = (given: unknown) => (given === null || given === undefined ? '' : /^(int|decimal|tinyint)/.test(type) ? String(Number(given)) : String(outward(given as never, type)))
  return text(old) === text(value)
}

/** Of a submitted document only fields that allow it may change, or it is cancelled; both only where no controller of its own has a say. */
async function changeSubmitted(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, wanted: DocumentJson, after: number): Promise<void> {
  const changed = meta.valueFields().filter((field) => !same(meta, field, stored[field.fieldname], wanted[field.fieldname]))
  const locked = changed.find((field) => !field.allow_on_submit)
  if (after === 1 && locked !== undefined) {
    const [old, value] = [stored[locked.fieldname], wanted[locked.fieldname]].map((item) => (item === null || item === undefined ? 'None' : String(item)))
    throw thrown('UpdateAfterSubmitError', ` Not allowed to change <strong>${locked.label}</strong> after submission from <strong>${old}</strong> to <strong>${value}</strong>`, { title: 'Cannot Update After Submit' })
  }
  if (meta.controller?.length !== 0 && (meta.is_submittable || after !== 2)) throw unsupported(after === 2 ? `What cancelling a ${meta.name} does (${meta.controller?.join(', ') ?? 'code nobody knows'}) cannot be predicted` : `What changing a submitted ${meta.name} does cannot be predicted`)
  await served.transaction(() => served.setColumns(meta, stored.name, { ...Object.fromEntries(changed.map((field) => [field.fieldname, wanted[field.fieldname] as Json])), ...(after === 2 ? { docstatus: 2 } : {}) }, after === 2 ? 2 : null))
}
