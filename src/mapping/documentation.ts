import { isChild, type EntityMapping, type FieldSpec } from '../config/mapping-schema.ts'
import type { DocumentedDocument, DocumentedEntity, DocumentedField, DocumentedRows, MappingExample } from '../model/mapping-document.ts'
import { draftRelation } from '../model/draft.ts'
import { displayKey } from '../model/key.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import { coverage, type Coverage } from './coverage.ts'
import type { MappedEntity } from './entity.ts'
import { targetOf, type Block, type MappingPlan } from './plan.ts'
import { chainWords, joinWords, leafWords, rowWords, stepWords, type WordsContext } from './rule-words.ts'

const EXAMPLES = 3

/** Mappings in words, entity by entity in the order of their names; `examples` come with `addExamples`. Reads no data. */
export function documentMappings(plan: MappingPlan): { entities: DocumentedEntity[]; missing: Coverage['missing'] } {
  const covered = coverage(plan)
  const blocks = plan.targets.flatMap((target) => target.blocks)
  const entities = [...plan.entities.values()].map((entity): DocumentedEntity => {
    const found = covered.entities.find((item) => item.entity === entity.name)
    const columns = found?.columns ?? []
    return {
      entity: entity.name, source: entity.source, table: entity.table, records: entity.described.rowCount?.value ?? null, file: entity.loaded?.file ?? null,
      rules: entityWords(entity, plan),
      documents: blocks.filter((block) => block.entity === entity).sort((a, b) => a.index - b.index).map((block) => documentOf(block, plan)),
      partOf: [...new Set(blocks.filter((block) => block.entity !== entity && rowsFrom(block, entity.name)).map((block) => `${block.document.doctype} (${block.entity.name})`))],
      ignored: [...(found?.ignored != null ? [{ column: '*', reason: found.ignored }] : []), ...columns.filter((column) => column.state === 'ignored' && found?.ignored == null).map((column) => ({ column: column.column, reason: column.reason ?? '' }))],
      open: columns.filter((column) => column.state === 'open').map((column) => column.column),
    }
  })
  return { entities: entities.sort((a, b) => (a.entity < b.entity ? -1 : 1)), missing: covered.missing }
}

function rowsFrom({ document }: Block, name: string): boolean {
  return Object.values(document.fields).some((spec) => isChild(spec) && (Array.isArray(spec) ? spec : [spec]).some((child) => child.from === name))
}

function entityWords(entity: MappedEntity, { registry }: MappingPlan): string[] {
  const { mapping } = entity, rules: string[] = []
  if (entity.key.length > 0) rules.push(`A record is known by ${entity.key.join(' and ')}.`)
  if (mapping.where !== undefined) rules.push(`Only records where ${mapping.where}.`)
  if (mapping.text_columns) rules.push(`Every text is first read so: ${mapping.text_columns.map(stepWords).join(', then ')}.`)
  for (const [name, column] of Object.entries(mapping.columns ?? {})) {
    const parts = [column.transform ? chainWords(column.transform, registry) : '', column.type ? `is ${column.type}` : '', column.required ? 'a record without it is set aside' : ''].filter((part) => part !== '')
    if (parts.length > 0) rules.push(`${name}: ${parts.join('; ')}.`)
  }
  return [...rules, ...duplicateWords(mapping), ...policyWords(mapping)]
}

function duplicateWords(mapping: EntityMapping): string[] {
  const how = { skip_duplicates: 'the first stays as it is', merge: 'they become one', keep_both: 'both are kept and listed', fail: 'the load stops until somebody decides' }[mapping.policies.duplicate]
  return (mapping.duplicates ?? []).map((rule) => `Records are the same when ${rule.exact ? `they agree in ${rule.exact.join(' and ')}` : `${rule.fuzzy!.compare} is alike by ${rule.fuzzy!.threshold} among those with the same ${rule.fuzzy!.block.join(' and ')}`}: ${how}.`)
}

function policyWords({ policies }: EntityMapping): string[] {
  const mismatch = { transform: 'is read leniently, else left empty with a warning', null: 'is left empty with a warning', reject: 'sets the record aside' }[policies.type_mismatch]
  const missing = { create_placeholder: 'is answered with a marked stand-in', skip: 'leaves the document or row out', fail: 'refuses the document' }[policies.missing_reference]
  return [`A value of the wrong type ${mismatch}; a reference to a record that is not there ${missing}.`]
}

function documentOf(block: Block, plan: MappingPlan): DocumentedDocument {
  const { document } = block, meta = plan.site.doctype(document.doctype), context: WordsContext = { registry: plan.registry, readText: (name) => plan.readText(block.loaded.file, name) }
  const rules: string[] = []
  if (document.when !== undefined) rules.push(`Only where ${document.when}.`)
  if (document.key) rules.push(`One per ${document.key.join(' and ')}, of the first record.`)
  if (document.match) rules.push(`Together with other mappings' documents that agree in ${document.match.join(' and ')}.`)
  if (document.submit !== undefined && document.submit !== false) rules.push(document.submit === true ? 'Submitted.' : `Submitted where ${document.submit}.`)
  for (const [alias, join] of Object.entries(document.joins ?? {})) rules.push(`${joinWords(alias, join)}.`)
  const fields: DocumentedField[] = [], rows: DocumentedRows[] = []
  for (const [name, spec] of Object.entries(document.fields)) {
    const field = meta?.field(name)
    if (!isChild(spec)) { fields.push(fieldOf(name, spec, field, context)); continue }
    const childType = field?.options ?? '', child = plan.site.doctype(childType)
    for (const one of Array.isArray(spec) ? spec : [spec]) rows.push({ field: name, label: field?.label ?? name, doctype: childType, from: one.from ?? null, rules: rowWords(one), fields: Object.entries(one.fields as Record<string, FieldSpec>).map(([inner, leaf]) => fieldOf(inner, leaf, child?.field(inner), context)) })
  }
  return { doctype: document.doctype, phase: targetOf(plan, document.doctype)?.phase ?? 'master', rules, fields, rows }
}

function fieldOf(name: string, spec: FieldSpec, field: { label: string; fieldtype: string } | undefined, context: WordsContext): DocumentedField {
  return { field: name, label: field?.label ?? (name === 'name' ? 'ID' : name), fieldtype: field?.fieldtype ?? 'Data', ...leafWords(spec, context), examples: [] }
}

/**
 * Fills in what became of the first records: values as they were read (`raw`) beside those of the drafts. Answers whether there were any drafts. Rows of other
 * entities get none, because a row does not keep which record it came from. Columns of joins are left out of `old`.
 */
export async function addExamples(staging: Staging, plan: MappingPlan, entities: DocumentedEntity[]): Promise<boolean> {
  let any = false
  for (const entity of entities) {
    const mapped = plan.entities.get(entity.entity), raw = mapped?.raw ?? ''
    if (mapped === undefined || !await staging.exists(raw)) continue
    for (const document of entity.documents) {
      const relation = draftRelation(document.doctype)
      if (!await staging.exists(relation)) continue
      any = await fill(staging, relation, raw, mapped, document) || any
    }
  }
  return any
}

async function fill(staging: Staging, relation: string, raw: string, entity: MappedEntity, document: DocumentedDocument): Promise<boolean> {
  const columns = new Map(entity.columns.map((column) => [column.name.toLowerCase(), column.name]))
  const held = new Set((await staging.all<{ column_name: string }>(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${relation})`)).map((column) => column.column_name))
  const wanted = document.fields.filter((field) => held.has(field.field))
  const old = (field: DocumentedField): string => {
    const own = field.old.map((name) => columns.get(name.toLowerCase())).filter((name) => name !== undefined)
    return own.length === 0 ? 'NULL' : own.length === 1 ? `CAST(r.${ident(own[0]!)} AS VARCHAR)` : `concat_ws(', ', ${own.map((name) => `${literal(`${name} = `)} || CAST(r.${ident(name)} AS VARCHAR)`).join(', ')})`
  }
  const selected = wanted.map((field, i) => `${old(field)} AS o${i}, CAST(d.${ident(field.field)} AS VARCHAR) AS n${i}`)
  const rows = await staging.all<Record<string, string | null>>(`SELECT d._key AS key${selected.map((text) => `, ${text}`).join('')} FROM ${relation} d LEFT JOIN ${raw} r ON r._row = d._source_row WHERE d._entity = ${literal(entity.name)} ORDER BY d._id LIMIT ${EXAMPLES * 8}`)
  for (const [i, field] of wanted.entries()) field.examples = distinct(rows.map((row) => ({ key: displayKey(String(row['key'] ?? '')), old: row[`o${i}`] ?? null, new: row[`n${i}`] ?? null })))
  return rows.length > 0
}

/** The first examples that differ in what they show, those with a value before those without. */
function distinct(all: MappingExample[]): MappingExample[] {
  const kept: MappingExample[] = []
  for (const one of [...all.filter((item) => item.new !== null), ...all.filter((item) => item.new === null && item.old !== null)]) {
    if (kept.length < EXAMPLES && !kept.some((other) => other.old === one.old && other.new === one.new)) kept.push(one)
  }
  return kept
}
