import type { LaneDocument } from '../lane.ts'

/** Documents whose posting locks a row per item until it commits: bins, last purchase rates. */
const BY_ITEM = new Set(['Sales Order', 'Purchase Order', 'Delivery Note', 'Purchase Receipt', 'Purchase Invoice', 'Stock Entry', 'Stock Reconciliation', 'Material Request', 'Item Price', 'Work Order'])
/** Fields that name a document which posting this one changes. */
const REFERENCES = ['reference_name', 'return_against', 'sales_order', 'purchase_order', 'against_sales_order', 'against_sales_invoice', 'sales_invoice', 'delivery_note', 'purchase_receipt', 'prevdoc_docname', 'amended_from', 'project']

/**
 * Distributes documents over workers so that those which wait for the same rows are written by one worker, in draft order; the largest groups first, each to
 * the worker with least to do. Trees (a nested set renumbers its neighbours) stay with one worker, as does what hangs together for the most part.
 */
export function shardDocuments(documents: LaneDocument[], workers: number, tree: boolean): LaneDocument[][] {
  if (workers <= 1 || tree || documents.length < 2) return [documents]
  const groups = contended(documents)
  const largest = groups.reduce((most, group) => Math.max(most, group.length), 0)
  if (largest > documents.length * 0.75) return [documents]
  const shards: LaneDocument[][] = Array.from({ length: Math.min(workers, groups.length) }, () => [])
  for (const group of groups.sort((a, b) => b.length - a.length)) shards.reduce((least, shard) => (shard.length < least.length ? shard : least)).push(...group)
  for (const shard of shards) shard.sort((a, b) => a.id - b.id)
  return shards.filter((shard) => shard.length > 0)
}

/** Documents in groups without a common row to wait for. */
function contended(documents: LaneDocument[]): LaneDocument[][] {
  const parent = documents.map((_, i) => i), owner = new Map<string, number>()
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!
    return i
  }
  documents.forEach((document, i) => {
    for (const key of contentionKeys(document.doc)) {
      const other = owner.get(key)
      if (other === undefined) owner.set(key, i)
      else parent[root(i)] = root(other)
    }
  })
  const groups = new Map<number, LaneDocument[]>()
  documents.forEach((document, i) => {
    const group = groups.get(root(i))
    if (group === undefined) groups.set(root(i), [document])
    else group.push(document)
  })
  return [...groups.values()]
}

function contentionKeys(doc: Record<string, unknown>): string[] {
  const doctype = String(doc['doctype']), items = BY_ITEM.has(doctype) || Boolean(Number(doc['update_stock'] ?? 0))
  const rows = [doc, ...Object.values(doc).filter(Array.isArray).flat().filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null)]
  return rows.flatMap((row) => [
    ...(items && row['item_code'] !== undefined && row['item_code'] !== null ? [`item ${String(row['item_code'])}`] : []),
    ...REFERENCES.filter((field) => typeof row[field] === 'string' && row[field] !== '').map((field) => `document ${String(row[field])}`),
  ])
}
