import type { AssessedColumn, AssessedRelation } from '../../model/assessment.ts'
import { meaningOf, wordsOf } from '../../mapping/words/name.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import type { Subject } from './subject.ts'

/** Values of a column that are looked up in every key it could refer to; the few keys that hold most of them are then compared whole. */
const SAMPLE_VALUES = 40
/** Share of a column's records that must find their record for a relation to be believed. */
const INCLUDED = 0.9
/** Keys with names that say less than this are not tried for numbers: every small number is in every numbered key. */
const NAMED = 0.5
const GENERIC = new Set(['id', 'key', 'name', 'no', 'nr', 'number', 'code', 'title', 'type', 'status', 'date', 'line_no', 'description', 'position'])
const ROLES = ['parent', 'manager']

interface Key { index: number; subject: Subject; column: AssessedColumn; primary: boolean }
interface Child { index: number; subject: Subject; column: AssessedColumn }
interface Candidate { child: Child; key: Key; named: number; why: string }

const family = (column: AssessedColumn): number => (column.format === 'integer' ? 1 : 2)

/** Relations of all subjects: those the sources declare (when asked for), and those that values, names and cardinality tell. Each with its orphans, counted over all records. */
export async function findRelations(staging: Staging, subjects: Subject[], useDeclared: boolean): Promise<AssessedRelation[]> {
  const declared = useDeclared ? await declaredRelations(staging, subjects) : []
  const taken = new Set(declared.filter(({ from }) => from.columns.length === 1).map(({ from }) => `${from.entity} ${from.columns[0]}`))
  return [...declared, ...await inferredRelations(staging, subjects, taken)]
}

async function declaredRelations(staging: Staging, subjects: Subject[]): Promise<AssessedRelation[]> {
  const relations: AssessedRelation[] = []
  for (const subject of subjects) {
    for (const foreign of subject.entity.foreignKeys) {
      const parent = subjects.find((other) => other.source === subject.source && other.entity.name === foreign.references.entity)
      if (!parent) continue
      const measured = await measure(staging, subject, foreign.columns, parent, foreign.references.columns)
      relations.push({ from: { entity: subject.id, columns: foreign.columns }, to: { entity: parent.id, columns: foreign.references.columns }, declared: true, inferred: false, score: 1, why: ['declared by the source'], ...measured })
    }
  }
  return relations
}

async function inferredRelations(staging: Staging, subjects: Subject[], taken: Set<string>): Promise<AssessedRelation[]> {
  const keys = subjects.flatMap(keysOf).map((key, index) => ({ ...key, index }))
  const children = subjects.flatMap(childrenOf).filter(({ subject, column }) => !taken.has(`${subject.id} ${column.name}`)).map((child, index) => ({ ...child, index }))
  const candidates = children.flatMap((child) => keys.flatMap((key) => candidate(child, key) ?? []))
  const shares = await sampledShares(staging, children, keys, candidates)
  const relations: AssessedRelation[] = []
  for (const list of Map.groupBy(candidates, ({ child }) => child.index).values()) {
    const best = list.map((one) => ({ ...one, share: shares.get(`${one.child.index} ${one.key.index}`) ?? 0 }))
      .filter((one) => one.share >= 0.8 || (one.named >= 0.95 && (one.share >= 0.4 || one.child.column.values === 0)))
      .sort((a, b) => b.named + b.share + (b.key.primary ? 0.1 : 0) - a.named - a.share - (a.key.primary ? 0.1 : 0)).slice(0, 3)
    let found: AssessedRelation | null = null
    for (const one of best) {
      // Counting is what costs: no key is counted that could not do better than the one found.
      if (found !== null && found.score >= Math.round((0.55 * one.named + 0.45) * 100) / 100) continue
      const judged: AssessedRelation | null = await judge(staging, one)
      if (judged !== null && (found === null || judged.score > found.score)) found = judged
    }
    if (found !== null) relations.push(found)
  }
  return relations
}

function keysOf(subject: Subject): Omit<Key, 'index'>[] {
  const primary = subject.key?.columns.length === 1 ? subject.key.columns[0] : undefined
  const others = subject.uniqueColumns.filter((name) => name !== primary).slice(0, 2)
  return [primary, ...others].flatMap((name) => {
    const column = subject.columns.find((one) => one.name === name)
    return column ? [{ subject, column, primary: name === primary }] : []
  })
}

function childrenOf(subject: Subject): Omit<Child, 'index'>[] {
  return subject.columns.filter((column) => (['integer', 'code', 'text', 'uuid', 'date-compact'].includes(column.format) && column.maxLength <= 80 && column.type !== 'binary') || (column.format === 'empty' && meaningOf(column.name).identifies))
    // A table's own key refers to nothing else, unless it is named after something else.
    .filter((column) => !(subject.key?.columns.length === 1 && subject.key.columns[0] === column.name && ownName(subject, column)))
    .map((column) => ({ subject, column }))
}

function ownName(subject: Subject, column: AssessedColumn): boolean {
  const { concepts } = meaningOf(column.name)
  const own = subject.meaning.concepts
  // Without records a name is all there is, and `customer_id` of `customer_notes` is the customer's.
  return concepts.every((concept) => own.includes(concept)) && (subject.records > 0 || concepts.length === 0 || concepts.length === own.length)
}

function candidate(child: Child, key: Key): Candidate[] | null {
  if (child.subject === key.subject && child.column === key.column) return null
  const empty = child.column.values === 0
  const { named, why } = nameScore(child, key)
  if (!empty && family(child.column) !== family(key.column) && named < 0.95) return null
  if (empty && named < 0.95) return null
  if (family(child.column) === 1 && named < NAMED) return null
  if (child.subject === key.subject && named < 0.9) return null
  return [{ child, key, named, why }]
}

/** How much the names say, 0 to 1: the column's against the other entity's and its key's. */
export function nameScore(child: { subject: Subject; column: AssessedColumn }, key: { subject: Subject; column: AssessedColumn }): { named: number; why: string } {
  const own = meaningOf(child.column.name), other = key.subject.meaning.concepts, keyName = meaningOf(key.column.name)
  if (child.subject === key.subject) {
    return own.concepts.some((concept) => ROLES.includes(concept)) ? { named: 0.9, why: `${child.column.name} is a word for the one above` } : { named: 0, why: '' }
  }
  const inside = (a: string[], b: string[]): boolean => a.length > 0 && a.every((concept) => b.includes(concept))
  if (inside(own.concepts, other) && own.concepts.length === other.length) return { named: 1, why: `${child.column.name} is named after ${key.subject.entity.name}` }
  // The same name on both sides, where it is not the name of a third thing.
  if (own.plain === keyName.plain && !GENERIC.has(own.plain)) return { named: inside(keyName.concepts, other) || keyName.concepts.length === 0 ? 1 : keyName.identifies && keyName.concepts.length >= 2 ? 0.95 : 0.8, why: `both are called ${child.column.name}` }
  if (inside(other, own.concepts)) return { named: 0.85, why: `${child.column.name} names ${key.subject.entity.name}` }
  if (inside(own.concepts, other)) return { named: other.at(-1) !== undefined && own.concepts.includes(other.at(-1)!) ? 0.65 : 0.5, why: `${child.column.name} is part of the name ${key.subject.entity.name}` }
  if (keyName.concepts.length > 0 && inside(own.concepts, keyName.concepts) && own.concepts.length === keyName.concepts.length && keyName.identifies) return { named: 0.75, why: `${child.column.name} means the same as ${key.column.name}` }
  const stems = wordsOf(key.subject.entity.name)
  if (wordsOf(child.column.name).some((word) => word.length >= 4 && stems.some((stem) => stem.length >= 4 && stem !== word && (stem.startsWith(word) || word.startsWith(stem))))) return { named: 0.6, why: `${child.column.name} begins as ${key.subject.entity.name} does` }
  return { named: 0, why: '' }
}

/** For every candidate the share of some of the column's values that the key holds: one join for all of them. */
async function sampledShares(staging: Staging, children: Child[], keys: Key[], candidates: Candidate[]): Promise<Map<string, number>> {
  if (candidates.length === 0) return new Map()
  await staging.run('CREATE OR REPLACE TABLE work.assess_keys (key INTEGER, h UBIGINT); CREATE OR REPLACE TABLE work.assess_children (child INTEGER, h UBIGINT); CREATE OR REPLACE TABLE work.assess_pairs (child INTEGER, key INTEGER)')
  const usedKeys = new Set(candidates.map(({ key }) => key.index)), usedChildren = new Set(candidates.map(({ child }) => child.index))
  await insertAll(staging, 'work.assess_keys', keys.filter(({ index }) => usedKeys.has(index)).map(({ subject, index, column }) => `SELECT ${index}, hash(trim(${ident(column.name)})) FROM ${subject.relation}`))
  await insertAll(staging, 'work.assess_children', children.filter(({ index }) => usedChildren.has(index)).map(({ subject, index, column }) => `(SELECT ${index}, h FROM (SELECT DISTINCT hash(trim(${ident(column.name)})) AS h FROM ${subject.relation} WHERE trim(${ident(column.name)}) <> '') ORDER BY h LIMIT ${SAMPLE_VALUES})`))
  await staging.appendColumns({ schema: 'work', table: 'assess_pairs' }, [{ name: 'child', kind: 'INTEGER', values: candidates.map(({ child }) => child.index) }, { name: 'key', kind: 'INTEGER', values: candidates.map(({ key }) => key.index) }])
  const rows = await staging.all<{ child: number; key: number; share: number }>(`WITH sizes AS (SELECT child, count(*) AS n FROM work.assess_children GROUP BY child)
    SELECT p.child, p.key, (count(*) / any_value(s.n))::DOUBLE AS share FROM work.assess_pairs p JOIN work.assess_children c ON c.child = p.child JOIN work.assess_keys k ON k.key = p.key AND k.h = c.h JOIN sizes s ON s.child = p.child GROUP BY p.child, p.key`)
  await staging.run('DROP TABLE work.assess_keys; DROP TABLE work.assess_children; DROP TABLE work.assess_pairs')
  return new Map(rows.map((row) => [`${row.child} ${row.key}`, Number(row.share)]))
}

/** Many small queries as few statements: planning one costs more than running it. */
async function insertAll(staging: Staging, table: string, queries: string[]): Promise<void> {
  for (let from = 0; from < queries.length; from += 30) await staging.run(`INSERT INTO ${table} ${queries.slice(from, from + 30).join(' UNION ALL ')}`)
}

async function judge(staging: Staging, { child, key, named, why }: Candidate): Promise<AssessedRelation | null> {
  const measured = await measure(staging, child.subject, [child.column.name], key.subject, [key.column.name])
  const relation = { from: { entity: child.subject.id, columns: [child.column.name] }, to: { entity: key.subject.id, columns: [key.column.name] }, declared: false, inferred: true, ...measured }
  if (measured.records === 0) return named >= 0.95 ? { ...relation, score: 0.6, why: [why, 'by name alone: there are no values'] } : null
  const included = 1 - measured.orphans / measured.records
  const coded = child.column.format === 'code' && key.column.format === 'code' && included === 1 && measured.distinct >= 5 && measured.distinct >= key.subject.records * 0.1
  if (included < INCLUDED || (named < NAMED && !coded)) return null
  if (family(child.column) === 2 && named < 0.9 && measured.distinct < 2) return null
  const score = Math.round((0.55 * Math.max(named, coded ? 0.4 : 0) + 0.45 * included) * 100) / 100
  if (score < (coded ? 0.65 : 0.72)) return null
  const values = measured.orphans === 0 ? `all ${measured.distinct} different values are in ${key.subject.entity.name}.${key.column.name}` : `${(included * 100).toFixed(2)} % of the records find theirs in ${key.subject.entity.name}.${key.column.name}`
  return { ...relation, score, why: [...(why === '' ? [] : [why]), values] }
}

/** Records, different values and orphans of a relation, over all records. Values are compared without surrounding spaces. */
async function measure(staging: Staging, child: Subject, from: string[], parent: Subject, to: string[]): Promise<Pick<AssessedRelation, 'records' | 'distinct' | 'orphans' | 'orphanExamples' | 'cardinality'>> {
  const joined = (columns: string[]): string => (columns.length === 1 ? `nullif(trim(${ident(columns[0]!)}), '')` : columns.map((name) => `nullif(trim(${ident(name)}), '')`).join(' || chr(31) || '))
  const held = `SELECT DISTINCT ${joined(to)} AS v FROM ${parent.relation}`
  const row = await staging.one<{ records: number; distinct_values: number; orphans: number; most: number; examples: string }>(`SELECT coalesce(sum(n), 0) AS records, count(*) AS distinct_values, coalesce(sum(n) FILTER (lost), 0) AS orphans, coalesce(max(n), 0) AS most,
    to_json(list(v ORDER BY n DESC, v) FILTER (lost)[1:20])::VARCHAR AS examples FROM (SELECT c.v, c.n, NOT EXISTS (SELECT 1 FROM (${held}) p WHERE p.v = c.v) AS lost FROM (SELECT ${joined(from)} AS v, count(*) AS n FROM ${child.relation} GROUP BY 1) c WHERE c.v IS NOT NULL)`)
  const examples = (JSON.parse(row?.examples ?? '[]') as string[] | null ?? []).slice(0, 20).map((value) => value.replaceAll('\u001f', ' / '))
  return { records: Number(row?.records ?? 0), distinct: Number(row?.distinct_values ?? 0), orphans: Number(row?.orphans ?? 0), orphanExamples: examples, cardinality: Number(row?.most ?? 0) <= 1 ? 'one to one' : 'many to one' }
}
