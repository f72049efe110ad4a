import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { Loose } from './compact.ts'
import type { Interference } from './interference.ts'

/** Settings of a site folder. `hooks`: Python of other apps that runs on documents of a DocType (`*`: of all); absent where it could not be seen. */
export interface SnapshotSettings {
  singles: Record<string, Record<string, string>>
  defaults: Record<string, string>
  series: Record<string, number>
  apps: Record<string, string>
  hooks?: Record<string, string[]>
}

/** What could not be read, what follows from it, and the way out. */
export interface NotRead { what: string; why: string; hint: string }

/** What `snapshot.yaml` says beside counts and hashes. */
export interface SnapshotOrigin {
  /** `rest`, `bench`, `database`: the ways that were used. */
  ways: string[]
  site: string
  user: string | null
  takenAt: string
  seconds: number
  requests: number
  /** DocTypes and records that were not fetched again. */
  reused: { doctypes: number; records: number }
  columns: 'derived from fields' | 'from the database'
  controllers: { known: number; unknown: string[]; note: string }
}

/** A snapshot before it is written. Records: DocType to rows, names unique. */
export interface Snapshot {
  doctypes: Loose[]
  records: Map<string, Loose[]>
  settings: SnapshotSettings
  origin: SnapshotOrigin
  notRead: NotRead[]
  interferes: Interference[]
  /** Documents the site holds that are no reference records and are not in the folder. */
  leftOut: Record<string, number>
}

/** What an incremental pull needs to know of the one before: when things changed, and what a DocType is before customisation. */
export interface SnapshotState {
  form: 1
  doctypes: Record<string, { modified: string; row: Loose; fields: Loose[] }>
  records: Record<string, { count: number; modified: string }>
}

const STATE = 'state.json.gz', sortedBy = (key: string) => (a: Loose, b: Loose) => (String(a[key]) < String(b[key]) ? -1 : 1)

function lines(values: readonly Loose[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

function writeWhole(path: string, bytes: string | Buffer): void {
  // Whole or not at all: a pull that is stopped leaves the folder of the one before.
  writeFileSync(`${path}.new`, bytes)
  renameSync(`${path}.new`, path)
}

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

/** Writes a folder `Site.load` takes, with `snapshot.yaml` for people and the state for the next pull. Throws `config-invalid` when the folder cannot be written. */
export function writeSnapshot(folder: string, snapshot: Snapshot, state: SnapshotState): Loose {
  const doctypes = lines([...snapshot.doctypes].sort(sortedBy('name')))
  const records = lines([...snapshot.records].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([doctype, rows]) => [...rows].sort(sortedBy('name')).map((row) => ({ doctype, ...row }))))
  const settings = `${JSON.stringify(snapshot.settings, null, 1)}\n`
  const about = aboutOf(snapshot, { doctypes: sha256(doctypes), records: sha256(records), settings: sha256(settings) })
  try {
    mkdirSync(folder, { recursive: true })
    writeWhole(join(folder, 'doctypes.jsonl.gz'), gzipSync(doctypes))
    writeWhole(join(folder, 'records.jsonl.gz'), gzipSync(records))
    writeWhole(join(folder, 'settings.json'), settings)
    writeWhole(join(folder, STATE), gzipSync(JSON.stringify(state)))
    writeWhole(join(folder, 'snapshot.yaml'), `# A snapshot of a site by \`landfall site pull\`. Take it as a site: \`site: ${folder.split('/').at(-1) ?? folder}\` in landfall.yaml.\n${stringify(about)}`)
  } catch (error) {
    throw new LandfallError('config-invalid', `The folder ${folder} cannot be written: ${messageOf(error)}`, { hint: 'Name another folder.', cause: error })
  }
  return about
}

function aboutOf(snapshot: Snapshot, hashes: Record<string, string>): Loose {
  const { origin, settings } = snapshot
  const rows = [...snapshot.records.values()].reduce((sum, list) => sum + list.length, 0)
  return {
    taken_at: origin.takenAt, from: { site: origin.site, ways: origin.ways, user: origin.user }, seconds: Math.round(origin.seconds * 10) / 10, requests: origin.requests, not_fetched_again: origin.reused,
    versions: settings.apps,
    counts: {
      doctypes: snapshot.doctypes.length, fields: snapshot.doctypes.reduce((sum, doctype) => sum + (doctype['fields'] as unknown[]).length, 0), records: rows, record_doctypes: snapshot.records.size,
      singles: Object.keys(settings.singles).length, defaults: Object.keys(settings.defaults).length, series: Object.keys(settings.series).length,
      custom_fields: snapshot.records.get('Custom Field')?.length ?? 0, property_setters: snapshot.records.get('Property Setter')?.length ?? 0,
    },
    sha256: hashes, columns: origin.columns, controllers: origin.controllers, could_interfere: snapshot.interferes, not_read: snapshot.notRead, documents_left_out: snapshot.leftOut,
  }
}

/** The state of the pull before, or null when there is none or it is of another form. */
export function readState(folder: string): SnapshotState | null {
  const path = join(folder, STATE)
  if (!existsSync(path)) return null
  try {
    const state = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as SnapshotState
    return state.form === 1 ? state : null
  } catch {
    return null
  }
}
