import type { Ledger } from '../../ledger/ledger.ts'
import type { Outcome } from '../../model/outcome.ts'
import { draftRelation } from '../../model/draft.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { settled, Settling, type Prepared } from '../embedded/settling.ts'
import { rowKey } from '../embedded/tables.ts'
import { applyUpdates } from '../embedded/updates.ts'
import type { LoadBatch } from '../target.ts'

/**
 * Writes load batches into the embedded site: each batch is one transaction on the site's database in which documents, changed rows and
 * ledger commit together.
 */
export class BatchWriter {
  readonly #staging: Staging
  readonly #ledger: Ledger
  readonly #database: string
  readonly #settling: Settling
  #seq: number | null = null
  /** Tables written to since they were last asked for. */
  readonly touched = new Set<string>()

  constructor(staging: Staging, ledger: Ledger, database: string) {
    this.#staging = staging
    this.#ledger = ledger
    this.#database = database
    this.#settling = new Settling(staging, ledger, database)
  }

  /** See Target.write. */
  async write(batch: LoadBatch): Promise<Outcome[]> {
    const prepared = await this.#settling.prepare(batch.run, batch.doctype)
    this.#seq ??= await this.#ledger.lastSeq()
    const seq = this.#seq + 1
    const done = await this.#ledger.batchSeq(batch.batch) !== null
    if (!done) {
      await this.#staging.transaction(() => this.#commit(batch, prepared, seq))
      this.#seq = seq
    }
    return this.#settling.outcomes(batch, done ? null : seq)
  }

  async #commit(batch: LoadBatch, prepared: Prepared, seq: number): Promise<void> {
    const staging = this.#staging
    const within = `r._doctype = ${literal(batch.doctype)} AND r._draft BETWEEN ${batch.from} AND ${batch.to} AND r._draft NOT IN (SELECT id FROM ${settled(batch.doctype)} WHERE id BETWEEN ${batch.from} AND ${batch.to})`
    let rows = 0
    for (const table of prepared.tables) {
      const columns = (prepared.columns.get(table) ?? []).map((column) => ident(column.name)).join(', ')
      this.touched.add(table)
      const written = await staging.run(`INSERT INTO ${this.#database}.main.${ident(table)} (${columns}) SELECT ${columns} FROM rows.${ident(table)} r WHERE ${within}`)
      if (written === 0) continue
      rows += written
      await staging.run(`INSERT INTO ${this.#ledger.table('rows_written')} SELECT ${seq}, ${literal(table)}, ${rowKey(table, 'r')} FROM rows.${ident(table)} r WHERE ${within}`)
    }
    if (prepared.updated) await applyUpdates(staging, this.#ledger, { batch, seq, database: this.#database, touched: this.touched, tables: prepared.tables, settled: settled(batch.doctype) })
    const documents = await this.#noteDocuments(batch, seq)
    await this.#ledger.noteBatch({ seq, batch: batch.batch, run: batch.run, phase: batch.phase, wave: batch.wave, doctype: batch.doctype }, documents, rows)
  }

  /** Ledger rows of the batch's documents: the loaded and the refused. Answers how many were loaded. */
  async #noteDocuments(batch: LoadBatch, seq: number): Promise<number> {
    const drafts = draftRelation(batch.doctype), documents = this.#ledger.table('documents')
    const common = [batch.run, batch.phase, batch.wave, seq].map(literal).join(', ')
    const range = `d._id BETWEEN ${batch.from} AND ${batch.to}`
    const loaded = await this.#staging.run(`INSERT INTO ${documents} SELECT ${common}, d._entity, d._key, ${literal(batch.doctype)}, r.name, r.docstatus, hash(d), 'loaded', NULL `
      + `FROM ${drafts} d JOIN rows.${ident(`tab${batch.doctype}`)} r ON r._draft = d._id AND r._doctype = ${literal(batch.doctype)} `
      + `WHERE ${range} AND d._id NOT IN (SELECT id FROM ${settled(batch.doctype)}) QUALIFY row_number() OVER (PARTITION BY d._id ORDER BY r.creation, r.name) = 1`)
    await this.#settling.noteRefused(batch, seq)
    return loaded
  }
}
