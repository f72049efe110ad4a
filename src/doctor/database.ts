import type { DatabaseFacts } from '../targets/snapshot/site-facts.ts'
import { Checks, duration, median, size, type DoctorCheck } from './check.ts'

const MB = 1 << 20
const PACKET_FAIL = 16 * MB, PACKET_WARN = 64 * MB, POOL_WARN = 512 * MB, LOG_WARN = 128 * MB
/** Modes of MariaDB in which statements mean something else than Frappe and Landfall write. */
const BITING_MODES = ['ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'PIPES_AS_CONCAT', 'ORACLE', 'NO_AUTO_VALUE_ON_ZERO', 'PAD_CHAR_TO_FULL_LENGTH']

/** Checks of the site's database, for bench and express. */
export function checkDatabase(facts: DatabaseFacts): DoctorCheck[] {
  const checks = new Checks('database')
  if (facts.unreachable !== null) {
    checks.add('reach', 'reach and login', 'fail', facts.unreachable.why, facts.unreachable.hint)
    return checks.list
  }
  const latency = median(facts.latencyMs)
  checks.add('reach', 'reach and login', latency !== null && latency > 20 ? 'warn' : 'ok', `${facts.where}, ${latency === null ? '' : duration(latency)} a question`, 'Run Landfall on the machine of the database, or next to it.')
  checkServer(checks, facts)
  checkText(checks, facts)
  checkStorage(checks, facts)
  if (facts.skewMs !== null) checks.add('clock', 'clock', Math.abs(facts.skewMs) > 5_000 ? 'warn' : 'ok', Math.abs(facts.skewMs) < 1_500 ? 'the same as here' : `${duration(facts.skewMs)} off`, 'Set both clocks (ntp).')
  return checks.list
}

function checkServer(checks: Checks, { variables }: DatabaseFacts): void {
  const version = variables['version'] ?? '', mariadb = /mariadb/i.test(version), [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const old = mariadb && (major < 10 || (major === 10 && minor < 6))
  checks.add('version', 'version', !mariadb || old ? 'fail' : 'ok', version, mariadb ? 'Frappe 15 needs MariaDB 10.6 or later.' : 'Frappe 15 runs on MariaDB; on MySQL and Postgres rows are not loaded directly: use the lane rest or bench.')
  const readOnly = /^(on|1|read)/i.test(variables['read_only'] ?? 'OFF')
  if (readOnly) checks.add('read-only', 'read_only', 'fail', 'the server takes no writes: a replica?', 'Name the primary server.')
  const packet = Number(variables['max_allowed_packet'] ?? 0)
  checks.add('packet', 'max_allowed_packet', packet < PACKET_FAIL ? 'fail' : packet < PACKET_WARN ? 'warn' : 'ok', size(packet), 'SET GLOBAL max_allowed_packet = 268435456, and in my.cnf: a larger statement ends the connection.')
  const infile = /^(on|1)$/i.test(variables['local_infile'] ?? 'OFF')
  checks.add('local-infile', 'local_infile', infile ? 'ok' : 'warn', infile ? 'on' : 'off: rows go in by INSERT, several times slower', 'SET GLOBAL local_infile = 1 for the time of the load (express).')
  const biting = BITING_MODES.filter((mode) => (variables['sql_mode'] ?? '').split(',').includes(mode))
  checks.add('sql-mode', 'sql_mode', biting.length > 0 ? 'fail' : 'ok', biting.length > 0 ? biting.join(', ') : variables['sql_mode'] || 'empty', 'Take these modes off: statements of Frappe mean something else under them.')
  const binlog = /^(on|1)$/i.test(variables['log_bin'] ?? 'OFF'), format = variables['binlog_format'] ?? ''
  if (!binlog) checks.add('binlog', 'binary log', 'ok', 'off: faster, but no going back to a moment; take a backup before the load')
  else checks.add('binlog', 'binary log', format === 'STATEMENT' ? 'fail' : 'warn', `on, ${format}${format === 'STATEMENT' ? '' : ': it grows by about what is loaded'}`,
    format === 'STATEMENT' ? 'SET GLOBAL binlog_format = MIXED: replicas would not get the same rows.' : 'See that its disk has room, and how long logs are kept (binlog_expire_logs_seconds).')
  const connections = Number(variables['max_connections'] ?? 0)
  if (connections > 0 && connections < 50) checks.add('connections', 'max_connections', 'warn', String(connections), 'SET GLOBAL max_connections = 151: the site needs its own beside ours.')
}

function checkText(checks: Checks, { charset, collation, variables }: DatabaseFacts): void {
  const found = `${charset ?? variables['character_set_server']}, ${collation ?? variables['collation_server']}`
  if ((charset ?? variables['character_set_server']) !== 'utf8mb4') checks.add('charset', 'character set', 'fail', found, 'Frappe needs utf8mb4: names and texts would be cut or refused.')
  else checks.add('charset', 'character set', collation === 'utf8mb4_unicode_ci' ? 'ok' : 'warn', found, 'Tables made by Frappe are utf8mb4_unicode_ci; under another collation, which names are equal is predicted wrongly.')
}

function checkStorage(checks: Checks, { variables, sizeBytes, freeBytes }: DatabaseFacts): void {
  const pool = Number(variables['innodb_buffer_pool_size'] ?? 0), log = Number(variables['innodb_log_file_size'] ?? 0)
  checks.add('buffer-pool', 'innodb_buffer_pool_size', pool < POOL_WARN ? 'warn' : 'ok', size(pool), 'Give it up to two thirds of the memory of a machine of its own: indexes are kept up in it.')
  checks.add('redo-log', 'innodb_log_file_size', log < LOG_WARN ? 'warn' : 'ok', size(log), 'innodb_log_file_size = 1G in my.cnf: a small one makes the load wait for the disk.')
  const flush = variables['innodb_flush_log_at_trx_commit']
  checks.add('flush', 'innodb_flush_log_at_trx_commit', flush === '1' ? 'ok' : 'warn', flush === '1' ? '1: what is committed survives a crash' : `${flush}: the last second can be lost in a crash, ledger and documents together`, 'Set it to 1, or accept that a crash of the machine takes the last second back.')
  if (freeBytes === null) return checks.add('disk', 'free disk', 'skipped', 'the data lies on another machine, or may not be looked at')
  const needed = (sizeBytes ?? 0) + (2 << 30)
  checks.add('disk', 'free disk', freeBytes < needed ? 'warn' : 'ok', `${size(freeBytes)} free where the data lies; the site has ${size(sizeBytes ?? 0)}`, 'Room for what is loaded and for a backup beside it.')
}
