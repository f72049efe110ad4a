import { createHash } from 'node:crypto'
import { literal } from '../staging/staging.ts'
import { timestamp } from '../model/clock.ts'
import type { Value } from '../model/value.ts'
import type { ApiRequest } from './api-request.ts'
import { readDocument, storedName } from './document-json.ts'
import { thrown, unsupported } from './exception.ts'
import { cint } from './python-text.ts'
import type { ServedSite } from './served-site.ts'

/** What a File says its type is, by the ending of its name: the usual ending of its MIME type. */
const TYPES: Record<string, string> = {
  txt: 'TXT', csv: 'CSV', pdf: 'PDF', png: 'PNG', jpg: 'JPG', jpeg: 'JPG', gif: 'GIF', html: 'HTML', htm: 'HTML', json: 'JSON', xml: 'XML', zip: 'ZIP', svg: 'SVG', webp: 'WEBP', xls: 'XLS', xlsx: 'XLSX', doc: 'DOC', docx: 'DOCX', mp4: 'MP4', md: 'MD',
}

/** `upload_file`: stores the bytes and a File, attached to a document where one is named. Answers the File. Within a transaction. */
export async function uploadFile(served: ServedSite, request: ApiRequest): Promise<unknown> {
  const { form } = request, file = request.files.find((item) => item.field === 'file')
  const text = (key: string): string | null => (form[key] === undefined || form[key] === null || form[key] === '' ? null : String(form[key]))
  if (text('method') !== null || text('library_file_name') !== null) throw unsupported('The stand-in takes files as they are: no method, no library')
  const given = file?.filename ?? text('file_name'), url = text('file_url')
  if (given === null && url === null) throw thrown('MandatoryError', 'Fields `file_name` or `file_url` must be set for File')
  if (file === undefined && url !== null && !/^https?:/.test(url)) throw unsupported('The stand-in links files of other sites only')
  const isPrivate = cint(form['is_private']), doctype = text('doctype'), docname = text('docname')
  if (doctype !== null && docname === null) throw thrown('ValidationError', 'Attached To Name must be a string or an integer')
  const stored = file === undefined ? null : await place(served, (given ?? '').split(/[\\/]/).at(-1)!, file.bytes, isPrivate)
  const name = createHash('sha1').update(`${served.nextOrdinal()}\u001f${timestamp(served.clock)}`).digest('hex').slice(0, 10), at = timestamp(served.clock)
  const file_name = stored?.name ?? given ?? url!.split('/').at(-1)!
  const row: Record<string, Value> = {
    name, owner: 'Administrator', modified_by: 'Administrator', creation: at, modified: at, docstatus: 0, idx: 0, file_name, file_url: stored?.url ?? url, is_private: isPrivate, is_folder: 0, is_home_folder: 0, is_attachments_folder: 0,
    file_type: TYPES[file_name.split('.').at(-1)!.toLowerCase()] ?? null, file_size: file?.bytes.length ?? 0, folder: text('folder') ?? 'Home', attached_to_doctype: doctype, attached_to_name: docname, attached_to_field: text('fieldname'),
    content_hash: stored?.hash ?? null, uploaded_to_dropbox: 0, uploaded_to_google_drive: 0,
  }
  await served.insertRow(served.site.doctype('File')!, row)
  if (doctype !== null && docname !== null && await storedName(served, doctype, docname) !== null) await noteAttachment(served, doctype, docname, row)
  return readDocument(served, 'File', name)
}

/** Equal bytes are kept once; another file of a name that is taken gets a name of its own. */
async function place(served: ServedSite, filename: string, bytes: Buffer, isPrivate: number): Promise<{ name: string; url: string; hash: string }> {
  const hash = createHash('md5').update(bytes).digest('hex'), folder = isPrivate ? '/private/files/' : '/files/'
  const twin = await served.staging.one<{ url: string }>(`SELECT file_url AS url FROM rows."tabFile" WHERE content_hash = ${literal(hash)} AND is_private = ${isPrivate} LIMIT 1`)
  if (twin !== undefined && served.files.has(twin.url)) return { name: filename, url: twin.url, hash }
  const dot = filename.lastIndexOf('.'), stem = dot < 0 ? filename : filename.slice(0, dot), ending = dot < 0 ? '' : filename.slice(dot)
  const name = served.files.has(folder + filename) ? `${stem}${hash.slice(-6)}${ending}` : filename
  served.putFile(folder + name, bytes)
  return { name, url: folder + name, hash }
}

/** The document's timeline says that a file was attached. */
async function noteAttachment(served: ServedSite, doctype: string, docname: string, file: Record<string, Value>): Promise<void> {
  const at = timestamp(served.clock)
  await served.insertRow(served.site.doctype('Comment')!, {
    name: `zc${(served.nextOrdinal() * 1000).toString(36).padStart(8, '0')}`, owner: 'Administrator', modified_by: 'Administrator', creation: at, modified: at, docstatus: 0, idx: 0, comment_type: 'Attachment',
    comment_email: 'Administrator', reference_doctype: doctype, reference_name: docname, content: `<a href="${String(file['file_url'])}" target="_blank">${String(file['file_name'])}</a>${file['is_private'] ? ' <i class="fa fa-lock text-warning"></i>' : ''}`, published: 0, seen: 0,
  })
}
