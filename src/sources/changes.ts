import { LandfallError } from '../errors/error.ts'
import type { ColumnType } from '../model/entity.ts'

/** What a window asks for. Stamps are texts in the form in which the source renders the column. */
export interface BoundsRequest {
  entity: string
  field: string
  /** End of the last window; null: there was none. */
  low: string | null
  /** Milliseconds since it was taken, by our own monotonic or wall clock: a source whose clock was set back is read from where it was then. */
  elapsedMs: number
  overlapMs: number | null
  lagMs: number
}

/**
 * A window `[from, high)`. `from` null: from the beginning; `high` null: no end (numbers, and sources with one writer). `now`: the source's clock. `heldBy`: what keeps
 * `high` behind the clock, for people. `note`: what could not be looked at.
 */
export interface Bounds { from: string | null; high: string | null; now: string | null; heldBy: string | null; note: string | null }

/** A page of whole records: values by column, in the order of `columns`; `after` to be given for the next one, null behind the last. */
export interface ChangePage { columns: string[]; values: (string | null)[][]; count: number; after: (string | null)[] | null }

/** Checksums of records by ranges of their keys: an integer key is divided by `width` from `base` on, any other key by the first digits of its digest. */
export type Division = { by: 'range'; column: string; base: string; width: string } | { by: 'digest'; digits: number }
export interface RangeSum { bucket: string; count: number; sum: string }

/** Touched keys of entities, from a source's log; `whole`: entities that must be compared as a whole (truncated). `position`: where to go on. */
export interface Captured { position: string; keys: Map<string, string[][]>; whole: string[]; events: number }

/**
 * What a sync asks of a source beside reading it whole. Every record comes as a whole, in the same texts as `read` gives; nothing is written.
 * Throws `source-*` errors; `source-entity-unknown` for entities and columns that are not there, `usage` for an entity without a key.
 */
export interface ChangeReader {
  /** Columns and key of an entity, in the order in which checksums take them. */
  shape(entity: string): Promise<{ columns: string[]; key: string[]; division: Division | null }>
  bounds(request: BoundsRequest): Promise<Bounds>
  /** Records of a window in the order of `(field, key)`; `field` null stamps instead when `nulls`. */
  page(request: { entity: string; field: string; from: string | null; high: string | null; nulls: boolean; after: (string | null)[] | null; limit: number }): Promise<ChangePage>
  byKeys(entity: string, keys: string[][]): Promise<ChangePage>
  sums(entity: string, division: Division): Promise<RangeSum[]>
  /** Key and checksum of every record of some buckets (null: of all). The last element of each is the checksum. */
  digests(entity: string, division: Division, buckets: string[] | null): Promise<(string | null)[][]>
  /** The log of changes, where the source offers one. */
  readonly log?: ChangeLog
}

/** How a source's log is read: the name of PostgreSQL's slot and publication, the number of MySQL's replica. */
export interface LogSettings { slot: string; serverId: number }

export interface ChangeLog {
  /** The position of now: whatever is committed later comes after it. Creates what keeps the log from being thrown away. */
  begin(entities: string[]): Promise<string>
  /** Keys touched after `position`, up to now. */
  read(position: string, entities: string[]): Promise<Captured>
  /** What lies before is not needed any more. */
  release(position: string): Promise<void>
}

/** A column as SQL. `text`: the text that is meant, as `read` gives it; `compare`: what it is ordered by; `literal`: a text of it as a value to compare with. */
export interface ChangeColumn { name: string; type: ColumnType; text: string; compare: string; literal(text: string): string }
export interface ChangeTable { name: string; from: string; columns: ChangeColumn[]; key: ChangeColumn[] }

/** What differs between databases. */
export interface ChangeDialect {
  table(entity: string): Promise<ChangeTable>
  /** Rows of a statement, every value as text. */
  rows(sql: string): Promise<(string | null)[][]>
  bounds(request: BoundsRequest, column: ChangeColumn, table: ChangeTable): Promise<Bounds>
  /** First 11 hex digits of the MD5 of a UTF-8 text, as a number. */
  digest(text: string): string
  /** Texts joined by U+001F, NULL as U+001E. */
  joined(texts: string[]): string
  /** First `digits` hex digits of the digest of a text, as text. */
  prefix(text: string, digits: number): string
  divide(value: string, by: string): string
  /** Where reading needs no upper bound on the number of values in a list. */
  keysPerStatement: number
}

/** Buckets a table is divided into: few enough to come in one answer, many enough that those with a difference hold little. */
const BUCKETS = 4096
/** Groups of buckets whose keys are asked for at once. */
const BUCKETS_PER_STATEMENT = 256

/** A ChangeReader over SQL. */
export class SqlChanges implements ChangeReader {
  readonly #dialect: ChangeDialect
  readonly log?: ChangeLog

  constructor(dialect: ChangeDialect, log?: ChangeLog) {
    this.#dialect = dialect
    if (log) this.log = log
  }

  async shape(entity: string): Promise<{ columns: string[]; key: string[]; division: Division | null }> {
    const table = await this.#keyed(entity), [first] = table.key
    const columns = table.columns.map((column) => column.name), key = table.key.map((column) => column.name)
    if (table.key.length !== 1 || first?.type !== 'integer') return { columns, key, division: { by: 'digest', digits: 3 } }
    const [row] = await this.#dialect.rows(`SELECT MIN(${first.compare}), MAX(${first.compare}) FROM ${table.from}`)
    if (row?.[0] == null || row[1] == null) return { columns, key, division: null }
    if (!/^-?\d+$/.test(row[0]) || !/^-?\d+$/.test(row[1])) return { columns, key, division: { by: 'digest', digits: 3 } }
    const base = BigInt(row[0]), width = (BigInt(row[1]) - base) / BigInt(BUCKETS) + 1n
    return { columns, key, division: { by: 'range', column: first.name, base: String(base), width: String(width) } }
  }

  async bounds(request: BoundsRequest): Promise<Bounds> {
    const table = await this.#dialect.table(request.entity)
    return this.#dialect.bounds(request, columnOf(table, request.field), table)
  }

  async page(request: { entity: string; field: string; from: string | null; high: string | null; nulls: boolean; after: (string | null)[] | null; limit: number }): Promise<ChangePage> {
    const table = await this.#keyed(request.entity), field = columnOf(table, request.field)
    const order = request.nulls ? table.key : [field, ...table.key]
    const where = request.nulls ? [`${field.compare} IS NULL`] : [`${field.compare} IS NOT NULL`]
    if (!request.nulls && request.from !== null) where.push(`${field.compare} >= ${field.literal(request.from)}`)
    if (!request.nulls && request.high !== null) where.push(`${field.compare} < ${field.literal(request.high)}`)
    if (request.after !== null) where.push(`(${behind(order, request.after)})`)
    const selected = [...table.columns.map((column) => column.text), ...order.map((column) => column.text)]
    const rows = await this.#dialect.rows(`SELECT ${selected.join(', ')} FROM ${table.from} WHERE ${where.join(' AND ')} ORDER BY ${order.map((column) => column.compare).join(', ')} LIMIT ${request.limit}`)
    return pageOf(table, rows, rows.length < request.limit ? null : rows.at(-1)?.slice(table.columns.length) ?? null)
  }

  async byKeys(entity: string, keys: string[][]): Promise<ChangePage> {
    const table = await this.#keyed(entity), found: (string | null)[][] = []
    for (let start = 0; start < keys.length; start += this.#dialect.keysPerStatement) {
      const some = keys.slice(start, start + this.#dialect.keysPerStatement)
      const [only] = table.key
      const where = table.key.length === 1 && only ? `${only.compare} IN (${some.map((key) => only.literal(key[0] ?? '')).join(', ')})`
        : some.map((key) => `(${table.key.map((column, i) => `${column.compare} = ${column.literal(key[i] ?? '')}`).join(' AND ')})`).join(' OR ')
      for (const row of await this.#dialect.rows(`SELECT ${table.columns.map((column) => column.text).join(', ')} FROM ${table.from} WHERE ${where}`)) found.push(row)
    }
    return pageOf(table, found, null)
  }

  async sums(entity: string, division: Division): Promise<RangeSum[]> {
    const table = await this.#keyed(entity)
    const rows = await this.#dialect.rows(`SELECT b, COUNT(*), SUM(h) FROM (SELECT ${this.#bucket(table, division)} AS b, ${this.#hash(table)} AS h FROM ${table.from}) t GROUP BY b`)
    return rows.map((row) => ({ bucket: row[0] ?? '', count: Number(row[1]), sum: row[2] ?? '0' }))
  }

  async digests(entity: string, division: Division, buckets: string[] | null): Promise<(string | null)[][]> {
    const table = await this.#keyed(entity), all: (string | null)[][] = []
    const select = `SELECT ${table.key.map((column) => column.text).join(', ')}, ${this.#hash(table)} FROM ${table.from}`
    if (buckets === null) return this.#dialect.rows(select)
    for (let start = 0; start < buckets.length; start += BUCKETS_PER_STATEMENT) {
      const some = buckets.slice(start, start + BUCKETS_PER_STATEMENT)
      for (const row of await this.#dialect.rows(`${select} WHERE ${this.#within(table, division, some)}`)) all.push(row)
    }
    return all
  }

  #hash(table: ChangeTable): string {
    return this.#dialect.digest(this.#dialect.joined(table.columns.map((column) => column.text)))
  }

  #bucket(table: ChangeTable, division: Division): string {
    if (division.by === 'range') return this.#dialect.divide(`(${columnOf(table, division.column).compare} - (${division.base}))`, division.width)
    return this.#dialect.prefix(this.#dialect.joined(table.key.map((column) => column.text)), division.digits)
  }

  /** Ranges are asked for by the key itself, so that its index finds them; neighbours become one. */
  #within(table: ChangeTable, division: Division, buckets: string[]): string {
    if (division.by === 'digest') return `${this.#bucket(table, division)} IN (${buckets.map((bucket) => `'${bucket.replace(/[^0-9a-f]/g, '')}'`).join(', ')})`
    const column = columnOf(table, division.column).compare, base = BigInt(division.base), width = BigInt(division.width)
    const numbers = buckets.map((bucket) => BigInt(bucket)).sort((a, b) => (a < b ? -1 : 1)), parts: string[] = []
    for (let i = 0; i < numbers.length;) {
      let end = i
      while (numbers[end + 1] === numbers[end]! + 1n) end++
      parts.push(`(${column} >= ${base + numbers[i]! * width} AND ${column} < ${base + (numbers[end]! + 1n) * width})`)
      i = end + 1
    }
    return parts.join(' OR ')
  }

  async #keyed(entity: string): Promise<ChangeTable> {
    const table = await this.#dialect.table(entity)
    if (table.key.length === 0) throw new LandfallError('usage', `\`${entity}\` has no key, so its changes cannot be told apart.`, { hint: 'Name its identifying columns in the option `keys` of the source, or write `sync: false` into its mapping.', where: { entity } })
    return table
  }
}

/** A column by name. Throws `source-entity-unknown`. */
export function columnOf(table: ChangeTable, name: string): ChangeColumn {
  const found = table.columns.find((column) => column.name === name) ?? table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  if (!found) throw new LandfallError('source-entity-unknown', `\`${table.name}\` has no column \`${name}\`.`, { hint: `It has: ${table.columns.map((column) => column.name).join(', ')}.`, where: { entity: table.name } })
  return found
}

/** Behind a tuple: `a > x OR (a = x AND b > y)`, which every database can use an index for. */
function behind(order: ChangeColumn[], after: (string | null)[]): string {
  const value = (i: number) => order[i]!.literal(after[i] ?? '')
  return order.map((column, i) => `(${[...order.slice(0, i).map((one, n) => `${one.compare} = ${value(n)}`), `${column.compare} > ${value(i)}`].join(' AND ')})`).join(' OR ')
}

function pageOf(table: ChangeTable, rows: (string | null)[][], after: (string | null)[] | null): ChangePage {
  return { columns: table.columns.map((column) => column.name), values: table.columns.map((_, i) => rows.map((row) => row[i] ?? null)), count: rows.length, after }
}

/** Kinds of fields a window can go by. */
export function stampKind(type: ColumnType): 'zoned' | 'local' | 'date' | 'number' | 'other' {
  if (type === 'timestamptz') return 'zoned'
  if (type === 'timestamp') return 'local'
  if (type === 'date') return 'date'
  return type === 'integer' || type === 'decimal' ? 'number' : 'other'
}

/** Overlap where the project says nothing: local clocks repeat an hour when daylight saving ends, days have no finer grain. */
export function usualOverlapMs(kind: ReturnType<typeof stampKind>): number {
  return { zoned: 300_000, local: 7_200_000, date: 86_400_000, number: 0, other: 0 }[kind]
}
