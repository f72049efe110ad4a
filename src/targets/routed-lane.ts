import { LandfallError } from '../errors/error.ts'
import { literal, type Staging } from '../staging/staging.ts'
import type { Lane, LaneBatch, LaneChange, LaneKind, LaneOutcome, LaneUndo, SiteRow, UndoRequest } from './lane.ts'
import type { TargetInfo } from './target.ts'

/**
 * All lanes of a site as one: each document takes the lane chosen for its shape (`ops.lanes` by `ops.shapes`); one without a choice takes the first that goes through the
 * site's controllers. Documents of a batch are written lane by lane: those of a DocType that hang together have one lane (see the choice of lanes), so the order among
 * the lanes does not matter. Which lane wrote a document is in its outcome, and undo asks that one.
 */
export class RoutedLane implements Lane {
  readonly kind: LaneKind
  readonly label: string
  readonly can: Lane['can']
  readonly #staging: Staging
  readonly #lanes: Map<LaneKind, Lane>
  readonly #usual: LaneKind
  readonly #chosen = new Map<string, Promise<Map<number, LaneKind>>>()

  /** `lanes`: the one to read by first. */
  constructor(staging: Staging, lanes: Lane[]) {
    const [first] = lanes
    if (first === undefined) throw new LandfallError('config-invalid', 'The target names no way into the site.', { hint: 'Give `url` with `api_key` and `api_secret`, or `bench`, or `database`.' })
    this.#staging = staging
    this.#lanes = new Map(lanes.map((lane) => [lane.kind, lane]))
    this.kind = first.kind
    this.label = lanes.map((lane) => lane.kind).join(', ')
    this.#usual = (lanes.find((lane) => lane.kind !== 'express') ?? first).kind
    this.can = { transactional: lanes.every((lane) => lane.can.transactional), undo: lanes.every((lane) => lane.can.undo) }
  }

  get #first(): Lane { return this.#lanes.get(this.kind)! }

  describe(): Promise<TargetInfo> {
    return this.#first.describe()
  }

  /** Each lane for the DocTypes it is to write; one that writes none leaves the site alone. The one that changes documents is prepared in any case. */
  async prepare(doctypes: string[]): Promise<void> {
    for (const lane of this.#lanes.values()) {
      const own: string[] = []
      for (const doctype of doctypes) if ((await this.#kinds(doctype)).has(lane.kind)) own.push(doctype)
      if (own.length > 0 || lane.kind === this.#usual && lane.can.transactional) await lane.prepare(own)
    }
  }

  async write(batch: LaneBatch): Promise<LaneOutcome[]> {
    const chosen = await this.#choices(batch.doctype), outcomes = new Map<number, LaneOutcome>()
    const shared = (await this.#kinds(batch.doctype)).size > 1
    for (const [kind, lane] of this.#lanes) {
      const documents = batch.documents.filter((document) => this.#laneOf(chosen, document.id) === kind)
      if (documents.length === 0) continue
      const part = shared ? { ...batch, documents, from: documents[0]!.id, to: documents.at(-1)!.id, batch: `${batch.batch}/${kind}`, shared } : batch
      for (const outcome of await lane.write(part)) outcomes.set(outcome.id, { ...outcome, lane: kind })
    }
    return batch.documents.map((document) => outcomes.get(document.id)!)
  }

  #laneOf(chosen: Map<number, LaneKind>, id: number): LaneKind {
    const kind = chosen.get(id)
    return kind !== undefined && this.#lanes.has(kind) ? kind : this.#usual
  }

  /** Lanes that documents of a DocType take. */
  async #kinds(doctype: string): Promise<Set<LaneKind>> {
    const kinds = new Set([...(await this.#choices(doctype)).values()].map((kind) => (this.#lanes.has(kind) ? kind : this.#usual)))
    return kinds.size === 0 ? new Set([this.#usual]) : kinds
  }

  #choices(doctype: string): Promise<Map<number, LaneKind>> {
    let chosen = this.#chosen.get(doctype)
    if (chosen === undefined) this.#chosen.set(doctype, chosen = this.#readChoices(doctype))
    return chosen
  }

  async #readChoices(doctype: string): Promise<Map<number, LaneKind>> {
    if (!await this.#staging.exists('ops.lanes') || !await this.#staging.exists('ops.shapes')) return new Map()
    const rows = await this.#staging.all<{ id: number; lane: LaneKind }>(`SELECT s.id, l.lane FROM ops.shapes s JOIN ops.lanes l ON l.doctype = s.doctype AND l.shape = s.shape WHERE s.doctype = ${literal(doctype)}`)
    return new Map(rows.map((row) => [Number(row.id), row.lane]))
  }

  read(table: string, column: string, values: string[], parentDoctype?: string): Promise<SiteRow[] | null> {
    return this.#first.read(table, column, values, parentDoctype)
  }

  /** Through the site's controllers, whichever lane wrote the document. */
  change(changes: LaneChange[], run: string): Promise<({ type: string; message: string } | null)[]> {
    return this.#lanes.get(this.#usual)!.change(changes, run)
  }

  async finish(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.finish?.()
  }

  /**
   * Documents in reverse order of their writing, each by the lane that wrote it: runs of the same lane go together. Changes made later come first: they are the usual
   * lane's. Older values are for lanes without a ledger on the site; the others know them themselves.
   */
  async undo(request: UndoRequest): Promise<LaneUndo> {
    const total: LaneUndo = { removed: 0, restored: 0, kept: [] }
    const add = (one: LaneUndo): void => {
      total.removed += one.removed
      total.restored += one.restored
      total.kept.push(...one.kept)
    }
    const laneOf = (document: UndoRequest['documents'][number]): LaneKind => (document.lane && this.#lanes.has(document.lane) ? document.lane : this.#usual)
    const missing = request.documents.find((document) => document.lane && !this.#lanes.has(document.lane))
    if (missing) throw new LandfallError('config-invalid', `${missing.doctype} ${missing.name} was written by the ${missing.lane} lane, which is not set up.`, { hint: `Set up \`target.${missing.lane === 'express' ? 'database' : missing.lane === 'bench' ? 'bench' : 'url'}\` as it was, and take \`target.lane\` back to what it was.`, where: { doctype: missing.doctype } })
    const usual = this.#lanes.get(this.#usual)!
    if (usual.can.transactional && request.changed !== undefined && request.changed.length > 0) add(await usual.undo({ run: request.run, documents: [], restore: [], changed: request.changed }))
    for (let start = 0; start < request.documents.length;) {
      const kind = laneOf(request.documents[start]!)
      let end = start + 1
      while (end < request.documents.length && laneOf(request.documents[end]!) === kind) end++
      add(await this.#lanes.get(kind)!.undo({ run: request.run, documents: request.documents.slice(start, end), restore: [] }))
      start = end
    }
    const rest = this.#lanes.get('rest')
    if (rest !== undefined && request.restore.length > 0 && request.documents.some((document) => laneOf(document) === 'rest')) add(await rest.undo({ run: request.run, documents: [], restore: request.restore }))
    await this.finish()
    return total
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.close()
  }
}
