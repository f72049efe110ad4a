import { copyFileSync, rmSync } from 'node:fs'
import { Ledger } from '../../ledger/ledger.ts'
import type { Clock } from '../../model/clock.ts'
import { literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import { checksumTables } from '../embedded/tables.ts'
import { undoBatches } from '../embedded/undo.ts'
import type { TableSums } from '../target.ts'

/** What an undo tried on a copy came to: the checksums afterwards, and how long each step took. */
export interface UndoRehearsal { removed: number; restored: number; sums: TableSums; steps: { step: string; seconds: number; detail: string }[] }

const COPY = 'undo_rehearsal'

/** Takes back a run, to `mark` (null: all of it), in a copy of the rehearsal site's file; the site itself is not touched. */
export async function rehearseUndo(staging: Staging, sitePath: string, clock: Clock, run: string, mark: string | null): Promise<UndoRehearsal> {
  const copy = `${sitePath}.undo-rehearsal`, steps: UndoRehearsal['steps'] = []
  const timed = async <T>(step: string, body: () => Promise<T>, detail: (value: T) => string): Promise<T> => {
    const began = clock.elapsed(), value = await body()
    steps.push({ step, seconds: (clock.elapsed() - began) / 1000, detail: detail(value) })
    return value
  }
  rmSync(copy, { force: true })
  await timed('Copy the site', async () => {
    await staging.run(`CHECKPOINT ${SITE_DATABASE}`)
    copyFileSync(sitePath, copy)
    await staging.run(`ATTACH ${literal(copy)} AS ${COPY}`)
  }, () => 'into a file of its own')
  try {
    const { removed, restored } = await timed('Undo by the ledger', () => undoBatches(staging, new Ledger(staging, COPY), COPY, run, mark), (done) => `${done.removed} rows removed, ${done.restored} values restored`)
    const sums = await timed('Validate', () => checksumTables(staging, COPY, 'main'), (found) => `${Object.keys(found).length} tables`)
    return { removed, restored, sums, steps }
  } finally {
    await staging.run(`DETACH ${COPY}`)
    rmSync(copy, { force: true })
    rmSync(`${copy}.wal`, { force: true })
  }
}
