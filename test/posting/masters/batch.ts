import { fixedClock } from '../../../src/model/clock.ts'
import { PostingEngine } from '../../../src/posting/engine.ts'
import { Site } from '../../../src/site/site.ts'
import { ident, literal, Staging } from '../../../src/staging/staging.ts'

export type Doc = Record<string, string | number | null | Record<string, string | number | null>[]>

/** A posting engine over the shipped site on the day of its recording, for tests that post many documents at once. */
export class Posting {
  readonly staging: Staging
  readonly #engine: PostingEngine
  #next = 1

  private constructor(staging: Staging, engine: PostingEngine) {
    this.staging = staging
    this.#engine = engine
  }

  static async open(): Promise<Posting> {
    const staging = await Staging.open(':memory:')
    return new Posting(staging, await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22T15:04:05.123Z')))
  }

  close(): Promise<void> {
    return this.staging.close()
  }

  /** Posts the documents in one batch. Answers, for each, the exception type it is refused with or null; drafts are dropped afterwards. */
  async post(doctype: string, docs: Doc[]): Promise<(string | null)[]> {
    const first = this.#next
    this.#next += docs.length
    const flat = docs.map((doc, i) => ({ _id: first + i, ...Object.fromEntries(Object.entries(doc).filter(([, value]) => !Array.isArray(value))) }))
    const tables = new Map<string, Record<string, unknown>[]>()
    docs.forEach((doc, i) => {
      for (const [field, rows] of Object.entries(doc)) {
        if (Array.isArray(rows)) tables.set(field, [...(tables.get(field) ?? []), ...rows.map((row, n) => ({ _parent: first + i, _idx: n + 1, ...row }))])
      }
    })
    await this.#draft(doctype, flat)
    for (const [field, rows] of tables) await this.#draft(`${doctype}.${field}`, rows)
    await this.#engine.post(doctype)
    for (const name of [doctype, ...[...tables.keys()].map((field) => `${doctype}.${field}`)]) await this.staging.run(`DROP TABLE drafts.${ident(name)}`)
    const refused = new Map((await this.staging.all<{ id: number; type: string }>(`SELECT id, type FROM ops.refused WHERE doctype = ${literal(doctype)}
      AND id >= ${first}`)).map((row) => [row.id, row.type]))
    return docs.map((_, i) => refused.get(first + i) ?? null)
  }

  async #draft(name: string, rows: Record<string, unknown>[]): Promise<void> {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    // A number is no text: the site's code asks whether it is there in another way.
    const type = (column: string) => {
      const values = rows.map((row) => row[column]).filter((value) => value !== undefined && value !== null)
      return values.length === 0 || values.some((value) => typeof value !== 'number') ? 'VARCHAR' : values.every((value) => Number.isInteger(value)) ? 'BIGINT' : 'DOUBLE'
    }
    const key = rows[0] !== undefined && '_id' in rows[0] ? `, 'test' AS _entity, CAST(_id AS VARCHAR) AS _key, _id AS _source_row` : ''
    const text = (value: unknown) => literal(value === undefined || value === null ? null : String(value))
    const values = rows.map((row) => `(${columns.map((column) => text(row[column])).join(', ')})`)
    const typed = columns.map((column) => `CAST(${ident(column)} AS ${type(column)}) AS ${ident(column)}`)
    await this.staging.run(`CREATE OR REPLACE TABLE drafts.${ident(name)} AS SELECT ${typed.join(', ')}${key}
      FROM (VALUES ${values.join(', ')}) v(${columns.map(ident).join(', ')})`)
  }

  /** Columns of the rows the last batches wrote, in order of name. */
  rows(table: string, columns: string, where = 'TRUE'): Promise<Record<string, unknown>[]> {
    return this.staging.all(`SELECT ${columns} FROM rows.${ident(table)} WHERE _draft IS NOT NULL AND (${where})
      ORDER BY ${table === 'tabUOM Conversion Detail' || table === 'tabItem Default' ? 'parent, idx' : 'name'}`)
  }

  /** Types of the warnings on documents of a DocType. */
  async warnings(doctype: string): Promise<string[]> {
    const rows = await this.staging.all<{ type: string }>(`SELECT DISTINCT type FROM ops.findings WHERE severity = 'warning' AND doctype = ${literal(doctype)}
      ORDER BY type`)
    return rows.map((row) => row.type)
  }
}
