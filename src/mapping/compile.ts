import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { LoadedMapping } from '../config/mapping-schema.ts'
import { LandfallError, messageOf } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import { TransformRegistry } from '../transforms/registry.ts'
import { compileBlock, referencesOf, type CompiledBlock, type Surroundings } from './block.ts'
import { resolveEntities, type MappedEntity, type SourceEntity } from './entity.ts'
import { checkCleansing } from './cleansing-check.ts'
import type { Block, MappingPlan, MappingTarget, Reference, SiteCatalog, WantedCustomField } from './plan.ts'
import { Problems } from './problems.ts'
import { sqlType } from './value-type.ts'

export interface CompileOptions {
  site: SiteCatalog
  /** What the sources describe. */
  entities: SourceEntity[]
  /** With the project's own transforms; default: the shipped ones. */
  registry?: TransformRegistry
  /** Links to be set in a second pass, as a plan decided; without it cycles of optional links are broken here. */
  deferred?: { doctype: string; field: string; target: string }[]
  /** Text of a value map file; default: read from beside the mapping file. */
  readText?: (mappingFile: string, name: string) => string
}

const PHASES = ['master', 'transactional', 'historical'] as const

/**
 * Checks mappings against sources and site and compiles them. `targets` come in an order in which each DocType follows those it depends on
 * (phase by phase). Throws `mapping-invalid` that lists every problem as file:line:column with what was probably meant.
 */
export function compileMapping(mappings: LoadedMapping[], options: CompileOptions): MappingPlan {
  const problems = new Problems()
  const registry = options.registry ?? new TransformRegistry()
  const readText = options.readText ?? readBeside
  const entities = resolveEntities(mappings, options.entities, registry, problems)
  for (const entity of entities.values()) checkCleansing(entity, registry, problems)
  const blocks = gatherBlocks(mappings, entities, options.site, problems)
  const plan = { entities, registry, site: options.site, readText }
  const given = options.deferred
  const around: Surroundings = { plan, targets: blocks, problems, deferred: (doctype, field, target) => given?.some((link) => link.doctype === doctype && link.field === field && link.target === target) ?? false }
  const compiled = new Map([...blocks].map(([doctype, list]) => [doctype, list.map((block) => compileBlock(block, around, 'check'))]))
  const targets = [...blocks].map(([doctype, list]) => targetFrom(doctype, list, compiled.get(doctype) ?? [], options.site))
  problems.throwIfAny()
  nameRows(targets, [...compiled.values()].flat())
  if (given === undefined) breakCycles(targets, options.site)
  return { ...plan, targets: order(targets), customFields: customFields(targets) }
}

function readBeside(mappingFile: string, name: string): string {
  const path = resolve(dirname(mappingFile), name)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new LandfallError('mapping-invalid', `the value map ${name} cannot be read: ${messageOf(error)}`, { where: { file: mappingFile }, hint: 'Its path is relative to the mapping file.', cause: error })
  }
}

function gatherBlocks(mappings: LoadedMapping[], entities: Map<string, MappedEntity>, site: SiteCatalog, problems: Problems): Map<string, Block[]> {
  const blocks = new Map<string, Block[]>()
  for (const loaded of mappings) {
    const entity = entities.get(loaded.mapping.entity)
    if (entity?.loaded !== loaded) continue
    loaded.mapping.documents.forEach((document, index) => {
      const meta = site.doctype(document.doctype)
      if (!meta) { problems.add(loaded, ['documents', index, 'doctype'], `the site has no DocType \`${document.doctype}\`${didYouMean(document.doctype, site.doctypeNames())}`); return }
      if (meta.istable) { problems.add(loaded, ['documents', index, 'doctype'], `${document.doctype} is a child table: give its rows under the table field of its parent`); return }
      blocks.set(document.doctype, [...blocks.get(document.doctype) ?? [], { entity, document, index, loaded }])
    })
  }
  for (const [doctype, list] of blocks) {
    list.forEach((block, i) => {
      const twin = list.findIndex((other) => other.entity === block.entity)
      if (twin < i && (block.document.when === undefined || list[twin]?.document.when === undefined) && block.document.key === undefined) {
        problems.add(block.loaded, ['documents', block.index, 'doctype'], `\`${block.entity.name}\` becomes ${doctype} twice: both need a \`when\`, or one a \`key\` of its own`)
      }
    })
  }
  return blocks
}

function targetFrom(doctype: string, blocks: Block[], compiled: CompiledBlock[], site: SiteCatalog): MappingTarget {
  const references: Reference[] = []
  for (const reference of compiled.flatMap(referencesOf)) {
    if (!references.some((other) => other.field === reference.field && other.entity === reference.entity && other.doctype === reference.doctype)) {
      references.push({ field: reference.field, doctype: reference.doctype, entity: reference.entity, missing: reference.missing, deferred: reference.deferred })
    }
  }
  const meta = site.doctype(doctype)
  const phase = blocks.map((block) => block.document.phase).find((given) => given !== undefined) ?? (meta?.is_submittable ? 'transactional' : 'master')
  const placeholderFields = blocks.flatMap((block) => Object.keys(block.document.placeholder ?? {}))
  const fields = mergeFields(compiled.map((one) => one.fields))
  for (const name of placeholderFields) if (!fields.some((field) => field.name === name)) fields.push({ name, sqlType: 'VARCHAR' })
  const tables = [...new Set(compiled.flatMap((one) => one.children.map((child) => child.table)))]
  return {
    doctype, phase, blocks, references, fields,
    dependsOn: dependencies(doctype, references), itself: references.some((reference) => reference.doctype === doctype),
    children: tables.map((table) => ({ table, doctype: meta?.field(table)?.options ?? '', fields: mergeFields(compiled.flatMap((one) => one.children.filter((child) => child.table === table)).map((child) => child.fields)), named: [] })),
  }
}

/** Notes where rows are referred to, so that building drafts remembers which record became which row. */
function nameRows(targets: MappingTarget[], compiled: CompiledBlock[]): void {
  for (const { row, doctype, entity } of compiled.flatMap(referencesOf)) {
    const child = targets.find((target) => target.doctype === doctype)?.children.find((one) => one.table === row?.table)
    if (child && !child.named.includes(entity)) child.named.push(entity)
  }
}

function dependencies(doctype: string, references: Reference[]): string[] {
  return [...new Set(references.filter((reference) => !reference.deferred && reference.doctype !== doctype).map((reference) => reference.doctype))].sort()
}

/** The union of fields; one that different blocks give with different types is text. */
function mergeFields(lists: CompiledBlock['fields'][]): { name: string; sqlType: string }[] {
  const merged = new Map<string, string>()
  for (const { name, value } of lists.flat()) {
    const type = sqlType(value.type), known = merged.get(name)
    merged.set(name, known === undefined || known === type ? type : 'VARCHAR')
  }
  return [...merged].map(([name, type]) => ({ name, sqlType: type }))
}

/** Breaks cycles between DocTypes at optional links of the document itself, which are then set in a second pass. Throws where no link may wait. */
function breakCycles(targets: MappingTarget[], site: SiteCatalog): void {
  for (let cycle = cycleOf(targets); cycle.length > 0; cycle = cycleOf(targets)) {
    const edges = cycle.map((from, i) => ({ target: targets.find((target) => target.doctype === from)!, to: cycle[(i + 1) % cycle.length]! }))
    const waiting = edges.find(({ target, to }) => target.references.filter((reference) => reference.doctype === to && !reference.deferred)
      .every((reference) => !reference.field.includes('.') && site.doctype(target.doctype)?.field(reference.field)?.reqd === false))
    if (!waiting) throw new LandfallError('mapping-invalid', `${cycle.join(' needs ')} needs ${cycle[0]}: these references form a circle of which none may be left for later.`, { hint: 'Leave one of the references out, or make its field optional.' })
    for (const reference of waiting.target.references) if (reference.doctype === waiting.to) reference.deferred = true
    waiting.target.dependsOn = dependencies(waiting.target.doctype, waiting.target.references)
  }
}

/** DocTypes that need each other in a circle; empty when there is none. */
function cycleOf(targets: MappingTarget[]): string[] {
  const next = new Map(targets.map((target) => [target.doctype, target.dependsOn]))
  const done = new Set<string>()
  const walk = (name: string, path: string[]): string[] => {
    if (path.includes(name)) return path.slice(path.indexOf(name))
    if (done.has(name)) return []
    for (const to of next.get(name) ?? []) {
      const found = walk(to, [...path, name])
      if (found.length > 0) return found
    }
    done.add(name)
    return []
  }
  for (const { doctype } of targets) {
    const found = walk(doctype, [])
    if (found.length > 0) return found
  }
  return []
}

/** Targets whose dependencies come before them; a DocType that refers to one of a later phase follows it. */
function order(targets: MappingTarget[]): MappingTarget[] {
  const left = [...targets].sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase))
  const ordered: MappingTarget[] = [], done = new Set<string>()
  while (left.length > 0) {
    const next = left.findIndex((target) => target.dependsOn.every((name) => done.has(name) || !left.some((other) => other.doctype === name)))
    const [target] = left.splice(Math.max(next, 0), 1)
    ordered.push(target!)
    done.add(target!.doctype)
  }
  return ordered
}

function customFields(targets: MappingTarget[]): WantedCustomField[] {
  const wanted = new Map<string, WantedCustomField>()
  for (const { document } of targets.flatMap((target) => target.blocks)) {
    for (const [fieldname, spec] of Object.entries(document.custom_fields ?? {})) {
      const doctype = spec.doctype ?? document.doctype
      wanted.set(`${doctype}.${fieldname}`, { doctype, fieldname, label: spec.label ?? fieldname.replace(/^custom_/, '').replaceAll('_', ' '), fieldtype: spec.fieldtype, options: spec.options ?? null, insert_after: spec.insert_after ?? null })
    }
  }
  return [...wanted.values()]
}
