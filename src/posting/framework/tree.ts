import { ident } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import type { TreeRule } from './rule.ts'

interface Node { name: string; lft: number; rgt: number }
interface Placed extends Node { id: number; parent: string | null; old: string | null; positioned: boolean }
interface Positioned extends Node { parent: string | null }
type Tree = Map<string, Positioned>

/** A document that comes with positions of its own is moved below its parent as if it had stood there, whatever that does to the others. */
function move(nodes: Tree, name: string, parent: Node | undefined): void {
  const { lft, rgt } = nodes.get(name)!, width = rgt - lft + 1
  const each = (change: (node: Node) => void) => { for (const node of nodes.values()) change(node) }
  each((node) => { if (node.lft >= lft && node.rgt <= rgt) { node.lft = -node.lft; node.rgt = -node.rgt } })
  each((node) => { if (node.lft > rgt) { node.lft -= width; node.rgt -= width } })
  each((node) => { if (node.lft < lft && node.rgt > rgt) node.rgt -= width })
  let shift: number
  if (parent !== undefined) {
    const { lft: left, rgt: right } = parent
    parent.rgt += width
    each((node) => { if (node.lft > right) { node.lft += width; node.rgt += width } })
    each((node) => { if (node.lft < left && node.rgt > right) node.rgt += width })
    shift = right - lft
  } else shift = Math.max(...[...nodes.values()].map((node) => node.rgt)) + 1 - lft
  each((node) => { if (node.lft < 0) { node.lft = -node.lft + shift; node.rgt = -node.rgt + shift } })
}

/** Puts one document into the tree as the site does: as last child of its parent, everything behind moves aside. */
function place(nodes: Tree, placed: Placed): void {
  const { name, parent: above } = placed
  const under = above ? nodes.get(above) : undefined
  if (placed.positioned) {
    nodes.set(name, { name, lft: placed.lft, rgt: placed.rgt, parent: above })
    if ((placed.old || null) !== (above || null)) move(nodes, name, under)
    return
  }
  let right: number
  if (under !== undefined) right = under.rgt
  else {
    right = 1
    for (const node of nodes.values()) if (!node.parent) right = Math.max(right, node.rgt + 1)
  }
  right = right || 1
  for (const node of nodes.values()) {
    if (node.rgt >= right) node.rgt += 2
    if (node.lft >= right) node.lft += 2
  }
  nodes.set(name, { name, lft: right, rgt: right + 1, parent: above })
}

/** One end of a node's interval in the list of all ends; `at` is the position it had before the batch, absent for new ones. */
interface End { node: Positioned; left: boolean; at?: number; next: End | null; previous: End | null }

/**
 * The same as placing one after another, in linear time: the ends of all intervals form a list, a new node is two ends before its parent's right
 * one, and an end's position is that of the next old end plus the number of new ends before it. False, and nothing done, for trees in
 * disorder and for documents that bring positions or a parent that is not there: those go one by one.
 */
function appendAll(nodes: Tree, order: Placed[]): boolean {
  const ends: End[] = []
  for (const node of nodes.values()) {
    ends.push({ node, left: true, at: node.lft, next: null, previous: null }, { node, left: false, at: node.rgt, next: null, previous: null })
  }
  ends.sort((a, b) => a.at! - b.at!)
  const last = ends.at(-1)
  if (ends.some((end, i) => end.at! < 1 || end.at === ends[i - 1]?.at) || (last !== undefined && (last.left || last.node.parent))) return false
  const fresh = new Set<string>()
  for (const placed of order) {
    if (placed.positioned || nodes.has(placed.name) || fresh.has(placed.name)) return false
    if (placed.parent && !nodes.has(placed.parent) && !fresh.has(placed.parent)) return false
    fresh.add(placed.name)
  }
  const behind: End = { node: { name: '', lft: 0, rgt: 0, parent: null }, left: true, at: (last?.at ?? 0) + 1, next: null, previous: null }
  ends.push(behind)
  ends.forEach((end, i) => { end.next = ends[i + 1] ?? null; end.previous = ends[i - 1] ?? null })
  const rights = new Map(ends.filter((end) => !end.left).map((end) => [end.node.name, end]))
  let first = ends[0]!
  for (const { name, parent } of order) {
    const before = (parent ? rights.get(parent) : undefined) ?? behind, node = { name, lft: 0, rgt: 0, parent }
    const left: End = { node, left: true, next: null, previous: before.previous }, right: End = { node, left: false, next: before, previous: left }
    left.next = right
    if (before.previous === null) first = left
    else before.previous.next = left
    before.previous = right
    rights.set(name, right)
    nodes.set(name, node)
  }
  let added = 0
  const waiting: End[] = []
  for (let end: End | null = first; end !== null; end = end.next) {
    if (end.at === undefined) { waiting.push(end); continue }
    for (const one of waiting.splice(0)) setEnd(one, end.at + added++)
    setEnd(end, end.at + added)
  }
  return true
}

function setEnd(end: End, position: number): void {
  if (end.left) end.node.lft = position
  else end.node.rgt = position
}

/** SQL: a draft's `lft` or `rgt` as Python's truth has it; text is true whatever number it says. */
const truth = (name: string, type: string) => (type === 'VARCHAR' ? `d.${name} <> ''` : `CAST(d.${name} AS DOUBLE) <> 0`)
const ENDS = ['lft', 'rgt'] as const

/** SQL over the working table (`alias`): the document brings a position of its own. */
function positioned(batch: Batch, alias: string): string {
  const { columns, relation } = batch.source.documents, given = ENDS.filter((name) => columns.has(name))
  if (given.length === 0) return 'FALSE'
  return `EXISTS (SELECT 1 FROM ${relation} d WHERE d._id = ${alias}._id AND (${given.map((name) => truth(name, columns.get(name)!)).join(' OR ')}))`
}

/**
 * A document with a position of its own is moved below its parent, which takes both ends, as numbers: else Python cannot subtract them. One that
 * seems to enclose its parent would be its own descendant.
 */
export async function findBadPositions(batch: Batch, rule: TreeRule): Promise<void> {
  const { columns, relation } = batch.source.documents
  if (!ENDS.some((name) => columns.has(name))) return
  const old = columns.has('old_parent') ? 'd.old_parent' : 'NULL', stage = 'on_update'
  const moved = `FROM ${batch.doc} w JOIN ${relation} d ON d._id = w._id LEFT JOIN rows.${ident(batch.meta.table)} p ON p.name = w.${ident(rule.parentField)}
    WHERE ${positioned(batch, 'w')} AND COALESCE(CAST(${old} AS VARCHAR), '') IS DISTINCT FROM COALESCE(w.${ident(rule.parentField)}, '')`
  await batch.find({
    type: 'NestedSetRecursionError', field: 'lft', stage, message: 'Item cannot be added to its own descendants', hint: 'Leave lft and rgt to the site.',
    select: `SELECT w._id AS id ${moved} AND COALESCE(w.lft, 0) <= p.lft AND COALESCE(w.rgt, 0) >= p.rgt`,
  })
  const bad = ENDS.map((name) => (!columns.has(name) ? 'TRUE' : columns.get(name) === 'VARCHAR' ? 'TRUE' : `d.${name} IS NULL`)).join(' OR ')
  await batch.find({ type: 'TypeError', field: 'lft', stage, message: 'unsupported operand type(s) for -', hint: 'Leave lft and rgt to the site.', select: `SELECT w._id AS id ${moved} AND (${bad})` })
}

/**
 * Places the batch's documents into the nested set, one after another as the site does: each becomes the last child of its parent. Rows that were
 * there move aside; the changes of those not ours go to `ops.updates`. Sets `lft`, `rgt` and `old_parent`.
 */
export async function placeInTree(batch: Batch, rule: TreeRule): Promise<void> {
  const { staging, meta } = batch, table = `rows.${ident(meta.table)}`, parent = ident(rule.parentField)
  const old = batch.plan.byName.has('old_parent') ? 'old_parent' : 'NULL'
  const order = await staging.all<Placed>(`SELECT _id AS id, name, ${parent} AS parent, COALESCE(lft, 0) AS lft, COALESCE(rgt, 0) AS rgt, ${old} AS old, ${positioned(batch, 'w')} AS positioned FROM ${batch.live} w ORDER BY _id`)
  if (order.length === 0) return
  const fresh = new Set(order.map((row) => row.name))
  const nodes: Tree = new Map()
  for (const row of await staging.all<Positioned>(`SELECT name, lft, rgt, ${parent} AS parent FROM ${table}`)) if (!fresh.has(row.name)) nodes.set(row.name, row)
  const first = new Map([...nodes].map(([name, node]) => [name, { lft: node.lft, rgt: node.rgt }]))
  if (!appendAll(nodes, order)) for (const placed of order) place(nodes, placed)
  const last = order.at(-1)!.id, changed = [...nodes.values()].filter((node) => first.get(node.name)?.lft !== node.lft || first.get(node.name)?.rgt !== node.rgt)
  const scratch = batch.scratch('tree')
  await staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (id BIGINT, name VARCHAR, lft BIGINT, rgt BIGINT)`)
  await batch.append(scratch, [
    { name: 'id', kind: 'BIGINT', values: changed.map(() => last) }, { name: 'name', kind: 'VARCHAR', values: changed.map((node) => node.name) },
    { name: 'lft', kind: 'BIGINT', values: changed.map((node) => node.lft) }, { name: 'rgt', kind: 'BIGINT', values: changed.map((node) => node.rgt) },
  ])
  for (const column of ['lft', 'rgt']) await batch.updateRows(meta.table, column, `SELECT id, name AS "key", ${column} AS "after" FROM ${scratch}`)
  if (batch.plan.byName.has('old_parent')) {
    await staging.run(`UPDATE ${table} AS t SET old_parent = COALESCE(t.${parent}, '') FROM (SELECT name FROM ${batch.live}) l WHERE t.name = l.name`)
  }
}
