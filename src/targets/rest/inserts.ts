import type { LaneDocument, LaneOutcome } from '../lane.ts'
import type { RestSettings } from '../registry.ts'
import type { Verdict } from './answers.ts'
import { documentPath, type Ask, type SiteClient } from './client.ts'
import { KEY_FIELD, keyValue } from './key-field.ts'
import type { Unit } from './units.ts'

/** What the site holds of a document: its name there, and whether it is submitted. */
interface Found { name: string; docstatus: number }

/** Refusals that may mean that the document is there already, from a request whose answer was lost. */
const TWICE = new Set(['DuplicateEntryError', 'UniqueValidationError', 'NameError'])

/** Puts the documents of one DocType on the site, each exactly once. */
export class Inserts {
  readonly #client: SiteClient
  readonly #settings: RestSettings
  readonly #doctype: string
  readonly #keyed: boolean

  /** `keyed`: the DocType has the key field. */
  constructor(client: SiteClient, settings: RestSettings, doctype: string, keyed: boolean) {
    this.#client = client
    this.#settings = settings
    this.#doctype = doctype
    this.#keyed = keyed
  }

  /** What the site holds of these documents already, by draft `_id`. */
  async look(documents: LaneDocument[]): Promise<Map<number, Found>> {
    const by = new Map(documents.map((document) => [this.#keyed ? keyValue(document.entity, document.key) : document.name, document]))
    const field = this.#keyed ? KEY_FIELD : 'name'
    const rows = await this.#client.rows(this.#doctype, field, [...by.keys()], { fields: ['name', 'docstatus', field] }) ?? []
    const found = new Map<number, Found>()
    for (const row of rows) {
      const document = by.get(String(row[field]))
      if (document) found.set(document.id, { name: String(row['name']), docstatus: Number(row['docstatus']) })
    }
    return found
  }

  /**
   * Inserts a unit and answers one outcome per document. All documents of a request go in or none does: when one is refused the request is divided until it is
   * alone. Throws `target-failed` and `target-denied`.
   */
  async insert({ named, documents }: Unit): Promise<LaneOutcome[]> {
    let open = documents
    const outcomes: LaneOutcome[] = []
    for (let attempt = 0; open.length > 0; attempt++) {
      const ask = this.#request(named, open), verdict = await this.#client.once(ask, attempt)
      if (verdict.kind === 'done') return [...outcomes, ...await this.#inserted(open, verdict.data)]
      if (verdict.kind === 'refused' || verdict.kind === 'too-large') return [...outcomes, ...await this.#refused(named, open, verdict)]
      if (verdict.kind !== 'again' || attempt >= this.#settings.retries) throw this.#client.failure(verdict, ask)
      if (verdict.undone) continue
      const there = await this.look(open)
      outcomes.push(...await this.#settle(open.filter((document) => there.has(document.id)), there, 'loaded'))
      open = open.filter((document) => !there.has(document.id))
    }
    return outcomes
  }

  /** Outcomes of documents that are there: drafts that are to be submitted are submitted, those that the site submits in the background are waited for. */
  async #settle(documents: LaneDocument[], found: Map<number, Found>, status: 'loaded' | 'unchanged'): Promise<LaneOutcome[]> {
    const reasons = new Map<number, { type: string; message: string }>(), late: LaneDocument[] = []
    for (const document of documents) {
      const there = found.get(document.id)
      if (document.docstatus !== 1 || there?.docstatus !== 0) continue
      const reason = document.once ? 'late' : await this.#submit(there.name)
      if (reason === 'late') late.push(document)
      else if (reason !== null) reasons.set(document.id, reason)
    }
    for (const [id, message] of late.length === 0 ? [] : await this.#awaitSubmission(late, found)) reasons.set(id, { type: 'not-submitted', message })
    return documents.map((document) => {
      const reason = reasons.get(document.id) ?? null, name = found.get(document.id)?.name ?? null
      return reason === null ? { id: document.id, status, name, reason } : { id: document.id, status: 'refused', name: null, reason }
    })
  }

  /** Submits a draft; when the site refuses, the draft is taken back, so that a document is there whole or not at all. `late`: the site does it in the background. */
  async #submit(name: string): Promise<{ type: string; message: string } | 'late' | null> {
    const ask: Ask = { method: 'PUT', path: documentPath(this.#doctype, name), body: { docstatus: 1 } }
    for (let attempt = 0; ; attempt++) {
      const verdict = await this.#client.once(ask, attempt)
      if (verdict.kind === 'done') return Number((verdict.data as Partial<Found> | null)?.docstatus) === 1 ? null : 'late'
      if (verdict.kind !== 'refused' && (verdict.kind !== 'again' || attempt >= this.#settings.retries)) throw this.#client.failure(verdict, ask)
      if (verdict.kind === 'again' && verdict.undone) continue
      const [row] = await this.#client.rows(this.#doctype, 'name', [name], { fields: ['name', 'docstatus'] }) ?? []
      if (Number(row?.['docstatus']) === 1) return null
      if (verdict.kind === 'again') continue
      await this.#client.insist({ method: 'DELETE', path: documentPath(this.#doctype, name) })
      return { type: verdict.type, message: verdict.message }
    }
  }

  /** As `#settle`, for documents found before anything was sent. */
  unchanged(documents: LaneDocument[], found: Map<number, Found>): Promise<LaneOutcome[]> {
    return this.#settle(documents, found, 'unchanged')
  }

  /** Looks until the documents are submitted; answers those that never were, with the reason. */
  async #awaitSubmission(documents: LaneDocument[], found: Map<number, Found>): Promise<Map<number, string>> {
    let open = documents, waited = 0
    for (let wait = 500; open.length > 0 && waited < this.#settings.submit_wait_seconds * 1000; wait = Math.min(10_000, wait * 1.5)) {
      await this.#client.pause(wait)
      waited += wait
      const rows = await this.#client.rows(this.#doctype, 'name', open.map((document) => found.get(document.id)?.name ?? ''), { fields: ['name', 'docstatus'] }) ?? []
      const submitted = new Set(rows.filter((row) => Number(row['docstatus']) === 1).map((row) => row['name']))
      open = open.filter((document) => !submitted.has(found.get(document.id)?.name))
    }
    return new Map(open.map((document) => [document.id, `The site took ${this.#doctype} ${found.get(document.id)?.name} but had not submitted it after ${this.#settings.submit_wait_seconds} s: its background workers may stand still`]))
  }

  #request(named: boolean, documents: LaneDocument[]): Ask {
    const [first] = documents
    if (named && first) return { method: 'POST', path: documentPath(this.#doctype), body: { ...withChildren(this.#document(first), (row) => ({ ...row, __islocal: 1 })), name: first.name } }
    return { method: 'POST', path: 'api/method/frappe.client.insert_many', body: { docs: documents.map((document) => withChildren(this.#document(document), ({ name: _name, ...row }) => row)) }, documents: documents.length }
  }

  #document({ doc, docstatus, once, entity, key }: LaneDocument): Record<string, unknown> {
    return { ...doc, docstatus: once ? docstatus : 0, ...(this.#keyed ? { [KEY_FIELD]: keyValue(entity, key) } : {}) }
  }

  async #inserted(documents: LaneDocument[], data: unknown): Promise<LaneOutcome[]> {
    const answered: (Partial<Found> | null)[] = Array.isArray(data) ? data.map((name) => ({ name: String(name) })) : [data as Partial<Found> | null]
    // A list of names does not say whether they are submitted: a document inserted as such is.
    const found = new Map(documents.map((document, i) => [document.id, { name: answered[i]?.name ?? document.name, docstatus: Number(answered[i]?.docstatus ?? (document.once ? document.docstatus : 0)) }]))
    return this.#settle(documents, found, 'loaded')
  }

  async #refused(named: boolean, documents: LaneDocument[], verdict: Extract<Verdict, { kind: 'refused' | 'too-large' }>): Promise<LaneOutcome[]> {
    if (documents.length > 1) {
      const half = Math.ceil(documents.length / 2)
      return [...await this.insert({ named, documents: documents.slice(0, half) }), ...await this.insert({ named, documents: documents.slice(half) })]
    }
    const type = verdict.kind === 'too-large' ? 'too-large' : verdict.type
    if (TWICE.has(type)) {
      const there = await this.look(documents)
      if (this.#keyed && there.size > 0) return this.#settle(documents, there, 'loaded')
    }
    return documents.map((document) => ({ id: document.id, status: 'refused', name: null, reason: { type, message: verdict.message } }))
  }
}

/** A document with its child rows made over. A row that brings a name must say that it is new, or the site gives it no defaults; names of rows are only honoured beside the document's. */
function withChildren(doc: Record<string, unknown>, make: (row: Record<string, unknown>) => Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(doc).map(([field, value]) => [field, Array.isArray(value) ? value.map((row) => make(row as Record<string, unknown>)) : value]))
}
