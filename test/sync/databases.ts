import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import { startPostgres } from '../../src/testing/servers/postgres.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'

/** A private database server with the legacy system of the sync tests: customers, notes and their readers. `kind` is the source's. */
export interface Legacy {
  kind: 'postgres' | 'mysql'
  server: PrivateServer
  /** The source as YAML. */
  source: string
  /** A connection of a writer; statements are the same for both kinds. */
  connect(): Promise<Writer>
  /** Now, as an SQL expression that an application would stamp with. */
  now: string
  stop(): Promise<void>
}
export interface Writer { run(sql: string): Promise<void>; all(sql: string): Promise<(string | null)[][]>; end(): Promise<void> }

const TABLES = (stamp: string, id: string) => [
  `CREATE TABLE customers(id ${id} PRIMARY KEY, name VARCHAR(140), website VARCHAR(140), about VARCHAR(200), modified ${stamp})`,
  `CREATE TABLE notes(id ${id} PRIMARY KEY, title VARCHAR(140), body VARCHAR(200), modified ${stamp})`,
  `CREATE TABLE readers(id ${id} PRIMARY KEY, note INT, n INT, who VARCHAR(140))`,
]

export async function startLegacy(kind: 'postgres' | 'mysql'): Promise<Legacy> {
  const server = await (kind === 'postgres' ? startPostgres({ max_connections: '120' }) : startMariadb({ 'log-bin': 'binlog', 'binlog-format': 'ROW', 'server-id': '1', 'binlog-row-image': 'FULL' }))
  const secret = join(mkdtempSync(join(tmpdir(), 'landfall-secret-')), 'password')
  writeFileSync(secret, server.password, { mode: 0o600 })
  const access = `host: ${server.host}, port: ${server.port}, user: ${server.user}, password: "\${file:${secret}}", database: legacy, tls: 'off'`
  const connect = async (database: string): Promise<Writer> => (kind === 'postgres' ? postgresWriter(server, database) : mysqlWriter(server, database))
  const first = await connect(kind === 'postgres' ? 'postgres' : 'mysql')
  await first.run('CREATE DATABASE legacy')
  await first.end()
  const writer = await connect('legacy')
  for (const sql of TABLES(kind === 'postgres' ? 'TIMESTAMPTZ' : 'DATETIME(6)', 'INT')) await writer.run(sql)
  await writer.run('CREATE INDEX customers_modified ON customers(modified)')
  if (kind === 'postgres') await writer.run('CREATE PUBLICATION landfall FOR TABLE customers, notes, readers')
  await writer.end()
  return { kind, server, source: `{ kind: ${kind}, ${access} }`, connect: () => connect('legacy'), now: kind === 'postgres' ? 'now()' : 'NOW(6)', stop: () => server.stop() }
}

async function postgresWriter(server: PrivateServer, database: string): Promise<Writer> {
  const client = new pg.Client({ host: server.host, port: server.port, user: server.user, password: server.password, database })
  client.on('error', () => undefined)
  await client.connect()
  return {
    run: async (sql) => { await client.query(sql) },
    all: async (sql) => (await client.query<(string | null)[]>({ text: sql, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } as never })).rows,
    end: () => client.end(),
  }
}

async function mysqlWriter(server: PrivateServer, database: string): Promise<Writer> {
  const client = await mysql.createConnection({ host: server.host, port: server.port, user: server.user, password: server.password, database, multipleStatements: false })
  return {
    run: async (sql) => { await client.query(sql) },
    all: async (sql) => ((await client.query({ sql, rowsAsArray: true }))[0] as unknown[][]).map((row) => row.map((value) => (value === null ? null : String(value)))),
    end: () => client.end(),
  }
}
