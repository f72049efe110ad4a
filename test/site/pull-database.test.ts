import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkDatabase } from '../../src/doctor/database.ts'
import { systemClock } from '../../src/model/clock.ts'
import { Site } from '../../src/site/site.ts'
import { writeSnapshot } from '../../src/site/snapshot.ts'
import { benchReader, codeFacts } from '../../src/targets/snapshot/bench.ts'
import { connectDatabase, databaseReader, type DatabaseAddress } from '../../src/targets/snapshot/database.ts'
import { databaseRights, probeDatabase } from '../../src/targets/snapshot/database-probe.ts'
import { pullSite } from '../../src/targets/snapshot/pull.ts'
import type { CodeFacts, SnapshotReader } from '../../src/targets/snapshot/reader.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'

const STANDARD = 'name varchar(140) primary key, creation datetime(6), modified datetime(6), modified_by varchar(140), owner varchar(140), docstatus int(1) not null default 0, idx int(8) not null default 0'
const TABLES = `
CREATE TABLE tabDocType (${STANDARD}, module varchar(140), issingle int(1) not null default 0, istable int(1) not null default 0, is_submittable int(1) not null default 0, is_virtual int(1) not null default 0, custom int(1) not null default 0, track_seen int(1) not null default 0, autoname varchar(140));
CREATE TABLE tabDocField (${STANDARD}, parent varchar(140), parenttype varchar(140), fieldname varchar(140), fieldtype varchar(140), label varchar(140), options text, \`default\` text, reqd int(1) not null default 0);
CREATE TABLE \`tabCustom Field\` (${STANDARD}, dt varchar(140), fieldname varchar(140), fieldtype varchar(140), label varchar(140), insert_after varchar(140));
CREATE TABLE \`tabProperty Setter\` (${STANDARD}, doc_type varchar(140), doctype_or_field varchar(140), field_name varchar(140), property varchar(140), property_type varchar(140), value text);
CREATE TABLE tabSingles (doctype varchar(255), field varchar(255), value longtext);
CREATE TABLE tabSeries (name varchar(100) primary key, current int(10) not null default 0);
CREATE TABLE tabDefaultValue (${STANDARD}, parent varchar(140), defkey varchar(140), defvalue text);
CREATE TABLE \`tabInstalled Application\` (${STANDARD}, app_name varchar(140), app_version varchar(140));
CREATE TABLE tabCustomer (${STANDARD}, customer_name varchar(140) default 'Näme\\\\\\'s', credit decimal(21,9) not null default 1.5, note text default 'it is', opens time(6), legacy varchar(20) unique, KEY customer_name_index (customer_name));
CREATE TABLE \`tabSales Team\` (${STANDARD}, share decimal(21,9) not null default 0, parent varchar(140), parentfield varchar(140), parenttype varchar(140), KEY parent (parent));
INSERT INTO tabDocType (name, module, issingle, istable, autoname, modified) VALUES ('DocType', 'Core', 0, 0, NULL, '2026-01-01'), ('Custom Field', 'Custom', 0, 0, NULL, '2026-01-01'), ('Property Setter', 'Custom', 0, 0, NULL, '2026-01-01'),
  ('Customer', 'Selling', 0, 0, 'hash', '2026-01-01'), ('Sales Team', 'Selling', 0, 1, NULL, '2026-01-01'), ('Selling Settings', 'Selling', 1, 0, NULL, '2026-01-01'), ('Dropped', 'Selling', 0, 0, NULL, '2026-01-01');
INSERT INTO tabDocField (name, parent, parenttype, idx, fieldname, fieldtype, label, options) VALUES ('f1', 'Customer', 'DocType', 1, 'customer_name', 'Data', 'Name', NULL), ('f2', 'Customer', 'DocType', 2, 'credit', 'Currency', 'Credit', NULL),
  ('f3', 'Customer', 'DocType', 3, 'note', 'Text', 'Note', NULL), ('f4', 'Customer', 'DocType', 4, 'opens', 'Time', 'Opens', NULL), ('f5', 'Customer', 'DocType', 5, 'team', 'Table', 'Team', 'Sales Team'), ('f6', 'Sales Team', 'DocType', 1, 'share', 'Percent', 'Share', NULL),
  ('f7', 'Selling Settings', 'DocType', 1, 'territory', 'Data', 'Territory', NULL), ('f8', 'Selling Settings', 'DocType', 2, 'secret', 'Password', 'Secret', NULL);
INSERT INTO \`tabCustom Field\` (name, dt, fieldname, fieldtype, label, insert_after, modified) VALUES ('Customer-legacy', 'Customer', 'legacy', 'Data', 'Legacy', 'customer_name', '2026-01-01');
INSERT INTO tabSingles VALUES ('Selling Settings', 'territory', 'All'), ('Selling Settings', 'secret', 'hidden-secret'), ('Selling Settings', 'gone', 'x');
INSERT INTO tabSeries VALUES ('CUST-', 3), ('ACC-', 0);
INSERT INTO tabDefaultValue (name, parent, defkey, defvalue) VALUES ('d1', '__default', 'company', 'A'), ('d2', 'someone', 'company', 'B');
INSERT INTO \`tabInstalled Application\` (name, app_name, app_version) VALUES ('a1', 'frappe', '15.72.4'), ('a2', 'erpnext', '15.71.1');
INSERT INTO tabCustomer (name, modified, customer_name, credit, note, opens, legacy) VALUES ('Ä 1', '2026-01-02 03:04:05.6', 'Ä 1', 12.25, '', '09:30', 'L1'), ('B', '2026-01-01', NULL, 0, NULL, NULL, NULL);
INSERT INTO \`tabSales Team\` (name, share, parent, parentfield, parenttype) VALUES ('t1', 100, 'B', 'team', 'Customer');
CREATE USER reader IDENTIFIED BY 'reader-secret'; GRANT SELECT ON erp.* TO reader;`

let server: PrivateServer, folder: string
const address = (user = 'root'): DatabaseAddress => ({ host: server.host, port: server.port, user, password: user === 'root' ? server.password : 'reader-secret', database: 'erp' })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-database-'))
  server = await startMariadb({ 'max-allowed-packet': '1M', 'local-infile': '0', 'sql-mode': 'ANSI_QUOTES,STRICT_TRANS_TABLES', 'log-bin': 'bin', 'binlog-format': 'ROW' })
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user, password: server.password, multipleStatements: true, charset: 'utf8mb4' })
  await connection.query("CREATE DATABASE erp CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; USE erp; SET sql_mode = ''")
  await connection.query(TABLES)
  await connection.end()
})
afterAll(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }) })

async function pull(reader: SnapshotReader, into: string, code: CodeFacts | null = null): Promise<Site> {
  const { snapshot, state } = await pullSite(reader, { clock: systemClock, shipped: Site.load(), code, before: null, more: [], cap: 1000, progress: () => undefined })
  await reader.close()
  writeSnapshot(join(folder, into), snapshot, state)
  return Site.load(join(folder, into))
}

describe('a snapshot from the database', () => {
  it('has columns, counters and values as they are', async () => {
    const site = await pull(databaseReader(await connectDatabase(address('reader'))), 'database')
    const column = (name: string) => site.doctype('Customer')!.column(name)
    expect(column('customer_name')).toEqual({ name: 'customer_name', type: 'varchar(140)', nullable: true, key: 'MUL', default: 'Näme\\\'s' })
    expect(column('credit')).toMatchObject({ type: 'decimal(21,9)', nullable: false, default: '1.500000000' })
    expect(column('note')).toMatchObject({ type: 'text', default: "'it is'" })
    expect(column('legacy')).toMatchObject({ type: 'varchar(20)', key: 'UNI' })
    expect(site.doctype('Dropped')!.columns).toEqual([])
    expect(site.doctype('Customer')!.fields.map(({ fieldname }) => fieldname)).toEqual(['customer_name', 'legacy', 'credit', 'note', 'opens', 'team'])
    expect(site.records('Customer')).toEqual([{ name: 'B', docstatus: 0, idx: 0, credit: 0 }, { name: 'Ä 1', docstatus: 0, idx: 0, customer_name: 'Ä 1', credit: 12.25, note: '', opens: '09:30:00.000000', legacy: 'L1' }])
    expect(site.records('Sales Team')).toMatchObject([{ name: 't1', share: 100, parent: 'B' }])
    expect([site.series, site.defaults, site.single('Selling Settings'), site.apps]).toEqual([{ 'ACC-': 0, 'CUST-': 3 }, { company: 'A' }, { territory: 'All' }, { frappe: '15.72.4', erpnext: '15.71.1' }])
  })

  it('is the same through a runner of Python', async () => {
    // A stand-in for a bench: it runs the SQL the script would, with Python's way of placeholders undone.
    const database = await connectDatabase(address('reader'))
    let runs = 0
    const run = async (python: string): Promise<unknown> => {
      runs++
      const list = JSON.parse(JSON.parse(/json\.loads\(("(?:[^"\\]|\\.)*")\)/.exec(python)![1]!) as string) as [string, unknown[]][]
      return Promise.all(list.map(async ([statement, values]) => {
        let i = 0
        return database.query(statement.replaceAll('%s', () => (Array.isArray(values[i++]) ? '(?)' : '?')), values).then((rows) => [rows, null], (error: Error) => [null, error.message])
      }))
    }
    const site = await pull(benchReader(run, 'erp.localhost'), 'bench')
    await database.close()
    expect(site.hash()).toBe(Site.load(join(folder, 'database')).hash())
    expect(runs).toBeLessThan(20)
  })

  it('facts of code come as the bench tells them', async () => {
    const facts: CodeFacts = { apps: { frappe: '15.0.0' }, controllers: { Customer: ['validate'] }, hooks: {} }
    expect(await codeFacts(async (python) => (python.includes('get_doc_hooks') ? facts : null))).toEqual(facts)
  })

  it('a database that is not there, or refuses, is an error with a way out', async () => {
    await expect(connectDatabase({ ...address(), password: 'wrong' })).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('refuses the login'), hint: expect.stringContaining('site_config.json') })
    await expect(connectDatabase({ ...address(), port: 9 })).rejects.toMatchObject({ message: expect.stringContaining('cannot be reached') })
  })
})

describe('a real server under the doctor', () => {
  it('is found as it is set', async () => {
    const facts = await probeDatabase(address(), systemClock), status = (id: string) => checkDatabase(facts).find((check) => check.id === `database.${id}`)?.status
    expect(['version', 'packet', 'local-infile', 'sql-mode', 'binlog', 'charset'].map(status)).toEqual(['ok', 'fail', 'warn', 'fail', 'warn', 'ok'])
    expect(Math.abs(facts.skewMs!)).toBeLessThan(10_000)
    expect(facts.sizeBytes).toBeGreaterThan(0)
  })

  it('grants say what loading lacks', async () => {
    const of = async (user: string) => databaseRights(address(user), await probeDatabase(address(user), systemClock)).filter(({ has }) => has === false).map(({ what }) => what)
    expect(await of('root')).toEqual([])
    expect(await of('reader')).toEqual(['INSERT', 'UPDATE', 'DELETE', 'CREATE'].map((privilege) => `${privilege} on erp`))
    const wrong = { ...address(), password: 'wrong' }
    expect(databaseRights(wrong, await probeDatabase(wrong, systemClock))).toMatchObject([{ has: false, what: 'log in to the database' }])
  })

  it('the connection cannot write', async () => {
    const database = await connectDatabase(address())
    await expect(database.query("UPDATE tabSeries SET current = 9 WHERE name = 'CUST-'")).rejects.toThrow(/READ ONLY/)
    await database.close()
  })
})
