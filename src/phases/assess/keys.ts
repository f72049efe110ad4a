import type { AssessedColumn } from '../../model/assessment.ts'
import { meaningOf } from '../../mapping/words/name.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import type { Subject } from './subject.ts'

/** Single columns of which it is counted whether they are unique, and combinations that are tried, at most. */
const MOST_SINGLE = 8, MOST_COMBINED = 16
/** Above this many records a combination takes seconds to count, so fewer are tried. */
const MANY_RECORDS = 300_000

/** Finds which columns are unique by counting, and the key: as declared, else the unique column that names and place make the likeliest, else a combination. */
export async function findKeys(staging: Staging, subject: Subject, useDeclared: boolean): Promise<void> {
  const { columns, records, entity } = subject
  const likely = columns.filter((column) => canBeKey(column) && column.values === records && column.blanks === 0 && column.distinct >= records * 0.85)
    .sort((a, b) => keyScore(subject, b) - keyScore(subject, a)).slice(0, MOST_SINGLE)
  if (records > 0) {
    for (const column of likely) {
      const distinct = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM (SELECT DISTINCT ${ident(column.name)} FROM ${subject.relation})`))?.n ?? 0)
      column.distinct = distinct
      column.distinctExact = true
      column.unique = distinct === records
      if (column.unique) subject.uniqueColumns.push(column.name)
    }
  }
  if (useDeclared && entity.primaryKey.length > 0) { subject.key = { columns: entity.primaryKey, declared: true, why: 'declared by the source' }; return }
  if (records === 0) {
    const first = columns[0]
    subject.key = first && meaningOf(first.name).identifies ? { columns: [first.name], declared: false, why: 'by its name and place; there are no records' } : null
    return
  }
  subject.key = linkKey(subject) ?? singleKey(subject) ?? await combinedKey(staging, subject)
}

function canBeKey(column: AssessedColumn): boolean {
  return ['integer', 'code', 'text', 'uuid', 'date-compact', 'iban', 'vat-number'].includes(column.format) && column.maxLength <= 80 && column.type !== 'binary'
}

function keyScore(subject: Subject, column: AssessedColumn): number {
  const meaning = meaningOf(column.name), own = subject.meaning.concepts
  let score = subject.columns.indexOf(column) === 0 ? 1.5 : 0
  if (meaning.identifies) score += 2
  if (meaning.identifies && meaning.concepts.length === 0) score += 1
  if (meaning.concepts.length > 0 && meaning.concepts.every((concept) => own.includes(concept))) score += meaning.concepts.length === own.length ? 2 : 1
  if (column.format === 'text') score -= column.meanLength > 12 ? 1.5 : 0.5
  if (['iban', 'vat-number'].includes(column.format)) score -= 1
  return score
}

/** `employee_territories(employee_id, territory_id)`: named after the two things it joins, so both make the key even where one happens to be unique. */
function linkKey(subject: Subject): Subject['key'] {
  const own = subject.meaning.concepts
  if (own.length < 2 || own.includes('line')) return null
  const parts = subject.columns.filter((column) => { const m = meaningOf(column.name); return m.identifies && m.concepts.length === 1 && own.includes(m.concepts[0]!) && column.values === subject.records })
  return parts.length === 2 && subject.columns.length <= 4 ? { columns: parts.map((column) => column.name), declared: false, why: 'the two things the table is named after' } : null
}

function singleKey(subject: Subject): Subject['key'] {
  const best = subject.columns.filter((column) => column.unique).map((column) => ({ column, score: keyScore(subject, column) })).sort((a, b) => b.score - a.score)[0]
  return best !== undefined && best.score >= 1.5 ? { columns: [best.column.name], declared: false, why: 'unique, filled, and named like a key' } : null
}

async function combinedKey(staging: Staging, subject: Subject): Promise<Subject['key']> {
  const { records, columns } = subject
  const score = (column: AssessedColumn): number => {
    const meaning = meaningOf(column.name)
    return (meaning.identifies ? 2 : 0) + (meaning.concepts.includes('line') ? 2 : 0) + (column.format.startsWith('date') ? 0.5 : 0) + (column.format === 'code' ? 0.8 : 0) + 1.5 - columns.indexOf(column) * 0.3
  }
  const parts = columns.filter((column) => (canBeKey(column) || column.format.startsWith('date')) && column.values === records && column.blanks === 0 && column.distinct > 1 && (column.format !== 'text' || column.meanLength <= 12))
    .sort((a, b) => score(b) - score(a)).slice(0, 6)
  const pairs = parts.flatMap((a, i) => parts.slice(i + 1).map((b) => [a, b]))
  const triples = pairs.flatMap(([a, b]) => parts.slice(parts.indexOf(b!) + 1).map((c) => [a!, b!, c]))
  const tries = [...pairs, ...triples].filter((set) => set.reduce((product, column) => product * column.distinct * 1.15, 1) >= records)
    .sort((a, b) => a.length - b.length || b.reduce((sum, c) => sum + score(c), 0) - a.reduce((sum, c) => sum + score(c), 0))
  for (const set of tries.slice(0, records > MANY_RECORDS ? 3 : MOST_COMBINED)) {
    const names = columns.filter((column) => set.includes(column)).map((column) => column.name)
    const distinct = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM (SELECT DISTINCT ${names.map(ident).join(', ')} FROM ${subject.relation})`)
    if (Number(distinct?.n ?? 0) === records) return { columns: names, declared: false, why: 'together unique' }
  }
  return subject.uniqueColumns.length > 0 ? { columns: [subject.uniqueColumns[0]!], declared: false, why: 'unique, though not named like a key' } : null
}
