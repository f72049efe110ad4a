import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { FormData } from 'undici'
import type { Site } from '../../site/site.ts'
import type { LaneDocument, LaneOutcome } from '../lane.ts'
import type { SiteClient } from './client.ts'

const FIELDTYPES = new Set(['Attach', 'Attach Image'])

/** An uploaded file that waits for its document. */
interface Pending { file: string; field: string }

/**
 * Files of the project that drafts name in Attach fields (a path relative to the project's folder): they are uploaded first, because the field holds the address that
 * the site gives them, and tied to their document when it is there. A value that is no file of the project is given as it is.
 */
export class Uploads {
  readonly #client: SiteClient
  readonly #site: Site
  readonly #root: string
  readonly #pending = new Map<number, Pending[]>()

  constructor(client: SiteClient, site: Site, root: string) {
    this.#client = client
    this.#site = site
    this.#root = root
  }

  /** Documents with addresses for files. A document whose file the site refuses is refused with that reason, into `outcomes`. */
  async replaceFiles(doctype: string, documents: LaneDocument[], outcomes: LaneOutcome[]): Promise<LaneDocument[]> {
    this.#pending.clear()
    const fields = this.#site.doctype(doctype)?.fields.filter((field) => FIELDTYPES.has(field.fieldtype)).map((field) => field.fieldname) ?? []
    if (fields.length === 0) return documents
    const ready: LaneDocument[] = []
    for (const document of documents) {
      const doc = { ...document.doc }
      let refusal: { type: string; message: string } | null = null
      for (const field of fields) {
        const path = this.#fileOf(doc[field])
        if (path === null || refusal !== null) continue
        const sent = await this.#upload(path)
        refusal = sent.refusal
        if (sent.file === null) continue
        doc[field] = sent.url
        this.#pending.set(document.id, [...this.#pending.get(document.id) ?? [], { file: sent.file, field }])
      }
      if (refusal === null) ready.push({ ...document, doc })
      else outcomes.push({ id: document.id, status: 'refused', name: null, reason: refusal })
    }
    return ready
  }

  /** Ties uploaded files to the documents that were written. */
  async link(doctype: string, outcomes: LaneOutcome[]): Promise<void> {
    for (const outcome of outcomes) {
      if (outcome.status === 'refused' || outcome.name === null) continue
      for (const { file, field } of this.#pending.get(outcome.id) ?? []) {
        await this.#client.insist({ method: 'PUT', path: `api/resource/File/${encodeURIComponent(file)}`, body: { attached_to_doctype: doctype, attached_to_name: outcome.name, attached_to_field: field } })
      }
    }
  }

  #fileOf(value: unknown): string | null {
    if (typeof value !== 'string' || value === '' || /^(https?:|\/files\/|\/private\/)/.test(value)) return null
    const path = resolve(this.#root, value)
    return path.startsWith(`${this.#root}/`) && existsSync(path) && statSync(path).isFile() ? path : null
  }

  async #upload(path: string): Promise<{ file: string | null; url: string; refusal: { type: string; message: string } | null }> {
    const form = new FormData()
    form.set('file', new Blob([readFileSync(path)]), basename(path))
    form.set('is_private', '1')
    const { data, refusal } = await this.#client.insist({ method: 'POST', path: 'api/method/upload_file', form })
    const file = data as { name?: string; file_url?: string } | null
    return { file: file?.name ?? null, url: file?.file_url ?? '', refusal: refusal ?? (file?.file_url === undefined ? { type: 'upload-failed', message: `The site gave no address for ${basename(path)}` } : null) }
  }
}
