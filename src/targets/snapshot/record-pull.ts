import type { Loose } from '../../site/compact.ts'
import { INTERFERING } from '../../site/interference.ts'
import { keptColumns, WITHOUT_CHILDREN } from '../../site/reference-doctypes.ts'
import type { NotRead, SnapshotState } from '../../site/snapshot.ts'
import type { SnapshotReader } from './reader.ts'

/** What is fetched of a DocType: its fields after customisation, to leave out what must not leave the site. */
export interface RecordPlan { doctype: string; fields: readonly Loose[] }

export interface PulledRecords { rows: Map<string, Loose[]>; state: SnapshotState['records']; reused: number; tooMany: Record<string, number> }

const ACTING: ReadonlySet<string> = new Set(INTERFERING.map((kind) => kind.doctype))
const NEVER = new Set(['creation', 'modified', 'owner', 'modified_by', '_user_tags', '_comments', '_assign', '_liked_by', '_seen', 'doctype'])

/** Times as MariaDB shows them; over REST they come as Python writes them. */
function stored(value: string, fieldtype: string | undefined): string {
  if (fieldtype === 'Datetime') return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value) ? `${value}.000000` : value
  if (fieldtype !== 'Time') return value
  const match = /^(\d{1,3}):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(value)
  return match === null ? value : `${match[1]!.padStart(2, '0')}:${match[2]}:${match[3]}.${(match[4] ?? '').padEnd(6, '0')}`
}

/** A record as a site folder has it: no empty columns, times of writing, passwords. */
export function recordLine(row: Loose, fields: readonly Loose[], keep: readonly string[] | null): Loose {
  const types = new Map(fields.map((field) => [String(field['fieldname']), String(field['fieldtype'])])), line: Loose = {}
  const allowed = keep === null ? null : new Set(['name', 'docstatus', 'idx', ...keep])
  for (const [column, value] of Object.entries(row)) {
    if (value === null || value === undefined || NEVER.has(column) || types.get(column) === 'Password' || (allowed !== null && !allowed.has(column))) continue
    line[column] = typeof value === 'object' ? JSON.stringify(value) : typeof value === 'string' ? stored(value, types.get(column)) : value
  }
  return line
}

const byName = (rows: readonly Loose[]): Map<string, Loose> => new Map(rows.map((row) => [String(row['name']), row]))

/** Reads the records of DocTypes with their child rows. DocTypes of more than `cap` rows are left out and counted in `tooMany`. */
export async function pullRecords(reader: SnapshotReader, doctypes: readonly RecordPlan[], fieldsOf: (doctype: string) => readonly Loose[], options: {
  cap: number; asked: ReadonlySet<string>; before: { state: SnapshotState['records']; rows: ReadonlyMap<string, Loose[]> } | null; notRead: NotRead[]; singles: readonly string[]
}): Promise<PulledRecords> {
  const result: PulledRecords = { rows: new Map(), state: {}, reused: 0, tooMany: {} }
  const changes = new Map<string, { all: boolean; names: string[] }>(), refused = new Map<string, string[]>()
  await Promise.all(doctypes.map(async ({ doctype, fields }) => {
    const pulled = await pullOne(reader, doctype, fields, options)
    if ('refused' in pulled) {
      if (ACTING.has(doctype)) options.notRead.push({ what: `records of ${doctype}`, why: pulled.refused, hint: 'Whether any of them is in force is not known: predictions can be wrong. landfall site rights names the role.' })
      else refused.set(pulled.refused, [...refused.get(pulled.refused) ?? [], doctype])
      return
    }
    if ('tooMany' in pulled) { result.tooMany[doctype] = pulled.tooMany; return }
    if (pulled.count > 0) result.state[doctype] = { count: pulled.count, modified: pulled.modified }
    result.reused += pulled.reused
    if (pulled.rows.length > 0) result.rows.set(doctype, pulled.rows)
    changes.set(doctype, pulled.changed)
  }))
  for (const [why, names] of refused) options.notRead.push({ what: `records of ${names.sort().join(', ')}`, why, hint: 'Posting takes it that there are none, so links to them are predicted to be refused. landfall site rights names what the user lacks.' })
  await pullChildren(reader, result, changes, fieldsOf, options)
  return result
}

type One = { refused: string } | { tooMany: number } | { rows: Loose[]; count: number; modified: string; reused: number; changed: { all: boolean; names: string[] } }

async function pullOne(reader: SnapshotReader, doctype: string, fields: readonly Loose[], options: Parameters<typeof pullRecords>[3]): Promise<One> {
  const keep = keptColumns(doctype), known = new Set(fields.map((field) => field['fieldname'])), columns = keep === null ? null : keep.filter((column) => known.has(column))
  const most = options.asked.has(doctype) ? Number.POSITIVE_INFINITY : options.cap
  const whole = async (): Promise<One> => {
    const got = await reader.rows(doctype, columns, null, most)
    if ('refused' in got) return got
    if (got.value.length > most) {
      const tally = await reader.tally(doctype)
      return { tooMany: 'refused' in tally ? got.value.length : tally.value.count }
    }
    const latest = got.value.reduce((max, row) => (String(row['modified'] ?? '') > max ? String(row['modified']) : max), '')
    return { rows: got.value.map((row) => recordLine(row, fields, keep)), count: got.value.length, modified: latest, reused: 0, changed: { all: true, names: [] } }
  }
  // A DocType without records before is as quickly read as counted.
  const state = options.before?.state[doctype], before = options.before?.rows.get(doctype)
  if (state === undefined || before === undefined) return whole()
  const tally = await reader.tally(doctype)
  if ('refused' in tally) return tally
  const { count, modified } = tally.value
  if (count > most) return { tooMany: count }
  if (state.count === count && state.modified === modified) return { rows: before, count, modified, reused: before.length, changed: { all: false, names: [] } }
  const changed = await reader.rows(doctype, columns, state.modified, Number.POSITIVE_INFINITY)
  if ('refused' in changed) return changed
  const merged = byName(before)
  for (const row of changed.value) merged.set(String(row['name']), recordLine(row, fields, keep))
  if (merged.size !== count) {
    const names = await reader.names(doctype)
    if ('refused' in names) return names
    const present = new Set(names.value)
    for (const name of [...merged.keys()]) if (!present.has(name)) merged.delete(name)
  }
  // Rows that came by another way than the site's own code keep an old `modified`: then everything is read again.
  if (merged.size !== count) return whole()
  return { rows: [...merged.values()], count, modified, reused: count - changed.value.length, changed: { all: false, names: changed.value.map((row) => String(row['name'])) } }
}

/** Child rows of all DocTypes that were read: one question per child DocType, about the parents that changed. */
async function pullChildren(reader: SnapshotReader, result: PulledRecords, changes: ReadonlyMap<string, { all: boolean; names: string[] }>, fieldsOf: (doctype: string) => readonly Loose[], options: Parameters<typeof pullRecords>[3]): Promise<void> {
  const parentsOf = new Map<string, string[]>()
  for (const parent of [...options.singles, ...result.rows.keys()]) {
    if (WITHOUT_CHILDREN.has(parent)) continue
    for (const field of fieldsOf(parent)) {
      if (field['fieldtype'] !== 'Table' && field['fieldtype'] !== 'Table MultiSelect') continue
      const child = String(field['options'] ?? ''), list = parentsOf.get(child) ?? []
      if (!list.includes(parent)) parentsOf.set(child, [...list, parent])
    }
  }
  const refused: string[] = []
  await Promise.all([...parentsOf].map(async ([child, parents]) => {
    const before = options.before?.rows.get(child) ?? []
    const again = parents.filter((parent) => changes.get(parent)?.all !== false), touched = parents.flatMap((parent) => changes.get(parent)?.names ?? [])
    const present = new Map(parents.map((parent) => [parent, new Set((result.rows.get(parent) ?? []).map((row) => String(row['name'])))]))
    // Rows of parents that did not change are kept; those of parents that are gone are not.
    const rows = byName(before.filter((row) => !again.includes(String(row['parenttype'])) && present.get(String(row['parenttype']))?.has(String(row['parent'])) === true && !touched.includes(String(row['parent']))))
    result.reused += rows.size
    const take = async (parentDoctypes: string[], names: string[] | null): Promise<void> => {
      const got = await reader.children(child, parentDoctypes, names)
      if ('refused' in got) refused.push(child)
      else for (const row of got.value) rows.set(String(row['name']), recordLine(row, fieldsOf(child), null))
    }
    if (again.length > 0) await take(again, null)
    const others = parents.filter((parent) => !again.includes(parent))
    if (touched.length > 0 && others.length > 0) await take(others, touched)
    if (rows.size > 0) result.rows.set(child, [...rows.values()])
  }))
  if (refused.length > 0) options.notRead.push({ what: `rows of ${[...new Set(refused)].sort().join(', ')}`, why: 'the user may not read what they belong to', hint: 'The documents they belong to are taken to have none.' })
}
