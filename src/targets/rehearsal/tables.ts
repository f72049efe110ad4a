import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { TableSums } from '../target.ts'

/** Column order of every table of a schema, by table. `database` is null for the staging file itself. */
export async function columnsByTable(staging: Staging, database: string | null, schema: string): Promise<Map<string, { name: string; type: string }[]>> {
  const rows = await staging.all<{ table_name: string; column_name: string; data_type: string }>(
    `SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ${literal(schema)} `
    + `AND database_name = ${database === null ? 'current_database()' : literal(database)} ORDER BY table_name, column_index`)
  const tables = new Map<string, { name: string; type: string }[]>()
  for (const row of rows) {
    const columns = tables.get(row.table_name) ?? []
    columns.push({ name: row.column_name, type: row.data_type })
    tables.set(row.table_name, columns)
  }
  return tables
}

/**
 * SQL expression that identifies a row of a table for undo and collisions. Frappe's key is `name`; `tabSingles` has none and is known by
 * DocType and field.
 */
export function rowKey(table: string, alias: string): string {
  return table === 'tabSingles' ? `${alias}.doctype || chr(31) || ${alias}.field` : `${alias}.name`
}

const STATEMENT_TABLES = 100

/**
 * Row count and checksum of every table: sum and xor of row hashes, so that order does not matter and twins count. Most tables of a site are
 * empty; rows are counted first and only tables with rows are hashed.
 */
export async function checksumTables(staging: Staging, database: string, schema: string): Promise<TableSums> {
  const tables = (await staging.all<{ name: string }>(
    `SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${literal(database)} AND schema_name = ${literal(schema)} ORDER BY table_name`)).map((row) => row.name)
  const from = (table: string): string => `${ident(database)}.${ident(schema)}.${ident(table)}`
  const sums: TableSums = {}
  for (const row of await unionAll<{ tbl: string; n: number }>(staging, tables, (table) => `SELECT ${literal(table)} AS tbl, count(*) AS n FROM ${from(table)}`)) {
    sums[row.tbl] = { rows: Number(row.n), checksum: '0-0' }
  }
  const filled = tables.filter((table) => (sums[table]?.rows ?? 0) > 0)
  for (const row of await unionAll<{ tbl: string; checksum: string }>(staging, filled, (table) =>
    `SELECT ${literal(table)} AS tbl, coalesce(sum(hash(t)::HUGEINT), 0)::VARCHAR || '-' || coalesce(bit_xor(hash(t)), 0)::VARCHAR AS checksum FROM ${from(table)} t`)) {
    sums[row.tbl] = { rows: sums[row.tbl]?.rows ?? 0, checksum: row.checksum }
  }
  return sums
}

/** One SELECT per table, a hundred to a statement. */
export async function unionAll<T>(staging: Staging, tables: string[], select: (table: string) => string): Promise<T[]> {
  const rows: T[] = []
  for (let start = 0; start < tables.length; start += STATEMENT_TABLES) {
    rows.push(...await staging.all<T>(tables.slice(start, start + STATEMENT_TABLES).map(select).join(' UNION ALL ')))
  }
  return rows
}
