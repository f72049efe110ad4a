import mysql from 'mysql2'
import { LandfallError, messageOf, type Where } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { tlsSettings, type TlsOptions } from '../sql-options.ts'

export interface MysqlAccess extends TlsOptions {
  host: string
  port: number
  database: string
  user: string
  password: string
  connectTimeoutMs: number
  statementTimeoutMs: number
}

/** An open connection with what the server told about itself. */
export interface MysqlLink {
  connection: mysql.Connection
  version: string
  /** Results of string functions longer than this become NULL on the server. */
  maxPacket: number
  /** CAST(x AS FLOAT) exists. */
  floatCast: boolean
}

/** One form of values whatever the server's configuration: UTC, no strictness about zero dates, backslash escapes; and nothing can be written. */
const SESSION = [
  `SET SESSION sql_mode = ''`, `SET SESSION time_zone = '+00:00'`, 'SET NAMES utf8mb4', 'SET SESSION TRANSACTION READ ONLY', 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'SET SESSION net_write_timeout = 86400',
]

/** Rows of a statement, values as text. */
export function mysqlRows(connection: mysql.Connection, sql: string): Promise<(string | null)[][]> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: true, typeCast: (field: { string(): string | null }) => field.string() } as mysql.QueryOptions, (error, rows) => {
      if (error) reject(error)
      else resolve(rows as unknown as (string | null)[][])
    })
  })
}

/** A connection with the session settings made. Throws `source-unreachable` or `source-denied`. */
export async function connectMysql(access: MysqlAccess, baseFolder: string): Promise<MysqlLink> {
  const attempt = async (encrypted: boolean): Promise<MysqlLink> => {
    const connection = mysql.createConnection({
      host: access.host, port: access.port, database: access.database, user: access.user, password: access.password, charset: 'utf8mb4', connectTimeout: access.connectTimeoutMs,
      enableKeepAlive: true, multipleStatements: false, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true,
      // A hostile server may ask for any file of the client's.
      flags: ['-LOCAL_FILES'], ...(encrypted ? { ssl: tlsSettings(access, baseFolder) } : {}),
    })
    try {
      await new Promise<void>((resolve, reject) => {
        connection.once('error', reject)
        connection.connect((error) => error ? reject(error) : resolve())
      })
      connection.on('error', () => undefined)
      for (const statement of SESSION) await mysqlRows(connection, statement)
      const [version, packet] = (await mysqlRows(connection, 'SELECT VERSION(), @@max_allowed_packet'))[0] ?? []
      if (access.statementTimeoutMs > 0) {
        await mysqlRows(connection, /mariadb/i.test(version ?? '') ? `SET SESSION max_statement_time = ${access.statementTimeoutMs / 1000}` : `SET SESSION max_execution_time = ${access.statementTimeoutMs}`)
      }
      const floatCast = await mysqlRows(connection, `SELECT CAST('0.1' AS FLOAT)`).then(() => true, () => false)
      return { connection, version: version ?? '', maxPacket: Number(packet), floatCast }
    } catch (error) {
      connection.destroy()
      throw error
    }
  }
  try {
    try {
      return await attempt(access.tls !== 'off')
    } catch (error) {
      if (access.tls === 'prefer' && ((error as { code?: string }).code === 'HANDSHAKE_NO_SSL_SUPPORT' || /does not support secure|SSL/i.test(messageOf(error)))) return await attempt(false)
      throw error
    }
  } catch (error) {
    throw mysqlError(error, `Connecting to MySQL at ${access.host}:${access.port}, database \`${access.database}\``, { url: `${access.host}:${access.port}` })
  }
}

const DENIED = new Set(['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR', 'ER_COLUMNACCESS_DENIED_ERROR', 'ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'])
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'ER_BAD_DB_ERROR', 'ER_CON_COUNT_ERROR', 'HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR'])

/** The driver's error as ours, without secrets. `doing` says what was being done and to what. */
export function mysqlError(error: unknown, doing: string, where: Where = {}): LandfallError {
  if (error instanceof LandfallError) return error
  const code = (error as { code?: string } | null)?.code ?? ''
  const text = redact(`${doing} failed: ${messageOf(error) || code || 'no reason given'}`)
  if (DENIED.has(code)) return new LandfallError('source-denied', text, { where, cause: error, hint: 'Check user and password, and that the user may SELECT.' })
  if (UNREACHABLE.has(code) || /certificate|self.signed/i.test(text)) {
    return new LandfallError('source-unreachable', text, { where, cause: error, hint: 'Check host, port, database, firewall and the `tls` option.' })
  }
  if (code === 'ER_STATEMENT_TIMEOUT' || code === 'ER_QUERY_TIMEOUT') return new LandfallError('source-failed', text, { where, cause: error, hint: 'Raise `statementTimeoutMs`.' })
  return new LandfallError('source-failed', text, { where, cause: error })
}
