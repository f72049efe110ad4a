import type { ChangePage, ChangeReader, Division } from '../../sources/changes.ts'
import { ident, literal } from '../../staging/staging.ts'
import type { PhaseContext, Scope } from '../phase.ts'
import { add } from './windows.ts'
import { applyDeleted, applyPage, byColumn, fillTable, onKey, rawSql, type Delta, type SyncEntity } from './raw-delta.ts'

/** What a comparison looked at: ranges of keys, those that differ, and records whose checksums were then compared one by one. */
export interface Compared { ranges: number; differing: number; looked: number }

const FETCH = 1000

/**
 * Compares every record of an entity with what is staged, by checksums: first of ranges of keys, computed where the records are; then, in ranges that differ, of single
 * records. Records that differ or are new are fetched, those that are gone are taken out.
 */
export async function compareEntity(ctx: PhaseContext, reader: ChangeReader, entity: SyncEntity, delta: Delta, scope: Scope): Promise<Compared> {
  const { staging } = ctx, raw = rawSql(entity)
  const { division } = await ctx.attempt(scope, () => reader.shape(entity.table))
  const compared: Compared = { ranges: 0, differing: 0, looked: 0 }
  if (division === null) {
    delta.deleted += await applyDeleted(staging, entity, raw)
    return compared
  }
  const parts = await widened(ctx, entity, division)
  const sums = await ctx.attempt(scope, () => reader.sums(entity.table, parts))
  await fillTable(staging, 'range_sums', ['b', 'n', 's'], byColumn(sums.map((sum) => [sum.bucket, String(sum.count), sum.sum]), 3))
  const own = `(SELECT CAST(${bucketSql(entity, parts)} AS VARCHAR) AS b, count(*) AS n, sum(${hashSql(entity)}) AS s FROM ${raw} GROUP BY 1)`
  const differing = await staging.all<{ b: string }>(`SELECT coalesce(t.b, o.b) AS b FROM work.range_sums t FULL OUTER JOIN ${own} o ON o.b = t.b WHERE CAST(t.n AS BIGINT) IS DISTINCT FROM o.n OR CAST(CAST(t.s AS DECIMAL(38, 0)) AS HUGEINT) IS DISTINCT FROM o.s`)
  compared.ranges = sums.length
  compared.differing = differing.length
  ctx.reached(`sync compared ${entity.name}`)
  if (differing.length === 0) return compared
  compared.looked = await lookInto(ctx, reader, entity, parts, differing.map(({ b }) => b), scope)
  await fetchTouched(ctx, reader, entity, delta, scope)
  delta.deleted += await applyDeleted(staging, entity, 'work.gone')
  return compared
}

/** Fetches records by the keys in `work.touched` and puts them into `raw`; `onFound` is told each page. */
export async function fetchTouched(ctx: PhaseContext, reader: ChangeReader, entity: SyncEntity, delta: Delta, scope: Scope, onFound?: (page: ChangePage) => Promise<void>): Promise<void> {
  const keys = entity.key.map(ident).join(', ')
  const touched = (await ctx.staging.all<Record<string, string>>(`SELECT ${keys} FROM work.touched ORDER BY ALL`)).map((row) => entity.key.map((column) => row[column] ?? ''))
  for (let start = 0; start < touched.length; start += FETCH) {
    const page = await ctx.attempt(scope, () => reader.byKeys(entity.table, touched.slice(start, start + FETCH)))
    await onFound?.(page)
    add(delta, await applyPage(ctx.staging, entity, page))
    ctx.reached(`sync fetched ${entity.name}`)
  }
}

/** Compares the records of ranges that differ one by one: `work.touched` (to be fetched) and `work.gone`. */
async function lookInto(ctx: PhaseContext, reader: ChangeReader, entity: SyncEntity, division: Division, buckets: string[], scope: Scope): Promise<number> {
  const { staging } = ctx, keys = entity.key.map(ident)
  const digests = await ctx.attempt(scope, () => reader.digests(entity.table, division, buckets))
  await fillTable(staging, 'digests', [...entity.key, '_h'], byColumn(digests, entity.key.length + 1))
  await staging.run(`CREATE OR REPLACE TABLE work.own_digests AS SELECT ${keys.join(', ')}, ${hashSql(entity)} AS _h FROM ${rawSql(entity)} WHERE CAST(${bucketSql(entity, division)} AS VARCHAR) IN (${buckets.map(literal).join(', ')})`)
  await staging.run(`CREATE OR REPLACE TABLE work.touched AS SELECT ${keys.map((key) => `t.${key}`).join(', ')} FROM work.digests t LEFT JOIN work.own_digests o ON ${onKey(entity, 't', 'o')} WHERE o._h IS NULL OR o._h <> CAST(t._h AS BIGINT)`)
  await staging.run(`CREATE OR REPLACE TABLE work.gone AS SELECT ${keys.map((key) => `o.${key}`).join(', ')} FROM work.own_digests o ANTI JOIN work.digests t ON ${onKey(entity, 't', 'o')}`)
  return digests.length
}

/** Ranges begin at the smallest key of either side. */
async function widened(ctx: PhaseContext, entity: SyncEntity, division: Division): Promise<Division> {
  if (division.by === 'digest') return division
  const own = await ctx.staging.one<{ low: string | null }>(`SELECT CAST(min(CAST(${ident(division.column)} AS BIGINT)) AS VARCHAR) AS low FROM ${rawSql(entity)}`)
  return own?.low == null || BigInt(own.low) >= BigInt(division.base) ? division : { ...division, base: own.low }
}

/** The same number as the source's: see ChangeDialect.digest. */
function hashSql(entity: SyncEntity): string {
  return `CAST('0x' || substr(md5(${joined(entity.columns)}), 1, 11) AS BIGINT)`
}

function bucketSql(entity: SyncEntity, division: Division): string {
  if (division.by === 'range') return `(CAST(${ident(division.column)} AS BIGINT) - (${division.base})) // ${division.width}`
  return `substr(md5(${joined(entity.key)}), 1, ${division.digits})`
}

function joined(columns: string[]): string {
  return `concat_ws(chr(31), ${columns.map((column) => `coalesce(${ident(column)}, chr(30))`).join(', ')})`
}
