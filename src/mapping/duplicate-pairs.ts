import type { DuplicateRule } from '../config/mapping-schema.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import { cleanColumns, type MappedEntity } from './entity.ts'
import { compileExpression } from './expression.ts'
import { fillLookups } from './lookup-tables.ts'
import { Relation } from './relation.ts'
import { Scope } from './scope.ts'
import { asText } from './value-type.ts'

/** Two records found to be the same. */
export interface Pair { a: number; b: number; rule: string; score: number }

/** Pairs compared at most for one rule; a blocking key that gives more is cut at its largest blocks, and said. */
const MAX_PAIRS = 20_000_000

/** All pairs of records that a rule, or the key, calls the same; records of exact groups are paired with the group's first. */
export async function findPairs(staging: Staging, entity: MappedEntity, registry: TransformRegistry): Promise<Pair[]> {
  const pairs = await exactPairs(staging, `SELECT _row, _key AS k FROM ${entity.clean}`, 'key')
  for (const [i, rule] of (entity.mapping.duplicates ?? []).entries()) {
    const relation = new Relation(`SELECT * FROM ${entity.clean}`, `duplicates_${i}`)
    const scope = new Scope(relation, registry, cleanColumns(entity))
    const text = (expression: string) => relation.compute(asText(compileExpression(expression, scope)))
    const name = rule.name ?? `rule ${i + 1}`
    if (rule.exact) {
      const parts = rule.exact.map(text)
      await fillLookups(staging, relation)
      const key = parts.map((part) => `nullif(trim(${part}), '')`).join(' || chr(31) || ')
      pairs.push(...await exactPairs(staging, `SELECT _row, ${key} AS k FROM (${relation.sql()})`, name))
    } else if (rule.fuzzy) pairs.push(...await fuzzyPairs(staging, entity, rule.fuzzy, name, relation, text))
  }
  const kept = await staging.all<{ a: number; b: number }>(`SELECT survivor_row AS a, absorbed_row AS b FROM ops.unmerged WHERE entity = ${literal(entity.name)}`)
  const apart = new Set(kept.map((pair) => `${pair.a} ${pair.b}`))
  return pairs.filter((pair) => !apart.has(`${pair.a} ${pair.b}`) && !apart.has(`${pair.b} ${pair.a}`))
}

async function exactPairs(staging: Staging, keyed: string, rule: string): Promise<Pair[]> {
  const rows = await staging.all<{ a: number; b: number }>(`SELECT a, _row AS b FROM (SELECT _row, k, min(_row) OVER (PARTITION BY k) AS a FROM (${keyed}) WHERE k IS NOT NULL) WHERE a <> _row ORDER BY a, b`)
  return rows.map((row) => ({ a: Number(row.a), b: Number(row.b), rule, score: 1 }))
}

async function fuzzyPairs(staging: Staging, entity: MappedEntity, fuzzy: NonNullable<DuplicateRule['fuzzy']>, name: string, relation: Relation, text: (expression: string) => string): Promise<Pair[]> {
  const raw = text(fuzzy.compare)
  const compared = relation.compute(fuzzy.normalize ? `trim(regexp_replace(strip_accents(lower(${raw})), '[^\\p{L}\\p{N}]+', ' ', 'g'))` : raw)
  const block = relation.compute(fuzzy.block.map((expression) => `nullif(trim(${text(expression)}), '')`).join(' || chr(31) || '))
  await fillLookups(staging, relation)
  await staging.run(`CREATE OR REPLACE TABLE work.blocks AS SELECT _row, ${compared} AS v, ${block} AS k FROM (${relation.sql()}) WHERE ${compared} <> '' AND ${block} IS NOT NULL`)
  const sizes = await staging.all<{ k: string; n: number }>('SELECT k, count(*) AS n FROM work.blocks GROUP BY k HAVING count(*) > 1 ORDER BY n DESC, k')
  let total = sizes.reduce((sum, { n }) => sum + (Number(n) * (Number(n) - 1)) / 2, 0)
  const cut: { k: string; n: number }[] = []
  for (const size of sizes) {
    if (Number(size.n) <= fuzzy.max_block && total <= MAX_PAIRS) break
    total -= (Number(size.n) * (Number(size.n) - 1)) / 2
    cut.push(size)
  }
  for (const { k, n } of cut) {
    await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'block-too-large', ${literal(`entity:${entity.name}`)}, min(_row), ${literal(entity.name)}, NULL, NULL, NULL, ${literal(`duplicates, ${name}: ${n} records share the blocking key and were not compared with each other`)}, left(${literal(k)}, 200), `
      + `${literal(`block-too-large ${entity.name} ${name}`)}, 'Choose a finer blocking key, or raise max_block.', 0, 0 FROM work.blocks WHERE k = ${literal(k)}`)
    await staging.run(`DELETE FROM work.blocks WHERE k = ${literal(k)}`)
  }
  const score = fuzzy.method === 'jaro_winkler' ? 'jaro_winkler_similarity(x.v, y.v)' : '1 - CAST(levenshtein(x.v, y.v) AS DOUBLE) / greatest(length(x.v), length(y.v))'
  // Texts of very different length cannot reach the threshold by edits, so they are not measured.
  const near = fuzzy.method === 'levenshtein' ? ` AND abs(length(x.v) - length(y.v)) <= (1 - ${fuzzy.threshold}) * greatest(length(x.v), length(y.v))` : ''
  const rows = await staging.all<{ a: number; b: number; s: number }>(`SELECT a, b, s FROM (SELECT x._row AS a, y._row AS b, ${score} AS s FROM work.blocks x JOIN work.blocks y ON x.k = y.k AND x._row < y._row${near}) WHERE s >= ${fuzzy.threshold} ORDER BY a, b`)
  await staging.run('DROP TABLE work.blocks')
  return rows.map((row) => ({ a: Number(row.a), b: Number(row.b), rule: name, score: Math.round(Number(row.s) * 10_000) / 10_000 }))
}

/** Groups records that are the same, directly or through others: each record's cluster is its smallest row. */
export function clustersOf(pairs: Pair[]): Map<number, number> {
  const parent = new Map<number, number>()
  const root = (row: number): number => {
    let at = row
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up
    for (let walk = row; walk !== at;) { const up = parent.get(walk) ?? at; parent.set(walk, at); walk = up }
    return at
  }
  for (const { a, b } of pairs) {
    const x = root(a), y = root(b)
    parent.set(Math.max(x, y), Math.min(x, y))
    if (!parent.has(Math.min(x, y))) parent.set(Math.min(x, y), Math.min(x, y))
  }
  return new Map([...parent.keys()].map((row) => [row, root(row)]))
}

/** Column of `clean` quoted, found without case; for options that name one. */
export function columnOf(entity: MappedEntity, name: string): string {
  return ident(entity.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name ?? name)
}
