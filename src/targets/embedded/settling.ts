import type { Ledger } from '../../ledger/ledger.ts'
import { draftRelation } from '../../model/draft.ts'
import type { Outcome } from '../../model/outcome.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { LoadBatch } from '../target.ts'
import { filledTables, unionAll, type TableColumn } from './tables.ts'

/** What is known about the documents of one DocType before its first batch is written. `updated`: its documents change older rows, or theirs are changed. */
export interface Prepared { tables: string[]; columns: Map<string, TableColumn[]>; updated: boolean }

/**
 * Finds out, once per DocType and run, what is settled before anything is written: which drafts are on the site already and which names are taken by somebody
 * else. The embedded site's file belongs to this process, so that it need not be looked up once per batch.
 */
export class Settling {
  readonly #staging: Staging
  readonly #ledger: Ledger
  readonly #database: string
  readonly #prepared = new Map<string, Prepared>()
  #written: { run: string; tables: Map<string, string[]> } | null = null

  constructor(staging: Staging, ledger: Ledger, database: string) {
    this.#staging = staging
    this.#ledger = ledger
    this.#database = database
  }

  /** Fills `settled(doctype)` on the first call for the DocType of a run. */
  async prepare(run: string, doctype: string): Promise<Prepared> {
    const key = `${run}\u001f${doctype}`
    const known = this.#prepared.get(key)
    if (known) return known
    const prepared = await this.#settle(run, doctype)
    this.#prepared.set(key, prepared)
    return prepared
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

  async #settle(run: string, doctype: string): Promise<Prepared> {
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

  /** One outcome per draft of the range that has rows or was settled before; `seq` null: the batch had been committed earlier. */
  async outcomes(batch: LoadBatch, seq: number | null): Promise<Outcome[]> {
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

  /** Ledger rows of the batch's settled documents that are refused. */
  async noteRefused(batch: LoadBatch, seq: number): Promise<void> {
    await this.#staging.run(`INSERT INTO ${this.#ledger.table('documents')} SELECT ${[batch.run, batch.phase, batch.wave, seq].map(literal).join(', ')}, d._entity, d._key, ${literal(batch.doctype)}, NULL, NULL, hash(d), 'refused', s.type || ': ' || s.message `
      + `FROM ${draftRelation(batch.doctype)} d JOIN ${settled(batch.doctype)} s ON s.id = d._id WHERE d._id BETWEEN ${batch.from} AND ${batch.to} AND s.status = 'refused'`)
  }
}

/** Temporary table of drafts whose outcome is settled before they are written: `id`, `status` (unchanged or refused), `name`, `type`, `message`. */
export function settled(doctype: string): string {
  return `temp.main.${ident(`settled ${doctype}`)}`
}
