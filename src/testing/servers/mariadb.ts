import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { accountFor, findBinary, freePort, launch, prepare, serverFolder, type PrivateServer } from './server.ts'

/** Starts a private MariaDB (`--no-defaults`, row binlog on request through `settings`); about 3 s. Throws `usage` when it is not installed. */
export async function startMariadb(settings: Record<string, string> = {}): Promise<PrivateServer> {
  const install = findBinary(['mariadb-install-db', 'mysql_install_db'], 'mariadb-server'), daemon = findBinary(['mariadbd', 'mysqld'], 'mariadb-server')
  const account = accountFor('mysql')
  const folder = serverFolder('mariadb', account)
  const data = join(folder, 'data'), password = 'private-secret'
  const options = { ...account, cwd: folder }
  prepare(install, ['--no-defaults', `--datadir=${data}`, `--tmpdir=${folder}`, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve', '--innodb-flush-log-at-trx-commit=0'], options)
  const port = await freePort()
  const all: Record<string, string> = {
    'bind-address': '127.0.0.1', 'skip-name-resolve': '1', 'innodb-buffer-pool-size': '64M', 'innodb-flush-log-at-trx-commit': '0', 'character-set-server': 'utf8mb4',
    'innodb-doublewrite': '0', 'innodb-log-file-size': '32M', ...settings,
  }
  // A server that starts clears the folder of temporary tables, which others may be using.
  const args = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${folder}`, `--port=${port}`, `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`,
    ...Object.entries(all).map(([key, value]) => `--${key}=${value}`)]
  let secured = false
  const server = await launch(daemon, args, options, folder, async () => {
    const client = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root', password: secured ? password : '' })
    if (!secured) await client.query(`SET PASSWORD = PASSWORD(${client.escape(password)})`)
    secured = true
    await client.end()
  })
  return { host: '127.0.0.1', port, user: 'root', password, folder, ...server }
}
