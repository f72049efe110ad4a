import type { AssessedColumn, AssessedEntity, AssessedRelation, Assessment } from '../../model/assessment.ts'
import type { Field } from '../../site/doctype.ts'
import type { SiteCatalog } from '../plan.ts'
import { meaningOf } from '../words/name.ts'
import { TARGETS, WITHIN, type TargetWords } from './target-words.ts'

/** A column proposed for a field (`customer_name`, `items.qty`) with how sure that is, 0 to 1, and why. `ref`: the entity its values are keys of. */
export interface FieldProposal { column: string; field: string; fieldtype: string; score: number; why: string; ref: string | null; entity: string }
export interface DocumentProposal { doctype: string; score: number; why: string; fields: FieldProposal[] }
/** What an entity is proposed to become. `rowsOf`: its records are child rows of that entity's documents, whose proposals hold its columns. */
export interface EntityProposal { entity: AssessedEntity; documents: DocumentProposal[]; rowsOf: string | null; open: string[] }

/** Proposals below this are not made: the column stays open. */
const ENOUGH = 0.5
const DATES = new Set(['Date', 'Datetime']), NUMBERS = new Set(['Currency', 'Float', 'Int', 'Percent'])

interface Wanted { field: string; senses: string[]; fieldtype: string; options: string | null }

/** Proposes DocTypes and fields for all entities, by names in several languages, formats of values, and relations. Offline; reads no data but the assessment. */
export function suggest(assessment: Assessment, site: SiteCatalog): EntityProposal[] {
  const main = new Map(assessment.entities.map((entity) => [entity.id, doctypeOf(entity, assessment)]))
  return assessment.entities.map((entity) => {
    if (entity.partOf !== null) return { entity, documents: [], rowsOf: entity.partOf, open: [] }
    const chosen = main.get(entity.id) ?? null
    if (chosen === null) return { entity, documents: [], rowsOf: null, open: entity.columns.map((column) => column.name) }
    const within = WITHIN.filter((one) => one.of.includes(chosen.words.doctype) && one.needs.every((concepts) => entity.columns.some((column) => meaningOf(column.name).concepts.some((concept) => concepts.includes(concept)))))
    const targets = [{ ...chosen, within: false }, ...within.map(({ doctype }) => ({ words: TARGETS.find((one) => one.doctype === doctype)!, score: 0.8, why: `${chosen.words.doctype} records hold ${doctype === 'Item Price' ? 'a price' : `the fields of ${doctype === 'Address' ? 'an' : 'a'} ${doctype}`}`, within: true }))]
    const documents = targets.flatMap(({ words, score, why, within: inside }) => (site.doctype(words.doctype) === undefined ? [] : [{ doctype: words.doctype, score, why, fields: proposeFields(assessment, site, entity, words, main, inside) }]))
    const used = new Set(documents.flatMap((document) => document.fields.filter((field) => field.entity === entity.id).map((field) => field.column)))
    return { entity, documents, rowsOf: null, open: entity.columns.filter((column) => !used.has(column.name) && !(entity.key?.columns.includes(column.name) ?? false)).map((column) => column.name) }
  })
}

type Chosen = { words: TargetWords; score: number; why: string }

function doctypeOf(entity: AssessedEntity, assessment: Assessment): Chosen | null {
  const own = meaningOf(entity.name.split('.').at(-1) ?? entity.name).concepts.filter((concept) => concept !== 'line')
  const names = (concept: string): boolean => assessment.relations.some((relation) => relation.from.entity === entity.id && meaningOf(relation.to.entity.split('.').at(-1) ?? '').concepts[0] === concept)
  const scored = TARGETS.flatMap((words): Chosen[] => {
    const best = Math.max(...words.entity.map((text, i) => { const set = text.split(' '); return set.every((concept) => own.includes(concept)) && own.length > 0 ? set.length / own.length - i * 0.02 : 0 }))
    if (best < 0.5) return []
    const towards = words.doctype.startsWith('Purchase') && names('supplier') ? 0.3 : words.doctype.startsWith('Sales') && names('supplier') && !names('customer') ? -0.3 : 0
    return [{ words, score: Math.min(1, Math.round((best + towards) * 100) / 100), why: `named ${own.join(' ')}${towards > 0 ? ', and refers to suppliers' : ''}` }]
  })
  return scored.sort((a, b) => b.score - a.score)[0] ?? null
}

function proposeFields(assessment: Assessment, site: SiteCatalog, entity: AssessedEntity, words: TargetWords, main: Map<string, Chosen | null>, within: boolean): FieldProposal[] {
  const meta = site.doctype(words.doctype)!
  const wanted = words.fields.split('; ').flatMap((text): Wanted[] => {
    const [field = '', ...senses] = text.split(/ (.*)/s).filter((part) => part !== ''), [head = '', tail] = field.split('.')
    const found: Field | undefined = tail === undefined ? meta.field(head) : site.doctype(meta.field(head)?.options ?? '')?.field(tail)
    return found === undefined ? [] : [{ field, senses: (senses[0] ?? '').split('/'), fieldtype: found.fieldtype, options: found.options }]
  })
  const rows = assessment.entities.filter((other) => other.partOf === entity.id)
  const candidates = [entity, ...rows].flatMap((owner) => owner.columns.flatMap((column) => wanted.flatMap((want): FieldProposal[] => {
    // Columns of line entities go to the item table, columns of the document itself to all else.
    if ((owner === entity) === want.field.startsWith('items.') || (rows.length === 0 && want.field.startsWith('items.'))) return []
    const relation = assessment.relations.find((one) => one.from.entity === owner.id && one.from.columns[0] === column.name)
    const judged = scoreOf(owner, column, want, relation, main, within)
    return judged.score < ENOUGH ? [] : [{ column: column.name, field: want.field, fieldtype: want.fieldtype, score: judged.score, why: judged.why, ref: judged.ref, entity: owner.id }]
  }))).sort((a, b) => b.score - a.score)
  const key = entity.key?.columns[0], own = main.get(entity.id)
  // An address or contact within a record belongs to that record.
  if (within && key !== undefined && own && meta.field('links') !== undefined) candidates.unshift({ column: key, field: 'links.link_name', fieldtype: 'Dynamic Link', score: 1, why: `belongs to the ${own.words.doctype} of the same record`, ref: entity.id, entity: entity.id })
  if (within && key !== undefined && words.doctype === 'Item Price') candidates.unshift({ column: key, field: 'item_code', fieldtype: 'Link', score: 1, why: 'is the price of the Item of the same record', ref: entity.id, entity: entity.id })
  const taken = new Set<string>(), columns = new Set<string>()
  return candidates.filter((one) => {
    const column = `${one.entity} ${one.column}`
    if (taken.has(one.field) || columns.has(column)) return false
    taken.add(one.field)
    columns.add(column)
    return true
  })
}

function scoreOf(owner: AssessedEntity, column: AssessedColumn, want: Wanted, relation: AssessedRelation | undefined, main: Map<string, Chosen | null>, within: boolean): { score: number; why: string; ref: string | null } {
  const meaning = meaningOf(column.name), ownName = meaningOf(owner.name.split('.').at(-1) ?? owner.name).concepts
  const target = relation === undefined ? null : main.get(relation.to.entity) ?? null
  let score = 0, why = ''
  for (const [i, sense] of want.senses.entries()) {
    const fit = senseScore(sense, meaning.concepts, meaning.plain, ownName, owner, column, within) - i * 0.01
    if (fit > score) { score = fit; why = sense.startsWith('=') ? `is called ${column.name}` : sense === '#' ? `is the key of ${owner.name}` : `${column.name} means ${sense}` }
  }
  if (want.fieldtype === 'Link' || want.fieldtype === 'Dynamic Link') {
    if (target !== null && (target.words.doctype === want.options || (want.fieldtype === 'Dynamic Link' && score > 0))) return { score: score > 0 ? 1 : 0.6, why: `refers to ${relation!.to.entity}, which becomes ${target.words.doctype}`, ref: relation!.to.entity }
    if (target !== null) score *= 0.5
  } else if (relation !== undefined && !relation.from.columns.some((name) => owner.key?.columns.includes(name))) score *= 0.5
  if (DATES.has(want.fieldtype) && !column.format.startsWith('date') && column.format !== 'timestamp' && column.values > column.blanks) score *= 0.3
  if (NUMBERS.has(want.fieldtype) && column.format !== 'integer' && !column.format.startsWith('decimal') && column.values > column.blanks) score *= 0.3
  if (!DATES.has(want.fieldtype) && (column.format.startsWith('date') || column.format === 'timestamp')) score *= 0.3
  if (want.fieldtype === 'Data' && column.format.startsWith('decimal')) score *= 0.3
  if (column.format === 'email' && !/email|raised_by/.test(want.field)) score *= 0.3
  if (column.format === 'boolean' && want.fieldtype !== 'Check') score *= 0.3
  return { score: Math.round(Math.min(1, score) * 100) / 100, why, ref: null }
}

/** How well a column's meaning fits a sense: the same, more than it, or all but one word of it. Words of the table's own name may be left out. */
function senseScore(sense: string, concepts: string[], plain: string, own: string[], owner: AssessedEntity, column: AssessedColumn, within: boolean): number {
  if (sense === '#') return !within && owner.key?.columns.length === 1 && owner.key.columns[0] === column.name ? 0.9 : 0
  // What identifies a record is no description of it, whatever it is called.
  if (!within && owner.key?.columns.length === 1 && owner.key.columns[0] === column.name && meaningOf(column.name).identifies) return 0
  if (sense.startsWith('=')) return plain === sense.slice(1) ? 1 : 0
  const set = sense.split(' '), rest = concepts.filter((concept) => !own.includes(concept) && concept !== 'date')
  const equal = (a: string[], b: string[]): boolean => a.length === b.length && a.every((one) => b.includes(one))
  if (equal(set, concepts) || (rest.length > 0 && equal(set, rest))) return 0.95
  if (set.every((one) => concepts.includes(one))) return 0.8 - 0.12 * (concepts.length - set.length)
  return set.length === 2 && rest.length === 1 && set.includes(rest[0]!) ? 0.55 : 0
}
