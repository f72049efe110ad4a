import { existsSync, statfsSync } from 'node:fs'
import { LandfallError } from '../../errors/error.ts'
import type { Clock } from '../../model/clock.ts'
import { connectDatabase, type DatabaseAddress, type SiteDatabase } from './database.ts'
import type { DatabaseFacts, Right } from './site-facts.ts'

const VARIABLES = [
  'version', 'log_bin', 'binlog_format', 'binlog_row_image', 'max_allowed_packet', 'local_infile', 'sql_mode', 'innodb_buffer_pool_size', 'innodb_flush_log_at_trx_commit', 'innodb_log_file_size', 'innodb_doublewrite',
  'character_set_server', 'collation_server', 'read_only', 'datadir', 'max_connections', 'wait_timeout', 'system_time_zone', 'time_zone', 'lower_case_table_names', 'innodb_strict_mode', 'secure_file_priv',
]
const PINGS = 5

/** Asks a site's database what decides whether rows can be loaded into it. Reads only; what fails is in the facts. */
export async function probeDatabase(address: DatabaseAddress, clock: Clock): Promise<DatabaseFacts> {
  const facts: DatabaseFacts = {
    where: `${address.socket ?? `${address.host}:${address.port}`}/${address.database}`, unreachable: null, variables: {}, charset: null, collation: null, sizeBytes: null, skewMs: null, latencyMs: [], grants: [], freeBytes: null,
    connections: null,
  }
  let database: SiteDatabase
  try {
    database = await connectDatabase(address)
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error
    return { ...facts, unreachable: { why: error.message, hint: error.hint } }
  }
  try {
    await database.query('SELECT 1')
    for (let i = 0; i < PINGS; i++) {
      const started = clock.elapsed()
      await database.query('SELECT 1')
      facts.latencyMs.push(clock.elapsed() - started)
    }
    const rows = await database.query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [VARIABLES])
    facts.variables = Object.fromEntries(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]))
    const sent = clock.now(), [time] = await database.query('SELECT UNIX_TIMESTAMP(UTC_TIMESTAMP(3)) - UNIX_TIMESTAMP(UTC_TIMESTAMP()) + UNIX_TIMESTAMP(NOW()) AS t'), received = clock.now()
    facts.skewMs = Math.round(Number(time?.['t']) * 1000 - (sent + received) / 2)
    const [schema] = await database.query('SELECT DEFAULT_CHARACTER_SET_NAME AS c, DEFAULT_COLLATION_NAME AS o FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()')
    facts.charset = schema === undefined ? null : String(schema['c'])
    facts.collation = schema === undefined ? null : String(schema['o'])
    const [size] = await database.query('SELECT SUM(DATA_LENGTH + INDEX_LENGTH) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()')
    facts.sizeBytes = size?.['n'] === null || size?.['n'] === undefined ? null : Number(size['n'])
    const [threads] = await database.query("SHOW GLOBAL STATUS LIKE 'Threads_connected'")
    facts.connections = threads === undefined ? null : Number(threads['Value'])
    facts.grants = (await database.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0]).replace(/ IDENTIFIED BY .*?(?= WITH |$)/, ''))
    facts.freeBytes = freeOf(facts.variables['datadir'], address)
  } finally {
    await database.close()
  }
  return facts
}

/** Free bytes of the data folder, where the server is on this machine and the folder is really its own. */
function freeOf(folder: string | undefined, address: DatabaseAddress): number | null {
  const local = address.socket !== undefined || ['127.0.0.1', 'localhost', '::1'].includes(address.host)
  if (!local || folder === undefined || !existsSync(folder)) return null
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** What loading rows needs of the database user; the ledger's own tables are made once. */
const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE']

/** Privileges a user has on a database as a whole, of `SHOW GRANTS`; `ALL` stands for all. */
export function privilegesOn(database: string, grants: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const grant of grants) {
    const match = /^GRANT (.+?) ON (?:TABLE )?(\S+)\.(\S+) TO /i.exec(grant)
    if (match === null || match[3] !== '*') continue
    const name = match[2]!.replaceAll(/[`"]/g, '').replaceAll('\\_', '_').replaceAll('\\%', '%')
    if (name !== '*' && name !== database && !(name.includes('%') && new RegExp(`^${name.replaceAll('%', '.*')}$`).test(database))) continue
    for (const privilege of match[1]!.split(',')) found.add(privilege.trim().toUpperCase().replace(' PRIVILEGES', ''))
  }
  return found
}

/** The express lane's needs against the grants of the user. */
export function databaseRights(address: DatabaseAddress, facts: DatabaseFacts): Right[] {
  if (facts.unreachable !== null) return [{ lane: 'express', what: 'log in to the database', has: false, why: facts.unreachable.why, wayOut: facts.unreachable.hint ?? '' }]
  const has = privilegesOn(address.database, facts.grants), all = has.has('ALL')
  return NEEDED.map((privilege) => ({
    lane: 'express' as const, what: `${privilege} on ${address.database}`, has: all || has.has(privilege), why: privilege === 'CREATE' ? 'for the ledger\'s tables' : 'to load, verify and take back',
    wayOut: `GRANT ${privilege} ON \`${address.database}\`.* TO '${address.user}'@'...'`,
  }))
}
