import type pg from 'pg'
import { LandfallError } from '../../errors/error.ts'
import type { Batch, Cursor } from '../../model/batch.ts'
import { checkStopped, chooseColumns } from '../choice.ts'
import type { ReadRequest } from '../source.ts'
import { SpoolWriter, spoolRecord } from '../spool-writer.ts'
import { dropConnection, postgresError } from './connection.ts'
import { CopyOut } from './copy-out.ts'
import type { PostgresColumn, PostgresEntity } from './describe.ts'

/** A batch ends when its file has this many bytes, however few records it holds. */
const BATCH_BYTES = 24 << 20

/** How an entity is paged: behind a key, behind a physical place (tables without a key), or by number in a sorted whole (views and queries without a key). */
interface Plan { sql: string; columns: PostgresColumn[]; hidden: number; place: 'key' | 'physical' | 'number'; done: number; total: number | null }

const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/**
 * The SELECT for a request. Columns the cursor needs and the reader did not ask for come last. Without a key the records must be the same as when
 * reading began, which the total tells: `source-changed` when it differs.
 */
async function plan(client: pg.Client, item: PostgresEntity, request: ReadRequest): Promise<Plan> {
  const columns = chooseColumns(item.name, item.columns, request.columns)
  const after = request.after
  const done = after ? Number(after['n']) : 0
  const rendered = columns.map((column) => column.rendered)
  if (item.key.length > 0) {
    const tuple = item.key.map((column) => `r.${column.sql}`).join(', ')
    const values = item.key.map((column, i) => `${text(String(after?.[`k${i}`] ?? ''))}::${column.literalType}`).join(', ')
    const sql = `SELECT ${[...rendered, ...item.key.map((column) => `r.${column.sql}::text`)].join(', ')} FROM ${item.from}${after ? ` WHERE (${tuple}) > (${values})` : ''} ORDER BY ${tuple}`
    return { sql, columns, hidden: item.key.length, place: 'key', done, total: null }
  }
  const total = Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${item.from}`)).rows[0]?.n)
  if (after && Number(after['total']) !== total) {
    throw new LandfallError('source-changed', `\`${item.name}\` has no key, and it had ${String(after['total'])} records when reading began; now it has ${total}.`,
      { hint: 'Read it again from the start, or name its identifying columns in the option `keys`.', where: { entity: item.name } })
  }
  if (item.physical) {
    const sql = `SELECT ${[...rendered, 'ctid'].join(', ')} FROM ${item.from}${after ? ` WHERE ctid > ${text(String(after['ctid']))}::tid` : ''}`
    return { sql, columns, hidden: 1, place: 'physical', done, total }
  }
  // The whole record as text orders records totally: those that are equal are interchangeable.
  const inner = `SELECT ${item.columns.map((column) => column.sql).join(', ')} FROM ${item.from}`
  return { sql: `SELECT ${rendered.join(', ')} FROM (${inner}) AS o ORDER BY o::text COLLATE "C" OFFSET ${done}`, columns, hidden: 0, place: 'number', done, total }
}

/** Batches of an entity over a connection of its own, which is closed in the end. One read-only snapshot for the whole entity. */
export async function* readPostgres(client: pg.Client, item: PostgresEntity, request: ReadRequest, source: string, idleTimeoutMs: number): AsyncGenerator<Batch> {
  const stop = () => dropConnection(client)
  let spool: SpoolWriter | null = null
  let complete = false
  try {
    request.signal?.addEventListener('abort', stop, { once: true })
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const planned = await plan(client, item, request)
    const width = planned.columns.length + planned.hidden
    // An empty line would be no record, so the only column of a file is always in quotes.
    const copy = new CopyOut(`COPY (${planned.sql}) TO STDOUT (FORMAT csv, NULL '\\N'${width === 1 ? ', FORCE_QUOTE *' : ''})`, idleTimeoutMs)
    client.query(copy as unknown as pg.Submittable)
    let done = planned.done
    for (let ended = false; !ended;) {
      checkStopped(request.signal, item.name)
      const writer: SpoolWriter = spool = new SpoolWriter(request.spoolFolder, `${source}.${item.name}`)
      let last: Buffer | null = null, from = 0, to = 0
      ended = await copy.fill((buffer, start, end) => {
        writer.piece(buffer, start, end)
        last = buffer
        from = start
        to = end
        return ++writer.count >= request.batchRows || writer.bytes >= BATCH_BYTES
      }) === 'end'
      if (writer.count === 0) { writer.discard(); break }
      done += writer.count
      const end = last as Buffer | null
      const cursor = cursorOf(planned, done, end ? spoolRecord(end.toString('utf8', from, to)).slice(planned.columns.length) : [])
      spool = null
      yield {
        entity: item.name, columns: planned.columns.map((column) => column.name), data: { kind: 'csv', path: writer.finish(), width },
        count: writer.count, firstOrdinal: done - writer.count + 1, read: writer.count, rejected: [], cursor,
      }
    }
    checkComplete(item.name, copy.announced, done - planned.done, planned)
    await client.query('COMMIT')
    complete = true
  } catch (error) {
    checkStopped(request.signal, item.name)
    throw postgresError(error, `Reading \`${item.name}\` from PostgreSQL`, { entity: item.name })
  } finally {
    request.signal?.removeEventListener('abort', stop)
    spool?.discard()
    if (complete) await client.end().catch(() => undefined)
    else dropConnection(client)
  }
}

function cursorOf(planned: Plan, done: number, hidden: (string | null)[]): Cursor {
  if (planned.place === 'key') return { n: done, ...Object.fromEntries(hidden.map((value, i) => [`k${i}`, value])) }
  if (planned.place === 'physical') return { n: done, total: planned.total, ctid: hidden[0] ?? null }
  return { n: done, total: planned.total }
}

/** The server's own count against what came: a connection that dies between two records looks like an end. */
function checkComplete(entity: string, announced: number | null, received: number, planned: Plan): void {
  const expected = announced ?? -1
  if (received !== expected) {
    throw new LandfallError('source-short', `PostgreSQL sent ${received} records of \`${entity}\` and announced ${announced === null ? 'no number' : expected}.`, { where: { entity }, hint: 'Resume the run.' })
  }
  if (planned.total !== null && planned.done + received !== planned.total) {
    throw new LandfallError('source-changed', `\`${entity}\` has no key and changed while it was read: ${planned.done + received} records read, ${planned.total} there.`,
      { where: { entity }, hint: 'Read it again from the start, or name its identifying columns in the option `keys`.' })
  }
}
