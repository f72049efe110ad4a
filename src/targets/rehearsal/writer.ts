import type { Ledger } from '../../ledger/ledger.ts'
import type { Outcome } from '../../model/outcome.ts'
import { draftRelation } from '../../model/draft.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { LoadBatch } from '../target.ts'
import { filledTables, rowKey, unionAll, type TableColumn } from './tables.ts'
import { applyUpdates } from './updates.ts'

/** What is known about the documents of one DocType before its first batch is written. */
interface Prepared { tables: string[]; columns: Map<string, TableColumn[]>; updated: boolean }

/**
 * Writes load batches into the embedded site: each batch is one transaction on the site's database in which documents, changed rows and
 * ledger commit together. The site's file belongs to this process, so what is there already (and what is in the way) is looked up once per
 * DocType and run instead of once per batch.
 */
export class BatchWriter {
  readonly #staging: Staging
  readonly #ledger: Ledger
  readonly #database: string
  readonly #prepared = new Map<string, Prepared>()
  #seq: number | null = null
  #written: { run: string; tables: Map<string, string[]> } | null = null
  /** Tables written to since they were last asked for. */
  readonly touched = new Set<string>()

  constructor(staging: Staging, ledger: Ledger, database: string) {
    this.#staging = staging
    this.#ledger = ledger
    this.#database = database
  }

  /** See Target.write. */
  async write(batch: LoadBatch): Promise<Outcome[]> {
    const key = `${batch.run}\u001f${batch.doctype}`
    let prepared = this.#prepared.get(key)
    if (!prepared) {
      prepared = await this.#prepare(batch.run, batch.doctype)
      this.#prepared.set(key, prepared)
    }
    this.#seq ??= await this.#ledger.lastSeq()
    const seq = this.#seq + 1
    const done = await this.#ledger.batchSeq(batch.batch) !== null
    if (!done) {
      await this.#staging.transaction(() => this.#commit(batch, prepared, seq))
      this.#seq = seq
    }
    return this.#outcomes(batch, done ? null : seq)
  }

  /** Which tables the drafts of each DocType wrote; asked once per run, because posting is over when loading begins. */
  async #tablesWritten(run: string): Promise<Map<string, string[]>> {
    if (this.#written?.run === run) return this.#written.tables
    const { filled } = await filledTables(this.#staging, null, 'rows')
    const found = await unionAll<{ tbl: string; doctype: string }>(this.#staging, filled, (table) => `SELECT DISTINCT ${literal(table)} AS tbl, _doctype AS doctype FROM rows.${ident(table)} WHERE _draft IS NOT NULL`)
    const tables = new Map<string, string[]>()
    for (const { tbl, doctype } of found) tables.set(doctype, [...tables.get(doctype) ?? [], tbl].sort())
    this.#written = { run, tables }
    return tables
  }

  /** Finds which tables the DocType's drafts wrote, which drafts are on the site already, and which names are taken by somebody else. */
  async #prepare(run: string, doctype: string): Promise<Prepared> {
    const tables = (await this.#tablesWritten(run)).get(doctype) ?? []
    const drafts = draftRelation(doctype), main = `tab${doctype}`
    const known = `SELECT d._id AS id, 'unchanged' AS status, l.name, NULL::VARCHAR AS type, NULL::VARCHAR AS message FROM ${drafts} d JOIN ${this.#ledger.table('documents')} l `
      + `ON l.doctype = ${literal(doctype)} AND l.entity = d._entity AND l."key" = d._key AND l.outcome = 'loaded'`
    const taken = tables.filter((table) => table !== 'tabSingles' && table !== 'tabSeries').map((table) =>
      `SELECT r._draft AS id, 'refused' AS status, NULL::VARCHAR AS name, 'DuplicateEntryError' AS type, ${literal(table.slice(3))} || ' ' || r.name || ' is on the site already and was not written by Landfall' AS message `
      + `FROM rows.${ident(table)} r SEMI JOIN ${this.#database}.main.${ident(table)} s ON lower(s.name) = lower(r.name) WHERE r._doctype = ${literal(doctype)}`)
    await this.#staging.run(`CREATE OR REPLACE TEMP TABLE ${settled(doctype)} AS SELECT id, arg_max(status, status) AS status, any_value(name) AS name, any_value(type) AS type, any_value(message) AS message `
      + `FROM (${[known, ...taken].join(' UNION ALL ')}) GROUP BY id`)
    const columns = new Map<string, TableColumn[]>()
    for (const table of tables) columns.set(table, await this.#staging.columnsOf(`${this.#database}.main.${ident(table)}`))
    const later = await this.#staging.one<{ n: number }>(`SELECT count(*) AS n FROM ops.updates WHERE doctype = ${literal(doctype)} OR tbl IN (${[main, ...tables].map(literal).join(', ')})`)
    return { tables, columns, updated: Number(later?.n ?? 0) > 0 }
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
    await this.#staging.run(`INSERT INTO ${documents} SELECT ${common}, d._entity, d._key, ${literal(batch.doctype)}, NULL, NULL, hash(d), 'refused', s.type || ': ' || s.message `
      + `FROM ${drafts} d JOIN ${settled(batch.doctype)} s ON s.id = d._id WHERE ${range} AND s.status = 'refused'`)
    return loaded
  }

  /** One outcome per draft of the range that has rows or was settled before; `seq` null: the batch had been committed earlier. */
  async #outcomes(batch: LoadBatch, seq: number | null): Promise<Outcome[]> {
    const drafts = draftRelation(batch.doctype)
    const rows = await this.#staging.all<{ id: number; status: string | null; name: string | null; type: string | null; message: string | null }>(
      `SELECT d._id AS id, coalesce(s.status, CASE WHEN l.name IS NULL THEN 'skipped' ELSE ${seq === null ? `'unchanged'` : `'loaded'`} END) AS status, coalesce(s.name, l.name) AS name, s.type, s.message `
      + `FROM ${drafts} d LEFT JOIN ${settled(batch.doctype)} s ON s.id = d._id `
      + `LEFT JOIN (SELECT entity, "key", name FROM ${this.#ledger.table('documents')} WHERE doctype = ${literal(batch.doctype)} AND outcome = 'loaded'${seq === null ? '' : ` AND batch = ${seq}`}) l `
      + `ON l.entity = d._entity AND l."key" = d._key WHERE d._id BETWEEN ${batch.from} AND ${batch.to} ORDER BY d._id`)
    return rows.map((row) => ({
      doctype: batch.doctype, id: Number(row.id), status: row.status as Outcome['status'], name: row.name,
      reason: row.type === null ? null : { type: row.type, message: row.message ?? '' },
    }))
  }
}

/** Temporary table of drafts whose outcome is settled before they are written: `id`, `status` (unchanged or refused), `name`, `type`, `message`. */
function settled(doctype: string): string {
  return `temp.main.${ident(`settled ${doctype}`)}`
}
