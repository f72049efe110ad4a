import { LandfallError } from '../../errors/error.ts'
import type { Outcome } from '../../model/outcome.ts'
import type { LoadBatch, Reread, Target, TargetInfo, TargetMark, TableSums, Undone } from '../target.ts'
import type { SiteBackup } from './site-backup.ts'

/**
 * A target whose marks and batches are also noted as points a rollback through a backup can go to. Before the first document of a run it makes the backup, where
 * `beforeRun` says so; a backup that its test restore does not prove stops the run.
 */
export class PointedTarget implements Target {
  readonly #target: Target
  readonly #backups: () => SiteBackup
  readonly #beforeRun: boolean
  readonly reread?: (run: string, how: { each: number; seed: number }) => Promise<Reread>
  readonly change?: Required<Target>['change']

  constructor(target: Target, backups: () => SiteBackup, beforeRun: boolean) {
    this.#target = target
    this.#backups = backups
    this.#beforeRun = beforeRun
    if (target.reread !== undefined) this.reread = (run, how) => target.reread!(run, how)
    if (target.change !== undefined) this.change = (batch) => target.change!(batch)
  }

  get can(): Target['can'] { return this.#target.can }
  get documents(): string { return this.#target.documents }
  get tables(): string { return this.#target.tables }
  get ledger(): string { return this.#target.ledger }

  describe(): Promise<TargetInfo> { return this.#target.describe() }
  marks(run: string): Promise<TargetMark[]> { return this.#target.marks(run) }
  runs(): Promise<{ run: string; documents: number }[]> { return this.#target.runs() }
  undo(run: string, mark: string | null): Promise<Undone> { return this.#target.undo(run, mark) }
  checksums(): Promise<TableSums> { return this.#target.checksums() }
  close(): Promise<void> { return this.#target.close() }

  async write(batch: LoadBatch): Promise<Outcome[]> {
    const outcomes = await this.#target.write(batch), backups = this.#backups()
    if (backups.place.checkpoints && (await backups.log()).on) await backups.note('checkpoint', batch.batch, batch.run)
    return outcomes
  }

  async mark(run: string, mark: string): Promise<TargetMark> {
    const backups = this.#backups()
    if (mark === 'start' && this.#beforeRun && !backups.book.backups().some((backup) => backup.run === run)) {
      const { backup } = await backups.take({ verify: true, run })
      if (backup.verified?.passed !== true) {
        throw new LandfallError('target-failed', `The backup before the run is not proven: ${backup.verified?.note ?? `these differ after the test restore: ${(backup.verified?.differing ?? []).slice(0, 5).join(', ')}`}.`, { hint: 'Nothing was loaded. Repeat when nobody works on the site, or set target.backup.before_run: false and make one by yourself (landfall backup).' })
      }
    }
    const entry = await this.#target.mark(run, mark)
    if ((await backups.log()).on) await backups.note(mark === 'start' ? 'start' : 'phase', mark, run)
    return entry
  }
}
