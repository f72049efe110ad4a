import type { Json } from '../model/value.ts'
import type { ApiRequest } from './api-request.ts'
import { resultAnswer, type Answer } from './answer.ts'
import { getDocument, insertDocument, insertedJson, type GivenDocument } from './documents.ts'
import { deleteDocument } from './deletions.ts'
import { thrown, unsupported } from './exception.ts'
import { listDocuments, type ListQuery } from './lists.ts'
import { updateDocument } from './updates.ts'
import type { ServedSite } from './served-site.ts'

/** The fields of a document in a request: the form field `data`, or the body, read as JSON; else the form's fields themselves. */
function givenDocument(request: ApiRequest): GivenDocument {
  const { data } = request.form
  if (data !== undefined && data !== null && typeof data === 'object' && !Array.isArray(data)) return { ...data }
  try {
    const parsed = JSON.parse(typeof data === 'string' ? data : request.text) as Json
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // Not JSON: the form's fields are the document's.
  }
  return { ...request.form }
}

/** `/api/resource/<doctype>[/<name>]`. */
export async function answerResource(served: ServedSite, request: ApiRequest, doctype: string, name: string | null): Promise<Answer> {
  if (name === null) {
    if (request.method === 'GET' || request.method === 'HEAD') {
      const { form } = request
      const query: ListQuery = { ...form, limit_page_length: form['limit_page_length'] ?? (form['limit'] || 20) }
      return resultAnswer({ data: await listDocuments(served, doctype, query) }, served.messages)
    }
    const data = await served.transaction(async () => insertedJson(served, await insertDocument(served, doctype, givenDocument(request), { keepName: true })))
    return resultAnswer({ data }, served.messages)
  }
  switch (request.method) {
    case 'GET': case 'HEAD':
      if (request.form['run_method'] !== undefined) throw unsupported('The stand-in runs no methods of documents')
      return resultAnswer({ data: await getDocument(served, doctype, name) })
    case 'PUT': return resultAnswer({ data: await updateDocument(served, doctype, name, givenDocument(request)) }, served.messages)
    case 'DELETE':
      await served.transaction(() => deleteDocument(served, doctype, name))
      return resultAnswer({ data: 'ok' }, served.messages, 202)
    default: throw unsupported('The stand-in runs no methods of documents')
  }
}

/** The answer to a request without a login, which acts as Guest and may do nothing here. */
export function guestRefusal(doctype: string): never {
  throw thrown('PermissionError', '', {
    text: '', errorMessage: `No permission for ${doctype}`,
    messages: [{ message: `User <strong>Guest</strong> does not have doctype access via role permission for document <strong>${doctype}</strong>`, title: 'Message' }],
  })
}
