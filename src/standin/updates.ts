import type { GivenDocument } from './documents.ts'
import type { DocumentJson } from './document-json.ts'
import { unsupported } from './exception.ts'
import type { ServedSite } from './served-site.ts'

/** Changes a document as `doc.update(given); doc.save()`. Throws the exception the site would raise, Unsupported for what cannot be predicted. */
export async function updateDocument(_served: ServedSite, doctype: string, name: string, _given: GivenDocument, _how: { whole?: boolean } = {}): Promise<DocumentJson> {
  throw unsupported(`Changes of documents are not covered: ${doctype} ${name}`)
}
