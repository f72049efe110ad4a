import type { IncomingMessage } from 'node:http'
import type { Json } from '../model/value.ts'
import { filesOf, type UploadedFile } from './multipart.ts'

/** A request as the site's code sees it. `form` is Frappe's form_dict: the JSON body, or query and form fields together. */
export interface ApiRequest {
  method: string
  path: string
  headers: Record<string, string | undefined>
  form: Record<string, Json>
  /** The body as text, for `/api/resource`, which parses it once more. */
  text: string
  files: UploadedFile[]
}

const LIMIT = 64 * 1024 * 1024

/** The body of an HTTP request, whole. Answers null for more than 64 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LIMIT) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function pairs(params: URLSearchParams): Record<string, Json> {
  const found: Record<string, Json> = {}
  for (const [key, value] of params) if (!(key in found)) found[key] = value
  return found
}

/** Makes an ApiRequest of a request line, headers and body. Null when a JSON body is no JSON, which the site refuses before it looks at anything. */
export function apiRequest(method: string, url: string, headers: Record<string, string | undefined>, body: Buffer): ApiRequest | null {
  const at = url.indexOf('?'), path = decode(at < 0 ? url : url.slice(0, at)), query = pairs(new URLSearchParams(at < 0 ? '' : url.slice(at + 1)))
  const type = headers['content-type'] ?? '', text = type.startsWith('multipart/') ? '' : body.toString('utf8')
  const base = { method, path, headers, text, files: [] as UploadedFile[] }
  if (type.startsWith('multipart/form-data')) {
    const { fields, files } = filesOf(body, type)
    return { ...base, form: { ...query, ...fields }, files }
  }
  if (text !== '' && /^application\/(.+\+)?json\b/.test(type)) {
    try {
      const parsed = JSON.parse(text) as Json
      if (Array.isArray(parsed)) return { ...base, form: { data: parsed } }
      if (parsed === null || typeof parsed !== 'object') return null
      return { ...base, form: parsed }
    } catch {
      return null
    }
  }
  return { ...base, form: { ...query, ...(type.startsWith('application/x-www-form-urlencoded') ? pairs(new URLSearchParams(text)) : {}) } }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
