import { LandfallError } from '../errors/error.ts'
import type { Target, TableSums, Undone } from '../targets/target.ts'
import type { PhaseContext } from './phase.ts'

/** `tables`: how many tables were compared. `kept`: documents that stay, with the reason; `differing`: tables that are not as before because of them, else none. */
export interface RollbackProof { run: string; to: string; removed: number; restored: number; tables: number; rows: number; kept: Undone['kept']; differing: string[]; milliseconds: number }

/**
 * Takes back what `run` wrote after `mark` (`start`: all of it) and proves that every table has the row count and checksum it had then. Throws
 * `rollback-failed` naming the tables that differ without a document that was kept, `usage` when there is no such mark.
 */
export async function rollback(ctx: PhaseContext, target: Target, run: string, mark: string): Promise<RollbackProof> {
  if (!target.can.undo) throw new LandfallError('usage', 'This target cannot undo.', { hint: 'Restore the site from its backup.' })
  const marks = await target.marks(run)
  const wanted = marks.find((entry) => entry.mark === mark)
  if (!wanted) throw new LandfallError('usage', `Run ${run} never reached "${mark}".`, { hint: marks.length === 0 ? 'It wrote nothing, or was rolled back before.' : `It can go back to: ${marks.map((entry) => entry.mark).join(', ')}.` })
  const began = ctx.clock.elapsed()
  ctx.record('rollback', { of: run, to: mark })
  const { removed, restored, kept } = await target.undo(run, mark === 'start' ? null : mark)
  const now = await target.checksums()
  const differing = differences(wanted.checksums, now)
  const milliseconds = Math.round(ctx.clock.elapsed() - began)
  ctx.record('rolled-back', { of: run, to: mark, removed, restored, differing, kept: kept.map((entry) => ({ ...entry })) })
  if (differing.length > 0 && kept.length === 0) {
    throw new LandfallError('rollback-failed', `After the undo ${differing.length} tables are not as before: ${differing.slice(0, 10).join(', ')}.`, { hint: 'The site was changed from outside since the run. Restore its file from a backup, or accept these differences.' })
  }
  return { run, to: mark, removed, restored, tables: Object.keys(now).length, rows: Object.values(now).reduce((sum, table) => sum + table.rows, 0), kept, differing, milliseconds }
}

/** Tables whose rows or checksum differ, or that only one side has. */
export function differences(before: TableSums, after: TableSums): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .filter((table) => before[table]?.rows !== after[table]?.rows || before[table]?.checksum !== after[table]?.checksum)
}
