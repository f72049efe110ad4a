import type pg from 'pg'
import { LandfallError } from '../../errors/error.ts'
import type { Batch, Measure } from '../../model/batch.ts'
import type { SourceCatalog } from '../../model/entity.ts'
import { checkStopped, chooseColumns, chooseEntity } from '../choice.ts'
import type { ChangeReader, LogSettings } from '../changes.ts'
import type { QueryEntity } from '../sql-options.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import { connectPostgres, postgresError, type PostgresAccess } from './connection.ts'
import { postgresChanges } from './changes.ts'
import { describePostgres, type PostgresColumn, type PostgresEntity } from './describe.ts'
import { PostgresLog } from './log.ts'
import { readPostgres } from './read.ts'

export interface PostgresSettings extends PostgresAccess {
  schemas: string[]
  queries: QueryEntity[]
  keys: Record<string, string[]>
  idleTimeoutMs: number
}

/**
 * PostgreSQL 12 and later. Every session is read-only, in UTC and ISO forms; a reading has its own connection and one snapshot for the whole entity.
 * Records come by COPY in staging's dialect, ordered by the key; tables without one by their physical place, views and queries by the whole record.
 */
export class PostgresSource implements Source {
  readonly kind = 'postgres'
  readonly can: SourceAbilities = { resume: true, keys: true, readOnly: true, nulls: true }
  readonly name: string
  readonly #settings: PostgresSettings
  readonly #baseFolder: string
  #client: pg.Client | null
  #items: Promise<PostgresEntity[]> | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #log: PostgresLog | null = null

  constructor(name: string, settings: PostgresSettings, baseFolder: string, client: pg.Client) {
    this.name = name
    this.#settings = settings
    this.#baseFolder = baseFolder
    this.#client = client
  }

  async describe(): Promise<SourceCatalog> {
    this.#items = null
    const items = await this.#described()
    const version = await this.query<{ server_version: string }>('SHOW server_version')
    return { source: this.name, kind: this.kind, version: `PostgreSQL ${version[0]?.server_version ?? ''}`, entities: items.map((item) => item.entity) }
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch> {
    checkStopped(request.signal, request.entity)
    const item = chooseEntity(this.name, await this.#described(), request.entity)
    chooseColumns(item.name, item.columns, request.columns)
    const client = await connectPostgres(this.#settings, this.#baseFolder)
    yield* readPostgres(client, item, request, this.name, this.#settings.idleTimeoutMs)
  }

  async measure(entity: string, sums: string[]): Promise<Measure> {
    const item = chooseEntity(this.name, await this.#described(), entity)
    const columns = chooseColumns(item.name, item.columns, sums)
    const parts = columns.map((column, i) => `, (sum(${numeric(column)}))::text AS s${i}`)
    const row = (await this.query<Record<string, string | null>>(`SELECT count(*) AS n${parts.join('')} FROM ${item.from}`))[0]
    return { count: Number(row?.['n']), sums: Object.fromEntries(columns.map((column, i) => [column.name, row?.[`s${i}`] ?? null])) }
  }

  /** Rows of a statement over the source's own, read-only connection; values as text. Opens it again when it was lost. */
  async query<T extends object>(sql: string): Promise<T[]> {
    return (await this.#run(async (client) => client.query<T & pg.QueryResultRow>(sql), 'A statement')).rows
  }

  changes(settings?: LogSettings): ChangeReader {
    const rows = (sql: string): Promise<(string | null)[][]> => this.#texts(sql)
    if (settings) this.#log ??= new PostgresLog(rows, settings.slot, async () => (await this.#described()).map(({ name, entity, key }) => ({ name, namespace: entity.namespace, table: name.startsWith(`${entity.namespace}.`) ? name.slice(entity.namespace.length + 1) : name, key: key.map((column) => column.name) })))
    return postgresChanges(this.name, () => this.#described(), rows, settings && this.#log ? this.#log : undefined)
  }

  async #texts(sql: string): Promise<(string | null)[][]> {
    return (await this.#run((client) => client.query<(string | null)[]>({ text: sql, rowMode: 'array' }), 'A statement')).rows
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }

  async #described(): Promise<PostgresEntity[]> {
    const { schemas, queries, keys } = this.#settings
    this.#items ??= this.#run((client) => describePostgres(client, schemas, queries, keys), 'Describing the database')
    this.#items.catch(() => { this.#items = null })
    return this.#items
  }

  /** One statement after another over the one connection; reopened when it was lost. */
  #run<T>(task: (client: pg.Client) => Promise<T>, doing: string): Promise<T> {
    const result = this.#queue.then(async () => {
      if (!this.#client) throw new LandfallError('source-failed', `Source \`${this.name}\` is closed.`)
      const lost = (this.#client as unknown as { _queryable: boolean })._queryable === false
      if (lost) this.#client = await connectPostgres(this.#settings, this.#baseFolder)
      return task(this.#client)
    }).catch((error: unknown) => { throw postgresError(error, `${doing} (source \`${this.name}\`)`) })
    this.#queue = result.catch(() => undefined)
    return result
  }
}

/** The value as an exact number, NULL when it is none: as staging counts. */
function numeric(column: PostgresColumn): string {
  if (column.type === 'integer') return `${column.rendered}::numeric`
  const value = `(${column.rendered})::text`
  return `CASE WHEN ${value} ~ '^\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?\\s*$' THEN ${value}::numeric END`
}
