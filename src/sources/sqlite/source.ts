import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { LandfallError, messageOf } from '../../errors/error.ts'
import type { Batch, Cursor, Measure } from '../../model/batch.ts'
import { ZERO, addDecimal, formatDecimal, parseDecimal, type Decimal } from '../../model/decimal.ts'
import type { SourceCatalog } from '../../model/entity.ts'
import { checkStopped, chooseColumns, chooseEntity } from '../choice.ts'
import type { ChangeReader } from '../changes.ts'
import type { QueryEntity } from '../sql-options.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import { SpoolWriter } from '../spool-writer.ts'
import { sqliteChanges } from './changes.ts'
import { describeSqlite, type SqliteColumn, type SqliteEntity } from './describe.ts'
import { recordLine, valueText, type SqliteValue } from './line.ts'

/** A batch ends when its file has this many bytes, however few records it holds. */
const BATCH_BYTES = 24 << 20
/** The file is read without waiting for anything, so after so many records others get their turn: staging, the progress shown, a stop. */
const TURN_RECORDS = 2000

const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/** Lines are written in pieces of about this many characters: a write for each costs more than the line. */
const PIECE_CHARS = 1 << 14

/**
 * A SQLite file through node:sqlite: opened read-only with `query_only`, a connection and a snapshot per reading. Tables come in the order of their
 * row number, WITHOUT ROWID tables by their key, views and queries sorted by the whole record.
 */
export class SqliteSource implements Source {
  readonly kind = 'sqlite'
  readonly can: SourceAbilities = { resume: true, keys: true, readOnly: true, nulls: true }
  readonly name: string
  readonly #connect: () => DatabaseSync
  readonly #queries: QueryEntity[]
  readonly #keys: Record<string, string[]>
  #database: DatabaseSync | null
  #items: SqliteEntity[] | null = null

  constructor(name: string, database: DatabaseSync, connect: () => DatabaseSync, queries: QueryEntity[], keys: Record<string, string[]>) {
    this.name = name
    this.#database = database
    this.#connect = connect
    this.#queries = queries
    this.#keys = keys
  }

  async describe(): Promise<SourceCatalog> {
    this.#items = null
    const version = this.query(`SELECT sqlite_version() AS v`)[0]?.['v']
    return { source: this.name, kind: this.kind, version: `SQLite ${String(version)}`, entities: this.#described().map((item) => item.entity) }
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch> {
    checkStopped(request.signal, request.entity)
    const item = chooseEntity(this.name, this.#described(), request.entity)
    chooseColumns(item.name, item.columns, request.columns)
    const database = this.#connect()
    let spool: SpoolWriter | null = null
    try {
      database.exec('BEGIN')
      const { sql, hidden, done: start, total, width } = plan(database, item, request)
      const statement = database.prepare(sql)
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      let done = start, last: SqliteValue[] = []
      const columns = chooseColumns(item.name, item.columns, request.columns).map((column) => column.name)
      const hand = (writer: SpoolWriter): Batch => {
        spool = null
        done += writer.count
        return {
          entity: item.name, columns, data: { kind: 'csv', path: writer.finish(), width }, count: writer.count, firstOrdinal: done - writer.count + 1, read: writer.count, rejected: [],
          cursor: { n: done, total, ...cursorOf(last.slice(width), hidden) },
        }
      }
      const rows = statement.iterate() as unknown as Iterator<SqliteValue[]>
      for (let ended = false; !ended;) {
        const writer: SpoolWriter = spool ??= new SpoolWriter(request.spoolFolder, `${this.name}.${item.name}`)
        const turn = takeTurn(rows, writer, width, request.batchRows)
        ended = turn.ended
        last = turn.last ?? last
        if (writer.count < request.batchRows && writer.bytes < BATCH_BYTES) {
          await setImmediate()
          continue
        }
        checkStopped(request.signal, item.name)
        yield hand(writer)
      }
      if (spool !== null && (spool as SpoolWriter).count > 0) yield hand(spool)
      checkStopped(request.signal, item.name)
      if (done !== total) {
        throw new LandfallError('source-short', `\`${item.name}\` has ${total} records, ${done} were read.`, { where: { entity: item.name }, hint: after(request) ? 'It changed since reading began: read it again from the start.' : 'The file may be damaged: PRAGMA integrity_check.' })
      }
    } catch (error) {
      throw failed(error, `Reading \`${item.name}\` from SQLite`, item.name)
    } finally {
      (spool as SpoolWriter | null)?.discard()
      database.close()
    }
  }

  async measure(entity: string, sums: string[]): Promise<Measure> {
    const item = chooseEntity(this.name, this.#described(), entity)
    const columns = chooseColumns(item.name, item.columns, sums)
    const exact = columns.map((column) => sumOf(this.#open(), item, column))
    const count = Number(this.query(`SELECT count(*) AS n FROM ${item.from}`)[0]?.['n'])
    return { count, sums: Object.fromEntries(columns.map((column, i) => [column.name, exact[i] ?? null])) }
  }

  /** Rows of a statement over the source's own, read-only connection; integers as bigint. */
  query(sql: string): Record<string, unknown>[] {
    try {
      const statement = this.#open().prepare(sql)
      statement.setReadBigInts(true)
      return statement.all()
    } catch (error) {
      throw failed(error, `A statement (source \`${this.name}\`)`)
    }
  }

  changes(): ChangeReader {
    return sqliteChanges(this.name, () => this.#described(), () => this.#open())
  }

  async close(): Promise<void> {
    this.#database?.close()
    this.#database = null
  }

  #open(): DatabaseSync {
    if (!this.#database) throw new LandfallError('source-failed', `Source \`${this.name}\` is closed.`)
    return this.#database
  }

  #described(): SqliteEntity[] {
    try {
      this.#items ??= describeSqlite(this.#open(), this.#queries, this.#keys)
      return this.#items
    } catch (error) {
      throw failed(error, `Describing the database (source \`${this.name}\`)`)
    }
  }
}

/** Writes records until the batch is full or others are due; `last` is the last one, null when there was none. A plain loop: in a generator it runs slower. */
function takeTurn(rows: Iterator<SqliteValue[]>, writer: SpoolWriter, width: number, batchRows: number): { last: SqliteValue[] | null; ended: boolean } {
  const most = Math.min(batchRows, writer.count + TURN_RECORDS)
  let last: SqliteValue[] | null = null, ended = false, piece = ''
  while (writer.count < most && writer.bytes < BATCH_BYTES) {
    const next = rows.next()
    if (next.done) { ended = true; break }
    last = next.value
    writer.count++
    piece += recordLine(last, width)
    if (piece.length <= PIECE_CHARS) continue
    writer.text(piece)
    piece = ''
  }
  writer.text(piece)
  return { last, ended }
}

const after = (request: ReadRequest) => request.after !== undefined

/** The SELECT of a request: the columns as they are, then what the cursor needs as literals (a row number as it is). `total` is what must have been read in the end, from the first record on. */
function plan(database: DatabaseSync, item: SqliteEntity, request: ReadRequest): { sql: string; hidden: string[]; done: number; total: number; width: number } {
  const columns = chooseColumns(item.name, item.columns, request.columns), cursor = request.after
  const wanted = columns.map((column) => column.sql).join(', ')
  const done = cursor ? Number(cursor['n']) : 0
  const count = (where: string) => Number((database.prepare(`SELECT count(*) AS n FROM ${item.from}${where}`).get() as { n: number }).n)
  if (item.rowid !== null || item.key.length > 0) {
    const key = item.rowid !== null ? [`r.${item.rowid}`] : item.key.map((column) => column.sql)
    const hidden = key.map((_, i) => `k${i}`)
    const where = cursor ? ` WHERE (${key.join(', ')}) > (${hidden.map((name) => keyLiteral(cursor[name])).join(', ')})` : ''
    const selected = item.rowid !== null ? key[0] as string : key.map((sql) => `quote(${sql})`).join(', ')
    return { sql: `SELECT ${wanted}, ${selected} FROM ${item.from}${where} ORDER BY ${key.join(', ')}`, hidden, done, total: done + count(where), width: columns.length }
  }
  const total = count('')
  if (cursor && Number(cursor['total']) !== total) {
    throw new LandfallError('source-changed', `\`${item.name}\` has no key, and it had ${String(cursor['total'])} records when reading began; now it has ${total}.`,
      { hint: 'Read it again from the start, or name its identifying columns in the option `keys`.', where: { entity: item.name } })
  }
  const order = item.columns.map((column) => `quote(${column.sql})`).join(', ')
  return { sql: `SELECT ${wanted} FROM ${item.from} ORDER BY ${order} LIMIT -1 OFFSET ${done}`, hidden: [], done, total, width: columns.length }
}

/** quote() gave a literal already; it is only checked, since cursors come back from a file. */
function keyLiteral(value: Cursor[string] | undefined): string {
  const literal = String(value)
  if (/^(-?\d+(\.\d+)?([eE][+-]?\d+)?|X'[0-9A-Fa-f]*'|'(?:[^']|'')*'|NULL)$/.test(literal)) return literal
  return text(literal)
}

function cursorOf(places: SqliteValue[], hidden: string[]): Cursor {
  return Object.fromEntries(hidden.map((name, i) => [name, String(places[i])]))
}

/** SQLite sums decimals as doubles and overflows on integers, so values are added here. */
function sumOf(database: DatabaseSync, item: SqliteEntity, column: SqliteColumn): string | null {
  const statement = database.prepare(`SELECT ${column.sql} AS v FROM ${item.from}`)
  statement.setReadBigInts(true)
  let sum: Decimal | null = null
  for (const row of statement.iterate() as unknown as Iterable<{ v: SqliteValue }>) {
    const value = parseDecimal(valueText(row.v) ?? '')
    if (value) sum = addDecimal(sum ?? ZERO, value)
  }
  return sum ? formatDecimal(sum) : null
}

function failed(error: unknown, doing: string, entity?: string): LandfallError {
  if (error instanceof LandfallError) return error
  return new LandfallError('source-failed', `${doing} failed: ${messageOf(error)}`, { where: { entity }, cause: error })
}
