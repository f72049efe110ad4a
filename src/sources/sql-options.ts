import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { LandfallError, messageOf } from '../errors/error.ts'

/** Options all SQL servers share. */
export const serverOptions = {
  host: z.string().min(1).default('127.0.0.1').describe('Host name or address.'),
  database: z.string().min(1).describe('Database to read.'),
  user: z.string().min(1).describe('User; needs SELECT only.'),
  password: z.string().default('').describe('Password, as `${env:NAME}`.'),
  tls: z.enum(['off', 'prefer', 'require', 'verify']).default('prefer')
    .describe('`prefer` encrypts when the server can, `require` always without checking who answers, `verify` also checks the certificate.'),
  tlsCa: z.string().optional().describe('File of the authority that signed the server\'s certificate (PEM).'),
  tlsCert: z.string().optional().describe('File of the client certificate (PEM).'),
  tlsKey: z.string().optional().describe('File of the client key (PEM).'),
  connectTimeoutMs: z.number().int().positive().default(10_000).describe('How long to wait for a connection.'),
  statementTimeoutMs: z.number().int().nonnegative().default(0).describe('The server ends statements that take longer; 0: never.'),
  idleTimeoutMs: z.number().int().positive().default(600_000).describe('Reading fails when the server sends nothing for so long.'),
}

const queryOption = z.union([z.string().min(1), z.object({
  query: z.string().min(1).describe('A SELECT of your own.'),
  key: z.array(z.string()).min(1).optional().describe('Columns that identify a record and are never NULL: reading resumes behind them.'),
})])

/** Entities of the project's own making, shared by all SQL sources. */
export const entityOptions = {
  queries: z.record(z.string(), queryOption).default({}).describe('Further entities, each a SELECT: `name: SELECT ...` or `name: { query, key }`.'),
  keys: z.record(z.string(), z.array(z.string()).min(1)).default({}).describe('Identifying columns, never NULL, of tables and views that declare none.'),
}

/** A custom entity in one form. */
export interface QueryEntity { name: string; query: string; key: string[] }

/** Both spellings of `queries` as one; a trailing semicolon is dropped. */
export function queryEntities(queries: Record<string, string | { query: string; key?: string[] }>): QueryEntity[] {
  return Object.entries(queries).map(([name, given]) => {
    const one = typeof given === 'string' ? { query: given } : given
    return { name, query: one.query.trim().replace(/;\s*$/, ''), key: ('key' in one ? one.key : undefined) ?? [] }
  })
}

export interface TlsOptions { tls: 'off' | 'prefer' | 'require' | 'verify'; tlsCa?: string; tlsCert?: string; tlsKey?: string }

/** Options for node:tls; `config-missing` when a file cannot be read. */
export function tlsSettings(options: TlsOptions, baseFolder: string): { rejectUnauthorized: boolean; ca?: string; cert?: string; key?: string } {
  const file = (path: string | undefined) => {
    if (path === undefined) return undefined
    try {
      return readFileSync(resolve(baseFolder, path), 'utf8')
    } catch (error) {
      throw new LandfallError('config-missing', `The TLS file cannot be read: ${messageOf(error)}`, { where: { file: path }, cause: error })
    }
  }
  return { rejectUnauthorized: options.tls === 'verify', ca: file(options.tlsCa), cert: file(options.tlsCert), key: file(options.tlsKey) }
}
