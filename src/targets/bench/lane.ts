import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import type { Lane, LaneBatch, LaneChange, LaneDocument, LaneOutcome, LaneUndo, SiteRow, UndoRequest } from '../lane.ts'
import type { TargetInfo } from '../target.ts'
import { describePlace, type BenchPlace } from './bench-place.ts'
import { BenchSession, type Answer } from './bench-session.ts'
import { shardDocuments } from './shards.ts'
import { writeShard } from './shard-writer.ts'

export interface BenchLaneOptions {
  place: BenchPlace
  site: string
  /** Who the documents are written as. */
  user?: string
  /** Interpreter to use in place of the bench's own. */
  python?: string
  /** Processes at most; documents that wait for the same rows share one. */
  workers?: number
  /** A document that takes longer is cut off and refused. */
  documentMs?: number
  /** A commit after so many documents, or so much time, whichever is first. */
  commitDocuments?: number
  commitMs?: number
  /** Insert as submitted, which spares validating and saving twice; false: insert, then submit. */
  oneStep?: boolean
  /** Side effects that are off unless asked for: `webhooks`, `notifications`, `live` (updates of open browsers), `calls` (to other machines). */
  effects?: Record<string, boolean>
}

/** What a document would do, without doing it: the rows it inserts and deletes, whole, and the columns it changes, each as [before, after]. */
export interface CanaryResult {
  id: number
  status: 'loaded' | 'refused'
  name: string | null
  reason: { type: string; message: string } | null
  inserted: Record<string, SiteRow[]>
  updated: Record<string, { key: string[]; changes: Record<string, [unknown, unknown]> }[]>
  deleted: Record<string, SiteRow[]>
}

/** The site's own clock: documents are stamped by it, not by ours. `site` is in the site's time zone, as `creation` and `modified` are. */
export interface SiteClock { now: string; site: string; zone: string }

const START_MS = 120_000
const ANSWER_MS = 600_000
const CHANGES_AT_ONCE = 100
/** Worker of canaries: a place of its own on the site, so that trying does not cut off a lane that writes. */
const CANARIES = 0

/**
 * Documents through the site's own controllers, run by its own Python, by processes that live as long as the lane. Exactly once: documents and their ledger
 * rows commit together in the site's database, so whatever is killed, the next call finds in the ledger what was committed and does the rest.
 */
export class BenchLane implements Lane {
  readonly kind = 'bench'
  readonly can = { transactional: true, undo: true }
  /** Statements that wrote rows the agent could not tell; undo does not know of these. Empty with ERPNext's own controllers. */
  readonly unclear = new Set<string>()
  readonly #options: BenchLaneOptions
  readonly #sessions = new Map<number, BenchSession>()
  readonly #trees = new Map<string, boolean>()

  constructor(options: BenchLaneOptions) {
    this.#options = options
  }

  async describe(): Promise<TargetInfo> {
    const { hello } = await this.#session(1)
    return { kind: 'bench', name: `${hello.site} on ${describePlace(this.#options.place)}`, apps: hello.apps }
  }

  async prepare(doctypes: string[]): Promise<void> {
    const found = await this.#ask('prepare', { doctypes }) as Record<string, { tree: boolean }>
    for (const [doctype, { tree }] of Object.entries(found)) this.#trees.set(doctype, tree)
  }

  async write(batch: LaneBatch): Promise<LaneOutcome[]> {
    if (!this.#trees.has(batch.doctype)) await this.prepare([batch.doctype])
    const shards = shardDocuments(batch.documents, this.#options.workers ?? 1, this.#trees.get(batch.doctype) ?? true)
    const written = await Promise.allSettled(shards.map((documents, i) => this.#writeShard(batch, documents, i + 1)))
    const failed = written.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const outcomes = new Map(written.flatMap((result) => (result.status === 'fulfilled' ? [...result.value] : [])))
    return batch.documents.map((document) => outcomes.get(document.id)!)
  }

  #writeShard(batch: LaneBatch, documents: LaneDocument[], worker: number): Promise<Map<number, LaneOutcome>> {
    const { documentMs = 120_000, commitDocuments = 50, commitMs = 5_000, oneStep = true } = this.#options
    const options = { documentMs, commitDocuments, commitMs, oneStep }
    return writeShard({ batch, documents, options, session: () => this.#session(worker), unclear: this.unclear })
  }

  /** Puts documents through their controllers in one transaction that is rolled back; each sees those before it. A document that hangs ends the call with `target-failed`. */
  async canary(documents: LaneDocument[]): Promise<CanaryResult[]> {
    const { documentMs = 120_000, oneStep = true } = this.#options
    return await this.#ask('canary', { documents, options: { documentMs, oneStep } }, documentMs + 30_000, CANARIES) as CanaryResult[]
  }

  async read(table: string, column: string, values: string[]): Promise<SiteRow[]> {
    return await this.#ask('read', { table, column, values }) as SiteRow[]
  }

  /** Documents of a DocType so many at a time, each saved by its controller; what that wrote is in the ledger like a document, so that undo knows it. */
  async change(changes: LaneChange[], run: string): Promise<({ type: string; message: string } | null)[]> {
    const answers: ({ type: string; message: string } | null)[] = []
    for (let start = 0; start < changes.length;) {
      const { doctype } = changes[start]!
      let end = start + 1
      while (end < changes.length && end - start < CHANGES_AT_ONCE && changes[end]!.doctype === doctype) end++
      const { documentMs = 120_000 } = this.#options
      answers.push(...await this.#ask('change', { run, doctype, changes: changes.slice(start, end), options: { documentMs } }) as typeof answers)
      start = end
    }
    return answers
  }

  /** The site keeps documents in its cache, and lists that other lanes have added to. */
  async finish(): Promise<void> {
    await this.#ask('clear_cache', {})
  }

  async undo(request: UndoRequest): Promise<LaneUndo> {
    return await this.#ask('undo', request) as LaneUndo
  }

  async clock(): Promise<SiteClock> {
    return await this.#ask('clock', {}) as SiteClock
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    await Promise.all(sessions.map((session) => session.close()))
  }

  /** Process numbers of the agents, as the machine of the bench counts them. */
  get pids(): number[] {
    return [...this.#sessions.values()].filter((session) => !session.ended).map((session) => session.hello.pid)
  }

  async #session(worker: number): Promise<BenchSession> {
    const open = this.#sessions.get(worker)
    if (open !== undefined && !open.ended) return open
    const { place, site, python, user = 'Administrator', effects = {} } = this.#options
    const session = await BenchSession.open({ place, site, user, worker, before: open?.hello.connection ?? null, effects, startMs: START_MS, ...(python === undefined ? {} : { python }) })
    this.#sessions.set(worker, session)
    return session
  }

  /** A request that may be repeated: once more when the process ended meanwhile, or another writer was in the way. */
  async #ask(command: string, body: object, silenceMs = ANSWER_MS, worker = 1): Promise<unknown> {
    let answer: Answer | null = null
    for (let attempt = 0; attempt < 2; attempt++) {
      answer = await (await this.#session(worker)).ask(command, body, { silenceMs })
      if (answer.kind === 'ok') return answer.value
      if (answer.kind === 'failed' && !answer.lost && answer.type !== 'Again') break
      if (answer.kind === 'ended' && answer.hung) break
    }
    const said = answer?.kind === 'failed' ? `${answer.type}: ${answer.message}` : answer?.kind === 'ended' ? answer.stderr : ''
    throw new LandfallError('target-failed', `The bench did not do "${command}" for ${this.#options.site}: ${redact(said)}`)
  }
}

/** A lane into a site of a bench. Nothing is started before the first call. */
export function openBenchLane(options: BenchLaneOptions): BenchLane {
  return new BenchLane(options)
}
