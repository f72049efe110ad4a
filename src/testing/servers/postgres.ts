import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { accountFor, findBinary, freePort, launch, prepare, serverFolder, versionedFolders, type PrivateServer } from './server.ts'

/** Starts a private PostgreSQL (logical WAL, no fsync, scram passwords); about 3 s. Throws `usage` when it is not installed. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PrivateServer> {
  const bins = versionedFolders('/usr/lib/postgresql')
  const initdb = findBinary(['initdb'], 'postgresql', bins), postgres = findBinary(['postgres'], 'postgresql', bins)
  const account = accountFor('postgres')
  const folder = serverFolder('postgres', account)
  const data = join(folder, 'data'), password = 'private-secret'
  writeFileSync(join(folder, 'password'), password, { mode: 0o644 })
  const options = { ...account, cwd: folder }
  prepare(initdb, ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions', '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`], options)
  const port = await freePort()
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', wal_level: 'logical', shared_buffers: '64MB', ...settings,
  }
  const server = await launch(postgres, ['-D', data, '-p', String(port), ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])], options, folder, async () => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' })
    client.on('error', () => undefined)
    await client.connect()
    await client.end()
  })
  return { host: '127.0.0.1', port, user: 'postgres', password, folder, ...server }
}
