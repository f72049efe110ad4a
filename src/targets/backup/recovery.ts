import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { LandfallError } from '../../errors/error.ts'
import { timestamp } from '../../model/clock.ts'
import { clearCache } from '../express/cache.ts'
import { differing, notAfter, type Position } from './database.ts'
import { differingFiles, FILE_FOLDERS, setMaintenance, SETTINGS_FILE, writeWhole, type FileList } from './file-store.ts'
import type { LaterWrites } from './later-writes.ts'
import type { Backup, Point } from './points.ts'
import { rowsOf, type SiteBackup, type Told } from './site-backup.ts'

/** A step of a recovery with how long it took. */
export interface RecoveryStep { step: string; seconds: number; detail: string }

/**
 * What a recovery did. `proven`: every table compared has the checksum of its oracle; `oracle` says which moment that is: the point itself, or for a checkpoint the last
 * moment before it whose checksums are known. `old`: the database that holds what stood on the site before.
 */
export interface Recovery {
  point: { id: string; name: string; kind: string; at: string }; backup: string; rehearsed: boolean; proven: boolean; oracle: string
  tables: number; rows: number; files: number; replayed: { transactions: number; rows: number }; steps: RecoveryStep[]; seconds: number; later: LaterWrites | null; old: string | null
}

export interface RecoveryOptions {
  point: Point
  /** Lose what people wrote since the point. */
  discard: boolean
  /** Whether a run of Landfall put a document there. */
  ours: (doctype: string, name: string) => boolean
  told?: Told
}

/** Walks: stop writes, look at what was written since, restore beside, replay, validate, switch. Throws `target-changed` with nothing changed when somebody's work would be lost or somebody still writes. */
export async function recover(backups: SiteBackup, options: RecoveryOptions): Promise<Recovery> {
  const { point } = options, { database } = backups.place.options, walk = new Walk(backups, options.told)
  const backup = backups.book.backupFor(point), scratch = backups.scratch('beside')
  await backups.clearScratch()
  const closed = backups.place.siteFolder === null ? null : setMaintenance(backups.place.siteFolder, true)
  let changed = false
  try {
    const stopped = await walk.step('Stop writes', async () => {
      const from = await backups.database.position()
      await wait(backups.place.quietSeconds * 1000)
      if (from !== null) await refuseWrites(backups, from, 'somebody still writes to the site')
      return { value: from, detail: closed === null ? 'the site\'s folder is out of reach: nobody may work on it now' : `maintenance mode; quiet for ${backups.place.quietSeconds} s` }
    })
    const later = await walk.step('What was written since', async () => {
      const writes = point.position === null ? null : await backups.writesSince(point.position, options.ours)
      if (writes !== null && writes.documents.length > 0 && !options.discard) throw wouldLose(point, writes)
      if (writes === null && !options.discard) throw new LandfallError('target-changed', `Without the binary log nobody can say what was written since ${point.at}.`, { hint: 'To give up whatever it is: --discard-later-writes. To keep it, take the run back by its ledger: landfall rollback --by undo.' })
      return { value: writes, detail: writes === null ? 'not known: the binary log is off' : `${writes.documents.length} documents by others, ${writes.ours} by runs, ${writes.upkeep} rows of upkeep` }
    })
    const restored = await restoreBeside(backups, walk, backup, point, scratch)
    const old = `${database.slice(0, 40)}_before_${timestamp(backups.clock).replace(/[-: ]/g, '').slice(0, 14)}`
    await walk.step('Switch the database', async () => {
      if (stopped !== null) await refuseWrites(backups, stopped, 'somebody wrote to the site while it was restored')
      await backups.database.create(old)
      try {
        const moved = await backups.database.exchange(database, scratch, old)
        changed = true
        backups.book.addBreak(timestamp(backups.clock), await backups.database.position())
        return { value: null, detail: `${moved} tables moved in one statement; what stood there before is in ${old}` }
      } catch (error) {
        await backups.database.drop(old)
        throw error
      }
    })
    const files = await switchFiles(backups, walk, point, old)
    await walk.step('Validate after the switch', async () => {
      const wrong = differing(restored.sums, await backups.database.sums())
      if (wrong.length > 0) throw new LandfallError('rollback-failed', `After the switch ${wrong.length} tables are not as restored: ${wrong.slice(0, 10).join(', ')}.`, { hint: `What stood there before is in ${old}.` })
      if (backups.place.redisCache !== undefined) await clearCache(backups.place.redisCache, database)
      return { value: null, detail: `${Object.keys(restored.sums).length} tables` }
    })
    await backups.database.drop(scratch)
    return { ...walk.result(point, backup, restored), rehearsed: false, files, later, old }
  } catch (error) {
    if (!changed) await backups.clearScratch()
    throw error
  } finally {
    if (closed !== null && !changed) writeWhole(join(backups.place.siteFolder!, SETTINGS_FILE), closed)
  }
}

/** The same in scratch databases and a scratch folder, with the site untouched and open; proves every table and measures the time. */
export async function rehearse(backups: SiteBackup, options: Omit<RecoveryOptions, 'discard'>): Promise<Recovery> {
  const { point } = options, walk = new Walk(backups, options.told), backup = backups.book.backupFor(point)
  const beside = backups.scratch('beside'), stage = backups.scratch('stage'), folder = join(backups.place.folder, 'rehearsal')
  await backups.clearScratch()
  try {
    const later = await walk.step('What was written since', async () => {
      const writes = point.position === null ? null : await backups.writesSince(point.position, options.ours)
      return { value: writes, detail: writes === null ? 'not known: the binary log is off' : `${writes.documents.length} documents by others would be lost` }
    })
    const restored = await restoreBeside(backups, walk, backup, point, beside)
    await walk.step('Switch, in staging', async () => {
      await backups.database.create(stage)
      return { value: null, detail: `${await backups.database.exchange(stage, beside, beside)} tables moved in one statement` }
    })
    const files = await walk.step('Files, in staging', async () => {
      if (point.files === null) return { value: 0, detail: 'none are recorded for this point' }
      rmSync(folder, { recursive: true, force: true })
      await backups.files.put(point.files, folder)
      return { value: point.files.files.length, detail: `${point.files.files.length} files, each equal by its hash` }
    })
    await walk.step('Validate after the switch', async () => {
      const wrong = differing(restored.sums, await backups.database.sums(stage))
      if (wrong.length > 0) throw new LandfallError('rollback-failed', `In staging ${wrong.length} tables are not as restored: ${wrong.slice(0, 10).join(', ')}.`)
      return { value: null, detail: `${Object.keys(restored.sums).length} tables` }
    })
    return { ...walk.result(point, backup, restored), rehearsed: true, files, later, old: null }
  } finally {
    await backups.clearScratch()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Restored { sums: Awaited<ReturnType<SiteBackup['database']['sums']>>; replayed: { transactions: number; rows: number }; proven: boolean; oracle: string }

/** Restores the backup into `scratch`, plays the log up to the point, and compares with the checksums recorded there, or on the way where the point has none. */
async function restoreBeside(backups: SiteBackup, walk: Walk, backup: Backup, point: Point, scratch: string): Promise<Restored> {
  await walk.step('Restore beside', async () => {
    await backups.database.create(scratch)
    await backups.programs.restore(join(backup.folder, backup.dump.file), scratch)
    return { value: null, detail: `backup ${backup.id} into ${scratch}` }
  })
  if (point.position === null || backup.dumpPosition === null) return walk.step('Validate', async () => validated(backups, scratch, point, { transactions: 0, rows: 0 }))
  const { position } = point, start = backup.dumpPosition
  const oracle = point.sums !== null ? point : backups.book.points().findLast((one) => one.sums !== null && one.position !== null && notAfter(start, one.position) && notAfter(one.position, position))
  const middle = oracle?.position ?? start
  const first = await walk.step('Replay', async () => {
    const done = await backups.replay(start, middle, scratch)
    return { value: done, detail: `${done.transactions} transactions, ${done.rows} rows, to ${middle.file}:${middle.at}` }
  })
  if (oracle === undefined) return { sums: await backups.database.sums(scratch), replayed: first, proven: false, oracle: 'none' }
  const there = await walk.step('Validate', async () => validated(backups, scratch, oracle, first))
  if (oracle === point) return there
  const second = await walk.step('Replay on to the checkpoint', async () => {
    const done = await backups.replay(middle, position, scratch)
    return { value: done, detail: `${done.transactions} transactions, ${done.rows} rows, to ${position.file}:${position.at}` }
  })
  return { ...there, sums: await backups.database.sums(scratch), replayed: { transactions: first.transactions + second.transactions, rows: first.rows + second.rows } }
}

async function validated(backups: SiteBackup, scratch: string, oracle: Point, replayed: Restored['replayed']): Promise<{ value: Restored; detail: string }> {
  const sums = await backups.database.sums(scratch), wrong = oracle.sums === null ? [] : differing(oracle.sums, sums)
  if (wrong.length > 0) throw new LandfallError('rollback-failed', `Restored beside, ${wrong.length} tables are not as they were at ${oracle.name}: ${wrong.slice(0, 10).join(', ')}.`, { hint: 'The site itself was not changed. Go back to another point, or take the run back by its ledger: --by undo.' })
  return { value: { sums, replayed, proven: oracle.sums !== null, oracle: `${oracle.name} (${oracle.id})` }, detail: `${Object.keys(sums).length} tables, ${rowsOf(sums)} rows equal to ${oracle.name}` }
}

/** Puts files and settings of the point in place; what stood there before is kept below private/. */
async function switchFiles(backups: SiteBackup, walk: Walk, point: Point, old: string): Promise<number> {
  const { siteFolder } = backups.place
  return walk.step('Switch files and settings', async () => {
    if (siteFolder === null || point.files === null) {
      if (siteFolder !== null) setMaintenance(siteFolder, false)
      return { value: 0, detail: siteFolder === null ? 'out of reach from here' : 'none are recorded for this point: they stay as they are' }
    }
    const list: FileList = point.files, beside = join(siteFolder, '.landfall-beside'), kept = join(siteFolder, 'private', old)
    rmSync(beside, { recursive: true, force: true })
    await backups.files.put(list, beside)
    mkdirSync(kept, { recursive: true, mode: 0o700 })
    cpSync(join(siteFolder, SETTINGS_FILE), join(kept, SETTINGS_FILE))
    for (const folder of FILE_FOLDERS) {
      if (existsSync(join(siteFolder, folder))) move(join(siteFolder, folder), join(kept, folder))
      mkdirSync(join(beside, folder), { recursive: true })
      move(join(beside, folder), join(siteFolder, folder))
    }
    const settings = backups.files.text(list, SETTINGS_FILE)
    // Settings last: with them the site opens again.
    if (settings !== null) writeWhole(join(siteFolder, SETTINGS_FILE), settings)
    rmSync(beside, { recursive: true, force: true })
    const wrong = differingFiles(list, (await backups.listFiles())!)
    if (wrong.length > 0) throw new LandfallError('rollback-failed', `${wrong.length} files are not as they were: ${wrong.slice(0, 5).join(', ')}.`, { hint: `What stood there before is in ${kept}.` })
    return { value: list.files.length, detail: `${list.files.length} files and settings, each equal by its hash` }
  })
}

function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  renameSync(from, to)
}

async function refuseWrites(backups: SiteBackup, from: Position, why: string): Promise<void> {
  const writes = await backups.writesSince(from, () => false), seen = [...writes.documents.map((one) => `${one.doctype} ${one.name}`), ...writes.ours > 0 ? [`${writes.ours} documents of a run`] : []]
  if (seen.length > 0) throw new LandfallError('target-changed', `Nothing was changed, because ${why}: ${seen.slice(0, 10).join(', ')}.`, { hint: 'End what writes (people, workers, integrations, a running `landfall run`), then roll back again.' })
}

function wouldLose(point: Point, writes: LaterWrites): LandfallError {
  const shown = writes.documents.slice(0, 20).map((one) => `${one.doctype} ${one.name} (${one.kind} ${one.at})`)
  return new LandfallError('target-changed', `Going back to ${point.name} would lose ${writes.documents.length} documents that others have written since: ${shown.join(', ')}${writes.documents.length > shown.length ? ` and ${writes.documents.length - shown.length} more` : ''}.`, {
    hint: 'landfall rollback --by undo keeps them. To give them up: --discard-later-writes (what stood there before stays in a database of its own).',
  })
}

/** Takes the time of steps. */
class Walk {
  readonly #backups: SiteBackup
  readonly #told: Told
  readonly steps: RecoveryStep[] = []

  constructor(backups: SiteBackup, told: Told = () => undefined) {
    this.#backups = backups
    this.#told = told
  }

  async step<T>(name: string, body: () => Promise<{ value: T; detail: string }>): Promise<T> {
    const began = this.#backups.clock.elapsed(), { value, detail } = await body()
    const seconds = (this.#backups.clock.elapsed() - began) / 1000
    this.steps.push({ step: name, seconds, detail })
    this.#told(name, `${detail} (${seconds.toFixed(1)} s)`)
    return value
  }

  result(point: Point, backup: Backup, { sums, replayed, proven, oracle }: Restored): Omit<Recovery, 'rehearsed' | 'files' | 'later' | 'old'> {
    return {
      point: { id: point.id, name: point.name, kind: point.kind, at: point.at }, backup: backup.id, proven, oracle, tables: Object.keys(sums).length, rows: rowsOf(sums), replayed,
      steps: this.steps, seconds: this.steps.reduce((sum, one) => sum + one.seconds, 0),
    }
  }
}
