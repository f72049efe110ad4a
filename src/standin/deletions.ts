import { ident, literal } from '../staging/staging.ts'
import { readDocument, type DocumentJson } from './document-json.ts'
import { requireDoctype } from './documents.ts'
import { thrown, unsupported } from './exception.ts'
import type { ServedSite } from './served-site.ts'

/** Deletes a document as `frappe.delete_doc` does: not one that is submitted, not one that others link to. Throws the exception the site would raise. */
export async function deleteDocument(served: ServedSite, doctype: string, name: string): Promise<void> {
  requireDoctype(served, doctype)
  const document = await readDocument(served, doctype, name), meta = served.site.doctype(doctype)!
  if (document === null) throw thrown('DoesNotExistError', `${doctype} ${name} not found`)
  if (meta.issingle || meta.istable) throw unsupported(`The stand-in deletes no ${doctype}`)
  if (document['docstatus'] === 1) throw thrown('ValidationError', `${doctype} ${link(doctype, document.name)}: Submitted Record cannot be deleted. You must <a href="https://docs.erpnext.com//docs/user/manual/en/setting-up/articles/delete-submitted-document" target="_blank">Cancel</a> it first.`)
  if (meta.nsm_parent_field) throw unsupported(`Taking a ${doctype} out of its tree is not covered`)
  await refuseLinked(served, document)
  await removeRows(served, document)
}

function link(doctype: string, name: string): string {
  return `<a href="/app/${doctype.toLowerCase().replaceAll(' ', '-')}/${encodeURIComponent(name)}" style="font-weight: bold;">${name}</a>`
}

/** Links to the document from others that are not cancelled. */
async function refuseLinked(served: ServedSite, document: DocumentJson): Promise<void> {
  for (const meta of served.site.doctypes()) {
    if (meta.columns.length === 0 || meta.name === 'Version' || meta.name === 'Comment') continue
    const fields = meta.linkFields().filter((field) => field.options === document.doctype && meta.column(field.fieldname) !== undefined)
    for (const field of fields) {
      const own = meta.istable ? `parenttype = ${literal(document.doctype)} AND parent = ${literal(document.name)}` : meta.name === document.doctype ? `name = ${literal(document.name)}` : 'FALSE'
      const found = await served.staging.one<{ name: string; parent: string | null; parenttype: string | null }>(`SELECT CAST(name AS VARCHAR) AS name, ${meta.istable ? 'parent, parenttype' : 'NULL AS parent, NULL AS parenttype'} FROM rows.${ident(meta.table)} WHERE ${ident(field.fieldname)} = ${literal(document.name)} AND docstatus < 2 AND NOT (${own}) LIMIT 1`)
      if (found === undefined) continue
      const by = meta.istable ? { doctype: found.parenttype ?? '', name: found.parent ?? '' } : { doctype: meta.name, name: found.name }
      throw thrown('LinkExistsError', `Cannot delete or cancel because ${document.doctype} ${link(document.doctype, document.name)} is linked with ${by.doctype} ${link(by.doctype, by.name)} `)
    }
  }
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
