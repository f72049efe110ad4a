import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { LandfallError } from '../../errors/error.ts'
import { timestamp, type Clock } from '../../model/clock.ts'
import type { ExpressOptions } from '../express/options.ts'
import type { TableSums } from '../target.ts'
import { BackupDatabase, differing, type LogFacts, type Position } from './database.ts'
import { FileStore, hashFile, SETTINGS_FILE, type FileList } from './file-store.ts'
import { scanLog, unsafe } from './log-scan.ts'
import { readLayout, WriteList, type LaterWrites } from './later-writes.ts'
import { PointBook, type Backup, type Point, type PointKind } from './points.ts'
import { Programs } from './programs.ts'

/** Where a site is to be backed up from, and to. `siteFolder`: of the bench, with site_config.json, public and private; null: out of reach from here. */
export interface BackupPlace { options: ExpressOptions; baseFolder: string; folder: string; siteFolder: string | null; checkpoints: boolean; quietSeconds: number; redisCache?: string | undefined }

/** Told while work goes on: the step, and what came of it. */
export type Told = (step: string, detail: string) => void

/**
 * Backups of a site and the points between them. Scratch databases are named after the site's with `_lf_` and go when the work is done; a database with `_before_`
 * holds what stood there before a rollback, until somebody drops it. `close` removes the login.
 */
export class SiteBackup {
  readonly place: BackupPlace
  readonly database: BackupDatabase
  readonly book: PointBook
  readonly files: FileStore
  readonly programs: Programs
  readonly clock: Clock
  #log: Promise<LogFacts> | null = null

  constructor(place: BackupPlace, clock: Clock) {
    this.place = place
    this.clock = clock
    this.database = new BackupDatabase(place.options, place.baseFolder)
    this.book = new PointBook(place.folder)
    this.files = new FileStore(join(place.folder, 'contents'))
    this.programs = new Programs(place.options)
  }

  close(): void { this.programs.close() }

  /** What the binary log allows. */
  log(): Promise<LogFacts> {
    this.#log ??= this.database.facts()
    return this.#log
  }

  /** What cannot be had on this server, said before a run: empty when every point can be reached. */
  async limits(): Promise<string[]> {
    const { on, format, image } = await this.log(), said: string[] = []
    if (!on) said.push('The binary log is off: a backup can be restored whole, but not to a point after it; the undo ledger takes runs and phases back instead. Switch it on with `log_bin` and `binlog_format = ROW` in the server\'s configuration.')
    else if (format !== 'ROW') said.push(`The binary log is written as ${format}: points after a backup can be reached only with \`binlog_format = ROW\`.`)
    if (on && image !== 'FULL') said.push(`binlog_row_image is ${image}: what people wrote since a point can then not always be named; set it to FULL.`)
    if (this.place.siteFolder === null) said.push('The site\'s folder is not on this machine: files and settings are not backed up from here. Name it as `target.backup.site_folder`, or let the site\'s own backup take them.')
    return said
  }

  /** Dumps the database, keeps files and settings, and proves the dump by a test restore. Throws `target-failed`. */
  async take(how: { verify: boolean; run: string | null; told?: Told }): Promise<{ backup: Backup; point: Point }> {
    const told = how.told ?? (() => undefined), { on } = await this.log(), { database } = this.place.options
    const id = `b-${timestamp(this.clock).replace(/[-: ]/g, '').slice(0, 14)}-${String(this.book.backups().length + 1)}`, folder = join(this.place.folder, id)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const before = on ? null : await this.database.sums()
    const began = this.clock.elapsed(), file = join(folder, 'database.sql.gz')
    await this.programs.dump(database, file, on)
    const seconds = (this.clock.elapsed() - began) / 1000
    told('dump', `${(statSync(file).size / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s`)
    const dumpPosition = on ? await coordinates(file) : null
    const { sums, position } = await this.database.moment()
    const files = await this.listFiles()
    if (files) told('files', `${files.files.length} files and settings`)
    const backup: Backup = {
      id, run: how.run, at: timestamp(this.clock), folder, database, version: (await this.log()).version,
      dump: { file: 'database.sql.gz', bytes: statSync(file).size, hash: await hashFile(file), seconds }, dumpPosition, position, sums, files, verified: null,
    }
    if (how.verify) {
      backup.verified = await this.#verify(backup, before)
      told('test restore', backup.verified.passed ? `${backup.verified.tables} tables equal, ${backup.verified.seconds.toFixed(1)} s` : `NOT proven: ${backup.verified.note ?? backup.verified.differing.slice(0, 5).join(', ')}`)
    }
    this.book.addBackup(backup)
    return { backup, point: this.book.addPoint({ kind: 'backup', name: id, run: how.run, at: backup.at, position, backup: id, sums, files }) }
  }

  /** Notes a point. A checkpoint is only a place in the log; other points carry the checksums of their moment, files and settings. */
  async note(kind: PointKind, name: string, run: string | null): Promise<Point> {
    const backup = this.book.backups().at(-1)?.id ?? null, at = timestamp(this.clock)
    if (kind === 'checkpoint') return this.book.addPoint({ kind, name, run, at, position: await this.database.position(), backup, sums: null, files: null })
    const files = await this.listFiles(), { sums, position } = await this.database.moment()
    return this.book.addPoint({ kind, name, run, at, position, backup, sums, files })
  }

  /** Files and settings as they are now, kept; null: out of reach. */
  async listFiles(): Promise<FileList | null> {
    const { siteFolder } = this.place
    if (siteFolder === null) return null
    if (!existsSync(join(siteFolder, SETTINGS_FILE))) throw new LandfallError('config-missing', `${siteFolder} has no ${SETTINGS_FILE}.`, { hint: '`target.backup.site_folder` is the folder of the site below `sites/` of its bench.' })
    return this.files.take(siteFolder, this.book.points().findLast((point) => point.files !== null)?.files ?? null)
  }

  /** What was written to the site since a place in the log. `ours`: documents that runs of Landfall put there. */
  async writesSince(from: Position, ours: (doctype: string, name: string) => boolean): Promise<LaterWrites> {
    const list = new WriteList(await this.database.with(readLayout), ours), now = await this.database.position()
    if (now !== null && (now.file !== from.file || now.at > from.at)) {
      await this.programs.decode(await this.database.span(from, now), this.place.options.database, (text) => scanLog(text, (one) => list.add(one)))
    }
    return list.result()
  }

  /** Plays the log between two places into another database, after a look at what would not go there. Answers transactions and rows. */
  async replay(from: Position, to: Position, into: string): Promise<{ transactions: number; rows: number }> {
    const counted = { transactions: 0, rows: 0 }
    if (from.file === to.file && from.at === to.at) return counted
    const span = await this.database.span(from, to), bad: string[] = []
    await this.programs.decode(span, this.place.options.database, (text) => scanLog(text, (one) => {
      counted.transactions++
      counted.rows += one.rows.length
      for (const statement of one.statements) {
        const why = unsafe(statement)
        if (why !== null && bad.length < 5) bad.push(`"${statement.slice(0, 120)}": ${why}`)
      }
    }))
    if (bad.length > 0) throw new LandfallError('target-failed', `The binary log from ${from.file}:${from.at} to ${to.file}:${to.at} has statements that cannot be played beside the site: ${bad.join('; ')}.`, { hint: 'Go back to a point before these statements, or to a backup made after them.' })
    await this.programs.replay(span, this.place.options.database, into)
    return counted
  }

  /** Restores a backup into a scratch database and drops it again. With a log, it is rolled forward to the moment the checksums are of. */
  async #verify(backup: Backup, before: TableSums | null): Promise<NonNullable<Backup['verified']>> {
    const scratch = this.scratch('verify'), began = this.clock.elapsed()
    await this.clearScratch()
    await this.database.create(scratch)
    try {
      await this.programs.restore(join(backup.folder, backup.dump.file), scratch)
      if (backup.dumpPosition !== null && backup.position !== null) await this.replay(backup.dumpPosition, backup.position, scratch)
      const restored = await this.database.sums(scratch), faults = backup.files === null ? [] : await this.files.check(backup.files)
      const moving = before === null ? [] : differing(before, backup.sums)
      const wrong = differing(backup.sums, restored).filter((table) => !moving.includes(table))
      const note = moving.length > 0 ? `${moving.length} tables were written to meanwhile and, without a binary log, could not be compared: ${moving.slice(0, 5).join(', ')}; make the backup in maintenance mode` : null
      return { passed: wrong.length + faults.length + moving.length === 0, tables: Object.keys(restored).length, rows: rowsOf(restored), seconds: (this.clock.elapsed() - began) / 1000, differing: [...wrong, ...faults, ...moving], note }
    } finally {
      await this.database.drop(scratch)
    }
  }

  scratch(what: string): string { return `${this.place.options.database.slice(0, 40)}_lf_${what}` }

  /** Scratch databases that a killed process left. */
  async clearScratch(): Promise<void> {
    for (const name of await this.database.databases(`${this.place.options.database.slice(0, 40)}_lf_`)) await this.database.drop(name)
  }
}

export const rowsOf = (sums: TableSums): number => Object.values(sums).reduce((sum, table) => sum + table.rows, 0)

/** The place in the log that a dump notes about itself. */
async function coordinates(file: string): Promise<Position> {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()), crlfDelay: Infinity })
  let seen = 0
  for await (const line of lines) {
    const found = /MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)/.exec(line)
    if (found) {
      lines.close()
      return { file: found[1]!, at: Number(found[2]) }
    }
    if (++seen > 500) break
  }
  throw new LandfallError('target-failed', 'The dump does not say where it stands in the binary log.', { where: { file }, hint: 'The account of `target.backup` needs the rights RELOAD and BINLOG MONITOR.' })
}
