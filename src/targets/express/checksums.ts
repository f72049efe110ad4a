import type { TableSums } from '../target.ts'
import { quote, tick, type Link } from './connection.ts'

/**
 * Row count and checksum of tables of the site (default: all that are the site's own), in whatever order the rows lie: sum and xor of the two halves of each row's MD5, so that twins count and a
 * change of any column shows, NULL and '' apart. Two sites, or two moments, hold the same when they agree.
 */
export async function checksumTables(link: Link, tables?: readonly string[]): Promise<TableSums> {
  const chosen = tables === undefined ? `TABLE_NAME LIKE 'tab%'` : `TABLE_NAME IN (${tables.length === 0 ? `''` : tables.map(quote).join(', ')})`
  const columns = new Map<string, string[]>()
  for (const [table, column] of await link.rows(`SELECT c.TABLE_NAME, c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME `
    + `WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND c.${chosen} ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`)) {
    columns.set(table ?? '', [...columns.get(table ?? '') ?? [], column ?? ''])
  }
  const sums: TableSums = {}
  for (const [table, names] of columns) {
    // A length before each value keeps ('a', 'b') and ('ab', '') apart; NULL has none.
    const row = `MD5(CONCAT(${names.map((name) => `IFNULL(CONCAT(LENGTH(${tick(name)}), ':', CAST(${tick(name)} AS CHAR)), 'N')`).join(', ')}))`
    const half = (from: number) => `CAST(CONV(SUBSTR(h, ${from}, 16), 16, 10) AS UNSIGNED)`
    const [count, xor, low, high] = (await link.rows(`SELECT COUNT(*), BIT_XOR(${half(1)}), IFNULL(SUM(${half(1)}), 0), IFNULL(SUM(${half(17)}), 0) FROM (SELECT ${row} AS h FROM ${tick(table)}) x`))[0]!
    sums[table] = { rows: Number(count), checksum: `${xor}-${low}-${high}` }
  }
  return sums
}

/** Tables whose sums differ. */
export function changedTables(before: TableSums, after: TableSums): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((table) => before[table]?.checksum !== after[table]?.checksum || before[table]?.rows !== after[table]?.rows).sort()
}
