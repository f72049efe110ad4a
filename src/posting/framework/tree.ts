import { ident } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import type { TreeRule } from './rule.ts'

interface Node { name: string; lft: number; rgt: number }
interface Placed extends Node { id: number; parent: string | null; old: string | null }
type Tree = Map<string, Node & { parent: string | null }>

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

/**
 * Places the batch's documents into the nested set, one after another as the site does: each becomes the last child of its parent. Rows that were
 * there move aside; the changes of those not ours go to `ops.updates`. Sets `lft`, `rgt` and `old_parent`.
 */
export async function placeInTree(batch: Batch, rule: TreeRule): Promise<void> {
  const { staging, meta } = batch, table = `rows.${ident(meta.table)}`, parent = ident(rule.parentField)
  const old = batch.plan.byName.has('old_parent') ? 'old_parent' : 'NULL'
  const order = await staging.all<Placed>(`SELECT _id AS id, name, ${parent} AS parent, COALESCE(lft, 0) AS lft, COALESCE(rgt, 0) AS rgt, ${old} AS old FROM ${batch.live} ORDER BY _id`)
  if (order.length === 0) return
  const fresh = new Set(order.map((row) => row.name))
  const nodes: Tree = new Map()
  for (const row of await staging.all<Node & { parent: string | null }>(`SELECT name, lft, rgt, ${parent} AS parent FROM ${table}`)) if (!fresh.has(row.name)) nodes.set(row.name, row)
  const first = new Map([...nodes].map(([name, node]) => [name, { lft: node.lft, rgt: node.rgt }]))
  for (const placed of order) {
    const { name, parent: above } = placed
    const under = above ? nodes.get(above) : undefined
    if (placed.lft !== 0 || placed.rgt !== 0) {
      nodes.set(name, { name, lft: placed.lft, rgt: placed.rgt, parent: above })
      if ((placed.old || null) !== (above || null)) move(nodes, name, under)
      continue
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
