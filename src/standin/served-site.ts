import { ident, literal, Staging } from '../staging/staging.ts'
import { timestamp, type Clock } from '../model/clock.ts'
import type { Value } from '../model/value.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import { duckType } from '../site/tables.ts'
import { PostingEngine } from '../posting/engine.ts'
import type { Site } from '../site/site.ts'
import { FileStore } from './file-store.ts'
import { withCustomFields } from './custom-field-schema.ts'
import type { ServerMessage } from './exception.ts'

export interface ServedSiteOptions {
  site: Site
  clock: Clock
  /** File the site is kept in, or null: in memory. */
  storePath: string | null
}

/**
 * The site behind the stand-in: the schema `rows` of a staging of its own, in which the posting engine writes what a document would write. What a
 * request did is made the site's own when it commits: rows lose the draft they came from.
 */
export class ServedSite {
  readonly staging: Staging
  readonly clock: Clock
  readonly files: FileStore
  /** Files this request stored, for taking them back. */
  #stored: string[] = []
  readonly #base: Site
  #site: Site
  #engine: PostingEngine
  #ordinal: number
  #queue: Promise<unknown> = Promise.resolve()
  /** Messages the request at work has shown so far; emptied when the next begins. */
  messages: ServerMessage[] = []

  private constructor(staging: Staging, clock: Clock, files: FileStore, base: Site, site: Site, engine: PostingEngine, ordinal: number) {
    this.staging = staging
    this.clock = clock
    this.files = files
    this.#base = base
    this.#site = site
    this.#engine = engine
    this.#ordinal = ordinal
  }

  static async open(options: ServedSiteOptions): Promise<ServedSite> {
    const staging = await Staging.open(options.storePath ?? ':memory:')
    try {
      let engine = await PostingEngine.open(staging, options.site, options.clock)
      await staging.run('CREATE TABLE IF NOT EXISTS ops.served (ordinal BIGINT)')
      const row = await staging.one<{ n: number | null }>('SELECT max(ordinal) AS n FROM ops.served')
      const site = await withCustomFields(options.site, staging)
      if (site !== options.site) engine = await PostingEngine.open(staging, site, options.clock)
      return new ServedSite(staging, options.clock, new FileStore(options.storePath), options.site, site, engine, Number(row?.n ?? 0))
    } catch (error) {
      await staging.close()
      throw error
    }
  }

  get site(): Site { return this.#site }
  get engine(): PostingEngine { return this.#engine }

  /** Number of the next draft: never given twice, because names of child rows are made from it. */
  nextOrdinal(): number { return ++this.#ordinal }

  /** One request after another. `body` begins with no messages shown. */
  async request<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      this.messages = []
      return body()
    })
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  /** Runs `body` within a request as a transaction: an error leaves nothing of it. */
  async transaction<T>(body: () => Promise<T>): Promise<T> {
    const site = this.#site, engine = this.#engine
    this.#stored = []
    try {
      return await this.staging.transaction(async () => {
        const result = await body()
        await this.#settle()
        return result
      })
    } catch (error) {
      this.#site = site
      this.#engine = engine
      for (const url of this.#stored) this.files.remove(url)
      await engine.afterRollback()
      throw error
    }
  }

  /** Runs `body` within a request and takes back whatever it did. Not within a transaction. */
  async rehearse<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await this.staging.rehearse(body)
    } finally {
      await this.#engine.afterRollback()
    }
  }

  /** Makes the rows of this request the site's own. */
  async #settle(): Promise<void> {
    for (const table of this.#engine.written()) await this.staging.run(`UPDATE rows.${ident(table)} SET _draft = NULL, _doctype = NULL WHERE _draft IS NOT NULL`)
    await this.staging.run(`DELETE FROM ops.findings; DELETE FROM ops.refused; DELETE FROM ops.updates; DELETE FROM ops.served; INSERT INTO ops.served VALUES (${literal(this.#ordinal)})`)
  }

  /** Sets columns of a row, and that it was changed now; `docstatus` of its child rows too where one is given. */
  async setColumns(meta: DocTypeMeta, name: string, values: Record<string, Value>, docstatus: number | null): Promise<void> {
    const all: Record<string, Value> = { modified: timestamp(this.clock), modified_by: 'Administrator', ...values }
    const sets = Object.entries(all).filter(([key]) => meta.column(key) !== undefined).map(([key, value]) => `${ident(key)} = ${typedLiteral(meta, key, value)}`)
    await this.staging.run(`UPDATE rows.${ident(meta.table)} SET ${sets.join(', ')} WHERE name = ${literal(name)}`)
    if (docstatus === null) return
    for (const field of meta.tableFields()) {
      const child = this.site.doctype(field.options ?? '')
      if (child !== undefined && child.columns.length > 0) await this.staging.run(`UPDATE rows.${ident(child.table)} SET docstatus = ${docstatus} WHERE parent = ${literal(name)} AND parenttype = ${literal(meta.name)}`)
    }
  }

  /** Stores a file, unless this transaction fails. */
  putFile(url: string, bytes: Buffer): void {
    this.files.put(url, bytes)
    this.#stored.push(url)
  }

  /** Inserts a row as it is. */
  async insertRow(meta: DocTypeMeta, row: Record<string, Value>): Promise<void> {
    const columns = meta.columns.filter((column) => row[column.name] !== undefined)
    await this.staging.run(`INSERT INTO rows.${ident(meta.table)} (${columns.map((column) => ident(column.name)).join(', ')}) VALUES (${columns.map((column) => typedLiteral(meta, column.name, row[column.name]!)).join(', ')})`)
  }

  /** Takes up custom fields made within this request: the DocTypes they belong to have them from now on. */
  async reloadSchema(): Promise<void> {
    await this.#settle()
    this.#site = await withCustomFields(this.#base, this.staging)
    this.#engine = await PostingEngine.open(this.staging, this.#site, this.clock)
  }

  async close(): Promise<void> {
    await this.#queue.catch(() => undefined)
    await this.staging.close()
  }
}

function typedLiteral(meta: DocTypeMeta, column: string, value: Value): string {
  return value === null ? 'NULL' : `CAST(${literal(typeof value === 'boolean' ? Number(value) : String(value))} AS ${duckType(meta.column(column)!.type)})`
}
