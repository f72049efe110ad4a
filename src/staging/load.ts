import { rmSync } from 'node:fs'
import { LandfallError } from '../errors/error.ts'
import type { Batch } from '../model/batch.ts'
import { parquetError, parquetRows } from './parquet-scan.ts'
import { spoolQuery } from './spool.ts'
import { ident, literal, type Staging } from './staging.ts'

export interface Relation { schema: string; table: string }

/** The raw table of an entity: `raw."<source>.<entity>"`. */
export function rawRelation(source: string, entity: string): Relation {
  return { schema: 'raw', table: `${source}.${entity}` }
}

/** `schema."table"` for SQL. */
export function relationSql(relation: Relation): string {
  return `${ident(relation.schema)}.${ident(relation.table)}`
}

/** Makes the table (`_row` BIGINT, every column VARCHAR) or adds the columns it lacks. Returns all its columns in order, `_row` first. */
export async function prepareRaw(staging: Staging, relation: Relation, columns: string[]): Promise<string[]> {
  const sql = relationSql(relation)
  await staging.run(`CREATE TABLE IF NOT EXISTS ${sql} (_row BIGINT NOT NULL${columns.map((column) => `, ${ident(column)} VARCHAR`).join('')})`)
  const present = (await staging.columnsOf(sql)).map((column) => column.name)
  const known = new Set(present.map((name) => name.toLowerCase()))
  for (const column of columns) {
    if (known.has(column.toLowerCase())) continue
    await staging.run(`ALTER TABLE ${sql} ADD COLUMN ${ident(column)} VARCHAR`)
    known.add(column.toLowerCase())
    present.push(column)
  }
  return present
}

/**
 * Appends a batch to its raw table (made or widened when needed): text columns by name, `_row` from `batch.firstOrdinal` on, counting the records in
 * `data`. Returns the rows appended, always `batch.count`: any other number is `source-short`, and the caller's transaction rolls back.
 * Called once per batch, inside the transaction that stores the cursor. Removes a csv file when it was appended.
 */
export async function loadBatch(staging: Staging, relation: Relation, batch: Batch): Promise<number> {
  const present = await prepareRaw(staging, relation, batch.columns)
  const appended = batch.data.kind === 'rows' ? await appendRows(staging, relation, batch, present) : await appendFile(staging, relation, batch)
  if (appended !== batch.count) {
    throw new LandfallError('source-short', `A batch of \`${batch.entity}\` announced ${batch.count} records from number ${batch.firstOrdinal} on; ${appended} were staged.`,
      { hint: 'Run again; if it stays, the connector of this source has a defect.', where: { entity: batch.entity } })
  }
  if (batch.data.kind === 'csv') rmSync(batch.data.path, { force: true })
  return appended
}

async function appendRows(staging: Staging, relation: Relation, batch: Batch, present: string[]): Promise<number> {
  if (batch.data.kind !== 'rows' || batch.count === 0) return 0
  const given = new Map(batch.columns.map((column, i) => [column.toLowerCase(), (batch.data as { columns: (string | null)[][] }).columns[i] ?? []]))
  const wrong = [...given].find(([, values]) => values.length !== batch.count)
  if (wrong) return wrong[1].length
  const absent: null[] = new Array(batch.count).fill(null)
  await staging.appendColumns(relation, present.map((name, i) => i === 0
    ? { name, kind: 'BIGINT', values: Array.from({ length: batch.count }, (_, n) => batch.firstOrdinal + n) }
    : { name, kind: 'VARCHAR', values: given.get(name.toLowerCase()) ?? absent }))
  return batch.count
}

async function appendFile(staging: Staging, relation: Relation, batch: Batch): Promise<number> {
  if (batch.data.kind === 'rows' || batch.count === 0) return 0
  const { data } = batch, names = batch.columns.map(ident).join(', '), into = `INSERT INTO ${relationSql(relation)} (_row, ${names})`
  if (data.kind === 'csv') return staging.runAlone(`${into} SELECT ${batch.firstOrdinal - 1} + row_number() OVER (), ${names} FROM (${spoolQuery(data.path, batch.columns, data.width)})`)
  return staging.run(`${into} ${parquetRows(data.path, data.fields, data.from, batch.count, batch.firstOrdinal)}`).catch((error: unknown) => { throw parquetError(data.path, error) })
}
