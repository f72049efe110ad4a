import { isMap, isScalar, parseDocument, visit } from 'yaml'
import type { AssessedEntity } from '../../model/assessment.ts'
import type { MappingPlan } from '../plan.ts'
import { coverage } from '../coverage.ts'
import { namedEntities, type MappedEntity } from '../entity.ts'
import { isChild, type FieldSpec } from '../../config/mapping-schema.ts'

/** A mapping file as remembered: `columns` as the source had them, `used` those the mapping rests on, `needs` entities it refers to, `maps` value map files by the name the mapping gives them. */
export interface RememberedEntity { entity: string; table: string; columns: string[]; used: string[]; needs: string[]; text: string; maps: Record<string, string> }

/** What a project leaves for later ones with the same kind of source. */
export interface MappingMemory { version: 1; project: string; rememberedAt: string; entities: RememberedEntity[] }

/** A remembered mapping that fits an assessed entity. `likeness`: columns in both over columns in either; `fresh`: columns it did not know. */
export interface Recalled { assessed: AssessedEntity; remembered: RememberedEntity; project: string; rememberedAt: string; likeness: number; fresh: string[] }

const LEAST_LIKENESS = 0.6
/** Tables of another name must have nearly the same columns. */
const LEAST_UNNAMED = 0.9

/** What is worth remembering of a project. `read` gives the text of a mapping file. */
export function remember(plan: MappingPlan, read: (file: string) => string): RememberedEntity[] {
  const covered = coverage(plan)
  return [...plan.entities.values()].filter((entity) => entity.loaded !== null).map((entity) => {
    const columns = covered.entities.find((item) => item.entity === entity.name)?.columns ?? []
    return {
      entity: entity.name, table: entity.table, columns: entity.columns.map((column) => column.name), needs: needsOf(entity),
      used: columns.filter((column) => column.state === 'mapped' || column.reason !== null || entity.mapping.columns?.[column.column] !== undefined).map((column) => column.column),
      text: read(entity.loaded!.file), maps: Object.fromEntries(mapFiles(entity).map((name) => [name, plan.readText(entity.loaded!.file, name)])),
    }
  })
}

function leaves(entity: MappedEntity): FieldSpec[] {
  return entity.mapping.documents.flatMap((document) => [...Object.values(document.fields), ...Object.values(document.placeholder ?? {})].flatMap((spec) =>
    (isChild(spec) ? (Array.isArray(spec) ? spec : [spec]).flatMap((child) => Object.values(child.fields) as FieldSpec[]) : [spec])))
}

function needsOf(entity: MappedEntity): string[] {
  const refs = leaves(entity).flatMap((leaf) => (typeof leaf === 'object' && 'ref' in leaf ? [leaf.ref] : []))
  return [...new Set([...namedEntities(entity.mapping), ...refs])].filter((name) => name !== entity.name).sort()
}

function mapFiles(entity: MappedEntity): string[] {
  return [...new Set(leaves(entity).flatMap((leaf) => (typeof leaf === 'object' && 'map' in leaf && typeof leaf.map === 'string' ? [leaf.map] : [])))]
}

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/**
 * The remembered mappings that fit what was assessed: of the same table name and alike in columns, or of nearly the same columns; every column they rest on is
 * there; and every entity they refer to is recalled too or goes by the same name here (`aliases`). The likest wins, then the latest.
 */
export function recall(memories: MappingMemory[], entities: AssessedEntity[], aliases: (entity: AssessedEntity) => string): Map<string, Recalled> {
  const found = new Map<string, Recalled>()
  for (const assessed of entities) {
    const best = memories.flatMap((memory) => memory.entities.map((remembered) => fit(memory, remembered, assessed))).filter((one) => one !== null)
      .sort((a, b) => b.likeness - a.likeness || (a.rememberedAt < b.rememberedAt ? 1 : -1))[0]
    if (best) found.set(assessed.id, best)
  }
  dropTwins(found)
  for (let dropped = true; dropped;) {
    dropped = false
    const names = new Set(entities.map((entity) => found.get(entity.id)?.remembered.entity ?? aliases(entity)))
    for (const [id, { remembered }] of found) if (remembered.needs.some((name) => !names.has(name))) { found.delete(id); dropped = true }
  }
  return found
}

/** Two assessed entities cannot both become the one that was remembered: the liker one does. */
function dropTwins(found: Map<string, Recalled>): void {
  for (const [id, one] of found) if ([...found].some(([other, two]) => other !== id && two.remembered.entity === one.remembered.entity && (two.likeness > one.likeness || (two.likeness === one.likeness && other < id)))) found.delete(id)
}

function fit(memory: MappingMemory, remembered: RememberedEntity, assessed: AssessedEntity): Recalled | null {
  const here = new Map(assessed.columns.map((column) => [column.name.toLowerCase(), column.name])), there = new Set(remembered.columns.map((name) => name.toLowerCase()))
  const both = [...here.keys()].filter((name) => there.has(name)).length, likeness = both / (here.size + there.size - both || 1)
  const named = plain(assessed.name) === plain(remembered.table)
  if (likeness < (named ? LEAST_LIKENESS : LEAST_UNNAMED) || remembered.used.some((name) => !here.has(name.toLowerCase()))) return null
  return { assessed, remembered, project: memory.project, rememberedAt: memory.rememberedAt, likeness, fresh: [...here].filter(([name]) => !there.has(name)).map(([, name]) => name) }
}

/** The remembered file for this project: its source and table as they are called here, with a line that says where it comes from. */
export function recalledText({ assessed, remembered, project, rememberedAt, likeness, fresh }: Recalled): string {
  const document = parseDocument(remembered.text)
  document.set('source', assessed.source)
  if (assessed.name === remembered.entity) document.delete('table')
  else document.set('table', assessed.name)
  document.commentBefore = [` Remembered from the project ${project} of ${rememberedAt.slice(0, 10)}; ${(likeness * 100).toFixed(0)} % of the columns are the same.`, ...(fresh.length > 0 ? [` It did not know: ${fresh.join(', ')}.`] : []), ...(document.commentBefore ? [document.commentBefore] : [])].join('\n')
  return document.toString({ lineWidth: 160 })
}

/** A proposal's text where entities it refers to go by other names, as remembered. */
export function renameEntities(text: string, names: Map<string, string>): string {
  if (names.size === 0) return text
  const document = parseDocument(text)
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || !isScalar(pair.value) || !['ref', 'from', 'entity'].includes(String(pair.key.value))) return
      const name = names.get(String(pair.value.value))
      if (name !== undefined && !(isMap(document.contents) && document.contents.items.includes(pair as never))) pair.value.value = name
    },
  })
  return document.toString({ lineWidth: 160 })
}
