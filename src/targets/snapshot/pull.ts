import type { Loose } from '../../site/compact.ts'
import type { Clock } from '../../model/clock.ts'
import { timestamp } from '../../model/clock.ts'
import { interferenceOf } from '../../site/interference.ts'
import { LAYOUT_FIELDTYPES } from '../../site/doctype.ts'
import { documentDoctypes, referenceDoctypes, singlesWithRows } from '../../site/reference-doctypes.ts'
import type { Site } from '../../site/site.ts'
import type { NotRead, Snapshot, SnapshotState } from '../../site/snapshot.ts'
import { assembleDocTypes, pullDocTypes } from './doctype-pull.ts'
import type { CodeFacts, SnapshotReader } from './reader.ts'
import { pullRecords, type PulledRecords } from './record-pull.ts'

export interface PullOptions {
  clock: Clock
  /** The shipped catalog: controllers, and columns of standard tables. */
  shipped: Site
  /** What only a bench can say; null without one. */
  code: CodeFacts | null
  /** The pull before; null for all anew. */
  before: { state: SnapshotState; rows: ReadonlyMap<string, Loose[]> } | null
  /** DocTypes whose records are wanted beside the reference ones. */
  more: readonly string[]
  /** Further DocTypes whose records are wanted where they are not too many: those mappings write. */
  also?: readonly string[]
  /** A DocType of more rows than this is left out, unless it is among `more`. */
  cap: number
  /** Called as the pull goes on, with what is being read. */
  progress(what: string): void
}

const CUSTOMISING = ['Custom Field', 'Property Setter']

/**
 * A snapshot of a site through one reader: DocTypes as the site applies them, settings, counters, reference records, and what could interfere. What the user may
 * not read is left out and named in `notRead`. Throws `target-failed` when the site fails.
 */
export async function pullSite(reader: SnapshotReader, options: PullOptions): Promise<{ snapshot: Snapshot; state: SnapshotState }> {
  const started = options.clock.elapsed(), notRead: NotRead[] = [], { shipped, before, code } = options
  const user = await reader.who(), apps = code?.apps ?? await appsOf(reader, notRead)
  options.progress('DocTypes')
  const { parts, reused, applied } = await pullDocTypes(reader, before?.state ?? null, shipped, notRead)
  const rowsOf = Object.values(parts).map(({ row }) => row)
  options.progress('records')
  const reference = referenceDoctypes(rowsOf, [...options.more, ...options.also ?? []])
  const singles = rowsOf.filter((row) => Number(row['issingle'] ?? 0) !== 0 && Number(row['is_virtual'] ?? 0) === 0).map((row) => String(row['name'])).sort()
  const how = { cap: options.cap, asked: new Set([...options.more, ...CUSTOMISING]), before: before === null ? null : { state: before.state.records, rows: before.rows }, notRead }
  // Custom fields first: they say which columns and child tables the others have.
  const own = (doctype: string): readonly Loose[] => parts[doctype]?.fields ?? []
  const first = await pullRecords(reader, CUSTOMISING.filter((doctype) => parts[doctype] !== undefined).map((doctype) => ({ doctype, fields: own(doctype) })), own, { ...how, singles: [] })
  const custom = applied ? [] : first.rows.get('Custom Field') ?? []
  const fieldsOf = (doctype: string): readonly Loose[] => [...own(doctype), ...custom.filter((field) => field['dt'] === doctype)]
  const rest = await pullRecords(reader, reference.filter((doctype) => !CUSTOMISING.includes(doctype)).map((doctype) => ({ doctype, fields: fieldsOf(doctype) })), fieldsOf, { ...how, singles: singlesWithRows(rowsOf) })
  const pulled: PulledRecords = { rows: new Map([...first.rows, ...rest.rows]), state: { ...first.state, ...rest.state }, reused: first.reused + rest.reused, tooMany: rest.tooMany }
  options.progress('settings')
  const settings = { ...await settingsOf(reader, singles, fieldsOf, notRead), apps, ...(code === null ? {} : { hooks: code.hooks }) }
  const columns = await reader.columns()
  const customised = applied ? null : { fields: pulled.rows.get('Custom Field') ?? [], setters: pulled.rows.get('Property Setter') ?? [] }
  const assembled = await assembleDocTypes(reader, parts, customised, { shipped, apps, code, columns, notRead })
  const leftOut = { ...pulled.tooMany, ...await documentCounts(reader, documentDoctypes(rowsOf, reference)) }
  noteWhatRestCannotSee(reader, apps, code, notRead)
  const snapshot: Snapshot = {
    doctypes: assembled.lines, records: pulled.rows, settings, notRead: notRead.sort((a, b) => (a.what < b.what ? -1 : 1)), leftOut,
    interferes: interferenceOf(pulled.rows, settings.singles, code?.hooks),
    origin: {
      ways: [reader.way, ...(code !== null && reader.way !== 'bench' ? ['bench'] : [])], site: reader.site, user, takenAt: timestamp(options.clock), seconds: (options.clock.elapsed() - started) / 1000,
      requests: reader.requests, reused: { doctypes: reused, records: pulled.reused }, columns: columns === null ? 'derived from fields' : 'from the database',
      controllers: { known: assembled.known, unknown: assembled.unknown, note: assembled.note },
    },
  }
  return { snapshot, state: { form: 1, doctypes: applied ? {} : parts, records: pulled.state } }
}

async function appsOf(reader: SnapshotReader, notRead: NotRead[]): Promise<Record<string, string>> {
  const got = await reader.apps()
  if (!('refused' in got)) return got.value
  notRead.push({ what: 'versions of the apps', why: got.refused, hint: 'Without them no controller is known.' })
  return {}
}

async function settingsOf(reader: SnapshotReader, singles: readonly string[], fieldsOf: (doctype: string) => readonly Loose[], notRead: NotRead[]): Promise<{ singles: Record<string, Record<string, string>>; defaults: Record<string, string>; series: Record<string, number> }> {
  const values: Record<string, Record<string, string>> = {}, refused: string[] = []
  await Promise.all(singles.map(async (doctype) => {
    const fields = fieldsOf(doctype).filter((field) => field['fieldtype'] !== 'Password' && !LAYOUT_FIELDTYPES.has(String(field['fieldtype']))).map((field) => String(field['fieldname']))
    const got = await reader.single(doctype, [...new Set(fields)])
    if ('refused' in got) refused.push(doctype)
    else if (Object.keys(got.value).length > 0) values[doctype] = got.value
  }))
  if (refused.length > 0) notRead.push({ what: `settings: ${refused.sort().join(', ')}`, why: 'the user may not read them', hint: 'Posting takes ERPNext\'s defaults for them.' })
  const defaults = await reader.defaults(), series = await reader.series()
  if ('refused' in defaults) notRead.push({ what: 'global defaults', why: defaults.refused, hint: 'They are read through User, which System Manager may read.' })
  if ('refused' in series) notRead.push({ what: 'counters of naming series', why: series.refused, hint: 'They are read through Document Naming Settings, which System Manager may read; or give a database connection.' })
  else if (series.value.note !== null) notRead.push({ what: 'counters of naming series', why: series.value.note, hint: 'A database connection shows them.' })
  return {
    singles: Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))), defaults: 'refused' in defaults ? {} : defaults.value, series: 'refused' in series ? {} : series.value.values,
  }
}

async function documentCounts(reader: SnapshotReader, doctypes: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  await Promise.all(doctypes.map(async (doctype) => {
    const got = await reader.tally(doctype)
    if (!('refused' in got) && got.value.count > 0) counts[doctype] = got.value.count
  }))
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function noteWhatRestCannotSee(reader: SnapshotReader, apps: Record<string, string>, code: CodeFacts | null, notRead: NotRead[]): void {
  if (code !== null) return
  const others = Object.keys(apps).filter((app) => app !== 'frappe' && app !== 'erpnext')
  const what = others.length === 0 ? 'frappe and erpnext are the only apps, so there is nothing to see unless they were changed' : `${others.join(', ')} may run code on any document`
  notRead.push({ what: 'hooks and controllers', why: `only the site's Python knows them; ${what}`, hint: 'Pull through the bench (--bench FOLDER), or let canaries decide.' })
  if (reader.way === 'rest') notRead.push({ what: 'columns of tables', why: 'REST does not show them', hint: 'They were derived from the fields by Frappe\'s rules; a database connection shows them as they are.' })
}
