import { ident, literal } from '../staging/staging.ts'
import { timestamp } from '../model/clock.ts'
import { readDocument, type DocumentJson } from './document-json.ts'
import { SiteException, thrown, unsupported, type ServerMessage } from './exception.ts'
import { pythonJson } from './python-text.ts'
import type { ServedSite } from './served-site.ts'

/** Deletes a document as `frappe.delete_doc` does: not one that is submitted, not one that others link to. Within a transaction. Throws the exception the site would raise. */
export async function deleteDocument(served: ServedSite, doctype: string, name: string): Promise<void> {
  if (served.site.doctype(doctype) === undefined) throw new SiteException('DoesNotExistError', '', { messages: [] })
  const document = await readDocument(served, doctype, name, { nulls: true }), meta = served.site.doctype(doctype)!
  if (document === null) throw new SiteException('DoesNotExistError', '', { messages: [] })
  if (meta.issingle || meta.istable || doctype === 'Custom Field') throw unsupported(`The stand-in deletes no ${doctype}`)
  if (meta.is_submittable && document['docstatus'] === 1) {
    throw thrown('ValidationError', `${doctype} ${document.name}: Submitted Record cannot be deleted. You must <a href='https://docs.erpnext.com//docs/user/manual/en/setting-up/articles/delete-submitted-document' target='_blank'> Cancel </a> it first.`)
  }
  await leaveTree(served, document, meta.nsm_parent_field)
  await takeAlong(served, document)
  await refuseLinked(served, document, meta.field('disabled') !== undefined || meta.field('enabled') !== undefined)
  await giveNumberBack(served, document.name, meta.autoname)
  await removeRows(served, document)
  await keepDeleted(served, document)
}

/** A node without children leaves its tree, and the nodes to its right move up. */
async function leaveTree(served: ServedSite, document: DocumentJson, parentField: string | null): Promise<void> {
  if (parentField === null || parentField === '') return
  const table = `rows.${ident(`tab${document.doctype}`)}`, lft = Number(document['lft'] ?? 0), rgt = Number(document['rgt'] ?? 0)
  const child = await served.staging.one(`SELECT 1 FROM ${table} WHERE ${ident(parentField)} = ${literal(document.name)} LIMIT 1`)
  if (child !== undefined) throw thrown('NestedSetChildExistsError', `Cannot delete ${document.name} as it has child nodes`, document.doctype === 'Account' || document.doctype === 'Warehouse' ? { app: 'erpnext' } : {})
  // A Supplier Group stays where it is and leaves a gap.
  if (document.doctype === 'Supplier Group' || !document[parentField]) return
  await served.staging.run(`UPDATE ${table} SET rgt = rgt - 2 WHERE lft < ${lft} AND rgt > ${rgt}; UPDATE ${table} SET lft = lft - 2, rgt = rgt - 2 WHERE lft > ${rgt}`)
}

/** What controllers delete with their document, where it is rows of their own; anything else they do is not covered. */
async function takeAlong(served: ServedSite, document: DocumentJson): Promise<void> {
  const of = (table: string, column: string) => `rows.${ident(table)} WHERE ${ident(column)} = ${literal(document.name)}`
  if (WITH_CONTACTS.has(document.doctype)) await removeContacts(served, document)
  if (document.doctype === 'File') {
    const others = await served.staging.one(`SELECT 1 FROM rows."tabFile" WHERE file_url = ${literal(String(document['file_url'] ?? ''))} AND name <> ${literal(document.name)} LIMIT 1`)
    if (others === undefined && document['file_url']) served.files.remove(String(document['file_url']))
  }
  if (document.doctype === 'Item') await served.staging.run(`DELETE FROM ${of('tabBin', 'item_code')}; DELETE FROM ${of('tabItem Price', 'item_code')}`)
  if (document.doctype === 'Warehouse' && await served.staging.one(`SELECT 1 FROM ${of('tabBin', 'warehouse')} LIMIT 1`) !== undefined) throw unsupported('Deleting a Warehouse with stock is not covered')
}

/** DocTypes whose contacts and addresses go with them. */
const WITH_CONTACTS = new Set(['Customer', 'Supplier', 'Lead', 'Prospect', 'Bank', 'Bank Account', 'Shareholder'])

/** Contacts and addresses that belong to nobody else are deleted; the others lose their link. */
async function removeContacts(served: ServedSite, document: DocumentJson): Promise<void> {
  const to = `link_doctype = ${literal(document.doctype)} AND link_name = ${literal(document.name)}`
  for (const parenttype of ['Contact', 'Address']) {
    for (const { parent } of await served.staging.all<{ parent: string }>(`SELECT DISTINCT parent FROM rows."tabDynamic Link" WHERE parenttype = ${literal(parenttype)} AND ${to}`)) {
      const links = `rows."tabDynamic Link" WHERE parenttype = ${literal(parenttype)} AND parent = ${literal(parent)}`
      const others = await served.staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${links} AND NOT (${to})`), contact = await readDocument(served, parenttype, parent, { nulls: true })
      if (Number(others!.n) > 0 || contact === null) await served.staging.run(`DELETE FROM ${links} AND ${to}`)
      else {
        await removeRows(served, contact)
        await keepDeleted(served, contact)
      }
    }
  }
}

function link(doctype: string, name: string): string {
  return `<a href="/app/Form/${doctype}/${name}">${name}</a>`
}

/** DocTypes whose links do not keep a document from being deleted. */
const IGNORED = new Set(['Communication', 'ToDo', 'DocShare', 'Email Unsubscribe', 'Activity Log', 'File', 'Version', 'Document Follow', 'Comment', 'View Log', 'Tag Link', 'Notification Log', 'Email Queue', 'Document Share Key', 'Integration Request', 'Unhandled Email',
  'Webhook Request Log', 'Workspace', 'Deleted Document', 'Transaction Deletion Record', 'Access Log', 'Error Log'])

/** Links to the document, of any status. Which of several links is told is the site's chance; here it is the first by DocType and name. */
async function refuseLinked(served: ServedSite, document: DocumentJson, canDisable: boolean): Promise<void> {
  const name = literal(document.name)
  for (const meta of served.site.doctypes()) {
    if (meta.columns.length === 0 || IGNORED.has(meta.name)) continue
    const found: string[] = []
    for (const field of meta.linkFields()) if (field.options === document.doctype && meta.column(field.fieldname) !== undefined) found.push(`${ident(field.fieldname)} = ${name}`)
    const dynamic = meta.dynamicLinkFields().filter((field) => meta.column(field.fieldname) !== undefined && meta.column(field.options ?? '') !== undefined).map((field) => `(${ident(field.fieldname)} = ${name} AND ${ident(field.options!)} = ${literal(document.doctype)})`)
    if (found.length + dynamic.length === 0) continue
    const columns = meta.istable ? 'parent, parenttype' : 'NULL AS parent, NULL AS parenttype', own = meta.name === document.doctype ? ` AND CAST(name AS VARCHAR) <> ${name}` : ''
    const row = await served.staging.one<{ name: string; parent: string | null; parenttype: string | null}>(
      `SELECT CAST(name AS VARCHAR) AS name, ${columns} FROM rows.${ident(meta.table)} WHERE (${[...found, ...dynamic].join(' OR ')})${own} ORDER BY 2, 1 LIMIT 1`)
    if (row === undefined) continue
    const by = row.parent === null ? { doctype: meta.name, name: row.name } : { doctype: row.parenttype ?? '', name: row.parent }
    if (IGNORED.has(by.doctype)) continue
    refuse(document, by, canDisable)
  }
}

function refuse(document: DocumentJson, by: { doctype: string; name: string }, canDisable: boolean): never {
  const message = `Cannot delete or cancel because ${document.doctype} ${link(document.doctype, document.name)} is linked with ${by.doctype} ${link(by.doctype, by.name)} `
  if (!canDisable) throw thrown('LinkExistsError', message)
  const shown = (text: string): ServerMessage => ({ message: text, title: 'Message', indicator: 'red', raise_exception: 1, __frappe_exc_id: '' })
  const text = `You can disable this ${document.doctype} instead of deleting it.`
  throw thrown('LinkExistsError', text, { messages: [shown(message), shown(text)], during: 'unlink' })
}

/** The last number of a series is given again. */
async function giveNumberBack(served: ServedSite, name: string, autoname: string | null): Promise<void> {
  if (!/^(naming_series:|format:)|#/.test(autoname ?? '')) return
  const digits = /\d+$/.exec(name)?.[0]
  if (digits === undefined) return
  const prefixes = Array.from({ length: digits.length }, (_, i) => ({ prefix: name.slice(0, name.length - digits.length + i), number: Number(digits.slice(i)) }))
  for (const { prefix, number } of prefixes) await served.staging.run(`UPDATE rows."tabSeries" SET "current" = ${number - 1} WHERE name = ${literal(prefix)} AND "current" = ${number}`)
}

/** Removes the rows of a document and of its children. */
export async function removeRows(served: ServedSite, document: { doctype: string; name: string }): Promise<void> {
  const meta = served.site.doctype(document.doctype)!
  for (const field of meta.tableFields()) {
    const child = served.site.doctype(field.options ?? '')
    if (child === undefined || child.columns.length === 0) continue
    await served.staging.run(`DELETE FROM rows.${ident(child.table)} WHERE parenttype = ${literal(document.doctype)} AND parent = ${literal(document.name)} AND parentfield = ${literal(field.fieldname)}`)
  }
  await served.staging.run(`DELETE FROM rows.${ident(meta.table)} WHERE name = ${literal(document.name)}`)
}

/** A Deleted Document remembers it. */
async function keepDeleted(served: ServedSite, document: DocumentJson): Promise<void> {
  const meta = served.site.doctype('Deleted Document'), now = timestamp(served.clock)
  if (meta === undefined || document.doctype === 'Deleted Document') return
  await served.insertRow(meta, {
    name: `zz${(served.nextOrdinal() * 1000).toString(36).padStart(8, '0')}`, owner: 'Administrator', modified_by: 'Administrator', creation: now, modified: now, docstatus: 0, idx: 0,
    deleted_doctype: document.doctype, deleted_name: document.name, data: pythonJson(document), restored: 0,
  })
}
