import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { entityOptions, queryEntities, serverOptions } from '../sql-options.ts'
import { connectMysql } from './connection.ts'
import { MysqlSource } from './source.ts'

export const optionsSchema = z.strictObject({
  ...serverOptions,
  port: z.coerce.number().int().min(1).max(65_535).default(3306).describe('Port.'),
  schemas: z.array(z.string().min(1)).default([]).describe('Further databases of the server to read; their entities are named `database.table`.'),
  ...entityOptions,
})

/** Opens a MySQL or MariaDB source. Throws `source-unreachable`, `source-denied`, or `config-invalid` for a database that is not there. */
export async function open(name: string, options: z.output<typeof optionsSchema>, env: SourceEnv): Promise<Source> {
  registerSecret(options.password)
  const settings = { ...options, databases: [...new Set([options.database, ...options.schemas])], queries: queryEntities(options.queries) }
  const source = new MysqlSource(name, settings, env.baseFolder, await connectMysql(settings, env.baseFolder))
  const present = new Set((await source.query('SELECT SCHEMA_NAME FROM information_schema.SCHEMATA')).map((row) => row[0]))
  const missing = settings.databases.filter((one) => !present.has(one))
  if (missing.length > 0) {
    await source.close()
    throw new LandfallError('config-invalid', `The server has no database ${missing.map((one) => `\`${one}\``).join(', ')}.`, { hint: `It has: ${[...present].join(', ')}.` })
  }
  return source
}
