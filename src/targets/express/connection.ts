import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import mysql from 'mysql2'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { tlsOf, type ExpressOptions } from './options.ts'

/** A value of MariaDB as text, in its own form: `0.500000000`, `2026-11-22 12:00:00.000001`. */
export type Text = string | null

/** What a writing statement did; `warnings` counts what the server would not say as an error. */
export interface Written { rows: number; warnings: number }

/** Backslash escapes on, nothing cut silently, rows written as given; one snapshot per transaction, whose locking reads see the newest. */
const SESSION = [
  `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'`, `SET SESSION time_zone = '+00:00'`,
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'SET SESSION TRANSACTION READ WRITE', 'SET SESSION max_statement_time = 0', 'SET SESSION max_error_count = 64',
]

/** Quotes an identifier for MariaDB. */
export function tick(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Quotes a text for MariaDB (backslash escapes are on); null gives NULL. */
export function quote(value: Text | number): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : mysql.escape(value)
}

/** One connection to the site's database. Statements run one after another; each rejects with the driver's error (`databaseError` makes it ours). */
export class Link {
  readonly #connection: mysql.Connection
  /** Largest packet the server takes. */
  readonly packetBytes: number
  readonly version: string
  readonly infile: boolean
  /** Collation of the site's names. */
  readonly collation: string
  #broken = false

  constructor(connection: mysql.Connection, facts: { packetBytes: number; version: string; infile: boolean; collation: string }) {
    this.#connection = connection
    this.packetBytes = facts.packetBytes
    this.version = facts.version
    this.infile = facts.infile
    this.collation = facts.collation
    // Without a listener a dropped connection would end the process; the statement at work reports it.
    connection.on('error', () => { this.#broken = true })
  }

  get broken(): boolean { return this.#broken }

  /** Rows of a statement as lists of texts. */
  async rows(sql: string): Promise<Text[][]> {
    return rowsOf(this.#connection, sql).catch((error: unknown) => this.#failed(error))
  }

  /** Runs a writing statement; `stream` feeds LOAD DATA LOCAL INFILE, and only for this statement may the server ask for it. */
  async run(sql: string, stream?: () => Readable): Promise<Written> {
    return new Promise<Written>((resolve, reject) => {
      this.#connection.query({ sql, ...(stream === undefined ? {} : { infileStreamFactory: stream }) } as mysql.QueryOptions, (error, result) => {
        if (error) return reject(error)
        const header = result as mysql.ResultSetHeader
        resolve({ rows: header.affectedRows ?? 0, warnings: header.warningStatus ?? 0 })
      })
    }).catch((error: unknown) => this.#failed(error))
  }

  /** The driver tells the statement at work that the connection is gone, and nobody else. */
  #failed(error: unknown): never {
    if (lost(error)) this.#broken = true
    throw error
  }

  /** The server's number of this connection, by which it can be killed. */
  get id(): number { return this.#connection.threadId ?? 0 }

  close(): void {
    this.#broken = true
    this.#connection.destroy()
  }
}

function rowsOf(connection: mysql.Connection, sql: string): Promise<Text[][]> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: true, typeCast: (field: { string(): string | null }) => field.string() } as mysql.QueryOptions, (error, rows) => {
      if (error) reject(error)
      else resolve(rows as unknown as Text[][])
    })
  })
}

/** Opens a connection with the session settings made. Throws `target-failed`. */
export async function connect(options: ExpressOptions, baseFolder: string): Promise<Link> {
  const place = options.socket ?? `${options.host}:${options.port}`
  const connection = mysql.createConnection({
    ...(options.socket === undefined ? { host: options.host, port: options.port } : { socketPath: options.socket }), database: options.database, user: options.user ?? options.database, password: options.password,
    charset: 'utf8mb4', connectTimeout: options.connectTimeoutMs, enableKeepAlive: true, multipleStatements: false, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true,
    ...(options.tls === 'off' ? {} : { ssl: tlsOf(options, baseFolder) }),
  })
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once('error', reject)
      connection.connect((error) => error ? reject(error) : resolve())
    })
    for (const statement of [...SESSION, `SET SESSION innodb_lock_wait_timeout = ${options.lockWaitSeconds}`]) await rowsOf(connection, statement)
    const names = await rowsOf(connection, `SELECT COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'tabSeries' AND COLUMN_NAME = 'name'`)
    const collation = names[0]?.[0] ?? 'utf8mb4_unicode_ci'
    // Literals compared with names must follow the rules of the names.
    if (collation.startsWith('utf8mb4')) await rowsOf(connection, `SET NAMES utf8mb4 COLLATE ${collation}`)
    const [packet, version, infile] = (await rowsOf(connection, 'SELECT @@max_allowed_packet, VERSION(), @@local_infile'))[0] ?? []
    return new Link(connection, { packetBytes: Number(packet), version: version ?? '', infile: infile === '1', collation })
  } catch (error) {
    connection.destroy()
    throw databaseError(error, `Connecting to the site's database \`${options.database}\` at ${place}`)
  }
}

const DENIED = new Set(['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR', 'ER_COLUMNACCESS_DENIED_ERROR', 'ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'])
const PASSING = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'])
const LOST = new Set(['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ETIMEDOUT', 'ER_CONNECTION_KILLED', 'ER_SERVER_SHUTDOWN', 'ER_NEW_ABORTING_CONNECTION', 'ER_QUERY_INTERRUPTED'])

const codeOf = (error: unknown): string => {
  const one = (error instanceof LandfallError ? error.cause : error) as { code?: string } | null | undefined
  return one?.code ?? ''
}

/** A deadlock or a lock wait: the same again may succeed. */
export function passes(error: unknown): boolean { return PASSING.has(codeOf(error)) }

/** The connection is gone; whether the transaction was committed is for the ledger to say. */
export function lost(error: unknown): boolean {
  return LOST.has(codeOf(error)) || /connection is in closed state|Connection lost|server closed the connection/i.test(messageOf(error))
}

/** A key that is there already. */
export function duplicate(error: unknown): boolean { return codeOf(error) === 'ER_DUP_ENTRY' || codeOf(error) === 'ER_DUP_ENTRY_WITH_KEY_NAME' }

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2000

/** Does something again, at most `retries` times, after a deadlock, a lock wait, a lost connection or a key somebody else took that moment; what else fails is `target-failed`. */
export async function again<T>(retries: number, doing: string, body: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await body(attempt)
    } catch (error) {
      if (!(passes(error) || lost(error) || duplicate(error)) || attempt >= retries) throw databaseError(error, doing)
      await wait(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt))
    }
  }
}

/** The driver's error as `target-failed`, without secrets; `doing` says what was being done. */
export function databaseError(error: unknown, doing: string): LandfallError {
  if (error instanceof LandfallError) return error
  const code = codeOf(error), text = redact(`${doing} failed: ${messageOf(error) || code || 'no reason given'}`)
  let hint = 'See the message of the database.'
  if (DENIED.has(code)) hint = 'Check user and password; the user needs SELECT, INSERT, UPDATE, DELETE and CREATE on the site\'s database, which the site\'s own user has (site_config.json).'
  else if (lost(error) || code === 'ENOTFOUND' || code === 'ER_BAD_DB_ERROR') hint = 'Check host, port or socket, database and firewall, and that the server runs.'
  else if (passes(error)) hint = 'Somebody else holds rows this batch needs; run again when the site is quiet, or in maintenance mode.'
  else if (/certificate|self.signed|SSL/i.test(text)) hint = 'Check the `tls` options.'
  else if (code === 'ER_NET_PACKET_TOO_LARGE') hint = 'Raise max_allowed_packet of the server.'
  return new LandfallError('target-failed', text, { hint, cause: error })
}
