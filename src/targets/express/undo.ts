import type { Site } from '../../site/site.ts'
import { sameMoment, type LaneUndo, type UndoRequest } from '../lane.ts'
import type { BulkMode } from './bulk.ts'
import { quote, tick, type Link } from './connection.ts'
import { ledgerTable, type Image } from './ledger.ts'
import { lockRows, setValues } from './older-rows.ts'
import { readTree, treeFault, treeOf } from './tree.ts'
import { nameLists, writeParts, writtenRows, type WrittenRows } from './written-rows.ts'

/** One batch as the ledger has it, with its documents by draft. */
export interface LoadedBatch { seq: number; batch: string; doctype: string; documents: Map<number, string> }

/** Batches a request takes back, last written first, with those of their documents that it names. */
export async function batchesOf(link: Link, request: UndoRequest): Promise<{ loaded: LoadedBatch; wanted: Set<number> }[]> {
  const names = new Set(request.documents.map((one) => `${one.doctype}\u001f${one.name}`))
  const found: { loaded: LoadedBatch; wanted: Set<number> }[] = []
  for (const [seq, batch, doctype] of await link.rows(`SELECT seq, batch, doctype FROM ${ledgerTable('batches')} WHERE run = ${quote(request.run)} ORDER BY seq DESC`)) {
    const rows = await link.rows(`SELECT id, name FROM ${ledgerTable('documents')} WHERE batch = ${seq} AND outcome = 'loaded'`)
    const documents = new Map(rows.map(([id, name]) => [Number(id), name ?? '']))
    const wanted = new Set([...documents].filter(([, name]) => names.has(`${doctype}\u001f${name}`)).map(([id]) => id))
    if (wanted.size > 0) found.push({ loaded: { seq: Number(seq), batch: batch ?? '', doctype: doctype ?? '', documents }, wanted })
  }
  return found
}

/**
 * Takes back the wanted documents of one batch in one transaction of the caller's: rows that nobody changed since are removed in reverse order, older rows get back what they held,
 * where they still hold what the batch wrote. A document of which any row was changed stays whole, and is in `kept`, as is each older row that holds something else by now. `known`: when the run
 * itself last changed a document (`DocType US name`), after this lane wrote it.
 */
export async function undoBatch(link: Link, site: Site, mode: BulkMode, loaded: LoadedBatch, wanted: ReadonlySet<number>, known: ReadonlyMap<string, string> = new Map()): Promise<LaneUndo> {
  const parts = await writtenRows(link, loaded.seq)
  const kept = await touched(link, site, loaded, parts, wanted, known)
  const gone = new Set([...wanted].filter((id) => !kept.has(id)))
  for (const { table, names, ids } of parts) {
    for (const list of nameLists(names.filter((_, i) => gone.has(ids[i]!)))) await link.run(`DELETE FROM ${tick(table)} WHERE name IN (${list})`)
  }
  const answer: LaneUndo = { removed: gone.size, restored: 0, kept: [...kept].map(([id, reason]) => ({ doctype: loaded.doctype, name: loaded.documents.get(id) ?? '', reason })) }
  const left = [...loaded.documents.keys()].filter((id) => !gone.has(id))
  await restore(link, site, loaded, gone, left.length === 0, answer)
  await forget(link, mode, loaded, parts, gone, left.length === 0)
  return answer
}

/** Documents that people touched since: a row's `modified` differs, or a node has children that are not ours. */
async function touched(link: Link, site: Site, loaded: LoadedBatch, parts: readonly WrittenRows[], wanted: ReadonlySet<number>, known: ReadonlyMap<string, string>): Promise<Map<number, string>> {
  const kept = new Map<number, string>()
  for (const { table, names, ids, modified } of parts) {
    const now = await lockRows(link, table, ['modified'], names)
    names.forEach((name, i) => {
      const row = now.get(name), wrote = Array.isArray(modified) ? modified[i] : modified
      const ours = known.get(`${loaded.doctype}\u001f${loaded.documents.get(ids[i]!) ?? ''}`)
      if (row !== undefined && row[0] !== wrote && wanted.has(ids[i]!) && (ours === undefined || !sameMoment(row[0] ?? '', ours))) kept.set(ids[i]!, `${table.slice(3)} ${name} was changed at ${row[0]}`)
    })
  }
  const tree = treeOf(site, loaded.doctype)
  if (tree === null) return kept
  const nodes = await readTree(link, tree), byName = new Map([...loaded.documents].map(([id, name]) => [name, id]))
  for (let more = true; more;) {
    more = false
    for (const [name, { parent }] of nodes) {
      const above = byName.get(parent), own = byName.get(name)
      if (above === undefined || kept.has(above) || (own !== undefined && wanted.has(own) && !kept.has(own))) continue
      kept.set(above, `${loaded.doctype} ${name} lies below it`)
      more = true
    }
  }
  return kept
}

/** Gives older rows back what they held; a counter only when no document of the batch stays, a tree's positions only all together and where a tree remains. */
async function restore(link: Link, site: Site, loaded: LoadedBatch, gone: ReadonlySet<number>, whole: boolean, answer: LaneUndo): Promise<void> {
  const rows = await link.rows(`SELECT id, tbl, row_name, col, before_value, after_value FROM ${ledgerTable('before')} WHERE batch = ${loaded.seq} ORDER BY seq DESC`)
  const images = rows.map(([id, table, name, column, before, after]): Image => ({ id: Number(id), table: table ?? '', name: name ?? '', column: column ?? '', before: before ?? null, after: after ?? null }))
  const tree = treeOf(site, loaded.doctype)
  const isPosition = (image: Image) => tree !== null && image.table === tree.table && (image.column === 'lft' || image.column === 'rgt')
  const good: Image[] = [], positions: Image[] = []
  for (const image of images) {
    if (image.id !== 0 && !isPosition(image) && !gone.has(image.id)) continue
    const now = (await lockRows(link, image.table, [image.column], [image.name])).get(image.name)
    const stands = now !== undefined && now[0] === image.after
    if (isPosition(image)) { if (stands) positions.push(image) }
    else if (stands && (image.table !== 'tabSeries' || whole)) good.push(image)
    else answer.kept.push({ doctype: image.table === 'tabSeries' ? 'Series' : image.table.slice(3), name: image.name, reason: now === undefined ? 'It is no longer on the site' : whole || image.table !== 'tabSeries' ? `${image.column} is ${now[0] ?? 'empty'} by now` : 'Documents of the series stay' })
  }
  for (const image of good.filter((one) => one.table === 'tabSeries' && one.before === null)) await link.run(`DELETE FROM tabSeries WHERE name = ${quote(image.name)}`)
  answer.restored += await setValues(link, good.filter((one) => one.table !== 'tabSeries' || one.before !== null), 'before') + good.filter((one) => one.table === 'tabSeries' && one.before === null).length
  if (tree === null || positions.length === 0) return
  const all = images.filter(isPosition).length
  await link.run('SAVEPOINT positions')
  if (positions.length === all && whole) await setValues(link, positions, 'before')
  if (positions.length === all && whole && treeFault(await readTree(link, tree)) === null) answer.restored += positions.length
  else {
    await link.run('ROLLBACK TO SAVEPOINT positions')
    answer.kept.push({ doctype: loaded.doctype, name: '(tree)', reason: 'Nodes were added or moved since; their places stay, with gaps where documents were removed' })
  }
}

/** The ledger forgets what is gone and keeps what stays. */
async function forget(link: Link, mode: BulkMode, loaded: LoadedBatch, parts: readonly WrittenRows[], gone: ReadonlySet<number>, whole: boolean): Promise<void> {
  const { seq } = loaded
  await link.run(`DELETE FROM ${ledgerTable('rows')} WHERE batch = ${seq}`)
  if (whole) {
    for (const table of ['before', 'documents'] as const) await link.run(`DELETE FROM ${ledgerTable(table)} WHERE batch = ${seq}`)
    await link.run(`DELETE FROM ${ledgerTable('batches')} WHERE seq = ${seq}`)
    return
  }
  for (const list of nameLists([...gone].map(String))) {
    await link.run(`DELETE FROM ${ledgerTable('documents')} WHERE batch = ${seq} AND id IN (${list})`)
    await link.run(`DELETE FROM ${ledgerTable('before')} WHERE batch = ${seq} AND id IN (${list})`)
  }
  await writeParts(link, mode, parts.flatMap(({ part, table, names, ids, modified }) => {
    const stays = ids.map((id, i) => i).filter((i) => !gone.has(ids[i]!))
    return stays.length === 0 ? [] : [[seq, part, table, JSON.stringify(stays.map((i) => names[i])), JSON.stringify(stays.map((i) => ids[i])), JSON.stringify(Array.isArray(modified) ? stays.map((i) => modified[i]) : modified)]]
  }))
}
