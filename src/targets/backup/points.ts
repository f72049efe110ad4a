import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import type { TableSums } from '../target.ts'
import type { FileList } from './file-store.ts'
import { notAfter, type Position } from './database.ts'

/** A full backup. `position`: where the log was when its checksums were taken; `dumpPosition`: where the dump begins. Null: the binary log is off, so there is no way to points after it. */
export interface Backup {
  id: string; run: string | null; at: string; folder: string; database: string; version: string
  dump: { file: string; bytes: number; hash: string; seconds: number }
  dumpPosition: Position | null; position: Position | null
  sums: TableSums; files: FileList | null
  /** The test restore: tables compared, and those that were not equal or, with writers and no log, could not be compared. Null: none was made. */
  verified: { passed: boolean; tables: number; rows: number; seconds: number; differing: string[]; note: string | null } | null
}

/** `start` and `phase`: of a run; `checkpoint`: after a batch; `named`: by a person; `backup`: the moment of one. */
export type PointKind = 'backup' | 'start' | 'phase' | 'checkpoint' | 'named'

/** A moment that can be gone back to. `sums`, `files`: what the site held; null where only the place in the log was noted. */
export interface Point { id: string; kind: PointKind; name: string; run: string | null; at: string; position: Position | null; backup: string | null; sums: TableSums | null; files: FileList | null }

/** Points and backups of a project, in files that only grow. */
export class PointBook {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  points(): Point[] { return this.#read<Point>('points.ndjson') }
  backups(): Backup[] { return this.#read<Backup>('backups.ndjson').filter((backup) => existsSync(join(backup.folder, backup.dump.file))) }
  /** When the site was last rolled back through a backup: points before it lie behind a break in the log. */
  breaks(): { at: string; position: Position | null }[] { return this.#read('breaks.ndjson') }

  addPoint(point: Omit<Point, 'id'>): Point {
    const whole = { id: `p-${String(this.points().length + 1).padStart(5, '0')}`, ...point }
    this.#append('points.ndjson', whole)
    return whole
  }

  addBackup(backup: Backup): void { this.#append('backups.ndjson', backup) }
  addBreak(at: string, position: Position | null): void { this.#append('breaks.ndjson', { at, position }) }

  /**
   * The point of an id (`p-00012`), a name, a phase of the last run that has it, a run (its start) or `start`. Throws `usage` listing what there is.
   */
  find(wanted: string, run: string | null = null): Point {
    const points = this.points().filter((point) => run === null || point.run === run)
    const found = points.findLast((point) => point.id === wanted || point.name === wanted && point.kind !== 'checkpoint') ?? points.findLast((point) => point.kind === 'start' && (point.run === wanted || wanted === 'start'))
    if (!found) {
      const some = points.filter((point) => point.kind !== 'checkpoint').slice(-10).map((point) => `${point.name} (${point.id})`)
      throw new LandfallError('usage', `There is no point "${wanted}".`, { hint: some.length === 0 ? 'No point is recorded yet: landfall backup makes the first.' : `Points: ${some.join(', ')}; landfall backup --list shows all.` })
    }
    return found
  }

  /** The latest backup from which a point can be reached. Throws `usage` when none can. */
  backupFor(point: Point): Backup {
    const lastBreak = this.breaks().at(-1)?.position ?? null
    const usable = this.backups().filter((backup) => backup.id === point.backup && point.kind === 'backup'
      || backup.dumpPosition !== null && point.position !== null && notAfter(backup.dumpPosition, point.position) && (lastBreak === null || !between(lastBreak, backup.dumpPosition, point.position)))
    const best = usable.findLast((backup) => backup.verified?.passed === true) ?? usable.at(-1)
    if (!best) throw new LandfallError('usage', `Point "${point.name}" (${point.id}) cannot be reached: no backup was made before it${point.position === null ? ', and the binary log is off' : ''}.`, { hint: 'landfall backup makes one; landfall rollback --by undo takes a run back by its ledger.' })
    return best
  }

  #append(name: string, value: unknown): void {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    appendFileSync(path, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true })
  }

  #read<T>(name: string): T[] {
    const path = join(this.folder, name)
    if (!existsSync(path)) return []
    const text = readFileSync(path, 'utf8')
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T)
  }
}

function between(place: Position, from: Position, to: Position): boolean {
  return notAfter(from, place) && notAfter(place, to)
}
