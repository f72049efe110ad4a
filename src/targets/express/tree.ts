import { LandfallError } from '../../errors/error.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { LaneBatch } from '../lane.ts'
import { tick, type Link } from './connection.ts'
import type { Image } from './ledger.ts'

/** A nested set: its table and the field that names a node's parent. */
export interface Tree { table: string; parentField: string }
interface Node { lft: number; rgt: number; parent: string }
type Nodes = Map<string, Node>

/** The tree a DocType's documents are nodes of, or null. */
export function treeOf(site: Site, doctype: string): Tree | null {
  const meta = site.doctype(doctype)
  if (meta === undefined || !meta.nsm_parent_field || meta.column('lft') === undefined) return null
  return { table: meta.table, parentField: meta.nsm_parent_field }
}

/** Locks the whole tree and reads it. */
export async function readTree(link: Link, tree: Tree): Promise<Nodes> {
  const rows = await link.rows(`SELECT name, lft, rgt, ${tick(tree.parentField)} FROM ${tick(tree.table)} FOR UPDATE`)
  return new Map(rows.map(([name, lft, rgt, parent]) => [name ?? '', { lft: Number(lft), rgt: Number(rgt), parent: parent ?? '' }]))
}

/** What is wrong with a nested set, or null: every interval is one, no two share an end, and each lies within its parent's. Gaps are no fault. */
export function treeFault(nodes: Nodes): string | null {
  const ends = new Map<number, string>()
  for (const [name, { lft, rgt, parent }] of nodes) {
    if (lft >= rgt || lft < 1) return `"${name}" reaches from ${lft} to ${rgt}`
    for (const end of [lft, rgt]) {
      const other = ends.get(end)
      if (other !== undefined) return `"${name}" and "${other}" share ${end}`
      ends.set(end, name)
    }
    const above = parent === '' ? undefined : nodes.get(parent)
    if (parent !== '' && above === undefined) return `"${name}" lies below "${parent}", which is not there`
    if (above !== undefined && (lft <= above.lft || rgt >= above.rgt)) return `"${name}" does not lie within "${parent}"`
  }
  return null
}

/**
 * Compares, under lock, the site's tree with the one the prediction began with (or with where earlier batches of the run left it), and answers which positions of
 * older nodes change. All of them move with the first batch of the DocType: the places of later nodes are gaps until then, and a tree with gaps is one. Throws
 * `target-changed` when somebody moved, added or removed a node.
 */
export async function treeChanges(nodes: Nodes, staging: Staging, batch: LaneBatch, tree: Tree): Promise<Image[]> {
  const known = await staging.exists('ops.known_drafts') ? `EXISTS (SELECT 1 FROM ops.known_drafts k WHERE k.doctype = r._doctype AND k.id = r._draft)` : 'FALSE'
  const mirror = await staging.all<{ name: string; lft: number; rgt: number; old: boolean }>(`SELECT name, lft, rgt, _draft IS NULL OR ${known} AS old FROM rows.${ident(tree.table)} r`)
  const updates = await staging.all<{ key: string; col: 'lft' | 'rgt'; id: number; before: string }>(`SELECT "key", col, id, before FROM ops.updates WHERE tbl = ${literal(tree.table)} AND doctype = ${literal(batch.doctype)} AND col IN ('lft', 'rgt') ORDER BY seq DESC`)
  const last = new Map(mirror.filter((row) => row.old).map((row) => [row.name, { lft: Number(row.lft), rgt: Number(row.rgt), parent: '' }]))
  const ours = new Map(mirror.filter((row) => !row.old).map((row) => [row.name, { lft: Number(row.lft), rgt: Number(row.rgt), parent: '' }]))
  const stateBefore = (open: (id: number) => boolean): Nodes => {
    const state: Nodes = new Map([...last].map(([name, node]) => [name, { ...node }]))
    for (const { key, col, id, before } of updates) {
      const node = state.get(key)
      if (node !== undefined && open(Number(id))) node[col] = Number(JSON.parse(before))
    }
    return state
  }
  if (difference(nodes, last, ours) === null) return []
  const first = stateBefore(() => true)
  const fault = difference(nodes, first, ours)
  if (fault !== null && difference(nodes, stateBefore((id) => id >= batch.from), ours) !== null) {
    throw new LandfallError('target-changed', `The tree of ${tree.table} changed since the prediction: ${fault}.`, { hint: 'Nothing of the batch was written; predict again (landfall preflight) and load what is open.', where: { doctype: batch.doctype } })
  }
  const id = Number(updates[0]?.id ?? batch.to)
  return [...last].flatMap(([name, node]) => (['lft', 'rgt'] as const).filter((column) => nodes.get(name)![column] !== node[column])
    .map((column) => ({ id, table: tree.table, name, column, before: String(nodes.get(name)![column]), after: String(node[column]) })))
}

/** The first way in which the site's nodes differ from the expected older ones and those of ours that are there already. */
function difference(site: Nodes, older: Nodes, ours: Nodes): string | null {
  for (const [name, node] of site) {
    const expected = older.get(name) ?? ours.get(name)
    if (expected === undefined) return `"${name}" was added`
    if (expected.lft !== node.lft || expected.rgt !== node.rgt) return `"${name}" stands at ${node.lft}-${node.rgt} instead of ${expected.lft}-${expected.rgt}`
  }
  for (const name of older.keys()) if (!site.has(name)) return `"${name}" is gone`
  return null
}
