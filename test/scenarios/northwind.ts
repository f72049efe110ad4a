import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../../src/testing/servers/postgres.ts'

const root = resolve(import.meta.dirname, '../..')

export interface NorthwindProject { folder: string; env: Record<string, string>; query<T>(sql: string): Promise<T[]>; close(): Promise<void> }

/** The public Northwind dump in a private PostgreSQL, and the example project in a folder of its own. */
export async function northwindProject(): Promise<NorthwindProject> {
  const server = await startPostgres()
  const connection = { host: '127.0.0.1', port: server.port, user: server.user, database: 'postgres', password: server.password }
  const client = new Client(connection)
  await client.connect()
  await client.query(readFileSync(resolve(root, '../shared/legacy/northwind.sql'), 'utf8'))
  await client.query('SET search_path TO public')
  const folder = mkdtempSync(join(tmpdir(), 'landfall-northwind-'))
  cpSync(join(root, 'examples/northwind'), folder, { recursive: true })
  return {
    folder,
    env: { NORTHWIND_HOST: connection.host, NORTHWIND_PORT: String(connection.port), NORTHWIND_DATABASE: connection.database, NORTHWIND_USER: connection.user, NORTHWIND_PASSWORD: connection.password || 'none' },
    query: async <T>(sql: string) => (await client.query(sql)).rows as T[],
    close: async () => {
      await client.end()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
