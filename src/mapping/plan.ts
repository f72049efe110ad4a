import type { DocumentSpec, LoadedMapping } from '../config/mapping-schema.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import type { MappedEntity } from './entity.ts'

/** What mapping asks of the site: its DocTypes. `Site` is one. */
export interface SiteCatalog {
  doctype(name: string): DocTypeMeta | undefined
  doctypeNames(): string[]
}

/** One document of a mapping file: `documents[index]` of the file of `entity`. */
export interface Block { entity: MappedEntity; document: DocumentSpec; index: number; loaded: LoadedMapping }

/** A reference that a block makes; `field` is `items.item_code` for a child's. */
export interface Reference { field: string; doctype: string; entity: string; missing: 'create_placeholder' | 'skip' | 'fail'; deferred: boolean }

/** A custom field the mappings need on the site. */
export interface WantedCustomField { doctype: string; fieldname: string; label: string; fieldtype: string; options: string | null; insert_after: string | null }

/** All that becomes of one DocType. `dependsOn`: DocTypes that must be posted before; `itself`: documents refer to others of the same DocType, so that drafts come in several waves. */
export interface MappingTarget {
  doctype: string
  phase: 'master' | 'transactional' | 'historical'
  dependsOn: string[]
  itself: boolean
  blocks: Block[]
  references: Reference[]
  /** Fields of `drafts."<DocType>"`, and per table field of its child relation. `named`: entities whose rows in it others refer to. */
  fields: { name: string; sqlType: string }[]
  children: { table: string; doctype: string; fields: { name: string; sqlType: string }[]; named: string[] }[]
}

/** Mappings, checked against sources and site, in an order in which every DocType comes after those it depends on. */
export interface MappingPlan {
  entities: Map<string, MappedEntity>
  targets: MappingTarget[]
  customFields: WantedCustomField[]
  registry: TransformRegistry
  site: SiteCatalog
  /** Text of a value map file, by mapping file and name as written. */
  readText: (mappingFile: string, name: string) => string
}

export function targetOf(plan: MappingPlan, doctype: string): MappingTarget | undefined {
  return plan.targets.find((target) => target.doctype === doctype)
}
