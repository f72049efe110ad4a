import { Readable } from 'node:stream'
import { LandfallError } from '../../errors/error.ts'
import type { Staging } from '../../staging/staging.ts'
import { line, lineSql, readSplit, splitSql, tupleSql, type ColumnSplit, type RowColumn } from './column-text.ts'
import { duplicate, quote, tick, type Link } from './connection.ts'

/** How rows reach the server: streamed into LOAD DATA LOCAL INFILE, or in INSERT statements of many rows. */
export type BulkMode = 'infile' | 'insert'

/** Pieces of a stream: small enough to flow, and far below what a packet of the protocol holds. */
const PIECE_BYTES = 1 << 20
/** An INSERT of more gains nothing. */
const STATEMENT_BYTES = 1 << 20

/** A key of a row to be written is there already; thrown inside a transaction, which is then rolled back and its rows looked up. */
export class Collision extends Error {
  readonly table: string
  constructor(table: string, message: string) {
    super(message)
    this.name = 'Collision'
    this.table = table
  }
}

/** Writes the rows of `from` (`rows."tabX" r WHERE ...`) into the table of that name, whose own `defaults` need not be said: answers how many. Throws `Collision`, `target-failed`. */
export async function loadRows(link: Link, staging: Staging, mode: BulkMode, table: string, columns: readonly RowColumn[], from: string, defaults: ReadonlyMap<string, string | null> = new Map()): Promise<number> {
  const split = readSplit(columns, (await staging.one<Record<string, unknown>>(splitSql(columns, from)))!)
  if (split.rows === 0) return 0
  // Most columns hold what the table gives them anyway: left out, they cost the server nothing.
  split.constant = split.constant.filter(({ name, value }) => !defaults.has(name) || defaults.get(name) !== value)
  const written = mode === 'infile'
    ? await infile(link, table, split, pieces(lines(staging, `SELECT ${lineSql(split.varying)} FROM ${from}`)))
    : await inserts(link, table, split, lines(staging, `SELECT ${tupleSql(split.varying)} FROM ${from}`))
  if (written !== split.rows) throw new LandfallError('target-failed', `${table}: the database took ${written} of ${split.rows} rows.`, { hint: 'Nothing of the batch was kept; look for triggers on the table.' })
  return written
}

/** Writes rows given as lists of values; `same` are columns that hold one value in all of them. */
export async function loadValues(link: Link, mode: BulkMode, table: string, columns: readonly string[], rows: Iterable<readonly (string | number | null)[]>, same: readonly [string, string | number][] = []): Promise<number> {
  const split: ColumnSplit = { constant: same.map(([name, value]) => ({ name, value: String(value) })), varying: columns.map((name) => ({ name, type: 'VARCHAR', escape: true })), rows: 0 }
  return mode === 'infile'
    ? infile(link, table, split, pieces(each(rows, line)))
    : inserts(link, table, split, each(rows, (row) => `(${row.map(quote).join(',')})`))
}

async function* each<T>(rows: Iterable<T>, text: (row: T) => string): AsyncGenerator<string[]> {
  let some: string[] = []
  for (const row of rows) {
    some.push(text(row))
    if (some.length === 2048) { yield some; some = [] }
  }
  if (some.length > 0) yield some
}

async function* lines(staging: Staging, sql: string): AsyncGenerator<string[]> {
  for await (const chunk of staging.scan(sql)) yield chunk.columns[0] as string[]
}

async function* pieces(chunks: AsyncGenerator<string[]>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const bytes = Buffer.from(`${chunk.join('\n')}\n`)
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
  }
}

async function infile(link: Link, table: string, split: ColumnSplit, content: AsyncGenerator<Buffer>): Promise<number> {
  const constants = split.constant.map(({ name, value }) => `${tick(name)} = ${quote(value)}`)
  const sql = `LOAD DATA LOCAL INFILE 'landfall' INTO TABLE ${tick(table)} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' `
    + `(${split.varying.map(({ name }) => tick(name)).join(', ')})${constants.length > 0 ? ` SET ${constants.join(', ')}` : ''}`
  const stream = Readable.from(content, { objectMode: false, highWaterMark: 4 * PIECE_BYTES })
  const done = await link.run(sql, () => stream).finally(() => ended(stream))
  if (done.warnings > 0) await refuseWarnings(link, table)
  return done.rows
}

/** A stream that was not read to its end holds the staging database until it is closed. */
async function ended(stream: Readable): Promise<void> {
  if (stream.closed) return
  await new Promise<void>((resolve) => {
    stream.once('close', resolve)
    stream.once('error', () => undefined)
    stream.destroy()
  })
}

/** LOAD DATA LOCAL goes on after a row it cannot take and calls it a warning; for us any is a reason to take the batch back. */
async function refuseWarnings(link: Link, table: string): Promise<void> {
  const warnings = await link.rows('SHOW WARNINGS')
  const taken = warnings.find(([, code]) => code === '1062')
  if (taken !== undefined) throw new Collision(table, taken[2] ?? '')
  const first = warnings[0]
  throw new LandfallError('target-failed', `${table}: the database would change what was given: ${first?.[2] ?? 'no reason given'}`, { hint: 'The table is not as the site description says; describe the site again and predict anew.' })
}

async function inserts(link: Link, table: string, split: ColumnSplit, content: AsyncGenerator<string[]>): Promise<number> {
  const constants = split.constant
  const columns = [...split.varying, ...constants].map(({ name }) => tick(name)).join(', ')
  const tail = constants.map(({ value }) => `,${quote(value)}`).join('')
  const head = `INSERT INTO ${tick(table)} (${columns}) VALUES `, most = Math.min(STATEMENT_BYTES, Math.floor(link.packetBytes / 2))
  let rows = 0, size = 0, tuples: string[] = []
  const flush = async () => {
    if (tuples.length === 0) return
    const done = await link.run(head + tuples.join(',')).catch((error: unknown) => { throw duplicate(error) ? new Collision(table, (error as Error).message) : error })
    if (done.warnings > 0) await refuseWarnings(link, table)
    rows += done.rows
    tuples = []
    size = 0
  }
  for await (const chunk of content) {
    for (const tuple of chunk) {
      const whole = tail === '' ? tuple : `${tuple.slice(0, -1)}${tail})`
      // Text is counted as if each character took the three bytes most of the longer ones take.
      if (size + whole.length * 3 > most) await flush()
      tuples.push(whole)
      size += whole.length * 3
    }
  }
  await flush()
  return rows
}
