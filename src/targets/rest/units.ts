import type { LaneDocument } from '../lane.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'

/**
 * What is sent in one request. `named`: its one document brings its name and those of its child rows; otherwise the site names the documents itself.
 */
export interface Unit { named: boolean; documents: LaneDocument[] }

/**
 * Whether a document brings its own name. The site honours a given name and then names nothing else in that request: a document that brings another one with child
 * rows into being must therefore be named by the site. Names that follow from the document itself come out the same either way; numbers and random names would not.
 */
export function bringsName(meta: DocTypeMeta, document: LaneDocument): boolean {
  if (document.nested) return false
  return isRandomName(document.name) || (meta.autoname ?? '').toLowerCase().startsWith('prompt') || isNumbered(meta, document)
}

/** Whether its name is a number of a series (`SAL-ORD-2026-00001`): one of those the DocType offers, its own, or the DocType's naming expression. */
export function isNumbered(meta: DocTypeMeta, { name, doc }: Pick<LaneDocument, 'name' | 'doc'>): boolean {
  const rule = meta.autoname ?? '', own = doc['naming_series']
  const offered = (meta.field('naming_series')?.options ?? '').split('\n').filter((series) => series !== '')
  const expressions = [...offered, ...typeof own === 'string' ? [own] : [], ...rule.includes('#') ? [rule.replace(/^format:/i, '').replace(/[{}]/g, '.')] : []]
  return expressions.some((series) => seriesPattern(series).test(name))
}

const PARTS: Record<string, string> = { YYYY: '\\d{4}', YY: '\\d{2}', MM: '\\d{2}', DD: '\\d{2}', WW: '\\d{1,2}' }

function seriesPattern(series: string): RegExp {
  const parts = (series.includes('#') ? series : `${series}.#####`).split('.')
  return new RegExp(`^${parts.map((part) => (/^#+$/.test(part) ? '\\d+' : PARTS[part] ?? (/^[a-z_]+$/.test(part) ? '.*?' : part.replace(/[\\^$*+?()[\]{}|/-]/g, '\\$&')))).join('')}$`)
}

/** A stand-in of the posting engine for a name that the site would draw at random; see posting/framework/hash.ts. */
export function isRandomName(name: string): boolean {
  return /^z\d[0-9a-z]{8}$/.test(name)
}

/**
 * Divides documents among workers: those of a tree, those the site numbers itself and those that change a common row stay together, in draft order, so that they neither wait
 * for each other's locks nor take each other's numbers. Each shard is a list of requests; shards may go at the same time.
 */
export function shardsOf(meta: DocTypeMeta, documents: LaneDocument[], most: number): Unit[][] {
  const tree = meta.nsm_parent_field !== null || meta.column('lft') !== undefined
  const groups = components(documents, (document) => {
    // Twins are numbered in the order they come (`Ernst`, `Ernst - 1`).
    const numbered = bringsName(meta, document) ? [] : [namedByContent(meta) ? `twin ${document.name.replace(/ ?- ?\d+$/, '').toLowerCase()}` : 'numbers']
    return [...document.touches, ...numbered, ...tree ? ['tree'] : []]
  })
  const single = groups.filter((group) => group.length === 1).flat(), together = groups.filter((group) => group.length > 1)
  // Documents that share nothing need no order: each request of them is a shard of its own.
  return [...together.map((group) => unitsOf(meta, group, most)), ...unitsOf(meta, single, most).map((unit) => [unit])]
}

/** Documents that share a word, directly or through others, in draft order. */
function components(documents: LaneDocument[], words: (document: LaneDocument) => string[]): LaneDocument[][] {
  const parent = new Map<string, string>()
  const find = (name: string): string => {
    let root = name
    for (let next = parent.get(root); next !== undefined && next !== root; next = parent.get(root)) root = next
    parent.set(name, root)
    return root
  }
  for (const document of documents) for (const word of words(document)) parent.set(find(word), find(`document ${document.id}`))
  return [...Map.groupBy(documents, (document) => find(`document ${document.id}`)).values()]
}

function namedByContent(meta: DocTypeMeta): boolean {
  const rule = (meta.autoname ?? '').toLowerCase()
  return rule.startsWith('field:') || rule.startsWith('prompt') || meta.controller?.includes('autoname') === true
}

function unitsOf(meta: DocTypeMeta, documents: LaneDocument[], most: number): Unit[] {
  const units: Unit[] = []
  for (const document of documents) {
    const last = units.at(-1), named = bringsName(meta, document)
    if (!named && last && !last.named && last.documents.length < most) last.documents.push(document)
    else units.push({ named, documents: [document] })
  }
  return units
}
