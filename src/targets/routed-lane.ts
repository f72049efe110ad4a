import { LandfallError } from '../errors/error.ts'
import { literal, type Staging } from '../staging/staging.ts'
import type { Lane, LaneBatch, LaneChange, LaneDocument, LaneKind, LaneOutcome, LaneUndo, SiteRow, UndoRequest } from './lane.ts'
import type { TargetInfo } from './target.ts'

/**
 * All lanes of a site as one: each document takes the lane chosen for its shape (`ops.lanes` by `ops.shapes`), those without a choice the first of `lanes`. Runs of
 * documents with the same lane are written one after another, so that the order of the batch is kept.
 */
export class RoutedLane implements Lane {
  readonly kind: LaneKind
  readonly can: Lane['can']
  readonly #staging: Staging
  readonly #lanes: Map<LaneKind, Lane>
  readonly #chosen = new Map<string, Map<number, LaneKind>>()

  /** `lanes`: the one to read by first. */
  constructor(staging: Staging, lanes: Lane[]) {
    const [first] = lanes
    if (first === undefined) throw new LandfallError('config-invalid', 'The target names no way into the site.', { hint: 'Give `url` with `api_key` and `api_secret`, or `bench`, or `database`.' })
    this.#staging = staging
    this.#lanes = new Map(lanes.map((lane) => [lane.kind, lane]))
    this.kind = first.kind
    this.can = { transactional: lanes.every((lane) => lane.can.transactional), undo: lanes.every((lane) => lane.can.undo) }
  }

  get #first(): Lane { return [...this.#lanes.values()][0]! }

  describe(): Promise<TargetInfo> {
    return this.#first.describe()
  }

  async prepare(doctypes: string[]): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.prepare(doctypes)
  }

  async write(batch: LaneBatch): Promise<LaneOutcome[]> {
    const chosen = await this.#choices(batch.doctype), outcomes: LaneOutcome[] = []
    const laneOf = (document: LaneDocument) => this.#lanes.get(chosen.get(document.id) ?? this.kind)?.kind ?? this.kind
    for (let start = 0; start < batch.documents.length;) {
      const kind = laneOf(batch.documents[start]!)
      let end = start + 1
      while (end < batch.documents.length && laneOf(batch.documents[end]!) === kind) end++
      const documents = batch.documents.slice(start, end), whole = documents.length === batch.documents.length
      const part = { ...batch, documents, from: whole ? batch.from : documents[0]!.id, to: whole ? batch.to : documents.at(-1)!.id, batch: whole ? batch.batch : `${batch.batch}/${documents[0]!.id}` }
      outcomes.push(...await this.#lanes.get(kind)!.write(part))
      start = end
    }
    return outcomes
  }

  async #choices(doctype: string): Promise<Map<number, LaneKind>> {
    let chosen = this.#chosen.get(doctype)
    if (chosen === undefined) {
      const known = await this.#staging.exists('ops.lanes') && await this.#staging.exists('ops.shapes')
      const rows = known ? await this.#staging.all<{ id: number; lane: LaneKind }>(`SELECT s.id, l.lane FROM ops.shapes s JOIN ops.lanes l ON l.doctype = s.doctype AND l.shape = s.shape WHERE s.doctype = ${literal(doctype)} AND l.lane <> ${literal(this.kind)}`) : []
      chosen = new Map(rows.map((row) => [Number(row.id), row.lane]))
      this.#chosen.set(doctype, chosen)
    }
    return chosen
  }

  read(table: string, column: string, values: string[], parentDoctype?: string): Promise<SiteRow[] | null> {
    return this.#first.read(table, column, values, parentDoctype)
  }

  change(changes: LaneChange[]): Promise<({ type: string; message: string } | null)[]> {
    return this.#first.change(changes)
  }

  async undo(request: UndoRequest): Promise<LaneUndo> {
    return this.#first.undo(request)
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.close()
  }
}
