import type { SyncRule } from '../../config/sync-schema.ts'
import { LandfallError } from '../../errors/error.ts'
import type { LogSettings } from '../../sources/changes.ts'
import type { Source } from '../../sources/source.ts'
import { literal } from '../../staging/staging.ts'
import type { DescribedEntity, ExtractEntity } from '../extract.ts'
import type { PhaseContext, Scope } from '../phase.ts'
import { followLog } from './log.ts'
import { compareEntity, type Compared } from './comparison.ts'
import { rawSql, widenRaw, type Delta, type SyncEntity } from './raw-delta.ts'
import { readWindow, type Watermark } from './windows.ts'

export interface DetectOptions {
  sources: string[]
  open(source: string): Promise<Source>
  choose(described: DescribedEntity[]): ExtractEntity[]
  /** The rule of an entity by the name the project gives it; null: it is left as it is. */
  rule(entity: string): SyncRule | null
  log: LogSettings
  /** Compare everything, whenever that was done last. */
  compareAll: boolean
  watermarks: Map<string, Watermark>
}

/** What was found out about an entity. `high`: everything stamped before is here; `heldBy`: what kept it back. */
export interface Detected extends Delta { entity: string; source: string; table: string; how: 'log' | 'window' | 'compare' | 'none'; high: string | null; now: string | null; heldBy: string | null; compared: Compared | null; milliseconds: number }

export interface Detection { described: DescribedEntity[]; entities: Detected[]; watermarks: Watermark[] }

/**
 * Brings `raw` up to date with the sources: by their log, by windows of a field, by comparing checksums. Each piece is committed as it comes; nothing on the target is
 * touched, and no watermark moves: the caller stores the new ones with the last of what was written. Throws source errors and `interrupted`.
 */
export async function detectChanges(ctx: PhaseContext, options: DetectOptions): Promise<Detection> {
  const result: Detection = { described: [], entities: [], watermarks: [] }
  const opened = new Map<string, Source>()
  try {
    for (const name of options.sources) {
      const source = await ctx.attempt({ step: 'extract', subject: name }, () => options.open(name))
      opened.set(name, source)
      const catalog = await ctx.attempt({ step: 'extract', subject: name }, () => source.describe())
      result.described.push(...catalog.entities.map((entity) => ({ source: name, entity })))
    }
    const seen = new Set<string>(), wanted = options.choose(result.described).filter((entity) => !seen.has(`${entity.source}.${entity.table}`) && seen.add(`${entity.source}.${entity.table}`))
    for (const entity of wanted) {
      const source = opened.get(entity.source), rule = options.rule(entity.name)
      if (source === undefined || rule === null) continue
      await detectEntity(ctx, options, source, { ...entity, rule, key: [], columns: [] }, result)
      if (ctx.signal.aborted) throw new LandfallError('interrupted', 'The sync was stopped while reading; the next one goes on.', { hint: 'landfall sync' })
    }
  } finally {
    for (const source of opened.values()) await source.close()
  }
  return result
}

async function detectEntity(ctx: PhaseContext, options: DetectOptions, source: Source, given: SyncEntity, result: Detection): Promise<void> {
  const scope: Scope = { step: 'extract', subject: given.name }, began = ctx.clock.elapsed()
  const reader = source.changes?.(given.rule.capture ? options.log : undefined)
  const found: Detected = { entity: given.name, source: given.source, table: given.table, how: 'none', high: null, now: null, heldBy: null, compared: null, inserted: 0, updated: 0, deleted: 0, unchanged: 0, milliseconds: 0 }
  if (reader === undefined) {
    ctx.emit({ type: 'note', scope, level: 'warning', message: `${given.name}: a source of kind ${source.kind} cannot tell what changed; landfall run reads it again.` })
    result.entities.push(found)
    return
  }
  const id = `${given.source}.${given.table}`, mark = options.watermarks.get(id) ?? null
  const { columns, key } = await ctx.attempt(scope, () => reader.shape(given.table))
  const entity: SyncEntity = { ...given, columns, key }
  if (await ctx.staging.one(`SELECT 1 FROM ops.cursors WHERE entity = ${literal(id)} AND done`) === undefined) {
    throw new LandfallError('usage', `${given.name} was never read whole.`, { hint: 'Begin with: landfall run', where: { entity: given.name } })
  }
  await widenRaw(ctx.staging, entity)
  const at = ctx.clock.now(), next: Watermark = { entity: id, low: mark?.low ?? null, position: mark?.position ?? null, compared: mark?.compared ?? null, at }
  let compare = options.compareAll || (entity.rule.compareMs !== null && (mark?.compared == null || at - mark.compared >= entity.rule.compareMs))
  if (entity.rule.capture && reader.log !== undefined) {
    found.how = 'log'
    const followed = await followLog(ctx, reader, reader.log, entity, mark?.position ?? null, found, scope)
    next.position = followed.position
    compare = followed.compare || options.compareAll || (compare && entity.rule.compareMs !== 0)
  } else if (entity.rule.field !== null) {
    found.how = 'window'
    // The first time there is no window: what was read by the run is compared with what is there, and the next window begins now.
    const window = mark?.low == null && compare ? await firstWindow(ctx, reader, entity, scope) : await readWindow(ctx, reader, entity, mark, found, scope)
    Object.assign(found, { high: window.high, now: window.now, heldBy: window.heldBy })
    next.low = window.high ?? window.seen
    if (window.note !== null) ctx.emit({ type: 'note', scope, level: 'warning', message: `${given.name}: ${window.note}` })
  } else found.how = 'compare'
  if (compare) {
    found.compared = await compareEntity(ctx, reader, entity, found, scope)
    next.compared = at
  }
  if (next.low === null && entity.rule.field !== null && found.how === 'window') next.low = await latestStamp(ctx, entity)
  found.milliseconds = Math.round(ctx.clock.elapsed() - began)
  result.entities.push(found)
  result.watermarks.push(next)
}

async function firstWindow(ctx: PhaseContext, reader: NonNullable<ReturnType<NonNullable<Source['changes']>>>, entity: SyncEntity, scope: Scope) {
  const bounds = await ctx.attempt(scope, () => reader.bounds({ entity: entity.table, field: entity.rule.field ?? '', low: null, elapsedMs: 0, overlapMs: entity.rule.overlapMs, lagMs: entity.rule.lagMs }))
  return { ...bounds, seen: null }
}

/** Where the source cannot say up to when everything is settled, the last stamp that was seen. */
async function latestStamp(ctx: PhaseContext, entity: SyncEntity): Promise<string | null> {
  const field = entity.columns.find((column) => column.toLowerCase() === entity.rule.field?.toLowerCase()) ?? entity.rule.field ?? ''
  const column = `"${field.replaceAll('"', '""')}"`
  const row = await ctx.staging.one<{ v: string | null }>(`SELECT coalesce(arg_max(${column}, TRY_CAST(${column} AS DECIMAL(38, 9))), max(${column})) AS v FROM ${rawSql(entity)}`)
  return row?.v ?? null
}
