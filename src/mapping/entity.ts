import { mappingSchema, type EntityMapping, type LoadedMapping } from '../config/mapping-schema.ts'
import { didYouMean } from '../model/closest.ts'
import type { ColumnType, Entity } from '../model/entity.ts'
import { ident } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import type { Problems } from './problems.ts'
import type { ScopeColumn } from './scope.ts'
import { bindChain } from './transform-chain.ts'
import { typeOfColumn, typeOfOutput } from './value-type.ts'

/** An entity as its source describes it, with the source's name. */
export interface SourceEntity { source: string; entity: Entity }

/** A column on its way from raw to clean. `declared`: the type wanted in clean. */
export interface MappedColumn extends ScopeColumn { declared: ColumnType }

/** An entity of the project: what the mapping says about it, and its columns in `clean`. */
export interface MappedEntity {
  name: string
  source: string
  table: string
  mapping: EntityMapping
  /** Null for an entity without a mapping file, known because another refers to it. */
  loaded: LoadedMapping | null
  columns: MappedColumn[]
  key: string[]
  /** `raw."source.table"`, `clean."name"`. */
  raw: string
  clean: string
  /** The source's own row count, for coverage. */
  described: Entity
}

function describedAs(name: string, described: SourceEntity[], source: string | undefined): SourceEntity[] {
  const fits = (item: SourceEntity) => source === undefined || item.source === source
  const wanted = name.toLowerCase()
  const exact = described.filter((item) => fits(item) && item.entity.name === name)
  if (exact.length > 0) return exact
  return described.filter((item) => fits(item) && [item.entity.name, `${item.entity.namespace}.${item.entity.name}`, `${item.source}.${item.entity.name}`].some((form) => form.toLowerCase() === wanted))
}

/**
 * Finds what mappings speak of among what sources describe, and types the columns. An entity that is only referred to needs no file.
 * Problems are gathered, not thrown; an entity with a problem is left out.
 */
export function resolveEntities(mappings: LoadedMapping[], described: SourceEntity[], registry: TransformRegistry, problems: Problems): Map<string, MappedEntity> {
  const entities = new Map<string, MappedEntity>()
  for (const loaded of mappings) {
    const { mapping } = loaded
    if (entities.has(mapping.entity)) {
      problems.add(loaded, ['entity'], `the entity \`${mapping.entity}\` is described by two mapping files (${entities.get(mapping.entity)?.loaded?.file})`)
      continue
    }
    const found = describedAs(mapping.table ?? mapping.entity, described, mapping.source)
    const [one] = found
    if (!one) {
      const names = described.filter((item) => mapping.source === undefined || item.source === mapping.source).map((item) => item.entity.name)
      problems.add(loaded, mapping.table === undefined ? ['entity'] : ['table'], `no source has an entity \`${mapping.table ?? mapping.entity}\`${didYouMean(mapping.table ?? mapping.entity, names)}`)
      continue
    }
    if (found.length > 1) problems.add(loaded, ['entity'], `several sources have an entity \`${mapping.table ?? mapping.entity}\`: say which with \`source\``)
    entities.set(mapping.entity, mapped(mapping, loaded, one, registry, problems))
  }
  for (const name of new Set(mappings.flatMap((loaded) => namedEntities(loaded.mapping)))) {
    if (entities.has(name)) continue
    const [one] = describedAs(name, described, undefined)
    if (one) entities.set(name, mapped(mappingSchema.parse({ entity: name, source: one.source, table: one.entity.name }), null, one, registry, problems))
  }
  return entities
}

/** Entities that a mapping draws from besides its own. */
export function namedEntities(mapping: EntityMapping): string[] {
  const names: string[] = []
  for (const document of mapping.documents) {
    for (const join of Object.values(document.joins ?? {})) names.push(join.entity)
    for (const spec of Object.values(document.fields)) {
      const children = Array.isArray(spec) ? spec : typeof spec === 'object' && 'fields' in spec ? [spec] : []
      for (const child of children) {
        if (child.from !== undefined) names.push(child.from)
        for (const join of Object.values(child.joins ?? {})) names.push(join.entity)
      }
    }
  }
  return names
}

function mapped(mapping: EntityMapping, loaded: LoadedMapping | null, found: SourceEntity, registry: TransformRegistry, problems: Problems): MappedEntity {
  const { entity: described, source } = found
  const byName = new Map(described.columns.map((column) => [column.name.toLowerCase(), column]))
  const names = described.columns.map((column) => column.name)
  const check = (name: string, path: (string | number)[]) => {
    if (!byName.has(name.toLowerCase())) problems.add(loaded, path, `\`${mapping.entity}\` has no column \`${name}\`${didYouMean(name, names)}`)
  }
  for (const name of Object.keys(mapping.columns ?? {})) check(name, ['columns', name])
  mapping.key?.forEach((name, i) => { check(name, mapping.key?.length === 1 ? ['key'] : ['key', i]) })
  if (typeof mapping.ignore === 'object') for (const name of Object.keys(mapping.ignore)) check(name, ['ignore', name])
  for (const name of Object.keys(mapping.survivorship ?? {})) if (name !== 'default') check(name, ['survivorship', name])
  const spec = new Map(Object.entries(mapping.columns ?? {}).map(([name, value]) => [name.toLowerCase(), { name, value }]))
  problems.attempt(loaded, ['text_columns'], () => bindChain(mapping.text_columns ?? [], registry))
  const columns = described.columns.map((column): MappedColumn => {
    const own = spec.get(column.name.toLowerCase())
    const chain = own === undefined ? [] : problems.attempt(loaded, ['columns', own.name, 'transform'], () => bindChain(own.value.transform ?? [], registry)) ?? []
    if (own?.value.lenient) problems.attempt(loaded, ['columns', own.name, 'lenient'], () => bindChain(own.value.lenient ?? [], registry))
    const output = chain.at(-1)?.transform.output
    if (own?.value.type !== undefined) return { name: column.name, declared: own.value.type, type: typeOfColumn(own.value.type) }
    if (output !== undefined && output !== 'VARCHAR') return { name: column.name, declared: column.type, type: typeOfOutput(output) }
    return { name: column.name, declared: column.type, type: typeOfColumn(column.type) }
  })
  const key = (mapping.key ?? described.primaryKey).filter((name) => byName.has(name.toLowerCase()))
  return { name: mapping.entity, source, table: described.name, mapping, loaded, columns, key, raw: `raw.${ident(`${source}.${described.name}`)}`, clean: `clean.${ident(mapping.entity)}`, described }
}

/** The columns of an entity as expressions see them in `clean`. */
export function cleanColumns(entity: MappedEntity): ScopeColumn[] {
  return entity.columns
}
