import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { seededRandom, systemClock } from '../../src/model/clock.ts'
import { expressOptions } from '../../src/targets/express/options.ts'
import { SiteBackup } from '../../src/targets/backup/site-backup.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'

/** A site's database and folder of our own: documents with child rows, counters, settings, a sequence, files; and somebody who works in it, from a seed. */
export interface MadeSite { server: PrivateServer; connection: mysql.Connection; folder: string; backups: SiteBackup; work(transactions: number): Promise<void>; oracle(): Promise<string>; stop(): Promise<void> }

const TABLES = [
  'CREATE TABLE `tabCustomer` (`name` varchar(140) PRIMARY KEY, `creation` datetime(6), `modified` datetime(6), `modified_by` varchar(140), `docstatus` int(1) NOT NULL DEFAULT 0, `customer_name` varchar(140), `credit` decimal(21,9) NOT NULL DEFAULT 0, `notes` longtext)',
  'CREATE TABLE `tabSales Invoice` (`name` varchar(140) PRIMARY KEY, `modified` datetime(6), `modified_by` varchar(140), `docstatus` int(1) NOT NULL DEFAULT 0, `customer` varchar(140), `grand_total` decimal(21,9) NOT NULL DEFAULT 0)',
  'CREATE TABLE `tabSales Invoice Item` (`name` varchar(140) PRIMARY KEY, `parent` varchar(140), `parentfield` varchar(140), `parenttype` varchar(140), `idx` int(8), `amount` decimal(21,9), `blob` longblob)',
  'CREATE TABLE `tabSeries` (`name` varchar(100) PRIMARY KEY, `current` int(10) NOT NULL DEFAULT 0)',
  'CREATE TABLE `tabSingles` (`doctype` varchar(255), `field` varchar(255), `value` longtext, KEY `singles` (`doctype`, `field`))',
  'CREATE TABLE `tabActivity Log` (`name` varchar(140) PRIMARY KEY, `subject` longtext)',
  'CREATE TABLE `__global_search` (`doctype` varchar(100), `name` varchar(140), `content` longtext, UNIQUE KEY `doctype_name` (`doctype`, `name`))',
  'CREATE SEQUENCE `web_view_id_seq`',
]

export async function startMadeSite(seed: number, settings: Record<string, string> = { 'log-bin': 'binlog', 'binlog-format': 'ROW', 'server-id': '7', 'max-binlog-size': '65536' }): Promise<MadeSite> {
  const server = await startMariadb(settings), root = mkdtempSync(join(tmpdir(), 'landfall-made-site-')), folder = join(root, 'sites', 'erp')
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user, password: server.password, charset: 'utf8mb4' })
  await connection.query('CREATE DATABASE site CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci')
  await connection.query('USE site')
  for (const table of TABLES) await connection.query(`${table}${table.startsWith('CREATE TABLE') ? ' ENGINE=InnoDB ROW_FORMAT=DYNAMIC' : ''}`)
  for (const path of ['public/files', 'private/files']) mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, 'site_config.json'), JSON.stringify({ db_name: 'site', developer_mode: 0 }))
  const options = expressOptions.parse({ host: server.host, port: server.port, user: server.user, password: server.password, database: 'site' })
  const backups = new SiteBackup({ options, baseFolder: root, folder: join(root, 'backups'), siteFolder: folder, checkpoints: true, quietSeconds: 0.2 }, systemClock)
  const random = seededRandom(seed)
  let made = 0
  return {
    server, connection, folder, backups,
    work: async (transactions) => { for (let i = 0; i < transactions; i++) await once(connection, folder, random, ++made) },
    oracle: () => oracleOf(connection, folder),
    stop: async () => {
      backups.close()
      await connection.end()
      await server.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** One piece of work: a document with child rows, a change, a removal, a counter, a setting, a file, a schema change now and then. */
async function once(c: mysql.Connection, folder: string, random: () => number, n: number): Promise<void> {
  const pick = Math.floor(random() * 12), text = `é😀 'quoted' \\ back\n"${'x'.repeat(Math.floor(random() * 200))}"`
  await c.beginTransaction()
  if (pick < 5) {
    const name = `SINV-${String(n).padStart(5, '0')}`, lines = 1 + Math.floor(random() * 3)
    await c.query('INSERT INTO `tabSales Invoice` VALUES (?, NOW(6), ?, 1, ?, ?)', [name, 'anna@example.com', `Customer ${n % 7}`, random() * 1000])
    for (let i = 1; i <= lines; i++) await c.query('INSERT INTO `tabSales Invoice Item` VALUES (?, ?, ?, ?, ?, ?, ?)', [`${name}-${i}`, name, 'items', 'Sales Invoice', i, random() * 100, Buffer.from([0, 255, i, 10, 13, 39])])
    await c.query('INSERT INTO tabSeries VALUES (?, 1) ON DUPLICATE KEY UPDATE current = current + 1', ['SINV-'])
    await c.query('INSERT INTO __global_search VALUES (?, ?, ?)', ['Sales Invoice', name, text])
  } else if (pick < 7) await c.query('INSERT INTO tabCustomer (name, creation, modified, modified_by, docstatus, customer_name, credit, notes) VALUES (?, NOW(6), NOW(6), ?, 0, ?, ?, ?)', [`CUST-${n}`, 'ben@example.com', `Kunde ${n}`, random() * 50, text])
  else if (pick === 7) await c.query('UPDATE tabCustomer SET credit = credit + 1.123456789, notes = NULL, modified = NOW(6) ORDER BY name LIMIT 2')
  else if (pick === 8) await c.query('DELETE FROM `tabSales Invoice` ORDER BY name DESC LIMIT 1')
  else if (pick === 9) await c.query('INSERT INTO tabSingles VALUES (?, ?, ?)', ['System Settings', `field_${n}`, text])
  else if (pick === 10) await c.query('INSERT INTO `tabActivity Log` VALUES (?, ?)', [`log-${n}`, text])
  else await c.query('SELECT NEXTVAL(web_view_id_seq)')
  await c.commit()
  if (n % 40 === 0) await c.query(`ALTER TABLE tabCustomer ADD COLUMN IF NOT EXISTS custom_${n} varchar(140) DEFAULT 'a.b'`)
  if (n % 5 === 0) writeFileSync(join(folder, n % 2 ? 'public/files' : 'private/files', `file ${n}.txt`), `contents ${n} ${random()}`)
  if (n % 15 === 0) {
    const files = readdirSync(join(folder, 'private/files'))
    if (files[0] !== undefined) unlinkSync(join(folder, 'private/files', files[0]))
  }
  if (n % 7 === 0) writeFileSync(join(folder, 'site_config.json'), JSON.stringify({ db_name: 'site', developer_mode: 0, changed: n }))
}

/** Everything the site holds, read plainly row by row and byte by byte: independent of what is tested. */
async function oracleOf(c: mysql.Connection, folder: string): Promise<string> {
  const hash = createHash('sha256')
  const [tables] = await c.query({ sql: `SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'site' ORDER BY 1`, rowsAsArray: true }) as unknown as [string[][]]
  for (const [table, type] of tables) {
    const [create] = await c.query({ sql: `SHOW CREATE TABLE site.\`${table}\``, rowsAsArray: true }) as unknown as [string[][]]
    const [rows] = await c.query({ sql: type === 'SEQUENCE' ? `SELECT next_not_cached_value FROM site.\`${table}\`` : `SELECT * FROM site.\`${table}\``, rowsAsArray: true, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true } as mysql.QueryOptions) as unknown as [unknown[][]]
    hash.update(`${table} ${create[0]![1]}\n${JSON.stringify(rows.map((row) => row.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value))).map((row) => JSON.stringify(row)).sort())}\n`)
  }
  for (const path of ['site_config.json', ...['public/files', 'private/files'].flatMap((at) => readdirSync(join(folder, at)).sort().map((name) => `${at}/${name}`))]) hash.update(`${path} ${statSync(join(folder, path)).mode}\n`).update(readFileSync(join(folder, path)))
  return hash.digest('hex')
}
