import type { AssessedRelation } from '../../model/assessment.ts'
import { meaningOf, meansAny } from '../../mapping/words/name.ts'
import { explainValue, VALUE_LISTS } from '../../mapping/value-lists.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { isDate, typedSql } from './formats.ts'
import type { Subject } from './subject.ts'

/** Something found between columns, values and tables: the records are those of `where` over the subject's relation (alias `r`). */
export interface CrossFinding { kind: string; subject: Subject; columns: string[]; records: number; where: string; values: string[] }

/** Date columns whose order holds for nearly all records, and the records where it does not. */
export async function dateOrders(staging: Staging, subject: Subject): Promise<CrossFinding[]> {
  const dates = subject.columns.filter((column) => isDate(column.format) && column.values - column.blanks > 0 && !meansAny(column.name, ['birth', 'modified'])).slice(0, 8)
  const day = (index: number): string => `CAST(${typedSql(`r.${ident(dates[index]!.name)}`, dates[index]!.format)} AS DATE)`
  const pairs = dates.flatMap((_, a) => dates.flatMap((__, b) => (a === b ? [] : [{ a, b }])))
  if (pairs.length === 0) return []
  const row = await staging.one<Record<string, number>>(`SELECT ${pairs.map(({ a, b }, i) => `count(*) FILTER (${day(a)} <= ${day(b)}) AS y${i}, count(*) FILTER (${day(a)} > ${day(b)}) AS n${i}`).join(', ')} FROM ${subject.relation} r`)
  return pairs.flatMap(({ a, b }, i) => {
    const kept = Number(row?.[`y${i}`] ?? 0), broken = Number(row?.[`n${i}`] ?? 0)
    return broken > 0 && broken <= (kept + broken) * 0.02 && kept >= 20 ? [{ kind: 'date-order', subject, columns: [dates[a]!.name, dates[b]!.name], records: broken, where: `${day(a)} > ${day(b)}`, values: [] }] : []
  })
}

/** Values of countries, currencies, units and languages that no list explains, and codes that hardly anybody uses. */
export async function oddValues(staging: Staging, subject: Subject, related: Set<string>): Promise<CrossFinding[]> {
  const found: CrossFinding[] = []
  for (const column of subject.columns) {
    const list = VALUE_LISTS.find(({ concept }) => meaningOf(column.name).concepts.includes(concept)), c = ident(column.name)
    const coded = (column.format === 'code' || column.format === 'text') && column.distinct <= 40 && subject.records >= 200 && column.maxLength <= 24
    if (related.has(column.name) || (list === undefined ? !coded : column.distinct > 500 || column.format === 'integer' || meaningOf(column.name).concepts.length > 1)) continue
    const values = await staging.all<{ v: string; n: number }>(`SELECT trim(${c}) AS v, count(*) AS n FROM ${subject.relation} WHERE trim(${c}) <> '' GROUP BY 1 ORDER BY n DESC, v`)
    const total = values.reduce((sum, { n }) => sum + Number(n), 0)
    const add = (kind: string, odd: { v: string; n: number }[]): void => {
      if (odd.length > 0) found.push({ kind, subject, columns: [column.name], records: odd.reduce((sum, { n }) => sum + Number(n), 0), where: `trim(r.${c}) IN (${odd.map(({ v }) => literal(v)).join(', ')})`, values: odd.map(({ v }) => v) })
    }
    const unexplained = list === undefined ? [] : values.filter(({ v }) => explainValue(list.transform, v) === null)
    if (list !== undefined && unexplained.reduce((sum, { n }) => sum + Number(n), 0) <= total * 0.4) add(`unlisted-${list.transform}`, unexplained)
    else if (coded && values.length >= 3) {
      const usual = values.filter(({ n }) => Number(n) >= total * 0.02)
      const rare = values.filter(({ n }) => Number(n) <= Math.max(1, total * 0.005))
      if (usual.reduce((sum, { n }) => sum + Number(n), 0) >= total * 0.95 && rare.length > 0 && rare.length <= 10) add('rare-value', rare)
    }
  }
  return found
}

/** Columns that are filled in nearly every record: where they are not, something is missing that others rely on. */
export function gaps(subject: Subject, selfRelated: Set<string>): CrossFinding[] {
  return subject.columns.flatMap((column) => {
    const missing = subject.records - column.values + column.blanks
    if (missing === 0 || subject.records < 20 || missing > Math.max(1, subject.records * 0.02) || selfRelated.has(column.name)) return []
    const c = `r.${ident(column.name)}`
    return [{ kind: 'missing-value', subject, columns: [column.name], records: missing, where: `${c} IS NULL OR trim(${c}) = ''`, values: [] }]
  })
}

/** Records that name a group (a node that others hang on) where nearly all name a leaf of the same tree. */
export async function groupsAsLeaves(staging: Staging, subjects: Subject[], relations: AssessedRelation[]): Promise<CrossFinding[]> {
  const found: CrossFinding[] = []
  for (const tree of relations.filter((relation) => relation.from.entity === relation.to.entity && relation.to.columns.length === 1)) {
    const nodes = subjects.find((subject) => subject.id === tree.to.entity)!
    const groups = `SELECT DISTINCT trim(${ident(tree.from.columns[0]!)}) FROM ${nodes.relation} WHERE trim(${ident(tree.from.columns[0]!)}) <> ''`
    for (const relation of relations.filter((other) => other.to.entity === nodes.id && other.from.entity !== nodes.id && other.to.columns[0] === tree.to.columns[0])) {
      const subject = subjects.find((one) => one.id === relation.from.entity)!, where = `trim(r.${ident(relation.from.columns[0]!)}) IN (${groups})`
      const records = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${subject.relation} r WHERE ${where}`))?.n ?? 0)
      if (records > 0 && records <= relation.records * 0.1) found.push({ kind: 'group-as-leaf', subject, columns: relation.from.columns, records, where, values: [] })
    }
  }
  return found
}
