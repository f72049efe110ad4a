import { registerSecret } from '../../errors/redact.ts'
import { LandfallError } from '../../errors/error.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import type { Lane, LaneBatch, LaneChange, LaneOutcome, LaneUndo, SiteRow, UndoRequest } from '../lane.ts'
import type { TableSums, TargetInfo } from '../target.ts'
import type { BulkMode } from './bulk.ts'
import { clearCache } from './cache.ts'
import { customisations } from './customisations.ts'
import { checkServer, type ServerNote } from './server-check.ts'
import { checksumTables } from './checksums.ts'
import { again, connect, quote, tick, type Link } from './connection.ts'
import { createLedger } from './ledger.ts'
import type { ExpressOptions } from './options.ts'
import type { Permits } from './permits.ts'
import { SiteTables } from './site-tables.ts'
import { batchesOf, undoBatch, type LoadedBatch } from './undo.ts'
import { BatchWriter } from './writer.ts'

/** What the lane is opened with. `permits` says which documents' shapes are proven. */
export interface ExpressEnv { staging: Staging; site: Site; baseFolder: string; permits: Permits }

/**
 * Straight into the site's MariaDB. Of a document the lane takes `id`, `entity`, `key`, `name` and `docstatus`; its rows are those predicted, so `doc` may be empty. What
 * Frappe keeps beside tables: the cache is emptied (`clearCache`), `__global_search` is filled by `bench --site NAME rebuild-global-search`, and nobody is notified.
 */
export class ExpressLane implements Lane {
  readonly kind = 'express' as const
  readonly can = { transactional: true, undo: true }
  readonly #options: ExpressOptions
  readonly #env: ExpressEnv
  readonly #tables: SiteTables
  readonly #writer: BatchWriter
  #link: Link | null = null

  constructor(options: ExpressOptions, env: ExpressEnv) {
    registerSecret(options.password)
    this.#options = options
    this.#env = env
    this.#tables = new SiteTables(env.site)
    this.#writer = new BatchWriter({
      staging: env.staging, site: env.site, tables: this.#tables, permits: env.permits, retries: options.retries, link: () => this.#open(), mode: (link) => this.#mode(link),
    })
  }

  async describe(): Promise<TargetInfo> {
    const apps = await this.#again('Reading the installed apps', (link) => link.rows('SELECT app_name, app_version FROM `tabInstalled Application`'))
    const customised = await this.#again('Reading what is customised', customisations)
    return { kind: 'express', name: `database ${this.#options.database}`, apps: Object.fromEntries(apps.map(([name, version]) => [name ?? '', version ?? ''])), customised }
  }

  /** What of the server stands in the way (throws `target-failed` naming all of it), and what only makes it slower (answered). */
  async check(): Promise<ServerNote[]> {
    return checkServer(await this.#open(), this.#options)
  }

  /** Makes the ledger's tables and looks at those of the DocTypes. */
  async prepare(doctypes: string[]): Promise<void> {
    const link = await this.#open()
    await checkServer(link, this.#options)
    await this.#again('Creating the ledger', createLedger)
    const tables = doctypes.map((doctype) => this.#env.site.doctype(doctype)).filter((meta) => meta !== undefined && meta.columns.length > 0).map((meta) => meta!.table)
    await this.#tables.check(link, ['tabSeries', ...tables])
  }

  write(batch: LaneBatch): Promise<LaneOutcome[]> {
    return this.#writer.write(batch)
  }

  /** Numbers come as numbers, decimals as text with all their places. */
  async read(table: string, column: string, values: string[]): Promise<SiteRow[]> {
    const columns = (await this.#again(`Reading ${table}`, (link) => link.rows(`SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${quote(table)} ORDER BY ORDINAL_POSITION`)))
      .map(([name, type]) => ({ name: name ?? '', number: /int$/.test(type ?? '') }))
    if (columns.length === 0) throw new LandfallError('target-failed', `The site has no table ${table}.`, { hint: 'Describe the site again.' })
    const found: SiteRow[] = []
    for (let i = 0; i < values.length; i += 1000) {
      const list = values.slice(i, i + 1000).map(quote).join(', ')
      const rows = await this.#again(`Reading ${table}`, (link) => link.rows(`SELECT ${columns.map(({ name }) => tick(name)).join(', ')} FROM ${tick(table)} WHERE ${tick(column)} IN (${list})`))
      for (const row of rows) found.push(Object.fromEntries(columns.map(({ name, number }, n) => [name, number && row[n] !== null ? Number(row[n]) : row[n] ?? null])))
    }
    return found
  }

  /** What a controller does when a document is saved again nobody predicts: the lane beside this one changes documents, whoever wrote them. Alone, it refuses. */
  change(changes: LaneChange[]): Promise<({ type: string; message: string } | null)[]> {
    return Promise.resolve(changes.map(({ doctype, name }) => ({ type: 'Unsupported', message: `The express lane does not change documents that are there: ${doctype} ${name} keeps its link open until the bench or REST lane is set up beside it` })))
  }

  /** The site keeps rows in its cache, and what it does not find there it would not look for. */
  async finish(): Promise<void> {
    await this.clearCache()
  }

  /** Batch by batch, last written first, each in a transaction of its own: called again after a crash it goes on. */
  async undo(request: UndoRequest): Promise<LaneUndo> {
    const total: LaneUndo = { removed: 0, restored: 0, kept: [] }
    const batches = await this.#again('Reading the ledger', (link) => batchesOf(link, request))
    const known = new Map(request.documents.flatMap(({ doctype, name, modified }) => (modified === null ? [] : [[`${doctype}\u001f${name}`, modified] as const])))
    for (const { loaded, wanted } of batches) {
      const one = await this.#undoOne(loaded, wanted, known)
      total.removed += one.removed
      total.restored += one.restored
      total.kept.push(...one.kept)
    }
    return total
  }

  #undoOne(loaded: LoadedBatch, wanted: ReadonlySet<number>, known: ReadonlyMap<string, string>): Promise<LaneUndo> {
    return this.#again(`Taking back batch ${loaded.batch}`, async (link) => {
      await link.run('START TRANSACTION')
      try {
        const done = await undoBatch(link, this.#env.site, this.#mode(link), loaded, wanted, known)
        await link.run('COMMIT')
        return done
      } catch (error) {
        await link.run('ROLLBACK').catch(() => link.close())
        throw error
      }
    })
  }

  /** See `checksumTables`. */
  checksums(tables?: readonly string[]): Promise<TableSums> {
    return this.#again('Summing tables', (link) => checksumTables(link, tables))
  }

  /** Empties the site's cache where `redisCache` is given; answers how many keys went, or null when it is not and `bench clear-cache` is to be run. Call it when loading is over. */
  async clearCache(): Promise<number | null> {
    return this.#options.redisCache === undefined ? null : clearCache(this.#options.redisCache, this.#options.database)
  }

  /** The server's number of the connection in use, by which an administrator (or a test) can end it; null when there is none. */
  get connectionId(): number | null { return this.#link === null || this.#link.broken ? null : this.#link.id }

  async close(): Promise<void> {
    this.#link?.close()
    this.#link = null
  }

  #mode(link: Link): BulkMode {
    return this.#options.bulk === 'insert' || (this.#options.bulk === 'auto' && !link.infile) ? 'insert' : 'infile'
  }

  async #open(): Promise<Link> {
    if (this.#link === null || this.#link.broken) {
      this.#link?.close()
      this.#link = await connect(this.#options, this.#env.baseFolder)
    }
    return this.#link
  }

  /** What may be done again as a whole. */
  #again<T>(doing: string, body: (link: Link) => Promise<T>): Promise<T> {
    return again(this.#options.retries, doing, async () => body(await this.#open()))
  }
}
