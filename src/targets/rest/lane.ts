import { join } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import { Journal } from '../../ledger/journal.ts'
import { timestamp, type Clock } from '../../model/clock.ts'
import type { Site } from '../../site/site.ts'
import type { Lane, LaneBatch, LaneChange, LaneDocument, LaneOutcome, LaneUndo, SiteRow, UndoRequest } from '../lane.ts'
import type { RestSettings } from '../registry.ts'
import type { LaneEnv } from '../site/lanes.ts'
import type { TargetInfo } from '../target.ts'
import { documentPath, SiteClient } from './client.ts'
import { Inserts } from './inserts.ts'
import { prepareKeyFields } from './key-field.ts'
import { takeBack } from './removals.ts'
import { raiseSeries, readSeries } from './series.ts'
import { shardsOf } from './units.ts'
import { Uploads } from './uploads.ts'

/** Opens the REST lane. Nothing is asked before `describe`; throws `config-invalid` when the address or the login is missing. */
export async function openLane(env: LaneEnv): Promise<Lane> {
  const { url, api_key: key, api_secret: secret } = env.settings
  if (!url || !key || !secret) {
    throw new LandfallError('config-invalid', 'The REST lane needs `target.url`, `target.api_key` and `target.api_secret`.', { hint: 'Make a key in the site: User, Settings, API Access, Generate Keys.' })
  }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new LandfallError('config-invalid', `\`target.url\` is no address of a site: ${url}`, { hint: 'For example https://erp.example.com.' })
  return new RestLane(env, new SiteClient({ url, key, secret }, env.settings.rest, env.clock, env.wait))
}

/**
 * The site's own HTTP interface. Exactly once: what is about to be sent is noted in a journal first, every document carries a key that is unique on the site, and
 * whatever may have been sent before (an earlier life of the process, a lost answer) is looked for before it is sent again.
 */
class RestLane implements Lane {
  readonly kind = 'rest'
  readonly can = { transactional: false, undo: true, mostPerBatch: 200 }
  readonly #site: Site
  readonly #clock: Clock
  readonly #client: SiteClient
  readonly #settings: RestSettings
  readonly #journal: Journal
  readonly #uploads: Uploads
  /** Documents that an earlier request may have carried, as DocType, entity and key. */
  readonly #intended = new Set<string>()
  #closed = new Set<string>()
  readonly #prepared = new Set<string>()

  constructor(env: LaneEnv, client: SiteClient) {
    this.#site = env.site
    this.#clock = env.clock
    this.#client = client
    this.#settings = env.settings.rest
    this.#uploads = new Uploads(client, env.site, env.rootFolder)
    this.#journal = Journal.open(join(env.stateFolder, 'rest-intents.ndjson'))
    for (const event of this.#journal.replay()) for (const mark of (event['documents'] ?? []) as string[]) this.#intended.add(mark)
  }

  async describe(): Promise<TargetInfo> {
    const { data } = await this.#client.insist({ method: 'GET', path: 'api/method/frappe.utils.change_log.get_versions' })
    const apps = Object.fromEntries(Object.entries((data ?? {}) as Record<string, { version?: string }>).map(([app, { version }]) => [app, version ?? '']))
    return { kind: 'site', name: this.#client.name, apps }
  }

  async prepare(doctypes: string[]): Promise<void> {
    const open = doctypes.filter((doctype) => !this.#prepared.has(doctype))
    if (open.length === 0) return
    this.#closed = this.#closed.union(await prepareKeyFields(this.#client, open))
    for (const doctype of open) this.#prepared.add(doctype)
  }

  async write(batch: LaneBatch): Promise<LaneOutcome[]> {
    await this.prepare([batch.doctype])
    const meta = this.#meta(batch.doctype), inserts = new Inserts(this.#client, this.#settings, batch.doctype, !this.#closed.has(batch.doctype))
    const mark = (document: LaneDocument): string => [batch.doctype, document.entity, document.key].join('\u001f')
    const begun = batch.documents.filter((document) => this.#intended.has(mark(document)))
    const found = begun.length === 0 ? new Map<number, never>() : await inserts.look(begun)
    const outcomes = await inserts.unchanged(begun.filter((document) => found.has(document.id)), found)
    const open = batch.documents.filter((document) => !found.has(document.id))
    const fresh = open.map(mark).filter((text) => !this.#intended.has(text))
    if (fresh.length > 0) this.#journal.append([{ type: 'intent', run: batch.run, at: timestamp(this.#clock), documents: fresh }])
    for (const text of fresh) this.#intended.add(text)
    const ready = await this.#uploads.replaceFiles(batch.doctype, open, outcomes)
    const shards = shardsOf(meta, ready, this.#settings.batch)
    const done = await Promise.allSettled(shards.map(async (units) => {
      for (const unit of units) outcomes.push(...await inserts.insert(unit))
    }))
    const failed = done.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    await this.#uploads.link(batch.doctype, outcomes)
    await raiseSeries(this.#client, meta, outcomes.filter((outcome) => outcome.name !== null).map((outcome) => outcome.name ?? ''), ready)
    const place = new Map(batch.documents.map((document, i) => [document.id, i]))
    return outcomes.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
  }

  async read(table: string, column: string, values: string[], parentDoctype?: string): Promise<SiteRow[] | null> {
    if (table === 'tabSeries') return readSeries(this.#client, values)
    if (table === 'tabSingles') return null
    return await this.#client.rows(table.slice('tab'.length), column, [...new Set(values)], parentDoctype === undefined ? {} : { parent: parentDoctype }) as SiteRow[] | null
  }

  async change(changes: LaneChange[]): Promise<({ type: string; message: string } | null)[]> {
    const answers: ({ type: string; message: string } | null)[] = []
    for (const { doctype, name, values } of changes) answers.push((await this.#client.insist({ method: 'PUT', path: documentPath(doctype, name), body: values })).refusal)
    return answers
  }

  undo(request: UndoRequest): Promise<LaneUndo> {
    return takeBack(this.#client, request)
  }

  async close(): Promise<void> {
    this.#journal.close()
    await this.#client.close()
  }

  #meta(doctype: string) {
    const meta = this.#site.doctype(doctype)
    if (!meta) throw new LandfallError('site-invalid', `The site has no DocType "${doctype}".`)
    return meta
  }
}
