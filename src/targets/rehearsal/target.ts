import { existsSync } from 'node:fs'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { Ledger } from '../../ledger/ledger.ts'
import type { Clock } from '../../model/clock.ts'
import { timestamp } from '../../model/clock.ts'
import type { Outcome } from '../../model/outcome.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import type { TargetEnv } from '../registry.ts'
import type { LoadBatch, Target, TargetInfo, TargetMark, TableSums } from '../target.ts'
import { checksumTables } from './tables.ts'
import { undoBatches } from './undo.ts'
import { BatchWriter } from './writer.ts'

const DATABASE = 'site'

/** Attaches the embedded site, creating it from the site description when it is new, and answers a target that writes into it. */
export async function open(env: TargetEnv): Promise<Target> {
  const { staging, site } = env
  // A site has hundreds of tables with few rows: in blocks of the usual size an empty one would take 70 MB and seconds to write.
  await staging.attach(env.sitePath, DATABASE, existsSync(env.sitePath) ? undefined : 16_384)
  const ledger = new Ledger(staging, DATABASE)
  const made = await staging.exists(`${DATABASE}.ledger.made_from`)
  if (!made) await create(staging, site, ledger)
  else {
    const row = await staging.one<{ hash: string }>(`SELECT hash FROM ${DATABASE}.ledger.made_from`)
    if (row?.hash !== site.hash()) {
      throw new LandfallError('target-changed', 'The rehearsal site was made from another site description than the project names now.', {
        hint: 'Set `site` back, or remove .landfall/site.duckdb to begin with a new rehearsal site.', where: { file: env.sitePath },
      })
    }
  }
  return new RehearsalTarget(staging, site, ledger, env.clock)
}

/** All in one transaction: a site half made by a crash is made again. */
async function create(staging: Staging, site: Site, ledger: Ledger): Promise<void> {
  try {
    await staging.transaction(async () => {
      await site.createTables(staging, `${DATABASE}.main`, 'all')
      await site.loadRecords(staging, `${DATABASE}.main`)
      await ledger.create()
      await staging.run(`CREATE TABLE ${DATABASE}.ledger.made_from AS SELECT '${site.hash()}' AS hash`)
    })
  } catch (error) {
    throw new LandfallError('target-failed', `The rehearsal site cannot be created: ${messageOf(error)}`, { cause: error })
  }
}

class RehearsalTarget implements Target {
  readonly can = { transactional: true, undo: true }
  readonly documents: string
  readonly tables = `${DATABASE}.main`
  readonly #staging: Staging
  readonly #site: Site
  readonly #ledger: Ledger
  readonly #clock: Clock
  #writer: BatchWriter | null = null
  /** As of the last mark; with the writer's touched tables this spares hashing what nobody changed. */
  #sums: TableSums | null = null

  constructor(staging: Staging, site: Site, ledger: Ledger, clock: Clock) {
    this.#staging = staging
    this.#site = site
    this.#ledger = ledger
    this.#clock = clock
    this.documents = ledger.table('documents')
  }

  async describe(): Promise<TargetInfo> {
    return { kind: 'rehearsal', name: 'embedded rehearsal site', apps: { ...this.#site.apps } }
  }

  async write(batch: LoadBatch): Promise<Outcome[]> {
    this.#writer ??= new BatchWriter(this.#staging, this.#ledger, DATABASE)
    return this.#writer.write(batch)
  }

  async mark(run: string, mark: string): Promise<TargetMark> {
    const checksums = await this.#sumsNow()
    const entry = { run, mark, at: timestamp(this.#clock), checksums, seq: await this.#ledger.lastSeq() }
    await this.#staging.transaction(() => this.#ledger.noteMark(entry))
    return entry
  }

  marks(run: string): Promise<TargetMark[]> {
    return this.#ledger.marks(run)
  }

  runs(): Promise<{ run: string; documents: number }[]> {
    return this.#ledger.runs()
  }

  async undo(run: string, mark: string | null): Promise<{ removed: number; restored: number }> {
    this.#writer = null
    this.#sums = null
    return undoBatches(this.#staging, this.#ledger, DATABASE, run, mark)
  }

  checksums(): Promise<TableSums> {
    return checksumTables(this.#staging, DATABASE, 'main')
  }

  async #sumsNow(): Promise<TableSums> {
    const touched = this.#writer?.touched ?? new Set<string>()
    const known = Object.fromEntries(Object.entries(this.#sums ?? {}).filter(([table]) => !touched.has(table)))
    this.#sums = await checksumTables(this.#staging, DATABASE, 'main', known)
    touched.clear()
    return this.#sums
  }

  async close(): Promise<void> {
    await this.#staging.run(`DETACH ${DATABASE}`)
  }
}
