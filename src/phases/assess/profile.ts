import type { Format } from '../../model/assessment.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import { RULES } from './formats.ts'

/** Tables of more records than this have the shapes of their values judged by a sample of about as many; counts are always of all records. */
export const SAMPLE_ROWS = 20_000
/** Columns of so few distinct values are known value by value, however long the table is. */
export const FEW_VALUES = 2_000
const COLUMNS_AT_ONCE = 40

/** What one scan tells about a column. Lengths in characters; `low` and `high` in text order. */
export interface ColumnCounts { values: number; blanks: number; distinct: number; low: string | null; high: string | null; minLength: number; maxLength: number; meanLength: number }

/** What its values look like. `total`, and counts by format, are records of the sample; `impossible`: of a format's shape, but no such value (31 February). */
export interface ColumnShape {
  sampled: boolean
  total: number
  fits: Map<Format, number>
  impossible: Map<Format, number>
  spaced: number
  frequent: { value: string; records: number }[]
  patterns: { pattern: string; records: number; example: string }[]
  /** Values that differ, within the sample. */
  different: number
}

/** One aggregate over the whole relation. */
export async function countColumns(staging: Staging, relation: string, columns: string[]): Promise<{ records: number; counts: ColumnCounts[] }> {
  const counts: ColumnCounts[] = []
  let records = 0
  for (let from = 0; from < Math.max(1, columns.length); from += COLUMNS_AT_ONCE) {
    const part = columns.slice(from, from + COLUMNS_AT_ONCE)
    const row = await staging.one<Record<string, string | number | null>>(`SELECT count(*) AS n${part.map((name, i) => {
      const c = ident(name)
      return `, count(${c}) AS v${i}, count(*) FILTER (trim(${c}) = '') AS b${i}, approx_count_distinct(${c}) AS d${i}, min(left(${c}, 80)) AS lo${i}, max(left(${c}, 80)) AS hi${i}, min(length(${c})) AS l${i}, max(length(${c})) AS m${i}, avg(length(${c})) AS a${i}`
    }).join('')} FROM ${relation}`)
    records = Number(row?.['n'] ?? 0)
    part.forEach((_, i) => {
      const of = (key: string): number => Number(row?.[`${key}${i}`] ?? 0)
      counts.push({ values: of('v'), blanks: of('b'), distinct: of('d'), low: row?.[`lo${i}`] as string | null, high: row?.[`hi${i}`] as string | null, minLength: of('l'), maxLength: of('m'), meanLength: Math.round(of('a') * 10) / 10 })
    })
  }
  return { records, counts }
}

/** A relation whose columns' shapes are wanted, with what was counted. */
export interface Shaped { relation: string; columns: string[]; counted: { records: number; counts: ColumnCounts[] } }

/**
 * The shapes of all columns of some relations: their different values (of all records where the table or the number of values is small, else of a sample) are
 * gathered in `work.assess_values` and put to every rule of formats.ts at once. Many small tables at a time: planning the rules costs more than trying them.
 */
export async function shapeColumns(staging: Staging, tables: Shaped[]): Promise<ColumnShape[][]> {
  const all = tables.flatMap(({ relation, columns, counted }) => {
    // No table of the sample is made: inserting many columns in the order of rows, vector by vector, takes more memory than the whole scan.
    const sample = `(SELECT * FROM ${relation} WHERE hash(_row) % ${Math.max(1, Math.round(counted.records / SAMPLE_ROWS))} = 0)`
    return columns.map((name, i) => { const sampled = counted.records > SAMPLE_ROWS && (counted.counts[i]?.distinct ?? 0) > FEW_VALUES; return { name, sampled, from: sampled ? sample : relation } })
  })
  await staging.run('CREATE OR REPLACE TABLE work.assess_values (col INTEGER, v VARCHAR, n BIGINT)')
  for (let from = 0; from < all.length; from += COLUMNS_AT_ONCE) {
    const parts = all.slice(from, from + COLUMNS_AT_ONCE).map((column, i) => `SELECT ${from + i} AS col, v, count(*) AS n FROM (SELECT left(trim(${ident(column.name)}), 2000) AS v FROM ${column.from}) WHERE v <> '' GROUP BY v`)
    await staging.run(`INSERT INTO work.assess_values ${parts.join(' UNION ALL ')}`)
  }
  const fits = await staging.all<Record<string, number>>(`SELECT col, sum(n) AS total, count(*) AS different, sum(n) FILTER (contains(v, ' ')) AS spaced${RULES.map((rule, i) => `, sum(n) FILTER (t${i}) AS f${i}${rule.value === undefined ? '' : `, sum(n) FILTER (t${i} AND (${rule.value}) IS NULL) AS x${i}`}`).join('')}
    FROM (SELECT col, v, n${RULES.map((rule, i) => `, (${rule.test}) AS t${i}`).join('')} FROM work.assess_values) GROUP BY col`)
  const frequent = Map.groupBy(await staging.all<{ col: number; v: string; n: number }>('SELECT col, left(v, 80) AS v, n FROM work.assess_values QUALIFY row_number() OVER (PARTITION BY col ORDER BY n DESC, v) <= 10 ORDER BY col, n DESC, v'), ({ col }) => Number(col))
  const patterns = Map.groupBy(await staging.all<{ col: number; p: string; n: number; e: string }>(`SELECT col, p, sum(n) AS n, min(v) AS e FROM (SELECT col, n, v, regexp_replace(regexp_replace(regexp_replace(v, '\\p{Lu}+', 'A', 'g'), '\\p{Ll}+', 'a', 'g'), '\\d', '9', 'g') AS p FROM work.assess_values WHERE length(v) <= 40)
    GROUP BY col, p QUALIFY row_number() OVER (PARTITION BY col ORDER BY sum(n) DESC, p) <= 5 ORDER BY col, n DESC, p`), ({ col }) => Number(col))
  await staging.run('DROP TABLE work.assess_values')
  const byColumn = new Map(fits.map((row) => [Number(row['col']), row]))
  const shapes = all.map(({ sampled }, i): ColumnShape => {
    const row = byColumn.get(i), number = (key: string): number => Number(row?.[key] ?? 0)
    return {
      sampled, total: number('total'), different: number('different'), spaced: number('spaced'),
      fits: new Map(RULES.map((rule, r) => [rule.format, number(`f${r}`)])), impossible: new Map(RULES.map((rule, r) => [rule.format, rule.value === undefined ? 0 : number(`x${r}`)])),
      frequent: (frequent.get(i) ?? []).map((one) => ({ value: one.v, records: Number(one.n) })), patterns: (patterns.get(i) ?? []).map((one) => ({ pattern: one.p, records: Number(one.n), example: one.e })),
    }
  })
  let at = 0
  return tables.map(({ columns }) => shapes.slice(at, at += columns.length))
}
