import type { Ledger } from '../../ledger/ledger.ts'
import { draftRelation } from '../../model/draft.ts'
import type { Outcome } from '../../model/outcome.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { Settling, settled, type Prepared } from '../embedded/settling.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import { rowKey } from '../embedded/tables.ts'
import type { Lane, LaneOutcome } from '../lane.ts'
import type { LoadBatch } from '../target.ts'
import { noteSurprises } from './absent.ts'
import { actualTable } from './actual-rows.ts'
import { alignChangeStamps, applyChanges, readChanges, type RowChange } from './changes.ts'
import { buildDocuments } from './documents.ts'
import { AS_PREDICTED, ON_SITE, readBack, type ReadTable } from './reading.ts'
import { createRenames } from './renames.ts'

/** What a batch left on the site, as read back. `unread`: tables of which the prediction is taken. */
interface Reading { read: ReadTable[]; unread: string[]; changes: RowChange[] }

/**
 * Writes load batches to a real site through a lane and keeps the mirror beside: what is settled is not sent, what was sent is read back, and rows, changed rows and ledger
 * go into the mirror in one transaction. That comes after the site's answer; a crash between leaves documents that the lane finds again when the batch is written anew.
 */
export class SiteWriter {
  readonly #staging: Staging
  readonly #site: Site
  readonly #ledger: Ledger
  readonly #lane: Lane
  readonly #settling: Settling
  #seq: number | null = null
  /** Tables of the mirror written to since they were last asked for. */
  readonly touched = new Set<string>()

  constructor(staging: Staging, site: Site, ledger: Ledger, lane: Lane) {
    this.#staging = staging
    this.#site = site
    this.#ledger = ledger
    this.#lane = lane
    this.#settling = new Settling(staging, ledger, SITE_DATABASE)
  }

  /** See Target.write. */
  async write(batch: LoadBatch): Promise<Outcome[]> {
    const prepared = await this.#settling.prepare(batch.run, batch.doctype)
    if (await this.#ledger.batchSeq(batch.batch) !== null) return this.#settling.outcomes(batch, null)
    this.#seq ??= await this.#ledger.lastSeq()
    const seq = this.#seq + 1
    const { documents, heldBack } = await buildDocuments(this.#staging, this.#site, batch, prepared)
    const predicted = new Map(documents.map((document) => [document.id, document.name]))
    const outcomes = [...documents.length === 0 ? [] : await this.#lane.write({ ...batch, documents }), ...heldBack]
    await noteSurprises(this.#staging, batch, prepared.tables, outcomes, predicted)
    await this.#stageOutcomes(outcomes.map((outcome) => ({ ...outcome, lane: outcome.lane ?? this.#lane.kind })), new Map(documents.map((document) => [document.id, document.docstatus])))
    const reading = await this.#readBack(batch, prepared)
    await this.#staging.transaction(() => this.#commit(batch, prepared, seq, reading))
    this.#seq = seq
    return this.#settling.outcomes(batch, seq)
  }

  /** Documents that are there, by this call or an earlier one whose ledger was lost. */
  async #stageOutcomes(outcomes: LaneOutcome[], docstatus: Map<number, number>): Promise<void> {
    const rows = outcomes.filter((outcome) => outcome.status !== 'refused' && outcome.name !== null).map(({ id, name, lane }) => [String(id), name, String(docstatus.get(id) ?? 0), lane ?? null])
    await this.#staging.run(`CREATE OR REPLACE TEMP TABLE lane_outcomes AS SELECT v[1]::BIGINT AS id, v[2] AS name, v[3]::BIGINT AS docstatus, v[4] AS lane FROM (SELECT unnest(from_json(${literal(JSON.stringify(rows))}, '[["VARCHAR"]]')) AS v)`)
  }

  async #readBack(batch: LoadBatch, prepared: Prepared): Promise<Reading> {
    await createRenames(this.#staging)
    const none = Number((await this.#staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${ON_SITE}`))?.n ?? 0) === 0
    if (none) return { read: [], unread: [], changes: [] }
    const asked = Number((await this.#staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${ON_SITE} WHERE lane <> 'express'`))?.n ?? 0) > 0
    const { read, unread } = !asked ? { read: [], unread: [] } : await readBack(this.#staging, this.#site, this.#lane, batch, prepared)
    const changed = await readChanges(this.#staging, this.#site, this.#lane, batch)
    await alignChangeStamps(this.#staging, changed.changes)
    return { read, unread: [...unread, ...changed.unread], changes: changed.changes }
  }

  async #commit(batch: LoadBatch, prepared: Prepared, seq: number, reading: Reading): Promise<void> {
    const within = `r._doctype = ${literal(batch.doctype)} AND r._draft IN (SELECT id FROM ${ON_SITE})`
    let rows = 0
    const made = `r._doctype = ${literal(batch.doctype)} AND r._draft IN (SELECT id FROM ${AS_PREDICTED})`
    for (const table of prepared.tables) if (!reading.unread.includes(table) && table !== 'tabSeries' && table !== 'tabSingles') rows += await this.#insertPredicted(table, made, seq)
    for (const { table, unseen } of reading.read) rows += await this.#insertActual(table, unseen, seq)
    for (const table of [...reading.unread, 'tabSeries', 'tabSingles']) if (prepared.tables.includes(table)) rows += await this.#insertPredicted(table, within, seq)
    await applyChanges(this.#staging, this.#ledger, { run: batch.run, seq }, reading.changes, this.touched)
    const documents = await this.#noteDocuments(batch, seq)
    await this.#ledger.noteBatch({ seq, batch: batch.batch, run: batch.run, phase: batch.phase, wave: batch.wave, doctype: batch.doctype }, documents, rows)
  }

  /** Rows as the site gave them; a column that it does not show is taken from the prediction. */
  async #insertActual(table: string, unseen: string[], seq: number): Promise<number> {
    const mirror = `${SITE_DATABASE}.main.${ident(table)}`, hidden = new Set(unseen)
    const columns = (await this.#staging.columnsOf(mirror)).map((column) => column.name)
    const fresh = `FROM ${actualTable(table)} a LEFT JOIN (SELECT * FROM rows.${ident(table)} QUALIFY row_number() OVER (PARTITION BY name ORDER BY name) = 1) r ON r.name = a.name WHERE a.name NOT IN (SELECT name FROM ${mirror} WHERE name IS NOT NULL)`
    this.touched.add(table)
    const noted = await this.#staging.run(`INSERT INTO ${this.#ledger.table('rows_written')} SELECT ${seq}, ${literal(table)}, a.name ${fresh}`)
    if (noted > 0) await this.#staging.run(`INSERT INTO ${mirror} (${columns.map(ident).join(', ')}) SELECT ${columns.map((column) => `${hidden.has(column) ? 'r' : 'a'}.${ident(column)}`).join(', ')} ${fresh}`)
    return noted
  }

  async #insertPredicted(table: string, within: string, seq: number): Promise<number> {
    const mirror = `${SITE_DATABASE}.main.${ident(table)}`
    const columns = (await this.#staging.columnsOf(mirror)).map((column) => ident(column.name)).join(', ')
    const fresh = `FROM rows.${ident(table)} r WHERE ${within} AND NOT EXISTS (SELECT 1 FROM ${mirror} m WHERE ${rowKey(table, 'm')} = ${rowKey(table, 'r')})`
    this.touched.add(table)
    const noted = await this.#staging.run(`INSERT INTO ${this.#ledger.table('rows_written')} SELECT ${seq}, ${literal(table)}, ${rowKey(table, 'r')} ${fresh}`)
    if (noted > 0) await this.#staging.run(`INSERT INTO ${mirror} (${columns}) SELECT ${columns} ${fresh}`)
    return noted
  }

  /** Ledger rows of the batch's documents under the names the site gave; answers how many are there. */
  async #noteDocuments(batch: LoadBatch, seq: number): Promise<number> {
    const common = [batch.run, batch.phase, batch.wave, seq].map(literal).join(', ')
    const loaded = await this.#staging.run(`INSERT INTO ${this.#ledger.table('documents')} SELECT ${common}, d._entity, d._key, ${literal(batch.doctype)}, o.name, coalesce(m.docstatus, o.docstatus), hash(d), 'loaded', NULL `
      + `FROM ${draftRelation(batch.doctype)} d JOIN ${ON_SITE} o ON o.id = d._id LEFT JOIN ${SITE_DATABASE}.main.${ident(`tab${batch.doctype}`)} m ON m.name = o.name `
      + `WHERE d._id BETWEEN ${batch.from} AND ${batch.to} AND d._id NOT IN (SELECT id FROM ${settled(batch.doctype)})`)
    await this.#staging.run(`INSERT INTO ${this.#ledger.table('lanes')} SELECT ${seq}, ${literal(batch.doctype)}, name, lane FROM ${ON_SITE} WHERE lane IS NOT NULL AND name IN (SELECT name FROM ${this.#ledger.table('documents')} WHERE batch = ${seq} AND doctype = ${literal(batch.doctype)})`)
    await this.#settling.noteRefused(batch, seq)
    return loaded
  }
}
