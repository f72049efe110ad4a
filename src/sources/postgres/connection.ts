import pg from 'pg'
import { LandfallError, messageOf, type Where } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { tlsSettings, type TlsOptions } from '../sql-options.ts'

export interface PostgresAccess extends TlsOptions {
  host: string
  port: number
  database: string
  user: string
  password: string
  connectTimeoutMs: number
  statementTimeoutMs: number
}

/**
 * What every session is told: values come as text in one form whatever the server's configuration; nothing can be written; row-level security must
 * not hide records silently; and a plain scan gives records in physical order.
 */
const SESSION = [
  'SET default_transaction_read_only = on', `SET TIME ZONE 'UTC'`, `SET DateStyle = 'ISO, YMD'`, `SET IntervalStyle = 'postgres'`, 'SET extra_float_digits = 1',
  `SET bytea_output = 'hex'`, `SET client_encoding = 'UTF8'`, 'SET row_security = off', 'SET synchronize_seqscans = off', 'SET max_parallel_workers_per_gather = 0',
  'SET standard_conforming_strings = on', 'SET jit = off', 'SET lock_timeout = 30000',
]

/** Values stay text: the driver's own parsers turn dates into local ones and round numbers. */
const asText = { getTypeParser: () => (value: string) => value }

/** A connection with the session settings made. Throws `source-unreachable` or `source-denied`. */
export async function connectPostgres(access: PostgresAccess, baseFolder: string): Promise<pg.Client> {
  const attempt = async (encrypted: boolean) => {
    const client = new pg.Client({
      host: access.host, port: access.port, database: access.database, user: access.user, password: access.password, keepAlive: true,
      connectionTimeoutMillis: access.connectTimeoutMs, application_name: 'landfall', ssl: encrypted ? tlsSettings(access, baseFolder) : false,
      types: asText as unknown as pg.CustomTypesConfig,
    })
    // Without a listener a dropped connection would end the process; the statement that runs gets the error too.
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query([...SESSION, `SET statement_timeout = ${access.statementTimeoutMs}`].join('; '))
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }
  try {
    try {
      return await attempt(access.tls !== 'off')
    } catch (error) {
      if (access.tls === 'prefer' && /does not support SSL/i.test(messageOf(error))) return await attempt(false)
      throw error
    }
  } catch (error) {
    throw postgresError(error, `Connecting to PostgreSQL at ${access.host}:${access.port}, database \`${access.database}\``, { url: `${access.host}:${access.port}` })
  }
}

const DENIED = new Set(['28P01', '28000', '42501'])
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', '3D000', '53300', '57P03'])

/** The driver's error as ours, without secrets. `doing` says what was being done and to what. */
export function postgresError(error: unknown, doing: string, where: Where = {}): LandfallError {
  if (error instanceof LandfallError) return error
  const code = (error as { code?: string } | null)?.code ?? ''
  const detail = (error as { detail?: string } | null)?.detail
  const text = redact(`${doing} failed: ${messageOf(error) || code || 'no reason given'}${detail ? ` (${detail})` : ''}`)
  if (DENIED.has(code)) return new LandfallError('source-denied', text, { where, cause: error, hint: 'Check user and password, and that the user may SELECT (with BYPASSRLS where row-level security is on).' })
  if (/row-level security/.test(text)) return new LandfallError('source-denied', text, { where, cause: error, hint: 'The user sees only some records. Use a role with BYPASSRLS.' })
  if (UNREACHABLE.has(code) || /timeout expired|self.signed|certificate|does not support SSL/i.test(text)) {
    return new LandfallError('source-unreachable', text, { where, cause: error, hint: 'Check host, port, database, firewall and the `tls` option.' })
  }
  if (code === '57014') return new LandfallError('source-failed', text, { where, cause: error, hint: 'Raise `statementTimeoutMs`.' })
  return new LandfallError('source-failed', text, { where, cause: error })
}

/** Ends a connection at once, even when a statement runs on it: the server notices when it next sends. */
export function dropConnection(client: pg.Client): void {
  const stream = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream
  stream.destroy()
}
