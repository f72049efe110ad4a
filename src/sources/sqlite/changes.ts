import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { SqlChanges, stampKind, usualOverlapMs, type Bounds, type BoundsRequest, type ChangeColumn, type ChangeDialect, type ChangeReader, type ChangeTable } from '../changes.ts'
import { chooseEntity } from '../choice.ts'
import type { SqliteEntity } from './describe.ts'
import { valueText, type SqliteValue } from './line.ts'

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`
const known = new WeakSet<DatabaseSync>()

/** Functions SQLite lacks, for this connection only: the text of a value as `read` gives it, and its digest. */
function teach(database: DatabaseSync): DatabaseSync {
  if (known.has(database)) return database
  const digest = (text: unknown): string => createHash('md5').update(String(text ?? ''), 'utf8').digest('hex')
  database.function('landfall_text', { deterministic: true, useBigIntArguments: true }, (value) => valueText(value as SqliteValue))
  database.function('landfall_digest', { deterministic: true }, (text) => BigInt(`0x${digest(text).slice(0, 11)}`))
  database.function('landfall_prefix', { deterministic: true }, (text, digits) => digest(text).slice(0, Number(digits)))
  known.add(database)
  return database
}

/** Reader of changes over a SQLite file. */
export function sqliteChanges(source: string, items: () => SqliteEntity[], open: () => DatabaseSync): ChangeReader {
  const rows = async (sql: string): Promise<(string | null)[][]> => {
    const statement = teach(open()).prepare(sql)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    return (statement.all() as unknown as SqliteValue[][]).map((row) => row.map((value) => valueText(value)))
  }
  const table = async (entity: string): Promise<ChangeTable> => {
    const item = chooseEntity(source, items(), entity)
    const columns = item.columns.map((column): ChangeColumn => ({
      name: column.name, type: column.type, text: `landfall_text(${column.sql})`, compare: column.sql,
      literal: (text) => (/^-?\d+(\.\d+)?$/.test(text) && (column.type === 'integer' || column.type === 'decimal' || column.type === 'float') ? text : quoted(text)),
    }))
    return { name: item.name, from: item.from, columns, key: (item.key.length > 0 ? item.key.map((key) => key.name) : item.entity.primaryKey).map((name) => columns.find((column) => column.name === name)!) }
  }
  const dialect: ChangeDialect = {
    table, rows,
    bounds: async (request, column) => bounds(request, column),
    digest: (text) => `landfall_digest(${text})`,
    joined: (texts) => texts.map((text) => `coalesce(${text}, char(30))`).join(` || char(31) || `),
    prefix: (text, digits) => `landfall_prefix(${text}, ${digits})`,
    divide: (value, by) => `${value} / ${by}`,
    keysPerStatement: 500,
  }
  return new SqlChanges(dialect)
}

/**
 * SQLite lets one transaction write at a time and shows nothing of it before it is committed: there is no end to look for. The beginning goes back by the overlap where
 * stamps are dates as SQLite's own functions write them.
 */
function bounds(request: BoundsRequest, column: ChangeColumn): Bounds {
  const nothing = { high: null, now: null, heldBy: null, note: null }
  if (request.low === null) return { from: null, ...nothing }
  const kind = stampKind(column.type)
  if (kind === 'number') return { from: String(BigInt(request.low.split('.')[0] ?? '0') - BigInt(request.overlapMs ?? 0)), ...nothing }
  const [, day, separator, time] = /^(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?$/.exec(request.low) ?? []
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${time ?? '00:00'}Z`)
  if (Number.isNaN(at)) return { from: null, ...nothing, note: `Stamps such as ${request.low} cannot be reckoned with, so the whole table is read.` }
  const from = new Date(at - (request.overlapMs ?? usualOverlapMs(separator === undefined ? 'date' : 'local'))).toISOString()
  return { from: separator === undefined ? from.slice(0, 10) : from.slice(0, 19).replace('T', separator), ...nothing }
}
