import { timestamp, type Clock } from '../../model/clock.ts'
import type { Value } from '../../model/value.ts'
import { ident, literal, type ColumnData, type Staging } from '../../staging/staging.ts'
import type { DocumentChange } from './reconciliation.ts'

const TABLES: Record<string, string> = {
  sync_documents: 'n BIGINT, doctype VARCHAR, id BIGINT, entity VARCHAR, "key" VARCHAR, name VARCHAR, what VARCHAR, draft VARCHAR, note BOOLEAN',
  sync_values: 'n BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, "after" VARCHAR',
  sync_inserts: 'n BIGINT, tbl VARCHAR, "key" VARCHAR',
  sync_removes: 'n BIGINT, tbl VARCHAR, "key" VARCHAR',
}

/** A document to be changed, or only noted: `note` false leaves what it was made from as it is, so that it is looked at again. */
export interface ChangedDocument { doctype: string; id: number; entity: string; key: string; name: string; what: 'update' | 'gone'; draft: string | null; note: boolean; table: string; change: Omit<DocumentChange, 'conflicts' | 'kept'> }

/** Gathers changes and puts them, a chunk at a time, where the target finds them (`ops.sync_*`) and into `rows` and `ops.updates`, which say what the site will hold. */
export class ChangeStore {
  readonly #staging: Staging
  readonly #clock: Clock
  #documents: ChangedDocument[] = []
  #stored = 0
  /** Documents with anything to change. */
  changed = 0

  constructor(staging: Staging, clock: Clock) {
    this.#staging = staging
    this.#clock = clock
  }

  async create(): Promise<void> {
    for (const [name, columns] of Object.entries(TABLES)) await this.#staging.run(`CREATE OR REPLACE TABLE ops.${name} (${columns})`)
  }

  /** Documents so far. */
  get count(): number {
    return this.#stored + this.#documents.length
  }

  add(document: ChangedDocument): void {
    const { values, inserts, removes } = document.change
    if (values.length + inserts.length + removes.length > 0) {
      this.changed++
      const at = timestamp(this.#clock), rows = new Map([...values, { tbl: document.table, key: document.name }].map(({ tbl, key }) => [`${tbl}\u001f${key}`, { tbl, key }]))
      for (const row of rows.values()) values.push({ ...row, col: 'modified', before: null, after: at })
    }
    this.#documents.push(document)
  }

  async flush(): Promise<void> {
    const staging = this.#staging, documents = this.#documents.map((document, i) => ({ ...document, n: this.#stored + i + 1 }))
    this.#documents = []
    this.#stored += documents.length
    if (documents.length === 0) return
    await this.#append('ops', 'sync_documents', documents.map(({ n, doctype, id, entity, key, name, what, draft, note }) => [n, doctype, id, entity, key, name, what, draft, note]), ['BIGINT', 'VARCHAR', 'BIGINT', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'BOOLEAN'])
    await staging.run('CREATE OR REPLACE TABLE work.chunk_values (n BIGINT, doctype VARCHAR, id BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, v VARCHAR)')
    await this.#append('work', 'chunk_values', documents.flatMap(({ n, doctype, id, change }) => change.values.map(({ tbl, key, col, after }) => [n, doctype, id, tbl, key, col, text(after)])), ['BIGINT', 'VARCHAR', 'BIGINT', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR'])
    for (const { tbl, col } of await staging.all<{ tbl: string; col: string }>('SELECT DISTINCT tbl, col FROM work.chunk_values ORDER BY ALL')) await this.#setColumn(tbl, col)
    for (const [tbl, list] of Map.groupBy(documents.flatMap(({ n, id, doctype, change }) => change.inserts.map((insert) => ({ n, id, doctype, ...insert }))), ({ tbl }) => tbl)) {
      const columns = await staging.columnsOf(`rows.${ident(tbl)}`)
      await staging.run('CREATE OR REPLACE TABLE work.chunk_rows (v VARCHAR)')
      await this.#append('work', 'chunk_rows', list.map(({ row, id, doctype }) => [JSON.stringify({ ...row, _draft: id, _doctype: doctype }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))]), ['VARCHAR'])
      await staging.run(`INSERT INTO rows.${ident(tbl)} (${columns.map((column) => ident(column.name)).join(', ')}) SELECT ${columns.map((column) => `CAST(json_extract_string(v, ${literal(`$."${column.name}"`)}) AS ${column.type})`).join(', ')} FROM work.chunk_rows`)
      await this.#append('ops', 'sync_inserts', list.map(({ n, row }) => [n, tbl, String(row['name'])]), ['BIGINT', 'VARCHAR', 'VARCHAR'])
    }
    for (const [tbl, list] of Map.groupBy(documents.flatMap(({ n, change }) => change.removes.map((remove) => ({ n, ...remove }))), ({ tbl }) => tbl)) {
      await staging.run(`DELETE FROM rows.${ident(tbl)} WHERE name IN (${list.map(({ key }) => literal(key)).join(', ')})`)
      await this.#append('ops', 'sync_removes', list.map(({ n, key }) => [n, tbl, key]), ['BIGINT', 'VARCHAR', 'VARCHAR'])
    }
  }

  /** One column of a table, of all documents of the chunk. */
  async #setColumn(tbl: string, col: string): Promise<void> {
    const staging = this.#staging, table = `rows.${ident(tbl)}`, column = ident(col), of = `c.tbl = ${literal(tbl)} AND c.col = ${literal(col)}`
    const type = (await staging.columnsOf(table)).find((one) => one.name === col)?.type ?? 'VARCHAR'
    await staging.run(`INSERT INTO ops.updates SELECT (SELECT coalesce(max(seq), 0) FROM ops.updates) + row_number() OVER (ORDER BY c.n), c.doctype, c.id, c.tbl, c."key", c.col, CAST(to_json(r.${column}) AS VARCHAR), CAST(to_json(CAST(c.v AS ${type})) AS VARCHAR) FROM work.chunk_values c JOIN ${table} r ON r.name = c."key" WHERE ${of}`)
    await staging.run(`UPDATE ${table} AS r SET ${column} = CAST(c.v AS ${type}) FROM work.chunk_values c WHERE ${of} AND r.name = c."key"`)
    await staging.run(`INSERT INTO ops.sync_values SELECT c.n, c.tbl, c."key", c.col, CAST(to_json(CAST(c.v AS ${type})) AS VARCHAR) FROM work.chunk_values c WHERE ${of}`)
  }

  async #append(schema: string, table: string, rows: (string | number | boolean | null)[][], kinds: ColumnData['kind'][]): Promise<void> {
    if (rows.length === 0) return
    const names = (await this.#staging.columnsOf(`${schema}.${ident(table)}`)).map((column) => column.name)
    await this.#staging.appendColumns({ schema, table }, kinds.map((kind, i) => ({ name: names[i] ?? '', kind, values: rows.map((row) => row[i] ?? null) })))
  }
}

const text = (value: Value): string | null => (value === null ? null : String(value))
