import { LandfallError } from '../../errors/error.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import type { LaneBatch, LaneDocument, LaneOutcome } from '../lane.ts'
import { Collision, loadRows, type BulkMode } from './bulk.ts'
import { dependents, settleCollisions } from './collisions.ts'
import { again, type Link } from './connection.ts'
import { batchOutcomes, batchSeq, beginBatch, endBatch, noteDocuments, noteImages, type Image, type Refusal } from './ledger.ts'
import { findConflicts, imagesOf, setValues } from './older-rows.ts'
import type { Permits } from './permits.ts'
import { liveRows, predictedChanges, rowColumns, setLive, withoutRows, writtenTables, type Change } from './prediction.ts'
import { reserveSeries } from './series.ts'
import type { SiteTables } from './site-tables.ts'
import { readTree, treeChanges, treeFault, treeOf, type Tree } from './tree.ts'
import { noteRows } from './written-rows.ts'

/** What a writer needs; `link` opens a connection when there is none that works. */
export interface WriterPorts { staging: Staging; site: Site; tables: SiteTables; permits: Permits; mode: (link: Link) => BulkMode; link: () => Promise<Link>; retries: number }

/** What one attempt came to: committed, or documents found that must be left out before the next. */
type Attempt = { committed: true } | { committed: false; settled: Map<number, LaneOutcome> }
interface Work { batch: LaneBatch; live: LaneDocument[]; refused: { document: LaneDocument; reason: Refusal }[]; tables: string[]; changes: Change[]; tree: Tree | null; mode: BulkMode }

/**
 * Writes batches: all rows of their documents, what they change on older rows, and the ledger in one transaction each. A batch is begun by taking its name in the
 * ledger, so that it is written once, whatever dies in between. States of a batch: open → (attempts that are rolled back) → committed.
 */
export class BatchWriter {
  readonly #ports: WriterPorts

  constructor(ports: WriterPorts) {
    this.#ports = ports
  }

  /** See Lane.write. A deadlock, a lock wait or a lost connection repeats the whole transaction, after a look whether it was committed after all. */
  async write(batch: LaneBatch): Promise<LaneOutcome[]> {
    return again(this.#ports.retries, `Writing ${batch.doctype} ${batch.from} to ${batch.to}`, async (attempt) => {
      const link = await this.#ports.link()
      const done = await batchSeq(link, batch.batch)
      return done === null ? this.#settle(link, batch) : this.#earlier(link, batch, done, attempt > 0)
    })
  }

  /** Outcomes of a batch that is in the ledger; `mine`: this very call committed it before the connection was lost. */
  async #earlier(link: Link, batch: LaneBatch, seq: number, mine: boolean): Promise<LaneOutcome[]> {
    const found = await batchOutcomes(link, seq)
    const open = batch.documents.filter((one) => !found.has(one.id))
    const settled = open.length === 0 ? new Map<number, LaneOutcome>() : await this.#unproven(batch, open)
    return batch.documents.map((one) => {
      const outcome = found.get(one.id) ?? settled.get(one.id)
      // What was loaded already when the batch was written is not in its own list.
      if (outcome === undefined) return { id: one.id, status: 'unchanged', name: one.name, reason: null }
      return mine && outcome.status === 'unchanged' ? { ...outcome, status: 'loaded' } : outcome
    })
  }

  async #unproven(batch: LaneBatch, documents: readonly LaneDocument[]): Promise<Map<number, LaneOutcome>> {
    const allowed = await this.#ports.permits.allowed(batch.doctype, batch.from, batch.to)
    return new Map(documents.filter((one) => !allowed.has(one.id)).map((one) => [one.id, refusal(one, 'unproven-shape', `No canary proved what is predicted for ${batch.doctype} ${one.name}; it takes another lane`)]))
  }

  /** Tries until every document that is left can be written. Each round settles at least one more document. */
  async #settle(link: Link, batch: LaneBatch): Promise<LaneOutcome[]> {
    const { staging, site, tables } = this.#ports
    const settled = await this.#unproven(batch, batch.documents)
    const unproven = new Set(settled.keys())
    for (;;) {
      const live = batch.documents.filter((one) => !settled.has(one.id))
      await setLive(staging, live.map((one) => one.id))
      const written = await writtenTables(staging, batch), tree = treeOf(site, batch.doctype)
      const refused = batch.documents.filter((one) => settled.get(one.id)?.status === 'refused' && !unproven.has(one.id))
      const more = new Map([...await dependents(link, staging, site, batch, written, refused.map((one) => one.name)), ...(await withoutRows(staging, batch)).map((id) => [id, noRows(batch, id)] as const)])
      if (more.size > 0) { for (const [id, outcome] of more) settled.set(id, outcome); continue }
      const changes = await predictedChanges(staging, batch, tree?.table ?? null)
      await tables.check(link, [...new Set([...written, ...changes.map((change) => change.table), 'tabSeries'])])
      const reasons = refused.map((document) => ({ document, reason: settled.get(document.id)!.reason! }))
      const result = await this.#attempt(link, { batch, live, refused: reasons, tables: written, changes, tree, mode: this.#ports.mode(link) })
      if (result.committed) return batch.documents.map((one) => settled.get(one.id) ?? { id: one.id, status: 'loaded', name: one.name, reason: null })
      for (const [id, outcome] of result.settled) settled.set(id, outcome)
    }
  }

  async #attempt(link: Link, work: Work): Promise<Attempt> {
    const { staging, site } = this.#ports, { batch, live } = work
    await link.run('START TRANSACTION')
    try {
      const conflicts = await this.#write(link, work)
      if (conflicts === null) {
        await link.run('COMMIT')
        return { committed: true }
      }
      await link.run('ROLLBACK')
      return { committed: false, settled: new Map(live.filter((one) => conflicts.has(one.id)).map((one) => [one.id, { id: one.id, status: 'refused', name: null, reason: conflicts.get(one.id)! }])) }
    } catch (error) {
      await link.run('ROLLBACK').catch(() => link.close())
      if (!(error instanceof Collision)) throw error
      const settled = await settleCollisions(link, staging, site, batch, work.tables, live)
      if (settled.size === 0) {
        throw new LandfallError('target-failed', `${error.table}: ${error.message}, and the site holds no such row.`, { hint: 'Two rows of the batch are one to the site; see the preflight findings for twins.', where: { doctype: batch.doctype } })
      }
      return { committed: false, settled }
    }
  }

  /** Everything within the transaction. Answers documents in conflict (nothing more is written then), or null when all is done. */
  async #write(link: Link, work: Work): Promise<Map<number, Refusal> | null> {
    const { staging } = this.#ports, { batch, live, tree, mode } = work
    const seq = await beginBatch(link, batch)
    await noteDocuments(link, mode, seq, batch.doctype, live, work.refused)
    if (live.length === 0) return null
    const images: Image[] = await reserveSeries(link, staging, batch)
    const nodes = tree === null ? null : await readTree(link, tree)
    const positions = tree === null || nodes === null ? [] : await treeChanges(nodes, staging, batch, tree)
    const conflicts = await findConflicts(link, work.changes)
    if (conflicts.size > 0) return conflicts
    let rows = 0, part = 1
    for (const table of work.tables) {
      const columns = await rowColumns(staging, table)
      rows += await loadRows(link, staging, mode, table, columns, liveRows(table, batch), this.#ports.tables.defaults(table))
      part = await noteRows(link, staging, mode, seq, batch, table, columns.find((column) => column.name === 'modified')?.type ?? 'TIMESTAMP', part)
    }
    const older = [...imagesOf(work.changes), ...positions]
    await setValues(link, older, 'after')
    if (tree !== null && nodes !== null && treeFault(nodes) === null) {
      const fault = treeFault(await readTree(link, tree))
      if (fault !== null) throw new LandfallError('target-changed', `The tree of ${tree.table} would not be one: ${fault}.`, { hint: 'Nothing of the batch was written; predict again (landfall preflight).', where: { doctype: batch.doctype } })
    }
    await noteImages(link, mode, seq, [...images, ...older])
    await endBatch(link, seq, live.length, rows)
    return null
  }
}

function refusal(one: LaneDocument, type: string, message: string): LaneOutcome {
  return { id: one.id, status: 'refused', name: null, reason: { type, message } }
}

function noRows(batch: LaneBatch, id: number): LaneOutcome {
  return { id, status: 'refused', name: null, reason: { type: 'not-predicted', message: `There are no predicted rows of ${batch.doctype} draft ${id}` } }
}
