import type { Bounds, ChangePage, ChangeReader } from '../../sources/changes.ts'
import type { PhaseContext, Scope } from '../phase.ts'
import { applyPage, type Delta, type SyncEntity } from './raw-delta.ts'

/** Where the last sync of an entity ended. `at`, `compared`: our clock then, in milliseconds since 1970. */
export interface Watermark { entity: string; low: string | null; position: string | null; compared: number | null; at: number }

/**
 * Reads what a window `[from, high)` of the field holds, page by page in the order of (field, key), then the records without a stamp, which no window ever holds. Equal records
 * are dropped, so a window may be read any number of times. Answers the bounds; `high` becomes the next `low` once everything it gave is on the target.
 */
export async function readWindow(ctx: PhaseContext, reader: ChangeReader, entity: SyncEntity, mark: Watermark | null, delta: Delta, scope: Scope): Promise<Bounds & { seen: string | null }> {
  const { rule } = entity, field = rule.field ?? ''
  const bounds = await ctx.attempt(scope, () => reader.bounds({
    entity: entity.table, field, low: mark?.low ?? null, elapsedMs: mark === null ? 0 : Math.max(0, ctx.clock.now() - mark.at), overlapMs: rule.overlapMs, lagMs: rule.lagMs,
  }))
  let seen = mark?.low ?? null
  const place = entity.columns.indexOf(entity.columns.find((name) => name.toLowerCase() === field.toLowerCase()) ?? field)
  for (const nulls of [false, true]) {
    let after: (string | null)[] | null = null
    do {
      const start: (string | null)[] | null = after
      const page: ChangePage = await ctx.attempt(scope, () => reader.page({ entity: entity.table, field, from: bounds.from, high: bounds.high, nulls, after: start, limit: rule.batchSize }))
      add(delta, await applyPage(ctx.staging, entity, page))
      if (!nulls && page.count > 0) seen = page.values[place]?.[page.count - 1] ?? seen
      after = page.after
      ctx.reached(`sync page ${entity.name}`)
    } while (after !== null && !ctx.signal.aborted)
  }
  return { ...bounds, seen }
}

export function add(total: Delta, more: Delta): void {
  for (const key of ['inserted', 'updated', 'deleted', 'unchanged'] as const) total[key] += more[key]
}
