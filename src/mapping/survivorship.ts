import type { SurvivorshipRule } from '../config/mapping-schema.ts'
import { ident, literal } from '../staging/staging.ts'
import { columnOf } from './duplicate-pairs.ts'
import type { MappedColumn, MappedEntity } from './entity.ts'

/** The rule for a column: its own, else `default`, else non_null. The columns of the key always keep the survivor's. */
function ruleOf(entity: MappedEntity, column: MappedColumn): SurvivorshipRule {
  if (entity.key.some((name) => name.toLowerCase() === column.name.toLowerCase())) return 'first'
  const rules = entity.mapping.survivorship ?? {}
  const own = Object.entries(rules).find(([name]) => name.toLowerCase() === column.name.toLowerCase())?.[1]
  return own ?? rules['default'] ?? 'non_null'
}

/** How members are ordered so that the first with a value gives it: `ord` 0 is the survivor. */
function orderOf(entity: MappedEntity, column: MappedColumn, rule: SurvivorshipRule): string {
  const value = ident(column.name)
  if (typeof rule === 'object') return `${columnOf(entity, rule.most_recent)} DESC NULLS LAST, ord`
  switch (rule) {
    case 'last': return '_row DESC'
    case 'longest': return `length(CAST(${value} AS VARCHAR)) DESC, ord`
    case 'shortest': return `length(CAST(${value} AS VARCHAR)), ord`
    case 'max': return `${value} DESC, ord`
    case 'min': return `${value}, ord`
    case 'most_frequent': return `count(*) OVER (PARTITION BY cluster, ${value}) DESC, ord`
    default: return 'ord'
  }
}

/**
 * SQL that gives, for every cluster of `members` (cluster, ord, _row and the entity's columns), the merged record: `cluster`, each column, and
 * `choices`, a JSON list of [column, row the value came from] for values not the survivor's own.
 */
export function mergedSql(entity: MappedEntity, members: string): string {
  const ranked = entity.columns.map((column, i) => {
    const rule = ruleOf(entity, column)
    const empty = column.type === 'text' ? `nullif(trim(${ident(column.name)}), '') IS NULL` : `${ident(column.name)} IS NULL`
    return `row_number() OVER (PARTITION BY cluster ORDER BY ${rule === 'first' ? 'ord' : `CASE WHEN ${empty} THEN 1 ELSE 0 END, ${orderOf(entity, column, rule)}`}) AS "~r${i}"`
  })
  const picks = entity.columns.map((column, i) => `first(${ident(column.name)}) FILTER ("~r${i}" = 1) AS ${ident(column.name)}, first(_row) FILTER ("~r${i}" = 1) AS "~s${i}"`)
  const choices = entity.columns.map((column, i) => `CASE WHEN "~s${i}" <> "~own" THEN [${literal(column.name)}, CAST("~s${i}" AS VARCHAR)] END`)
  const own = 'first(_row) FILTER (ord = 0) AS "~own"'
  return `SELECT cluster, ${entity.columns.map((column) => `${ident(column.name)}, `).join('')}CAST(to_json(list_filter([${choices.join(', ')}], lambda c: c IS NOT NULL)) AS VARCHAR) AS choices FROM (`
    + `SELECT cluster, ${[...picks, own].join(', ')} FROM (SELECT *${ranked.map((rank) => `, ${rank}`).join('')} FROM (${members})) GROUP BY cluster)`
}
