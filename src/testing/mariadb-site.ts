import mysql from 'mysql2/promise'
import type { Column, DocTypeMeta } from '../site/doctype.ts'
import type { Site } from '../site/site.ts'
import { tableDoctypes } from '../site/tables.ts'
import { Staging, ident } from '../staging/staging.ts'
import type { PrivateServer } from './servers/server.ts'

const TABLE_OPTIONS = 'ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET=utf8mb4 COLLATE=utf8mb4_unicode_ci'
const SYSTEM_TABLES = [
  'CREATE TABLE `tabSeries` (`name` varchar(100) NOT NULL PRIMARY KEY, `current` int(10) NOT NULL DEFAULT 0)',
  'CREATE TABLE `tabSingles` (`doctype` varchar(255), `field` varchar(255), `value` longtext, KEY `singles_doctype_field_index` (`doctype`, `field`))',
]

/**
 * Makes a database of a site in a private MariaDB: its tables with the columns and keys of the description and the records a site has before a migration, as Frappe would have
 * made them. No Python runs in it; it is what the database side of a lane can be tested against. `doctypes` (default: all) limits the tables; child DocTypes are not added.
 */
export async function createMariadbSite(server: PrivateServer, database: string, site: Site, doctypes?: readonly string[]): Promise<void> {
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user, password: server.password, charset: 'utf8mb4' })
  try {
    await connection.query(`CREATE DATABASE ${tick(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`)
    await connection.query(`USE ${tick(database)}`)
    for (const statement of SYSTEM_TABLES) await connection.query(`${statement} ${TABLE_OPTIONS}`)
    const chosen = tableDoctypes(site).filter((meta) => doctypes === undefined || doctypes.includes(meta.name))
    for (const meta of chosen) await connection.query(createSql(meta))
    await copyRecords(connection, site, chosen)
  } finally {
    await connection.end()
  }
}

const tick = (name: string): string => `\`${name.replaceAll('`', '``')}\``

function createSql(meta: DocTypeMeta): string {
  const columns = meta.columns.map((column) => `${tick(column.name)} ${column.type}${column.nullable ? '' : ' NOT NULL'}${defaultSql(column)}`)
  const keys = meta.columns.flatMap((column) => {
    // A text has a key by its beginning only.
    const length = /text/i.test(column.type) ? '(140)' : ''
    if (column.key === 'PRI') return [`PRIMARY KEY (${tick(column.name)})`]
    if (column.key === 'UNI') return [`UNIQUE KEY ${tick(column.name)} (${tick(column.name)}${length})`]
    return column.key === 'MUL' ? [`KEY ${tick(column.name)} (${tick(column.name)}${length})`] : []
  })
  return `CREATE TABLE ${tick(meta.table)} (${[...columns, ...keys].join(', ')}) ${TABLE_OPTIONS}`
}

function defaultSql(column: Column): string {
  if (column.default === null) return ''
  const bare = column.default.replace(/^'(.*)'$/, '$1')
  return bare === 'NULL' ? '' : ` DEFAULT ${mysql.escape(bare)}`
}

/** By way of a private staging, which knows what a record leaves out. */
async function copyRecords(connection: mysql.Connection, site: Site, chosen: readonly DocTypeMeta[]): Promise<void> {
  const staging = await Staging.open(':memory:')
  try {
    await site.createTables(staging, 'main')
    await site.loadRecords(staging, 'main')
    for (const table of ['tabSeries', 'tabSingles', ...chosen.map((meta) => meta.table)]) {
      const columns = (await staging.columnsOf(`main.${ident(table)}`)).map((column) => column.name)
      const rows = await staging.all<Record<string, unknown>>(`SELECT ${columns.map((name) => `CAST(${ident(name)} AS VARCHAR) AS ${ident(name)}`).join(', ')} FROM main.${ident(table)}`)
      for (let i = 0; i < rows.length; i += 200) {
        await connection.query(`INSERT INTO ${tick(table)} (${columns.map(tick).join(', ')}) VALUES ?`, [rows.slice(i, i + 200).map((row) => columns.map((name) => row[name]))])
      }
    }
  } finally {
    await staging.close()
  }
}
