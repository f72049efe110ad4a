import { LandfallError } from '../../errors/error.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { timestamp, type Clock } from '../../model/clock.ts'
import type { Outcome } from '../../model/outcome.ts'
import type { Site } from '../../site/site.ts'
import { literal, type Staging } from '../../staging/staging.ts'
import { attachSite, SITE_DATABASE } from '../embedded/site-file.ts'
import { checksumTables } from '../embedded/tables.ts'
import type { Lane } from '../lane.ts'
import type { TargetEnv } from '../registry.ts'
import type { ChangeBatch, LoadBatch, Target, TargetAbilities, Reread, TargetInfo, TargetMark, TableSums, Undone } from '../target.ts'
import { alignChangeStamps, applyChanges, type RowChange } from './changes.ts'
import { setWaitingLinks } from './deferred.ts'
import { changeOnSite, refreshMirror } from './document-changes.ts'
import { noteCounters } from './counters.ts'
import { openLane } from './lanes.ts'
import { rereadSite } from './reread.ts'
import { undoOnSite } from './undo.ts'
import { SiteWriter } from './writer.ts'

/**
 * Opens a real site: attaches the mirror (made from the site description when it is new) and the lane. The site itself is not asked before there is something to do, so
 * that commands over a finished run work without it. Throws `config-invalid`, `target-changed`, `target-failed`.
 */
export async function open(env: TargetEnv): Promise<Target> {
  const { staging, site, settings, stateFolder, rootFolder, clock } = env
  if (!settings || stateFolder === undefined || rootFolder === undefined) throw new LandfallError('config-invalid', 'Target kind `site` needs its settings.', { hint: 'Write `target.url`, `target.api_key` and `target.api_secret`.' })
  const lane = await openLane({ staging, site, clock, stateFolder, rootFolder, settings })
  try {
    const ledger = await attachSite(staging, site, env.sitePath, 'mirror of the site')
    return new SiteTarget(staging, site, ledger, lane, clock)
  } catch (error) {
    await lane.close()
    throw error
  }
}

/**
 * A real site, written to through a lane, and its mirror: the site as it is known to be, in the form of a rehearsal site. Map, pre-flight, proof and report read the mirror;
 * rows in it were read back from the site after they were written.
 */
class SiteTarget implements Target {
  readonly can: TargetAbilities
  readonly documents: string
  readonly ledger: string
  readonly tables = `${SITE_DATABASE}.main`
  readonly #staging: Staging
  readonly #site: Site
  readonly #ledger: Ledger
  readonly #lane: Lane
  readonly #clock: Clock
  #writer: SiteWriter | null = null
  #sums: TableSums | null = null
  #info: TargetInfo | null = null
  #prepared = false

  constructor(staging: Staging, site: Site, ledger: Ledger, lane: Lane, clock: Clock) {
    this.#staging = staging
    this.#site = site
    this.#ledger = ledger
    this.#lane = lane
    this.can = { transactional: lane.can.transactional, undo: true, ...lane.can.mostPerBatch === undefined ? {} : { mostPerBatch: lane.can.mostPerBatch } }
    this.#clock = clock
    this.documents = ledger.table('documents')
    this.ledger = ledger.schema
  }

  async describe(): Promise<TargetInfo> {
    this.#info ??= await this.#lane.describe().catch(() => ({ kind: 'site', name: 'a site that did not answer', apps: { ...this.#site.apps } }))
    return { ...this.#info, kind: `site, lane ${this.#lane.label ?? this.#lane.kind}` }
  }

  async write(batch: LoadBatch): Promise<Outcome[]> {
    this.#writer ??= new SiteWriter(this.#staging, this.#site, this.#ledger, this.#lane)
    await this.#prepare()
    return this.#writer.write(batch)
  }

  /** Every DocType that has drafts, once, before the first document: a schema is not changed while data is written. */
  async #prepare(): Promise<void> {
    if (this.#prepared) return
    const drafts = await this.#staging.all<{ name: string }>(`SELECT table_name AS name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'drafts' AND estimated_size > 0 ORDER BY name`)
    const doctypes = drafts.map((row) => row.name).filter((name) => this.#site.doctype(name) !== undefined)
    const apps = (await this.#lane.describe()).apps, expected = this.#site.apps
    const other = Object.keys(expected).filter((app) => apps[app] !== undefined && majorOf(apps[app]) !== majorOf(expected[app]))
    if (other.length > 0) {
      throw new LandfallError('target-changed', `The site has ${other.map((app) => `${app} ${apps[app]}`).join(', ')}, the project's site description ${other.map((app) => `${app} ${expected[app]}`).join(', ')}.`, { hint: 'Record the site anew and name the folder as `site`.' })
    }
    await this.#lane.prepare(doctypes)
    this.#prepared = true
  }

  refresh(doctype: string, names: string[]): Promise<boolean> {
    return refreshMirror(this.#staging, this.#site, this.#lane, doctype, names)
  }

  async change(batch: ChangeBatch): Promise<{ doctype: string; name: string; reason: string }[]> {
    const touched = new Set<string>()
    const refused = await changeOnSite(this.#staging, this.#site, this.#ledger, this.#lane, batch, touched)
    this.#writer = null
    this.#sums = Object.fromEntries(Object.entries(this.#sums ?? {}).filter(([table]) => !touched.has(table)))
    return refused
  }

  async mark(run: string, mark: string): Promise<TargetMark> {
    const touched = this.#writer?.touched ?? new Set<string>()
    if (mark !== 'start') await this.#refresh(run, mark, touched)
    const known = Object.fromEntries(Object.entries(this.#sums ?? {}).filter(([table]) => !touched.has(table)))
    this.#sums = await checksumTables(this.#staging, SITE_DATABASE, 'main', known)
    touched.clear()
    const entry = { run, mark, at: timestamp(this.#clock), checksums: this.#sums, seq: await this.#ledger.lastSeq() }
    await this.#staging.transaction(() => this.#ledger.noteMark(entry))
    return entry
  }

  marks(run: string): Promise<TargetMark[]> {
    return this.#ledger.marks(run)
  }

  runs(): Promise<{ run: string; documents: number }[]> {
    return this.#ledger.runs()
  }

  undo(run: string, mark: string | null): Promise<Undone> {
    this.#writer = null
    this.#sums = null
    return undoOnSite(this.#staging, this.#site, this.#ledger, this.#lane, run, mark)
  }

  reread(run: string, how: { each: number; seed: number }): Promise<Reread> {
    return rereadSite(this.#staging, this.#site, this.#ledger, this.#lane, run, how)
  }

  /** Of the mirror, whose rows were read from the site. */
  checksums(): Promise<TableSums> {
    return checksumTables(this.#staging, SITE_DATABASE, 'main')
  }

  async close(): Promise<void> {
    await this.#lane.close()
    await this.#staging.run(`DETACH ${SITE_DATABASE}`)
  }

  /**
   * At the end of a phase: sets links that waited, then reads when each document of the run was last changed, which later documents of the run may have done. An undo
   * takes a document for touched by people when that moment differs.
   */
  async #refresh(run: string, mark: string, touched: Set<string>): Promise<void> {
    const documents = await this.#staging.all<{ doctype: string; name: string }>(`SELECT doctype, name FROM ${this.documents} WHERE run = ${literal(run)} AND outcome = 'loaded' AND batch > 0`)
    if (documents.length === 0) return
    const seq = await this.#ledger.lastSeq() + 1
    await this.#staging.transaction(() => this.#ledger.noteBatch({ seq, batch: `${run}:end of ${mark}`, run, phase: mark, wave: 0, doctype: '' }, 0, 0))
    this.#writer = null
    await noteCounters(this.#staging, this.#lane)
    await setWaitingLinks(this.#staging, this.#ledger, this.#lane, run, seq, touched)
    await this.#lane.finish?.()
    for (const [doctype, list] of Map.groupBy(documents, (document) => document.doctype)) {
      const rows = await this.#lane.read(`tab${doctype}`, 'name', list.map((document) => document.name)) ?? []
      const changes: RowChange[] = rows.flatMap((row) => ['modified', 'modified_by'].map((col) => ({ tbl: `tab${doctype}`, key: String(row['name']), col, after: JSON.stringify(row[col]) })))
      await alignChangeStamps(this.#staging, changes)
      await this.#staging.transaction(() => applyChanges(this.#staging, this.#ledger, { run, seq }, changes, touched))
    }
  }
}

const majorOf = (version: string | undefined): string => version?.split('.')[0] ?? ''
