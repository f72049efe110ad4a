import { LandfallError } from '../../errors/error.ts'
import type { Batch, Measure } from '../../model/batch.ts'
import type { SourceCatalog } from '../../model/entity.ts'
import { checkStopped, chooseColumns, chooseEntity } from '../choice.ts'
import type { ChangeReader, LogSettings } from '../changes.ts'
import type { QueryEntity } from '../sql-options.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import { mysqlChanges } from './changes.ts'
import { connectMysql, mysqlError, mysqlRows, type MysqlAccess, type MysqlLink } from './connection.ts'
import { describeMysql, type MysqlColumn, type MysqlEntity } from './describe.ts'
import { MysqlLog } from './log.ts'
import { readMysql } from './read.ts'

export interface MysqlSettings extends MysqlAccess {
  databases: string[]
  queries: QueryEntity[]
  keys: Record<string, string[]>
  idleTimeoutMs: number
}

/**
 * MySQL 5.7 and later, MariaDB 10.3 and later. Every session is read-only and in UTC; a reading has its own connection and one snapshot for the
 * whole entity. The server renders each record as a line of staging's dialect, ordered by the key; tables without one come in the order of their
 * storage, views and queries sorted by a digest of the record.
 */
export class MysqlSource implements Source {
  readonly kind = 'mysql'
  readonly can: SourceAbilities = { resume: true, keys: true, readOnly: true, nulls: true }
  readonly name: string
  readonly #settings: MysqlSettings
  readonly #baseFolder: string
  #link: MysqlLink | null
  #items: Promise<MysqlEntity[]> | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #log: MysqlLog | null = null

  constructor(name: string, settings: MysqlSettings, baseFolder: string, link: MysqlLink) {
    this.name = name
    this.#settings = settings
    this.#baseFolder = baseFolder
    this.#link = link
  }

  async describe(): Promise<SourceCatalog> {
    this.#items = null
    const items = await this.#described()
    const version = this.#link?.version ?? ''
    return { source: this.name, kind: this.kind, version: /mariadb/i.test(version) ? `MariaDB ${version}` : `MySQL ${version}`, entities: items.map((item) => item.entity) }
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch> {
    checkStopped(request.signal, request.entity)
    const item = chooseEntity(this.name, await this.#described(), request.entity)
    chooseColumns(item.name, item.columns, request.columns)
    const link = await connectMysql(this.#settings, this.#baseFolder)
    yield* readMysql(link, item, request, this.name, this.#settings.idleTimeoutMs)
  }

  async measure(entity: string, sums: string[]): Promise<Measure> {
    const item = chooseEntity(this.name, await this.#described(), entity)
    const columns = chooseColumns(item.name, item.columns, sums)
    const [row] = await this.query(`SELECT COUNT(*)${columns.map((column) => `, CONCAT(SUM(${numeric(column)}))`).join('')} FROM ${item.from}`)
    return { count: Number(row?.[0]), sums: Object.fromEntries(columns.map((column, i) => [column.name, row?.[i + 1] ?? null])) }
  }

  /** Rows of a statement over the source's own, read-only connection; values as text. */
  async query(sql: string): Promise<(string | null)[][]> {
    return this.#run((link) => mysqlRows(link.connection, sql), 'A statement')
  }

  changes(settings?: LogSettings): ChangeReader {
    const rows = (sql: string): Promise<(string | null)[][]> => this.query(sql)
    if (settings) this.#log ??= new MysqlLog(rows, this.#settings, settings.serverId, async () => (await this.#described()).map(({ name, entity, key }) => ({ name, namespace: entity.namespace, table: name.startsWith(`${entity.namespace}.`) ? name.slice(entity.namespace.length + 1) : name, key: key.map((column) => column.name) })))
    return mysqlChanges(this.name, () => this.#described(), rows, settings && this.#log ? this.#log : undefined)
  }

  async close(): Promise<void> {
    const link = this.#link
    this.#link = null
    if (link) await new Promise<void>((resolve) => { link.connection.end(() => resolve()) })
  }

  #described(): Promise<MysqlEntity[]> {
    const { databases, queries, keys } = this.#settings
    this.#items ??= this.#run((link) => describeMysql(link, databases, queries, keys), 'Describing the database')
    this.#items.catch(() => { this.#items = null })
    return this.#items
  }

  /** One statement after another over the one connection; opened again when the server closed it meanwhile. */
  #run<T>(task: (link: MysqlLink) => Promise<T>, doing: string): Promise<T> {
    const result = this.#queue.then(async () => {
      if (!this.#link) throw new LandfallError('source-failed', `Source \`${this.name}\` is closed.`)
      const state = this.#link.connection as unknown as { _closing?: boolean; _fatalError?: unknown; stream?: { destroyed?: boolean } }
      if (state._fatalError || state.stream?.destroyed) this.#link = await connectMysql(this.#settings, this.#baseFolder)
      return task(this.#link)
    }).catch((error: unknown) => { throw mysqlError(error, `${doing} (source \`${this.name}\`)`) })
    this.#queue = result.catch(() => undefined)
    return result
  }
}

/** The value as an exact number, NULL when it is none: as staging counts. */
function numeric(column: MysqlColumn): string {
  if (column.type === 'integer' || column.type === 'decimal') return column.sql
  return `CASE WHEN CONCAT(${column.rendered}) REGEXP '^[[:space:]]*[+-]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][+-]?[0-9]+)?[[:space:]]*$' THEN CAST(CONCAT(${column.rendered}) AS DECIMAL(65, 18)) END`
}
