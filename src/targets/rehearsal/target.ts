import type { Ledger } from '../../ledger/ledger.ts'
import type { Clock } from '../../model/clock.ts'
import { timestamp } from '../../model/clock.ts'
import type { Outcome } from '../../model/outcome.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import { attachSite, SITE_DATABASE as DATABASE } from '../embedded/site-file.ts'
import { changeDocuments } from '../embedded/document-changes.ts'
import { checksumTables } from '../embedded/tables.ts'
import { undoBatches } from '../embedded/undo.ts'
import type { TargetEnv } from '../registry.ts'
import type { ChangeBatch, LoadBatch, Target, TargetInfo, TargetMark, TableSums, Undone } from '../target.ts'
import { BatchWriter } from './writer.ts'

/** Attaches the embedded site, creating it from the site description when it is new, and answers a target that writes into it. */
export async function open(env: TargetEnv): Promise<Target> {
  const ledger = await attachSite(env.staging, env.site, env.sitePath, 'rehearsal site')
  return new RehearsalTarget(env.staging, env.site, ledger, env.clock)
}

class RehearsalTarget implements Target {
  readonly can = { transactional: true, undo: true }
  readonly documents: string
  readonly ledger: string
  readonly tables = `${DATABASE}.main`
  readonly #staging: Staging
  readonly #site: Site
  readonly #ledger: Ledger
  readonly #clock: Clock
  #writer: BatchWriter | null = null
  /** As of the last mark; with the writer's touched tables this spares hashing what nobody changed. */
  #sums: TableSums | null = null

  constructor(staging: Staging, site: Site, ledger: Ledger, clock: Clock) {
    this.#staging = staging
    this.#site = site
    this.#ledger = ledger
    this.#clock = clock
    this.documents = ledger.table('documents')
    this.ledger = ledger.schema
  }

  async describe(): Promise<TargetInfo> {
    return { kind: 'rehearsal', name: 'embedded rehearsal site', apps: { ...this.#site.apps } }
  }

  async write(batch: LoadBatch): Promise<Outcome[]> {
    this.#writer ??= new BatchWriter(this.#staging, this.#ledger, DATABASE)
    return this.#writer.write(batch)
  }

  async change(batch: ChangeBatch): Promise<{ doctype: string; name: string; reason: string }[]> {
    const touched = await changeDocuments(this.#staging, this.#ledger, DATABASE, batch)
    this.#writer = null
    this.#sums = Object.fromEntries(Object.entries(this.#sums ?? {}).filter(([table]) => !touched.has(table)))
    return []
  }

  async mark(run: string, mark: string): Promise<TargetMark> {
    const checksums = await this.#sumsNow()
    const entry = { run, mark, at: timestamp(this.#clock), checksums, seq: await this.#ledger.lastSeq() }
    await this.#staging.transaction(() => this.#ledger.noteMark(entry))
    return entry
  }

  marks(run: string): Promise<TargetMark[]> {
    return this.#ledger.marks(run)
  }

  runs(): Promise<{ run: string; documents: number }[]> {
    return this.#ledger.runs()
  }

  async undo(run: string, mark: string | null): Promise<Undone> {
    this.#writer = null
    this.#sums = null
    return { ...await undoBatches(this.#staging, this.#ledger, DATABASE, run, mark), kept: [] }
  }

  checksums(): Promise<TableSums> {
    return checksumTables(this.#staging, DATABASE, 'main')
  }

  async #sumsNow(): Promise<TableSums> {
    const touched = this.#writer?.touched ?? new Set<string>()
    const known = Object.fromEntries(Object.entries(this.#sums ?? {}).filter(([table]) => !touched.has(table)))
    this.#sums = await checksumTables(this.#staging, DATABASE, 'main', known)
    touched.clear()
    return this.#sums
  }

  async close(): Promise<void> {
    await this.#staging.run(`DETACH ${DATABASE}`)
  }
}
