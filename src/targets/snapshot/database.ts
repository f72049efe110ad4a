import mysql, { type Connection } from 'mysql2/promise'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'
import type { Loose } from '../../site/compact.ts'
import { SqlReader } from './sql-reader.ts'

/** The database of a site; `socket` in place of host and port. `tls`: encrypted, and with `verify` only to a server whose certificate is good (`ca`: PEM of its authority). */
export interface DatabaseAddress { host: string; port: number; user: string; password: string; database: string; socket?: string; tls?: 'require' | 'verify'; ca?: string }

export interface SiteDatabase { address: DatabaseAddress; query(statement: string, values?: unknown[]): Promise<Loose[]>; close(): Promise<void> }

const DENIED = /ER_ACCESS_DENIED|ER_DBACCESS_DENIED/

/** Connects for reading: dates and times stay text, decimals become numbers as over REST. Throws `target-failed` with the way out. */
export async function connectDatabase(address: DatabaseAddress): Promise<SiteDatabase> {
  if (address.password !== '') registerSecret(address.password)
  let connection: Connection
  try {
    connection = await mysql.createConnection({
      ...(address.socket === undefined ? { host: address.host, port: address.port } : { socketPath: address.socket }),
      user: address.user, password: address.password, database: address.database, charset: 'utf8mb4', ...(address.tls === undefined ? {} : { ssl: { rejectUnauthorized: address.tls === 'verify', ...(address.ca === undefined ? {} : { ca: address.ca }) } }), dateStrings: true, decimalNumbers: true, connectTimeout: 10_000,
    })
    await connection.query('SET SESSION TRANSACTION READ ONLY')
  } catch (error) {
    const denied = DENIED.test((error as { code?: string }).code ?? '')
    throw new LandfallError('target-failed', `The site's database ${denied ? 'refuses the login' : 'cannot be reached'}: ${messageOf(error)}`, {
      where: { url: `mysql://${address.user}@${address.socket ?? `${address.host}:${address.port}`}/${address.database}` }, cause: error,
      hint: 'Name, user and password are db_name and db_password in the site\'s site_config.json.',
    })
  }
  return {
    address,
    query: async (statement, values = []) => (await connection.query(statement, values))[0] as Loose[],
    close: () => connection.end().catch(() => undefined),
  }
}

export function databaseReader(database: SiteDatabase): SqlReader {
  const { address } = database
  return new SqlReader('database', `${address.socket ?? `${address.host}:${address.port}`}/${address.database}`, (statement, values) => database.query(statement, values), () => database.close())
}
