import type { ChangeLog, ChangeReader } from '../../sources/changes.ts'
import type { PhaseContext, Scope } from '../phase.ts'
import { fetchTouched } from './comparison.ts'
import { applyDeleted, byColumn, fillTable, onKey, type Delta, type SyncEntity } from './raw-delta.ts'

/**
 * Follows the log of changes. It tells only which keys were touched: the records are then fetched as they are now, and those that are not there any more are taken out, so
 * reading a piece of the log twice does no harm. Without a position, one is taken first and everything compared after it: whatever is committed in between is in the log,
 * in the comparison, or in both. `compare`: the log does not reach back, or tells of a whole table.
 */
export async function followLog(ctx: PhaseContext, reader: ChangeReader, log: ChangeLog, entity: SyncEntity, from: string | null, delta: Delta, scope: Scope): Promise<{ position: string; compare: boolean }> {
  if (from === null) {
    const position = await ctx.attempt(scope, () => log.begin([entity.table]))
    ctx.reached(`sync log begun ${entity.name}`)
    return { position, compare: true }
  }
  // What lies before was on the target when this position was stored there.
  await ctx.attempt(scope, () => log.release(from))
  const captured = await ctx.attempt(scope, () => log.read(from, [entity.table]))
  ctx.reached(`sync log read ${entity.name}`)
  if (captured.whole.includes(entity.table)) return { position: captured.position, compare: true }
  await fillTable(ctx.staging, 'touched', entity.key, byColumn(captured.keys.get(entity.table) ?? [], entity.key.length))
  await ctx.staging.run(`CREATE OR REPLACE TABLE work.touched AS SELECT DISTINCT * FROM work.touched; CREATE OR REPLACE TABLE work.found AS SELECT * FROM work.touched LIMIT 0`)
  await fetchTouched(ctx, reader, entity, delta, scope, async (page) => {
    await fillTable(ctx.staging, 'found_page', entity.key, entity.key.map((column) => page.values[page.columns.indexOf(column)] ?? []))
    await ctx.staging.run('INSERT INTO work.found SELECT * FROM work.found_page')
  })
  await ctx.staging.run(`CREATE OR REPLACE TABLE work.gone AS SELECT t.* FROM work.touched t ANTI JOIN work.found f ON ${onKey(entity, 't', 'f')}`)
  delta.deleted += await applyDeleted(ctx.staging, entity, 'work.gone')
  ctx.reached(`sync log ${entity.name}`)
  return { position: captured.position, compare: false }
}
