import { LandfallError } from '../../errors/error.ts'
import { connect, quote, tick, type Link } from '../express/connection.ts'
import { changedTables, checksumTables } from '../express/checksums.ts'
import type { ExpressOptions } from '../express/options.ts'
import type { TableSums } from '../target.ts'
import type { Span } from './programs.ts'

/** A place in the binary log. */
export interface Position { file: string; at: number }

/** What the server can do for a way back. `format`, `image`: of the binary log; null: it is off. */
export interface LogFacts { on: boolean; format: string | null; image: string | null; version: string }

/** A database as of one moment: the checksum of every table and, with the binary log on, where that moment is in it. */
export interface Moment { sums: TableSums; position: Position | null }

/** A site's database server, for backups: databases are made, compared and exchanged here. */
export class BackupDatabase {
  readonly options: ExpressOptions
  readonly #folder: string

  constructor(options: ExpressOptions, baseFolder: string) {
    this.options = options
    this.#folder = baseFolder
  }

  /** Runs `body` with a connection to a database of the server (default: the site's). */
  async with<T>(body: (link: Link) => Promise<T>, database = this.options.database): Promise<T> {
    const link = await connect({ ...this.options, user: this.options.user ?? this.options.database, database }, this.#folder)
    try {
      return await body(link)
    } finally {
      link.close()
    }
  }

  facts(): Promise<LogFacts> {
    return this.with(async (link) => {
      const [on, format, image, version] = (await link.rows('SELECT @@log_bin, @@binlog_format, @@binlog_row_image, VERSION()'))[0]!
      return on === '1' ? { on: true, format: format ?? null, image: image ?? null, version: version ?? '' } : { on: false, format: null, image: null, version: version ?? '' }
    })
  }

  /** Where the binary log is now; null: it is off. */
  async position(): Promise<Position | null> {
    const row = (await this.with((link) => link.rows('SHOW MASTER STATUS')))[0]
    return row === undefined ? null : { file: row[0] ?? '', at: Number(row[1]) }
  }

  /** Checksums of one moment, and where it is in the log: both of the same snapshot, whoever writes meanwhile. */
  moment(database = this.options.database): Promise<Moment> {
    return this.with(async (link) => {
      await link.run('START TRANSACTION WITH CONSISTENT SNAPSHOT')
      const status = new Map((await link.rows(`SHOW STATUS LIKE 'binlog_snapshot_%'`)).map(([name, value]) => [name?.toLowerCase(), value ?? '']))
      const file = status.get('binlog_snapshot_file') ?? ''
      return { sums: await checksumDatabase(link), position: file === '' ? null : { file, at: Number(status.get('binlog_snapshot_position')) } }
    }, database)
  }

  async sums(database = this.options.database): Promise<TableSums> {
    return (await this.moment(database)).sums
  }

  /** The stretch of log between two positions. Throws `target-failed` when files of it were purged. */
  async span(from: Position, to: Position): Promise<Span> {
    const logs = (await this.with((link) => link.rows('SHOW BINARY LOGS'))).map(([name]) => name ?? '')
    const first = logs.indexOf(from.file), last = logs.indexOf(to.file)
    if (first < 0 || last < first) {
      throw new LandfallError('target-failed', `The server no longer has its binary log from ${from.file} to ${to.file} (it has ${logs[0] ?? 'none'} to ${logs.at(-1) ?? 'none'}).`, { hint: 'Go back to a point of a later backup, or restore the log files; keep them longer with expire_logs_days or binlog_expire_logs_seconds.' })
    }
    return { files: logs.slice(first, last + 1), from: from.at, to: to.at }
  }

  /** Makes an empty database with the character set of the site's. */
  async create(database: string): Promise<void> {
    await this.with(async (link) => {
      const [charset, collation] = (await link.rows('SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()'))[0]!
      await link.run(`CREATE DATABASE ${tick(database)} CHARACTER SET ${charset} COLLATE ${collation}`)
    })
  }

  async drop(database: string): Promise<void> {
    if (database === this.options.database) throw new LandfallError('internal', 'The site\'s own database is never dropped.')
    await this.with((link) => link.run(`DROP DATABASE IF EXISTS ${tick(database)}`))
  }

  /** Databases whose names begin so. */
  async databases(prefix: string): Promise<string[]> {
    const rows = await this.with((link) => link.rows('SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME'))
    return rows.map(([name]) => name ?? '').filter((name) => name.startsWith(prefix))
  }

  /**
   * Puts the tables of `beside` in the place of those of `live`, which move into the empty `old`: one statement, so that nobody ever sees half of it. It stands in the log
   * as a statement of `live`, which no replay passes over. Throws `target-failed`, with nothing moved.
   */
  async exchange(live: string, beside: string, old: string): Promise<number> {
    return this.with(async (link) => {
      const stuck = await link.rows(`SELECT CONCAT('trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (${quote(live)}, ${quote(beside)}) UNION SELECT CONCAT('view ', TABLE_NAME) FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (${quote(live)}, ${quote(beside)})`)
      if (stuck.length > 0) throw new LandfallError('target-failed', `The database has what cannot move between databases: ${stuck.map(([name]) => name).slice(0, 5).join(', ')}.`, { hint: 'Drop these triggers and views, roll back, and make them again; ERPNext itself has none.' })
      const tables = async (schema: string) => (await link.rows(`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quote(schema)} ORDER BY TABLE_NAME`)).map(([name]) => name ?? '')
      const move = (names: string[], from: string, to: string) => names.map((name) => `${tick(from)}.${tick(name)} TO ${tick(to)}.${tick(name)}`)
      const moves = [...move(await tables(live), live, old), ...move(await tables(beside), beside, live)]
      if (moves.length > 0) await link.run(`RENAME TABLE ${moves.join(', ')}`)
      return moves.length
    }, live)
  }
}

/** Sums of every table of a connection's database, sequences by their next value. */
async function checksumDatabase(link: Link): Promise<TableSums> {
  const names = async (type: string) => (await link.rows(`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = ${quote(type)}`)).map(([name]) => name ?? '')
  const tables = await names('BASE TABLE')
  const sums = await checksumTables(link, tables)
  for (const name of await names('SEQUENCE')) sums[name] = { rows: 1, checksum: `next ${(await link.rows(`SELECT next_not_cached_value FROM ${tick(name)}`))[0]?.[0]}` }
  return sums
}

/** Tables that differ between two moments. */
export const differing = changedTables

/** Whether `a` comes before `b` in the log, or is the same place. */
export function notAfter(a: Position, b: Position): boolean {
  return a.file === b.file ? a.at <= b.at : a.file < b.file
}
