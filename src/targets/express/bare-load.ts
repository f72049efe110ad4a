import { Readable } from 'node:stream'
import { ident, type Staging } from '../../staging/staging.ts'
import { lineSql } from './column-text.ts'
import { tick, type Link } from './connection.ts'
import { rowColumns } from './prediction.ts'
import { nameLists } from './written-rows.ts'

/** Text of all predicted rows of one table, made beforehand. */
export interface BareTable { table: string; columns: string[]; rows: number; bytes: Buffer }

const PIECE_BYTES = 1 << 20

/** The predicted rows (`rows."tabX" r` under `where`) of tables as text for LOAD DATA, whole rows, every column. */
export async function bareTables(staging: Staging, tables: readonly string[], where: string): Promise<BareTable[]> {
  const made: BareTable[] = []
  for (const table of tables) {
    const columns = await rowColumns(staging, table), lines: string[] = []
    for await (const chunk of staging.scan(`SELECT ${lineSql(columns.map((column) => ({ ...column, escape: true })))} FROM rows.${ident(table)} r WHERE ${where} ORDER BY r.name`)) lines.push(...chunk.columns[0] as string[])
    if (lines.length > 0) made.push({ table, columns: columns.map((column) => column.name), rows: lines.length, bytes: Buffer.from(`${lines.join('\n')}\n`) })
  }
  return made
}

/** What the database itself takes the rows with: a statement a table, one transaction, no ledger, no checks. The limit that the express lane is measured against. */
export async function loadBare(link: Link, tables: readonly BareTable[]): Promise<void> {
  await link.run('START TRANSACTION')
  for (const { table, columns, bytes } of tables) {
    await link.run(`LOAD DATA LOCAL INFILE 'x' INTO TABLE ${tick(table)} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' (${columns.map(tick).join(', ')})`,
      () => Readable.from((function* () { for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES) })(), { objectMode: false }))
  }
  await link.run('COMMIT')
}

/** Takes them back by their names, table by table, in one transaction. */
export async function removeBare(link: Link, staging: Staging, tables: readonly BareTable[], where: string): Promise<void> {
  await link.run('START TRANSACTION')
  for (const { table } of tables) {
    const names = (await staging.all<{ name: string }>(`SELECT name FROM rows.${ident(table)} r WHERE ${where}`)).map((row) => row.name)
    for (const list of nameLists(names)) await link.run(`DELETE FROM ${tick(table)} WHERE name IN (${list})`)
  }
  await link.run('COMMIT')
}
