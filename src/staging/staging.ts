import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  DuckDBConnection, DuckDBDataChunk, DuckDBInstance,
  BIGINT, BOOLEAN, DOUBLE, INTEGER, VARCHAR, type DuckDBType, type DuckDBValue,
} from '@duckdb/node-api'
import { LandfallError, messageOf } from '../errors/error.ts'
import { NativeMemory } from './native-memory.ts'
import { inRowOrder } from './row-order.ts'
import { fill, valuesOf, type ColumnData, type ColumnKind } from './vectors.ts'
import type { Value } from '../model/value.ts'

export interface StagingOptions {
  /** DuckDB's memory limit, e.g. `1GB` (default 700MB). */
  memoryLimit?: string
  /** Where it spills; beside the file when absent. */
  spillFolder?: string
  /** Upper bound of the spill, e.g. `20GB`. */
  spillLimit?: string
  /** Folders DuckDB may read and write beside its own files (spool, sources, exports). Everything else is closed to it. */
  allowedFolders?: string[]
  threads?: number
  /** For callers that need a private database per test: no file at all. */
}

export type { ColumnData, ColumnKind } from './vectors.ts'

/** Rows of a query in columns, at most 2,048 at a time. Values: BIGINT and narrower as number (bigint beyond 2^53), DOUBLE as number, all else as text, NULL as null. */
export interface ColumnChunk { count: number; columns: Value[][] }

const TYPES: Record<ColumnKind, DuckDBType> = { VARCHAR, DOUBLE, BIGINT, INTEGER, BOOLEAN }
const CHUNK_ROWS = 2048

/** Quotes an identifier for SQL. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a text literal for SQL; null gives NULL. */
export function literal(value: string | number | bigint | boolean | null): string {
  if (value === null) return 'NULL'
  // The parser takes NUL for the end of the statement.
  if (typeof value === 'string') return value.includes('\0') ? `(${value.split('\0').map((part) => literal(part)).join(' || chr(0) || ')})` : `'${value.replaceAll("'", "''")}'`
  return String(value)
}

/**
 * The staging database: one DuckDB instance per process (a file opened twice loses data), one connection, statements one after another.
 * Schemas: `raw` (records as text), `clean` (typed, cleansed), `drafts` (documents as given), `rows` (what the site will hold), `ops`
 * (findings, rejected records, cursors, checks). The rehearsal site is attached as database `site`.
 */
export class Staging {
  readonly #path: string
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  /** For settings of the instance while a transaction is open, which may have failed. Sees no data. */
  readonly #settings: DuckDBConnection
  readonly #native = new NativeMemory()
  readonly #threads: number
  #memoryBytes = 0
  #depth = 0
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(path: string, instance: DuckDBInstance, connection: DuckDBConnection, settings: DuckDBConnection, threads: number) {
    this.#path = path
    this.#instance = instance
    this.#connection = connection
    this.#settings = settings
    this.#threads = threads
  }

  /** Opens (creating folders and the file as needed) `path`, or a private in-memory database for `:memory:`. Throws `staging-locked` when another process holds it. */
  static async open(path: string, options: StagingOptions = {}): Promise<Staging> {
    const memory = path === ':memory:'
    const folder = memory ? null : dirname(resolve(path))
    if (folder !== null) mkdirSync(folder, { recursive: true })
    const threads = options.threads ?? 2
    let instance: DuckDBInstance
    try {
      instance = await DuckDBInstance.create(path, {
        threads: String(threads), preserve_insertion_order: 'true', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false',
      })
    } catch (error) {
      const text = messageOf(error)
      if (/lock/i.test(text)) {
        throw new LandfallError('staging-locked', `The staging file is in use by another process: ${path}`, { hint: 'Wait for the other run to end, or stop it.', where: { file: path }, cause: error })
      }
      throw new LandfallError('staging-failed', `The staging file cannot be opened: ${text}`, { where: { file: path }, cause: error })
    }
    const staging = new Staging(path, instance, await instance.connect(), await instance.connect(), threads)
    const spill = options.spillFolder ?? (folder === null ? null : `${folder}/spill`)
    await staging.run(`SET memory_limit = ${literal(options.memoryLimit ?? '700MB')}`)
    staging.#memoryBytes = bytesOf((await staging.one<{ n: string }>(`SELECT current_setting('memory_limit') AS n`))?.n ?? '')
    if (spill !== null) {
      await staging.run(`SET temp_directory = ${literal(spill)}`)
      if (options.spillLimit) await staging.run(`SET max_temp_directory_size = ${literal(options.spillLimit)}`)
    }
    await staging.run(`SET TimeZone = 'UTC'`).catch(() => undefined)
    // A checkpoint writes the catalog of every table anew, and a site has hundreds: rarely, and not each time the program ends (the log is replayed).
    await staging.run(`SET checkpoint_threshold = '128MB'; PRAGMA disable_checkpoint_on_shutdown`)
    const allowed = [...(folder === null ? [] : [folder]), ...(spill === null ? [] : [spill]), ...(options.allowedFolders ?? [])].map((f) => resolve(f))
    await staging.run(`SET allowed_directories = [${[...new Set(allowed)].map((f) => literal(f.endsWith('/') ? f : `${f}/`)).join(', ')}]`)
    await staging.run(`SET enable_external_access = false`)
    // DuckDB gives a second thread work from 122,880 rows on; batches are smaller. This pragma, made for its own tests, hands out vectors instead; results and their order are the same.
    await staging.run('PRAGMA verify_parallelism')
    for (const schema of ['raw', 'clean', 'drafts', 'rows', 'ops', 'work']) await staging.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    return staging
  }

  /** What DuckDB may hold in memory before it spills. */
  get memoryBytes(): number { return this.#memoryBytes }

  /** Statements run in the order they were called; a failure is `staging-failed` with the statement's beginning. Returns the number of rows changed where DuckDB tells it. */
  async run(sql: string, params?: Value[]): Promise<number> {
    const text = inRowOrder(sql)
    return this.#enqueue(text, async () => (await this.#connection.run(text, params as DuckDBValue[] | undefined)).rowsChanged)
  }

  /**
   * As `run`, by the calling thread alone. Where a statement's work is one stream anyway (rows numbered in the order of a file), a second thread only gets
   * in the way: with two of them the same load takes twice the processor time.
   */
  async runAlone(sql: string): Promise<number> {
    return this.#enqueue(sql, async () => {
      await this.#settings.run('SET threads = 1')
      try {
        return (await this.#connection.run(sql)).rowsChanged
      } finally {
        await this.#settings.run(`SET threads = ${this.#threads}`)
      }
    })
  }

  /** All rows as objects; for small results. Values as in ColumnChunk. */
  async all<T = Record<string, Value>>(sql: string, params?: Value[]): Promise<T[]> {
    return this.#enqueue(sql, async () => {
      const result = await this.#connection.run(sql, params as DuckDBValue[] | undefined), names = result.deduplicatedColumnNames(), rows: T[] = []
      for (;;) {
        const chunk = await result.fetchChunk()
        const count = chunk?.rowCount ?? 0
        if (!chunk || count === 0) return rows
        this.#native.took(count * names.length)
        const columns = names.map((_, i) => valuesOf(chunk.getColumnVector(i)))
        for (let r = 0; r < count; r++) {
          const row: Record<string, Value> = {}
          for (let i = 0; i < names.length; i++) row[names[i]!] = columns[i]![r]!
          rows.push(row as T)
        }
      }
    })
  }

  /** The first row, or undefined. */
  async one<T = Record<string, Value>>(sql: string, params?: Value[]): Promise<T | undefined> {
    return (await this.all<T>(sql, params))[0]
  }

  /** Streams a query's result in columns. Other statements wait until the iteration ends: do not run any inside the loop. */
  async *scan(sql: string): AsyncGenerator<ColumnChunk> {
    let release!: () => void
    const held = new Promise<void>((done) => { release = done })
    const before = this.#queue
    this.#queue = before.then(() => held)
    await before
    try {
      const result = await this.#connection.stream(sql).catch((error: unknown) => { throw fail(sql, error) })
      for (;;) {
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) return
        this.#native.took(chunk.rowCount * chunk.columnCount)
        yield { count: chunk.rowCount, columns: Array.from({ length: chunk.columnCount }, (_, i) => valuesOf(chunk.getColumnVector(i))) }
      }
    } finally {
      release()
    }
  }

  /** Names, in order, of the columns a query returns. */
  async columnsOf(relation: string): Promise<{ name: string; type: string }[]> {
    const rows = await this.all<{ column_name: string; column_type: string }>(`DESCRIBE ${relation}`)
    return rows.map((row) => ({ name: row.column_name, type: row.column_type }))
  }

  /** True when the table or view exists; `relation` is `schema.table` with or without quotes, or `database.schema.table`. */
  async exists(relation: string): Promise<boolean> {
    try {
      await this.all(`SELECT 1 FROM ${relation} LIMIT 0`)
      return true
    } catch {
      return false
    }
  }

  /** Appends columns of equal length to an existing table whose columns are exactly these, in this order. */
  async appendColumns(relation: { schema: string; table: string; database?: string }, columns: ColumnData[]): Promise<void> {
    const count = columns[0]?.values.length ?? 0
    await this.#enqueue(`append to ${relation.schema}.${relation.table}`, async () => {
      const appender = await this.#connection.createAppender(relation.table, relation.schema, relation.database ?? null)
      try {
        // One chunk for all rows: its memory is native, and given back only when its handle is collected.
        const chunk = DuckDBDataChunk.create(columns.map((column) => TYPES[column.kind]))
        for (let start = 0; start < count; start += CHUNK_ROWS) {
          const size = Math.min(CHUNK_ROWS, count - start)
          if (start > 0) chunk.reset()
          chunk.rowCount = size
          columns.forEach((column, index) => fill(chunk.getColumnVector(index), column, start, size))
          appender.appendDataChunk(chunk)
        }
        this.#native.took(Math.min(count, CHUNK_ROWS) * columns.length)
        appender.flushSync()
      } finally {
        appender.closeSync()
      }
    })
  }

  /** All or nothing; nests (the outermost decides). A throw inside rolls back and is rethrown. */
  async transaction<T>(body: () => Promise<T>): Promise<T> {
    if (this.#depth > 0) return body()
    await this.run('BEGIN TRANSACTION')
    this.#depth++
    try {
      const result = await body()
      this.#depth--
      await this.run('COMMIT')
      return result
    } catch (error) {
      if (this.#depth > 0) this.#depth--
      await this.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  /** Runs `body` in a transaction that is always rolled back: for predictions that must leave nothing. */
  async rehearse<T>(body: () => Promise<T>): Promise<T> {
    await this.run('BEGIN TRANSACTION')
    this.#depth++
    try {
      return await body()
    } finally {
      this.#depth--
      await this.run('ROLLBACK')
    }
  }

  /** Count and exact sums (as decimal text) of columns of a relation; text that is no number counts as null. */
  async measure(relation: string, sums: string[]): Promise<{ count: number; sums: Record<string, string | null> }> {
    // Text to a wide decimal takes DuckDB 17 µs, to a narrow one half a microsecond; what begins like a word is no number.
    const exact = (text: string) => `CASE WHEN ascii(${text}) < 58 THEN coalesce(CAST(TRY_CAST(${text} AS DECIMAL(18,9)) AS DECIMAL(38,9)), TRY_CAST(${text} AS DECIMAL(38,9))) END`
    const parts = sums.map((column, i) => `CAST(SUM(${exact(`CAST(${ident(column)} AS VARCHAR)`)}) AS VARCHAR) AS s${i}`)
    const row = await this.one<Record<string, Value>>(`SELECT COUNT(*) AS n${parts.map((part) => `, ${part}`).join('')} FROM ${relation}`)
    return { count: Number(row?.['n'] ?? 0), sums: Object.fromEntries(sums.map((column, i) => [column, (row?.[`s${i}`] as string | null) ?? null])) }
  }

  /** Attaches a database file (or `:memory:`) under `alias`; creates it when absent, with blocks of `blockBytes` (small ones suit many small tables). */
  async attach(path: string, alias: string, blockBytes?: 16_384 | 262_144): Promise<void> {
    await this.run(`ATTACH ${literal(path)} AS ${ident(alias)}${blockBytes === undefined ? '' : ` (BLOCK_SIZE ${blockBytes})`}`)
  }

  /** Writes what is only in the log to the file when the log is larger than `overBytes`: rows that no file holds yet cannot leave memory but by spilling. */
  async checkpoint(overBytes: number): Promise<void> {
    const log = statSync(`${this.#path}.wal`, { throwIfNoEntry: false })
    if (log !== undefined && log.size > overBytes) await this.run('CHECKPOINT')
  }

  async close(): Promise<void> {
    await this.#queue.catch(() => undefined)
    this.#connection.closeSync()
    this.#settings.closeSync()
    this.#instance.closeSync()
  }

  async #enqueue<T>(sql: string, task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task).catch((error: unknown) => { throw fail(sql, error) })
    this.#queue = result.catch(() => undefined)
    return result
  }
}

/** Bytes of a size as DuckDB tells it: `667.5 MiB`. */
function bytesOf(text: string): number {
  const [, size, unit] = /^([\d.]+) (bytes|KiB|MiB|GiB|TiB)$/.exec(text) ?? []
  return size === undefined ? 0 : Number(size) * 1024 ** ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit!)
}

function fail(sql: string, error: unknown): LandfallError {
  if (error instanceof LandfallError) return error
  const text = messageOf(error)
  if (/^(out of memory|parser error: memory exhausted)/i.test(text)) {
    return new LandfallError('limit-exceeded', `The staging database needs more memory than it may have: ${text.split('\n')[0]}\nin: ${sql.slice(0, 200)}`, { hint: 'Raise `limits.memory`; a table of thousands of columns is better read through a query or split.', cause: error })
  }
  return new LandfallError('staging-failed', `${text}\nin: ${sql.length > 1500 ? `${sql.slice(0, 1500)}...` : sql}`, { cause: error })
}
