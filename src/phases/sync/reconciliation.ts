import { createHash } from 'node:crypto'
import type { Value } from '../../model/value.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { DraftText } from './given.ts'
import { SYSTEM, type ChildTable, type Forecast, type Row } from './forecast.ts'

/** A value of a row on the site that is to become another. */
export interface ValueChange { tbl: string; key: string; col: string; before: Value; after: Value }

/** A field that the legacy system and people on the site both changed: what Landfall wrote last, what the site holds, what the legacy record says now. */
export interface Conflict { doctype: string; name: string; entity: string; key: string; field: string; was: string | null; site: string | null; source: string | null; why: string; kept: 'site' | 'source' }

/** What has to be done to one document. */
export interface DocumentChange { values: ValueChange[]; inserts: { tbl: string; row: Row }[]; removes: { tbl: string; key: string }[]; /** Fields that people changed and the record did not. */ kept: string[]; conflicts: Omit<Conflict, 'doctype' | 'name' | 'entity' | 'key'>[] }

/** What is known of a document: `was` and `then` are what its last and its new draft make of it, `now` is the site's. `own`: names of child rows that Landfall wrote. */
export interface Sides { meta: DocTypeMeta; was: Forecast | null; then: Forecast; now: Forecast; before: DraftText | null; after: DraftText; own: Set<string>; untouched: boolean; policy: 'list' | 'source' | 'site' }

const same = (a: Value | undefined, b: Value | undefined): boolean => String(a ?? '\u0000') === String(b ?? '\u0000')
const shown = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value))

/**
 * Compares three states of a document and answers what to do: what the legacy record changed and nobody touched on the site is changed; what both changed is a conflict;
 * everything else stays, also rows that people added.
 */
export function reconcile(sides: Sides, children: ChildTable[]): DocumentChange {
  const change: DocumentChange = { values: [], inserts: [], removes: [], kept: [], conflicts: [] }
  const base = sides.was ?? (sides.untouched ? sides.now : null)
  reconcileRow(sides, change, sides.meta, sides.meta.table, sides.now.row, base?.row ?? null, sides.then.row, '')
  for (const child of children) reconcileRows(sides, change, child, base)
  return change
}

function reconcileRow(sides: Sides, change: DocumentChange, meta: DocTypeMeta, tbl: string, now: Row, was: Row | null, then: Row, place: string): void {
  for (const { name } of meta.columns) {
    if (SYSTEM.has(name) || same(now[name], then[name])) continue
    if (was !== null && same(was[name], then[name])) { change.kept.push(`${place}${name}`); continue }
    // Without a base nobody knows who is right: only what the record says is looked at.
    if (was === null && place === '' && sides.after.doc[name] == null) continue
    const set = (): void => { change.values.push({ tbl, key: String(now['name']), col: name, before: now[name] ?? null, after: then[name] ?? null }) }
    if (was !== null && same(was[name], now[name])) { set(); continue }
    const kept = sides.policy === 'source' ? 'source' : 'site'
    change.conflicts.push({ field: `${place}${name}`, was: was === null ? null : shown(was[name]), site: shown(now[name]), source: shown(then[name]), why: was === null ? 'what was written last is not known' : 'changed on both sides', kept })
    if (kept === 'source') set()
  }
}

/** Child rows: those Landfall wrote are aligned with the new ones, in order; rows that people added come behind them. */
function reconcileRows(sides: Sides, change: DocumentChange, child: ChildTable, base: Forecast | null): void {
  const field = child.field, all = sides.now.children.get(field) ?? [], then = sides.then.children.get(field) ?? []
  const mine = all.filter((row) => sides.own.has(String(row['name']))), theirs = all.filter((row) => !sides.own.has(String(row['name'])))
  const was = sides.was === null ? mine : base?.children.get(field) ?? []
  const texts = (draft: DraftText | null): string[] => (draft?.rows[field] ?? []).map((row) => JSON.stringify(row))
  if (mine.length !== was.length) {
    if (sides.before !== null && JSON.stringify(texts(sides.before)) !== JSON.stringify(texts(sides.after))) {
      change.conflicts.push({ field, was: `${was.length} rows`, site: `${mine.length} of them`, source: `${then.length} rows`, why: 'rows were removed on the site', kept: 'site' })
    }
    return
  }
  if (mine.length === 0 && then.length === 0) return
  const old = sides.before === null ? was.map((row) => rowText(child.meta, row)) : texts(sides.before)
  const fresh = sides.before === null ? then.map((row) => rowText(child.meta, row)) : texts(sides.after)
  const comparable = old.length === was.length && fresh.length === then.length
  const pairs = comparable ? align(old, fresh) : align(was.map((row) => rowText(child.meta, row)), then.map((row) => rowText(child.meta, row)))
  const order: Row[] = []
  for (const [i, j] of pairs) {
    if (j === null) removeRow(sides, change, child, mine[i!]!, was[i!]!)
    else if (i === null) order.push(insertRow(sides, change, child, then[j]!, j))
    else {
      reconcileRow(sides, change, child.meta, child.table, mine[i]!, was[i]!, then[j]!, `${field} row ${j + 1}: `)
      order.push(mine[i]!)
    }
  }
  renumber(change, child, [...order, ...theirs])
}

function removeRow(sides: Sides, change: DocumentChange, child: ChildTable, now: Row, was: Row): void {
  const touched = child.meta.columns.some(({ name }) => !SYSTEM.has(name) && !same(now[name], was[name]))
  if (!touched || sides.policy === 'source') change.removes.push({ tbl: child.table, key: String(now['name']) })
  if (touched) change.conflicts.push({ field: child.field, was: shown(was['idx']), site: 'row changed', source: null, why: 'the row was removed in the legacy system and changed on the site', kept: sides.policy === 'source' ? 'source' : 'site' })
}

function insertRow(sides: Sides, change: DocumentChange, child: ChildTable, then: Row, place: number): Row {
  const parent = String(sides.now.row['name'])
  const name = createHash('sha256').update(JSON.stringify([parent, child.field, place, sides.after])).digest('hex').slice(0, 10)
  const row = { ...then, name, parent }
  change.inserts.push({ tbl: child.table, row })
  return row
}

/** Places from 1 on, ours in the legacy order, then the others. */
function renumber(change: DocumentChange, child: ChildTable, order: Row[]): void {
  const added = new Set(change.inserts.map((insert) => insert.row))
  order.forEach((row, i) => {
    if (Number(row['idx']) === i + 1) return
    if (added.has(row)) row['idx'] = i + 1
    else change.values.push({ tbl: child.table, key: String(row['name']), col: 'idx', before: row['idx'] ?? null, after: i + 1 })
  })
}

function rowText(meta: DocTypeMeta, row: Row): string {
  return JSON.stringify(meta.columns.filter(({ name }) => !SYSTEM.has(name)).map(({ name }) => String(row[name] ?? '\u0000')))
}

const MOST_CELLS = 4_000_000

/** Pairs of places of two lists, in the order of the second: equal items first (longest common subsequence), then what is between them one by one. */
export function align(old: string[], fresh: string[]): [number | null, number | null][] {
  let start = 0, end = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++
  while (end < old.length - start && end < fresh.length - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end++
  const pairs: [number | null, number | null][] = Array.from({ length: start }, (_, i) => [i, i])
  const equal = common(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)).map(([i, j]) => [i + start, j + start] as const)
  let i = start, j = start
  for (const [a, b] of [...equal, [old.length - end, fresh.length - end] as const]) {
    while (i < a && j < b) pairs.push([i++, j++])
    while (i < a) pairs.push([i++, null])
    while (j < b) pairs.push([null, j++])
    if (a < old.length - end) { pairs.push([a, b]); i = a + 1; j = b + 1 }
  }
  for (let k = end; k > 0; k--) pairs.push([old.length - k, fresh.length - k])
  return pairs
}

function common(a: string[], b: string[]): [number, number][] {
  if (a.length * b.length > MOST_CELLS || a.length === 0 || b.length === 0) return []
  const width = b.length + 1, best = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1]! + 1 : Math.max(best[(i + 1) * width + j]!, best[i * width + j + 1]!)
  const found: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) found.push([i++, j++])
    else if (best[(i + 1) * width + j]! >= best[i * width + j + 1]!) i++
    else j++
  }
  return found
}
