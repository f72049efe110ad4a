import { existsSync } from 'node:fs'
import { LandfallError } from '../../errors/error.ts'
import type { Site } from '../../site/site.ts'
import { duckType, tableDoctypes } from '../../site/tables.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from './site-file.ts'

/** What was changed of an embedded site: tables and columns made or taken away, and records of customisations. */
export interface Evolved { tables: string[]; columns: string[]; records: number }

interface Shape { table: string; columns: Map<string, { type: string; default: string | null }> }

const RECORDS = ['Custom Field', 'Property Setter'] as const
const main = (table: string): string => `${SITE_DATABASE}.main.${ident(table)}`

/**
 * Brings an embedded site from one description to another that differs in customisations only, in one transaction, outside of any data's: tables and columns that `to` has are made, those it has not are
 * taken away, and the records of customisations are as `to` says. Nothing happens where there is no such file. Throws `target-changed` when it was made from another
 * description, and where a column or table that would go still holds data.
 */
export async function evolveSite(staging: Staging, path: string, to: Site): Promise<Evolved> {
  const done: Evolved = { tables: [], columns: [], records: 0 }
  if (!existsSync(path)) return done
  await staging.attach(path, SITE_DATABASE)
  const made = await staging.exists(`${SITE_DATABASE}.ledger.made_from`) ? await staging.one<{ hash: string }>(`SELECT hash FROM ${SITE_DATABASE}.ledger.made_from`) : undefined
  if (made === undefined || made.hash === to.hash()) return done
  const described = to.described.hash()
  const known = made.hash === described || await staging.exists(`${SITE_DATABASE}.ledger.base`) && (await staging.one<{ hash: string }>(`SELECT hash FROM ${SITE_DATABASE}.ledger.base`))?.hash === described
  if (!known) throw new LandfallError('target-changed', 'The rehearsal site was made from another site description than the project names now.', { hint: 'Set `site` back, or remove .landfall/site.duckdb to begin with a new rehearsal site.', where: { file: path } })
  const wanted = shapesOf(to), standard = new Set(shapesOf(to.described).map((shape) => shape.table))
  await staging.transaction(async () => {
    const there = await tablesOf(staging)
    for (const shape of wanted) await makeTable(staging, shape, there.get(shape.table), done)
    for (const [table, columns] of there) {
      const shape = wanted.find((one) => one.table === table)
      if (shape === undefined && table.startsWith('tab') && !standard.has(table) && !['tabSeries', 'tabSingles'].includes(table)) await dropTable(staging, table, done)
      else if (shape !== undefined) for (const column of columns) if (!shape.columns.has(column)) await dropColumn(staging, table, column, done)
    }
    for (const doctype of RECORDS) done.records += await syncRecords(staging, doctype, to)
    await staging.run(`UPDATE ${SITE_DATABASE}.ledger.made_from SET hash = ${literal(to.hash())}`)
    await staging.run(`CREATE OR REPLACE TABLE ${SITE_DATABASE}.ledger.base AS SELECT ${literal(described)} AS hash`)
  })
  return done
}

function shapesOf(site: Site): Shape[] {
  return tableDoctypes(site).map((meta) => ({ table: meta.table, columns: new Map(meta.columns.map((column) => [column.name, { type: duckType(column.type), default: column.default }])) }))
}

async function tablesOf(staging: Staging): Promise<Map<string, string[]>> {
  const rows = await staging.all<{ tbl: string; col: string }>(`SELECT table_name AS tbl, column_name AS col FROM duckdb_columns() WHERE database_name = ${literal(SITE_DATABASE)} AND schema_name = 'main' ORDER BY table_name, column_index`)
  return new Map([...Map.groupBy(rows, (row) => row.tbl)].map(([table, columns]) => [table, columns.map((row) => row.col)]))
}

async function makeTable(staging: Staging, shape: Shape, there: string[] | undefined, done: Evolved): Promise<void> {
  if (there === undefined) {
    await staging.run(`CREATE TABLE ${main(shape.table)} (${[...shape.columns].map(([name, { type }]) => `${ident(name)} ${type}`).join(', ')})`)
    done.tables.push(`+ ${shape.table}`)
    return
  }
  for (const [name, { type, default: initial }] of shape.columns) {
    if (there.includes(name)) continue
    await staging.run(`ALTER TABLE ${main(shape.table)} ADD COLUMN ${ident(name)} ${type}`)
    // As MariaDB does: rows that are there get the column's default.
    if (initial !== null) await staging.run(`UPDATE ${main(shape.table)} SET ${ident(name)} = CAST(${literal(initial)} AS ${type})`)
    done.columns.push(`+ ${shape.table}.${name}`)
  }
}

async function dropTable(staging: Staging, table: string, done: Evolved): Promise<void> {
  const held = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${main(table)}`)
  if (Number(held?.n ?? 0) > 0) throw holds(table, Number(held!.n))
  await staging.run(`DROP TABLE ${main(table)}`)
  done.tables.push(`- ${table}`)
}

async function dropColumn(staging: Staging, table: string, column: string, done: Evolved): Promise<void> {
  const held = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${main(table)} WHERE ${ident(column)} IS NOT NULL AND CAST(${ident(column)} AS VARCHAR) NOT IN ('', '0', '0.000000000')`)
  if (Number(held?.n ?? 0) > 0) throw holds(`${table}.${column}`, Number(held!.n))
  await staging.run(`ALTER TABLE ${main(table)} DROP COLUMN ${ident(column)}`)
  done.columns.push(`- ${table}.${column}`)
}

const holds = (what: string, rows: number): LandfallError => new LandfallError('target-changed', `${what} holds data in ${rows} rows, so it is not taken away.`, { hint: 'Take the documents back first: landfall rollback' })

async function syncRecords(staging: Staging, doctype: (typeof RECORDS)[number], to: Site): Promise<number> {
  const meta = to.doctype(doctype), records = to.records(doctype)
  if (meta === undefined) return 0
  const table = main(meta.table), there = (await staging.all<{ name: string }>(`SELECT name FROM ${table}`)).map((row) => row.name)
  const gone = there.filter((name) => !records.some((record) => record['name'] === name)), fresh = records.filter((record) => !there.includes(String(record['name'])))
  if (gone.length > 0) await staging.run(`DELETE FROM ${table} WHERE name IN (${gone.map(literal).join(', ')})`)
  for (const record of fresh) {
    const columns = Object.keys(record).filter((name) => meta.column(name) !== undefined)
    await staging.run(`INSERT INTO ${table} (${columns.map(ident).join(', ')}) VALUES (${columns.map((name) => literal(record[name] ?? null)).join(', ')})`)
  }
  return gone.length + fresh.length
}
