import { stringify } from 'yaml'
import type { AssessedColumn, AssessedEntity, AssessedRelation, Assessment } from '../../model/assessment.ts'
import { needsValue } from '../coverage.ts'
import type { SiteCatalog } from '../plan.ts'
import { explainValue } from '../value-lists.ts'
import type { DocumentProposal, EntityProposal, FieldProposal } from './suggest.ts'

/** What is left to decide: columns without a field, mandatory fields without a column, values that a field's choices do not have. */
export interface OpenList {
  unmapped_columns: { entity: string; column: string; format: string; values: number; example: string | null }[]
  unfilled_fields: { entity: string; doctype: string; field: string; label: string }[]
  unmapped_values: { entity: string; column: string; field: string; values: string[]; choices: string[] }[]
  entities_without_doctype: string[]
}

/** Transforms that turn values into names of records every site has. */
const LINKED: Record<string, 'country' | 'uom' | 'currency' | 'language'> = { Country: 'country', UOM: 'uom', Currency: 'currency', Language: 'language' }
const READING: Partial<Record<AssessedColumn['format'], Record<string, unknown>>> = {
  'date-dmy-dot': { date: { formats: ['%d.%m.%Y'] } }, 'date-dmy': { date: { formats: ['%d/%m/%Y'] } }, 'date-mdy': { date: { formats: ['%m/%d/%Y'] } }, 'date-compact': { date: { formats: ['%Y%m%d'] } }, 'date-serial': { date: { excel: true } },
  'decimal-comma': { number: { locale: 'de' } }, 'decimal-grouped': { number: { locale: 'en' } },
}

/** The name an entity has in the project. */
export function aliasOf(entity: AssessedEntity): string {
  return (entity.name.split('.').at(-1) ?? entity.name).replaceAll(/[^\p{L}\p{N}_]+/gu, '_').toLowerCase()
}

/** The mapping file of a proposal, with score and reason of every field as comments; null where nothing is proposed. */
export function proposalFile(proposal: EntityProposal, assessment: Assessment, site: SiteCatalog): string | null {
  const { entity, documents, rowsOf } = proposal
  if (documents.length === 0 && rowsOf === null) return null
  const alias = aliasOf(entity), columns = typing(entity)
  const mapping = {
    entity: alias, source: entity.source, ...(alias === entity.name ? {} : { table: entity.name }), ...(entity.key === null ? {} : { key: entity.key.columns }), text_columns: ['strip_control', 'trim', { null_if: { value: '' } }],
    ...(Object.keys(columns).length > 0 ? { columns } : {}), ...(documents.length > 0 ? { documents: documents.map((document) => documentSpec(document, proposal, assessment, site)) } : {}),
  }
  const comments = documents.flatMap((document) => [`# ${document.doctype} (${document.score.toFixed(2)}): ${document.why}`, ...document.fields.map((field) => `#   ${field.field} from ${field.entity === entity.id ? '' : `${field.entity.split('.').at(-1)}.`}${field.column} (${field.score.toFixed(2)}): ${field.why}`)])
  const rows = rowsOf === null ? [] : [`# Child rows of ${rowsOf.split('.').at(-1)} (see there); here only what identifies a row.`]
  const open = proposal.open.length === 0 ? [] : [`# Open: ${proposal.open.join(', ')}`, '# Map them, or say under `ignore` why not: `ignore: {COLUMN: WHY}`.']
  return `# Proposed by landfall map --suggest; look it through before it is run.\n${[...rows, ...comments, ...open].join('\n')}\n${stringify(mapping, { lineWidth: 160 })}`
}

/** How columns are read whose values are not written as their type is. */
function typing(entity: AssessedEntity): Record<string, unknown> {
  const typed = entity.columns.filter((column) => column.type !== column.declaredType && ['date', 'timestamp', 'decimal', 'boolean'].includes(column.type) && column.format !== 'empty')
  return Object.fromEntries(typed.map((column) => [column.name, { type: column.type, ...(READING[column.format] ? { lenient: READING[column.format] } : column.format === 'boolean' ? { lenient: 'boolean' } : {}) }]))
}

const quoted = (column: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(column) ? column : `"${column.replaceAll('"', '""')}"`)

function documentSpec(document: DocumentProposal, { entity }: EntityProposal, assessment: Assessment, site: SiteCatalog): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  const meta = site.doctype(document.doctype)!
  for (const field of document.fields.filter((one) => !one.field.includes('.'))) fields[field.field] = leaf(field, document.doctype, field.field, assessment, site)
  for (const [table, children] of Map.groupBy(document.fields.filter((one) => one.field.includes('.')), (one) => one.field.split('.')[0]!)) {
    const child = meta.field(table)?.options ?? '', own = children[0]!.entity === entity.id
    const leaves = Object.fromEntries(children.map((one) => [one.field.split('.')[1]!, leaf(one, child, one.field.split('.')[1]!, assessment, site)]))
    if (table === 'links') leaves['link_doctype'] = { value: mainDoctype(children[0]!, assessment) }
    const lines = assessment.entities.find((one) => one.id === children[0]!.entity)!
    const relation = own ? undefined : assessment.relations.find((one) => one.from.entity === lines.id && one.to.entity === entity.id)
    fields[table] = own ? { where: children.map((one) => `${quoted(one.column)} is not null`).join(' or '), fields: leaves } : { from: aliasOf(lines), on: joined(relation), ...(orderOf(lines, relation) === undefined ? {} : { order_by: quoted(orderOf(lines, relation)!) }), fields: leaves }
  }
  return { doctype: document.doctype, fields }
}

const joined = (relation: AssessedRelation | undefined): Record<string, string> => Object.fromEntries(relation?.to.columns.map((column, i) => [column, relation.from.columns[i]!]) ?? [])
const orderOf = (lines: AssessedEntity, relation: AssessedRelation | undefined): string | undefined => lines.key?.columns.find((column) => !relation?.from.columns.includes(column))

function mainDoctype(field: FieldProposal, assessment: Assessment): string {
  const target = assessment.entities.find((entity) => entity.id === field.ref)
  return target !== undefined && /supplier|lieferant|vendor|fournisseur|proveedor|fornecedor|fornitore|leverancier/i.test(target.name) ? 'Supplier' : 'Customer'
}

function leaf(field: FieldProposal, doctype: string, fieldname: string, assessment: Assessment, site: SiteCatalog): unknown {
  const meta = site.doctype(doctype)?.field(fieldname), column = columnOf(assessment, field)
  if (field.ref !== null) {
    const wanted = meta?.fieldtype === 'Link' ? meta.options : meta?.fieldtype === 'Dynamic Link' ? mainDoctype(field, assessment) : null
    return { ref: aliasOf(assessment.entities.find((entity) => entity.id === field.ref)!), key: field.column, ...(wanted ? { doctype: wanted } : {}) }
  }
  const transform = meta?.fieldtype === 'Link' ? LINKED[meta.options ?? ''] : column?.format === 'email' ? 'email' : undefined
  if (transform !== undefined) return { field: field.column, transform }
  const found = assessment.findings.filter((finding) => finding.entity === field.entity && finding.columns[0] === field.column).map((finding) => finding.kind)
  const chain = [...(found.includes('html-text') ? ['html_to_text'] : []), ...(found.includes('formula-text') ? ['strip_formula'] : []), ...(found.includes('long-text') && meta?.fieldtype === 'Data' ? [{ truncate: { length: 140 } }] : [])]
  return chain.length > 0 ? { field: field.column, transform: chain } : field.column
}

const columnOf = (assessment: Assessment, field: FieldProposal): AssessedColumn | undefined => assessment.entities.find((entity) => entity.id === field.entity)?.columns.find((column) => column.name === field.column)

/** Everything that the proposals leave to people, as one list. */
export function openList(proposals: EntityProposal[], assessment: Assessment, site: SiteCatalog): OpenList {
  const list: OpenList = { unmapped_columns: [], unfilled_fields: [], unmapped_values: [], entities_without_doctype: [] }
  const usedInRows = new Set(proposals.flatMap((proposal) => proposal.documents.flatMap((document) => document.fields.map((field) => `${field.entity} ${field.column}`))))
  for (const { entity, documents, rowsOf, open } of proposals) {
    if (documents.length === 0 && rowsOf === null) list.entities_without_doctype.push(entity.id)
    const columns = rowsOf === null ? open : entity.columns.map((column) => column.name).filter((name) => !usedInRows.has(`${entity.id} ${name}`) && !entity.key?.columns.includes(name))
    for (const name of columns) {
      const column = entity.columns.find((one) => one.name === name)!
      list.unmapped_columns.push({ entity: entity.id, column: name, format: column.format, values: column.values - column.blanks, example: column.frequent[0]?.value ?? null })
    }
    for (const document of documents) {
      const meta = site.doctype(document.doctype)!, given = new Set(document.fields.map((field) => field.field))
      for (const field of meta.fields) if (needsValue(field) && !given.has(field.fieldname) && !document.fields.some((one) => one.field.startsWith(`${field.fieldname}.`))) list.unfilled_fields.push({ entity: entity.id, doctype: document.doctype, field: field.fieldname, label: field.label })
      for (const proposal of document.fields) addValues(list, proposal, document.doctype, assessment, site)
    }
  }
  return list
}

function addValues(list: OpenList, proposal: FieldProposal, doctype: string, assessment: Assessment, site: SiteCatalog): void {
  const [head = '', tail] = proposal.field.split('.'), meta = site.doctype(doctype)!, column = columnOf(assessment, proposal)
  const field = tail === undefined ? meta.field(head) : site.doctype(meta.field(head)?.options ?? '')?.field(tail)
  if (!field || !column || proposal.ref !== null) return
  const transform = field.fieldtype === 'Link' ? LINKED[field.options ?? ''] : undefined
  const choices = field.fieldtype === 'Select' ? (field.options ?? '').split('\n').filter((choice) => choice !== '') : []
  const values = column.frequent.map(({ value }) => value).filter((value) => (transform !== undefined ? explainValue(transform, value) === null : field.fieldtype === 'Select' ? choices.length > 0 && !choices.includes(value) : field.fieldtype === 'Link'))
  if (values.length > 0) list.unmapped_values.push({ entity: proposal.entity, column: proposal.column, field: `${doctype}.${proposal.field}`, values, choices: choices.length > 0 ? choices : [`a record of ${field.options}`] })
}
