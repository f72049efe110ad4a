import type { AssessedColumn } from '../../model/assessment.ts'
import { meaningOf, means, meansAny } from '../../mapping/words/name.ts'
import { suspectedDuplicates, type SuspectRule } from '../../mapping/suspects.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import type { Subject } from './subject.ts'

/** Records found twice: the later of each pair, with the record it repeats and the similarity (1: the same but for case, accents and spaces). */
export interface Duplicates { rule: string; columns: string[]; near: boolean; pairs: { row: number; of: number; score: number }[]; unlisted: number }

/** Records are compared with each other up to so many: beyond it those exactly the same are counted (`unlisted`), and near ones not looked for. */
export const MOST_COMPARED = 200_000
const NEAR = 0.94

/** The rules that names and shapes of an entity's columns suggest; empty for lines, transactions and codes. */
export function duplicateRules(subject: Subject): SuspectRule[] {
  const { columns, records } = subject
  const usable = (column: AssessedColumn): boolean => column.values - column.blanks > 0 && column.format !== 'empty'
  const names = columns.filter((column) => column.format === 'text' && usable(column) && column.distinct >= records * 0.6 && isName(subject, column))
  const place = columns.filter((column) => usable(column) && column.distinct > 1 && meansAny(column.name, ['zip', 'street', 'phone', 'email', 'tax', 'iban', 'birth', 'city']))
  // City and zip alone hold too many records; street, phone, mail and tax number are nearly as good as a key.
  const strong = place.filter((column) => meansAny(column.name, ['street', 'phone', 'email', 'tax', 'iban', 'birth']) && column.distinct >= records * 0.02)
  const name = names.sort((a, b) => Number(means(b.name, 'company')) - Number(means(a.name, 'company')) || b.distinct - a.distinct)[0]
  const first = columns.find((column) => means(column.name, 'first') && usable(column)), last = columns.find((column) => means(column.name, 'last') && usable(column))
  const rules: SuspectRule[] = []
  if (name !== undefined) {
    rules.push({ name: `same ${name.name}`, exact: [name.name] })
    for (const column of strong.slice(0, 3)) rules.push({ name: `nearly the same ${name.name}, same ${column.name}`, near: { compare: name.name, block: [column.name, ...place.filter((other) => other !== column && means(other.name, 'zip')).map((other) => other.name)], threshold: NEAR } })
  } else if (first !== undefined && last !== undefined && strong.length > 0) {
    for (const column of strong.slice(0, 2)) rules.push({ name: `same person by ${column.name}`, exact: [first.name, last.name, column.name] })
  }
  return rules
}

function isName(subject: Subject, column: AssessedColumn): boolean {
  const { concepts, identifies } = meaningOf(column.name)
  if (identifies || subject.meaning.concepts.some((concept) => ['line', 'order', 'invoice', 'price', 'activity', 'ticket', 'task', 'payment', 'journal'].includes(concept))) return false
  return concepts.includes('name') && !concepts.some((concept) => ['first', 'last', 'contact', 'salutation'].includes(concept)) || concepts.includes('company')
}

/** Finds duplicates by the rules, and records that are the same in every column but the key. */
export async function findDuplicates(staging: Staging, subject: Subject): Promise<{ whole: number; found: Duplicates[] }> {
  const whole = await wholeRecords(staging, subject)
  const rules = duplicateRules(subject)
  if (subject.records > MOST_COMPARED) return { whole, found: await countedDuplicates(staging, subject, rules) }
  const pairs = (await suspectedDuplicates(staging, subject.entity, subject.relation, rules)).filter((pair) => pair.rule !== 'key')
  const seen = new Set<string>(), found: Duplicates[] = []
  for (const rule of rules) {
    const mine = pairs.filter((pair) => pair.rule === rule.name).filter((pair) => { const id = `${pair.a} ${pair.b}`, fresh = !seen.has(id); seen.add(id); return fresh })
    // A name that many records share is no name of one thing.
    if (mine.length === 0 || mine.length > subject.records * 0.4) continue
    found.push({ rule: rule.name, near: !('exact' in rule), columns: 'exact' in rule ? rule.exact : [rule.near.compare, ...rule.near.block], pairs: mine.map(({ a, b, score }) => ({ row: b, of: a, score })), unlisted: 0 })
  }
  return { whole, found }
}

async function countedDuplicates(staging: Staging, subject: Subject, rules: SuspectRule[]): Promise<Duplicates[]> {
  const found: Duplicates[] = []
  for (const rule of rules) {
    if (!('exact' in rule)) continue
    const parts = rule.exact.map((name) => `lower(trim(${ident(name)}))`)
    const row = await staging.one<{ n: number }>(`SELECT count(*) - count(DISTINCT h) AS n FROM (SELECT hash(${parts.join(', ')}) AS h FROM ${subject.relation} WHERE ${parts.map((part) => `${part} <> ''`).join(' AND ')})`)
    const n = Number(row?.n ?? 0)
    if (n > 0 && n <= subject.records * 0.4) found.push({ rule: rule.name, near: false, columns: rule.exact, pairs: [], unlisted: n })
  }
  return found
}

async function wholeRecords(staging: Staging, { columns, key, records, relation }: Subject): Promise<number> {
  const compared = columns.filter((column) => !key?.columns.includes(column.name) || key.columns.length > 1)
  if (compared.length < 3 || records < 2 || compared.some((column) => column.unique)) return 0
  const row = await staging.one<{ n: number }>(`SELECT count(*) - count(DISTINCT h) AS n FROM (SELECT hash(${compared.map((column) => ident(column.name)).join(', ')}) AS h FROM ${relation})`)
  return Number(row?.n ?? 0)
}
