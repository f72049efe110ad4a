import { ident, literal, type Staging } from '../staging/staging.ts'

/**
 * The ledger: tables that live beside the documents, in the same database, so that a document and the note that it was written commit
 * together. `documents`: what stands on the site for which legacy key (`outcome` loaded), and what was refused there. `batches`: what was
 * written as one, in order of `seq`. `rows_written`: every row of a batch by table and name. `before_images`: JSON text of columns of
 * older rows before a batch changed them. `given`: the draft (JSON) a document was last written from, the last batch of a document counts; a draft
 * that is NULL: its record is gone. `removed_rows`: rows (JSON) that a batch took away. `watermarks`: how far syncs have come, by entity. `lanes`: which way the documents of a batch went, where there are several. `marks`: where undo may go back to, with the checksums of all tables at that moment.
 */
const TABLES: Record<string, string> = {
  documents: 'run VARCHAR, phase VARCHAR, wave INTEGER, batch BIGINT, entity VARCHAR, "key" VARCHAR, doctype VARCHAR, name VARCHAR, docstatus INTEGER, row_hash UBIGINT, outcome VARCHAR, reason VARCHAR',
  batches: 'seq BIGINT, batch VARCHAR, run VARCHAR, phase VARCHAR, wave INTEGER, doctype VARCHAR, documents BIGINT, rows_written BIGINT',
  rows_written: 'batch BIGINT, tbl VARCHAR, name VARCHAR',
  before_images: 'run VARCHAR, seq BIGINT, batch BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, "before" VARCHAR',
  lanes: 'batch BIGINT, doctype VARCHAR, name VARCHAR, lane VARCHAR',
  marks: 'run VARCHAR, mark VARCHAR, seq BIGINT, "at" VARCHAR, checksums VARCHAR',
  given: 'batch BIGINT, doctype VARCHAR, entity VARCHAR, "key" VARCHAR, name VARCHAR, draft VARCHAR',
  removed_rows: 'batch BIGINT, tbl VARCHAR, name VARCHAR, "row" VARCHAR',
  watermarks: 'batch BIGINT, run VARCHAR, entity VARCHAR, low VARCHAR, "position" VARCHAR, compared VARCHAR, "at" VARCHAR, version VARCHAR',
}

/** Row count and order-independent checksum of a table. */
export interface TableSum { rows: number; checksum: string }
export type TableSums = Record<string, TableSum>

export interface Mark { run: string; mark: string; seq: number; at: string; checksums: TableSums }
export interface BatchNote { seq: number; batch: string; run: string; phase: string; wave: number; doctype: string }

/** Statements and look-ups over the ledger tables of one attached database. Writes belong into the caller's transaction. */
export class Ledger {
  readonly #staging: Staging
  readonly #schema: string

  /** `database` is the alias under which the site is attached to staging. */
  constructor(staging: Staging, database: string) {
    this.#staging = staging
    this.#schema = `${ident(database)}.ledger`
  }

  /** SQL name of the ledger's schema. */
  get schema(): string {
    return this.#schema
  }

  /** SQL name of a ledger table. */
  table(name: 'documents' | 'batches' | 'rows_written' | 'before_images' | 'lanes' | 'marks' | 'given' | 'removed_rows' | 'watermarks'): string {
    return `${this.#schema}.${name}`
  }

  /** Creates what is missing. */
  async create(): Promise<void> {
    await this.#staging.run(`CREATE SCHEMA IF NOT EXISTS ${this.#schema}`)
    for (const [name, columns] of Object.entries(TABLES)) await this.#staging.run(`CREATE TABLE IF NOT EXISTS ${this.#schema}.${name} (${columns})`)
  }

  /** The last batch's number; 0 before the first. */
  async lastSeq(): Promise<number> {
    const row = await this.#staging.one<{ n: number | null }>(`SELECT max(seq) AS n FROM ${this.table('batches')}`)
    return Number(row?.n ?? 0)
  }

  /** Number of the batch with this identity, or null when it was not committed. */
  async batchSeq(batch: string): Promise<number | null> {
    const row = await this.#staging.one<{ seq: number }>(`SELECT seq FROM ${this.table('batches')} WHERE batch = ${literal(batch)}`)
    return row === undefined ? null : Number(row.seq)
  }

  async noteBatch(note: BatchNote, documents: number, rows: number): Promise<void> {
    await this.#staging.run(`INSERT INTO ${this.table('batches')} VALUES (${[note.seq, note.batch, note.run, note.phase, note.wave, note.doctype, documents, rows].map(literal).join(', ')})`)
  }

  async noteMark(mark: Mark): Promise<void> {
    await this.#staging.run(`DELETE FROM ${this.table('marks')} WHERE run = ${literal(mark.run)} AND mark = ${literal(mark.mark)}`)
    await this.#staging.run(`INSERT INTO ${this.table('marks')} VALUES (${[mark.run, mark.mark, mark.seq, mark.at, JSON.stringify(mark.checksums)].map(literal).join(', ')})`)
  }

  /** Marks of a run (or of all), oldest first. */
  async marks(run: string | null): Promise<Mark[]> {
    const rows = await this.#staging.all<{ run: string; mark: string; seq: number; at: string; checksums: string }>(
      `SELECT run, mark, seq, "at", checksums FROM ${this.table('marks')} ${run === null ? '' : `WHERE run = ${literal(run)}`} ORDER BY seq, "at"`)
    return rows.map((row) => ({ ...row, seq: Number(row.seq), checksums: JSON.parse(row.checksums) as TableSums }))
  }

  /** Runs that have documents on the site, newest first, with how many. */
  async runs(): Promise<{ run: string; documents: number }[]> {
    const rows = await this.#staging.all<{ run: string; documents: number }>(
      `SELECT run, sum(documents)::BIGINT AS documents FROM ${this.table('batches')} GROUP BY run HAVING sum(documents) > 0 ORDER BY max(seq) DESC`)
    return rows.map((row) => ({ run: row.run, documents: Number(row.documents) }))
  }
}
