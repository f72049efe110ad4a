import { LandfallError } from '../../errors/error.ts'
import type { Batch, Cursor } from '../../model/batch.ts'
import { checkStopped, chooseColumns } from '../choice.ts'
import type { ReadRequest } from '../source.ts'
import { SpoolWriter, spoolRecord } from '../spool-writer.ts'
import { mysqlError, mysqlRows, type MysqlLink } from './connection.ts'
import type { MysqlColumn, MysqlEntity } from './describe.ts'
import { RowFlow } from './row-flow.ts'

/** A batch ends when its file has this many bytes, however few records it holds. */
const BATCH_BYTES = 24 << 20
/** Texts up to this length are rendered on the server. */
const LONG_BYTES = 1 << 16

interface Plan {
  sql: string
  /** The server renders whole lines of staging's dialect; else one text per column comes. */
  lines: boolean
  columns: MysqlColumn[]
  /** Columns in the file: those wanted, then those only the cursor needs. */
  width: number
  /** Places of the key in a record; empty: paged by number. */
  keyPlaces: number[]
  done: number
  total: number | null
}

/** One value in the dialect, on the server. An overlong text makes the whole line NULL, which the reader notices. */
function valueSql(column: MysqlColumn): string {
  const value = column.quoted ? `CONCAT('"', REPLACE(${column.rendered}, '"', '""'), '"')` : column.rendered
  return column.nullable ? `IF(${column.sql} IS NULL, '\\\\N', ${value})` : value
}

const lineSql = (columns: MysqlColumn[]) => `CAST(CONCAT(${columns.map(valueSql).join(`, ',', `)}) AS BINARY)`

/**
 * Whole lines are asked for only where they are sure to fit the server's packet, beyond which it gives NULL, and where no text is so long that doubling
 * its quotes on the server, which takes quadratic time, would be slower than here.
 */
async function linesFit(link: MysqlLink, item: MysqlEntity, columns: MysqlColumn[]): Promise<boolean> {
  const bound = columns.reduce((sum, column) => sum + (column.bytes ?? 2 * LONG_BYTES) + 8, 0)
  if (bound >= link.maxPacket) return false
  const open = columns.filter((column) => column.bytes === null)
  if (open.length === 0) return true
  const [row] = await mysqlRows(link.connection, `SELECT COALESCE(GREATEST(0, ${open.map((column) => `MAX(LENGTH(${column.rendered}))`).map((one) => `COALESCE(${one}, 0)`).join(', ')}), 0) FROM ${item.from}`)
  return Number(row?.[0]) <= LONG_BYTES
}

/** Behind a key: `a > x OR (a = x AND b > y)`, which every version can use an index for. */
function behind(key: MysqlColumn[], after: Cursor): string {
  const value = (i: number) => (key[i] as MysqlColumn).keyLiteral(String(after[`k${i}`]))
  return key.map((column, i) => `(${[...key.slice(0, i).map((one, n) => `${one.orderBy} = ${value(n)}`), `${column.orderBy} > ${value(i)}`].join(' AND ')})`).join(' OR ')
}

async function plan(link: MysqlLink, item: MysqlEntity, request: ReadRequest): Promise<Plan> {
  const columns = chooseColumns(item.name, item.columns, request.columns)
  const hidden = item.key.filter((column) => !columns.includes(column))
  const all = [...columns, ...hidden]
  const lines = await linesFit(link, item, all)
  const selected = lines ? lineSql(all) : all.map((column) => `CONCAT(${column.rendered})`).join(', ')
  const after = request.after, done = after ? Number(after['n']) : 0
  const base = { lines, columns, width: all.length, done }
  if (item.key.length > 0) {
    const sql = `SELECT ${selected} FROM ${item.from}${after ? ` WHERE ${behind(item.key, after)}` : ''} ORDER BY ${item.key.map((column) => column.orderBy).join(', ')}`
    return { ...base, sql, keyPlaces: item.key.map((column) => all.indexOf(column)), total: null }
  }
  const total = Number((await mysqlRows(link.connection, `SELECT COUNT(*) FROM ${item.from}`))[0]?.[0])
  if (after && Number(after['total']) !== total) {
    throw new LandfallError('source-changed', `\`${item.name}\` has no key, and it had ${String(after['total'])} records when reading began; now it has ${total}.`,
      { hint: 'Read it again from the start, or name its identifying columns in the option `keys`.', where: { entity: item.name } })
  }
  // A table without a key comes in the order of its storage, which no index may change. Anything else is sorted by a digest of the whole record: equal ones are interchangeable.
  const order = item.stored ? ' USE INDEX ()' : ` ORDER BY SHA1(${lineSql(item.columns)})`
  return { ...base, sql: `SELECT ${selected} FROM ${item.from}${order} LIMIT 18446744073709551615 OFFSET ${done}`, keyPlaces: [], total }
}

/** Batches of an entity over a connection of its own, which is closed in the end. One read-only snapshot for the whole entity. */
export async function* readMysql(link: MysqlLink, item: MysqlEntity, request: ReadRequest, source: string, idleTimeoutMs: number): AsyncGenerator<Batch> {
  const { connection } = link
  const stop = () => connection.destroy()
  let spool: SpoolWriter | null = null
  try {
    request.signal?.addEventListener('abort', stop, { once: true })
    await mysqlRows(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
    const planned = await plan(link, item, request)
    const flow = new RowFlow(connection, planned.sql, idleTimeoutMs)
    let done = planned.done
    for (let ended = false; !ended;) {
      checkStopped(request.signal, item.name)
      const writer: SpoolWriter = spool = new SpoolWriter(request.spoolFolder, `${source}.${item.name}`)
      let last: (Buffer | string | null)[] = [], overlong = 0
      ended = await flow.fill((row) => {
        const line = row[0] as Buffer | null
        last = row
        if (!planned.lines) writer.record(row as (string | null)[])
        else if (line === null) overlong++
        else {
          writer.piece(line, 0, line.length)
          writer.newline()
          writer.count++
        }
        return writer.count >= request.batchRows || writer.bytes >= BATCH_BYTES || overlong > 0
      }) === 'end'
      if (overlong > 0) throw new LandfallError('source-failed', `A record of \`${item.name}\` is longer than the server's max_allowed_packet of ${link.maxPacket} bytes.`, { hint: 'Raise max_allowed_packet on the server.', where: { entity: item.name } })
      if (writer.count === 0) { writer.discard(); break }
      done += writer.count
      const values = planned.lines ? spoolRecord((last[0] as Buffer).toString('utf8')) : last as (string | null)[]
      const cursor: Cursor = planned.keyPlaces.length > 0 ? { n: done, ...Object.fromEntries(planned.keyPlaces.map((place, i) => [`k${i}`, values[place] ?? null])) } : { n: done, total: planned.total }
      spool = null
      yield {
        entity: item.name, columns: planned.columns.map((column) => column.name), data: { kind: 'csv', path: writer.finish(), width: planned.width },
        count: writer.count, firstOrdinal: done - writer.count + 1, read: writer.count, rejected: [], cursor,
      }
    }
    await checkComplete(link, item.name, done - planned.done, planned)
  } catch (error) {
    checkStopped(request.signal, item.name)
    throw mysqlError(error, `Reading \`${item.name}\` from MySQL`, { entity: item.name })
  } finally {
    request.signal?.removeEventListener('abort', stop)
    spool?.discard()
    connection.destroy()
  }
}

/** The server's own count of what it sent against what came. */
async function checkComplete(link: MysqlLink, entity: string, received: number, planned: Plan): Promise<void> {
  const sent = Number((await mysqlRows(link.connection, 'SELECT FOUND_ROWS()'))[0]?.[0])
  // With OFFSET some versions count what was skipped too.
  if (sent !== received && sent !== received + planned.done) {
    throw new LandfallError('source-short', `The server sent ${sent} records of \`${entity}\`, ${received} arrived.`, { where: { entity }, hint: 'Resume the run.' })
  }
  if (planned.total !== null && planned.done + received !== planned.total) {
    throw new LandfallError('source-changed', `\`${entity}\` has no key and changed while it was read: ${planned.done + received} records read, ${planned.total} there.`,
      { where: { entity }, hint: 'Read it again from the start, or name its identifying columns in the option `keys`.' })
  }
}
