import type { AssessedColumn, AssessedEntity, AssessedRelation, Growth, LaneTime } from '../../model/assessment.ts'
import { PLAN_PHASES, type PlanPhase } from '../../model/plan.ts'
import { meaningOf, meansAny } from '../../mapping/words/name.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import { isDate, isNumber, typedSql } from './formats.ts'
import { LANE_RATES } from './lane-rates.ts'
import type { Subject } from './subject.ts'

const DOCUMENTS = ['order', 'invoice', 'delivery', 'receipt', 'quotation', 'payment', 'journal']
const SAID_AND_DONE = ['activity', 'note']
/** What makes `delivery addresses` or `payment terms` no documents. */
const NOT_DOCUMENTS = ['address', 'term', 'type', 'group', 'status', 'contact', 'list', 'account']

/** Records by year, or by month where there are fewer than three years, of the column that tells best when a record came to be. */
export async function growthOf(staging: Staging, subject: Subject): Promise<Growth | null> {
  const own = subject.meaning.concepts
  const score = (column: AssessedColumn): number => {
    const { concepts } = meaningOf(column.name)
    return (concepts.some((concept) => own.includes(concept)) ? 2 : 0) + (concepts.includes('created') ? 3 : 0) + (concepts.includes('since') ? 2 : 0) + (concepts.includes('date') ? 1 : 0) + (concepts.includes('start') ? 0.5 : 0)
      - (concepts.some((concept) => ['birth', 'due', 'end', 'modified'].includes(concept)) ? 3 : 0) + (column.values - column.blanks) / Math.max(1, subject.records) - subject.columns.indexOf(column) * 0.01
  }
  const column = subject.columns.filter((one) => isDate(one.format) && one.values - one.blanks >= subject.records * 0.5).sort((a, b) => score(b) - score(a))[0]
  if (column === undefined || meansAny(column.name, ['birth'])) return null
  const day = typedSql(ident(column.name), column.format)
  const years = await staging.all<{ period: string; records: number }>(`SELECT strftime(${day}, '%Y') AS period, count(*) AS records FROM ${subject.relation} WHERE ${day} BETWEEN TIMESTAMP '1950-01-01' AND TIMESTAMP '2099-12-31' GROUP BY 1 ORDER BY 1`)
  if (years.length >= 3) return { column: column.name, unit: 'year', points: years.map(({ period, records }) => ({ period, records: Number(records) })) }
  const months = await staging.all<{ period: string; records: number }>(`SELECT strftime(${day}, '%Y-%m') AS period, count(*) AS records FROM ${subject.relation} WHERE ${day} BETWEEN TIMESTAMP '1950-01-01' AND TIMESTAMP '2099-12-31' GROUP BY 1 ORDER BY 1`)
  return months.length === 0 ? null : { column: column.name, unit: 'month', points: months.map(({ period, records }) => ({ period, records: Number(records) })) }
}

const PERSONAL: { concepts: string[]; why: string }[] = [
  { concepts: ['first', 'last', 'salutation'], why: 'name of a person' }, { concepts: ['birth'], why: 'date of birth' }, { concepts: ['gender'], why: 'gender' }, { concepts: ['email'], why: 'e-mail address' },
  { concepts: ['phone', 'fax'], why: 'telephone number' }, { concepts: ['street', 'address', 'zip', 'city'], why: 'postal address' }, { concepts: ['iban', 'bic'], why: 'bank account' }, { concepts: ['salary'], why: 'salary' }, { concepts: ['photo'], why: 'picture, perhaps of a person' },
]
const PEOPLE = ['employee', 'contact', 'person', 'user', 'customer', 'supplier', 'lead', 'address', 'company']

/** Why a column is personal data: by the form of its values, or by its name in a table of people; null otherwise. */
export function personalData(subject: Subject, column: AssessedColumn): string | null {
  if (column.format === 'email') return 'e-mail address'
  if (column.format === 'phone') return 'telephone number'
  if (column.format === 'iban') return 'bank account'
  const { concepts, identifies } = meaningOf(column.name)
  if (isNumber(column.format) && !meansAny(column.name, ['phone', 'salary', 'zip'])) return null
  if (column.format === 'boolean' && !concepts.includes('gender')) return null
  const people = subject.meaning.concepts.some((concept) => PEOPLE.includes(concept)) || concepts.some((concept) => PEOPLE.includes(concept))
  const found = PERSONAL.find((one) => one.concepts.some((concept) => concepts.includes(concept)))
  if (found && (people || ['date of birth', 'bank account', 'salary', 'gender'].includes(found.why) || concepts.some((concept) => ['first', 'last', 'street'].includes(concept)))) return identifies && found.concepts[0] === 'street' && !concepts.includes('zip') ? null : found.why
  if (concepts.includes('contact') && concepts.includes('name')) return 'name of a person'
  return null
}

/** The phase each entity belongs to, and which entities are rows of another's documents. */
export function suggestPhases(subjects: Subject[], relations: AssessedRelation[]): Map<string, { phase: PlanPhase; why: string; partOf: string | null }> {
  const result = new Map<string, { phase: PlanPhase; why: string; partOf: string | null }>()
  const isDocument = (subject: Subject): boolean => subject.meaning.concepts.some((concept) => DOCUMENTS.includes(concept)) && !subject.meaning.concepts.some((concept) => NOT_DOCUMENTS.includes(concept))
  for (const subject of subjects) {
    const out = relations.filter((relation) => relation.from.entity === subject.id && relation.to.entity !== subject.id)
    const parent = out.filter(({ from }) => from.columns.every((column) => subject.key?.columns.includes(column)) && (subject.key?.columns.length ?? 0) > from.columns.length)
      .map((relation) => ({ relation, subject: subjects.find((other) => other.id === relation.to.entity)! })).find((one) => isDocument(one.subject))
      ?? (subject.meaning.concepts.includes('line') ? out.map((relation) => ({ relation, subject: subjects.find((other) => other.id === relation.to.entity)! })).find((one) => one.subject.meaning.concepts.every((concept) => subject.meaning.concepts.includes(concept))) : undefined)
    if (parent) { result.set(subject.id, { phase: 'transactional', why: `rows of ${parent.subject.entity.name}`, partOf: parent.subject.id }); continue }
    const dated = subject.columns.some((column) => isDate(column.format) && !meansAny(column.name, ['birth', 'since']))
    const amounts = subject.columns.some((column) => isNumber(column.format) && meansAny(column.name, ['amount', 'total', 'net', 'gross', 'quantity']))
    if (isDocument(subject)) result.set(subject.id, { phase: 'transactional', why: `named after ${subject.meaning.concepts.filter((concept) => DOCUMENTS.includes(concept)).join(' and ')}`, partOf: null })
    else if (subject.meaning.concepts.some((concept) => SAID_AND_DONE.includes(concept))) result.set(subject.id, { phase: 'historical', why: 'what was said and done, loaded when all it speaks of is there', partOf: null })
    else if (dated && amounts && out.length >= 1) result.set(subject.id, { phase: 'transactional', why: 'dates, amounts and references to others', partOf: null })
    else result.set(subject.id, { phase: 'master', why: out.length === 0 ? 'refers to nothing' : 'has no dates with amounts: a thing, not an event', partOf: null })
  }
  return result
}

/** What each lane would need for the documents these entities become: rows of other documents go with them. */
export function laneTimes(entities: AssessedEntity[]): LaneTime[] {
  return LANE_RATES.map(({ lane, rates, basis }) => {
    const byPhase = Object.fromEntries(PLAN_PHASES.map((phase) => {
      const documents = entities.filter((entity) => entity.phase === phase && (entity.partOf === null || lane === 'rehearsal')).reduce((sum, entity) => sum + entity.records, 0)
      return [phase, { documents, seconds: Math.round((documents / rates[phase]) * 10) / 10, rate: rates[phase] }]
    })) as LaneTime['byPhase']
    const all = Object.values(byPhase)
    return { lane, basis, byPhase, documents: all.reduce((sum, one) => sum + one.documents, 0), seconds: Math.round(all.reduce((sum, one) => sum + one.seconds, 0) * 10) / 10 }
  })
}
