import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { TableSums } from '../target.ts'

/** A column with DuckDB's type for it. */
export interface TableColumn { name: string; type: string }

/** Tables of a schema that may hold rows: DuckDB's own count says so, which only a change within an open transaction escapes. */
export async function filledTables(staging: Staging, database: string | null, schema: string): Promise<{ all: string[]; filled: string[] }> {
  const rows = await staging.all<{ name: string; n: number }>(`SELECT table_name AS name, estimated_size AS n FROM duckdb_tables() WHERE schema_name = ${literal(schema)} `
    + `AND database_name = ${database === null ? 'current_database()' : literal(database)} ORDER BY table_name`)
  return { all: rows.map((row) => row.name), filled: rows.filter((row) => Number(row.n) > 0).map((row) => row.name) }
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
 * empty; only those with rows are hashed. `known`: sums of tables that nobody changed since they were computed.
 */
export async function checksumTables(staging: Staging, database: string, schema: string, known: TableSums = {}): Promise<TableSums> {
  const { all, filled } = await filledTables(staging, database, schema)
  const sums: TableSums = Object.fromEntries(all.map((table) => [table, { rows: 0, checksum: '0-0' }]))
  const open = filled.filter((table) => known[table] === undefined)
  for (const table of filled) sums[table] = known[table] ?? { rows: 0, checksum: '0-0' }
  for (const row of await unionAll<{ tbl: string; n: number; checksum: string }>(staging, open, (table) =>
    `SELECT ${literal(table)} AS tbl, count(*) AS n, coalesce(sum(hash(t)::HUGEINT), 0)::VARCHAR || '-' || coalesce(bit_xor(hash(t)), 0)::VARCHAR AS checksum FROM ${ident(database)}.${ident(schema)}.${ident(table)} t`)) {
    sums[row.tbl] = { rows: Number(row.n), checksum: row.checksum }
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
