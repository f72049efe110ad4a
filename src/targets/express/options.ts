import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { LandfallError, messageOf } from '../../errors/error.ts'

/** How the express lane reaches the database of a site. */
export const expressOptions = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Host name or address of the site\'s MariaDB.'),
  port: z.coerce.number().int().min(1).max(65_535).default(3306).describe('Port.'),
  socket: z.string().min(1).optional().describe('Unix socket, instead of host and port.'),
  database: z.string().min(1).describe('The site\'s database (`db_name` of its site_config.json).'),
  user: z.string().min(1).optional().describe('User; the site\'s own is named like its database, which is the default.'),
  password: z.string().default('').describe('Password, as `${env:NAME}` (`db_password` of its site_config.json).'),
  tls: z.enum(['off', 'require', 'verify']).default('off').describe('`require` encrypts without checking who answers, `verify` also checks the certificate.'),
  tlsCa: z.string().optional().describe('File of the authority that signed the server\'s certificate (PEM).'),
  tlsCert: z.string().optional().describe('File of the client certificate (PEM).'),
  tlsKey: z.string().optional().describe('File of the client key (PEM).'),
  connectTimeoutMs: z.number().int().positive().default(10_000).describe('How long to wait for a connection.'),
  lockWaitSeconds: z.number().int().positive().default(20).describe('How long a statement waits for rows that somebody else holds.'),
  retries: z.number().int().nonnegative().default(4).describe('How often a batch is tried again after a deadlock, a lock wait or a lost connection.'),
  bulk: z.enum(['auto', 'infile', 'insert']).default('auto').describe('`infile` streams into LOAD DATA LOCAL INFILE, `insert` writes rows of many a statement, `auto` takes the first where the server allows it.'),
  redisCache: z.string().min(1).optional().describe('URL of the site\'s cache (`redis_cache` of common_site_config.json), emptied after loading; without it run `bench --site NAME clear-cache`.'),
})

export type ExpressOptions = z.output<typeof expressOptions>

/** Options for node:tls; undefined: no encryption. Throws `config-missing` when a file cannot be read. */
export function tlsOf(options: ExpressOptions, baseFolder: string): { rejectUnauthorized: boolean; ca?: string; cert?: string; key?: string } | undefined {
  if (options.tls === 'off') return undefined
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
