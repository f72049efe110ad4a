import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { entityOptions, queryEntities, serverOptions } from '../sql-options.ts'
import { connectPostgres } from './connection.ts'
import { PostgresSource } from './source.ts'

export const optionsSchema = z.strictObject({
  ...serverOptions,
  port: z.coerce.number().int().min(1).max(65_535).default(5432).describe('Port.'),
  schemas: z.array(z.string().min(1)).min(1).default(['public']).describe('Schemas to read. Entities of the first keep their plain names, those of others are `schema.table`.'),
  ...entityOptions,
})

/** Opens a PostgreSQL source. Throws `source-unreachable`, `source-denied`, or `config-invalid` for a schema that is not there. */
export async function open(name: string, options: z.output<typeof optionsSchema>, env: SourceEnv): Promise<Source> {
  registerSecret(options.password)
  const settings = { ...options, queries: queryEntities(options.queries) }
  const client = await connectPostgres(settings, env.baseFolder)
  const source = new PostgresSource(name, settings, env.baseFolder, client)
  const present = new Set((await source.query<{ nspname: string }>('SELECT nspname FROM pg_namespace')).map((row) => row.nspname))
  const missing = options.schemas.filter((schema) => !present.has(schema))
  if (missing.length > 0) {
    await source.close()
    throw new LandfallError('config-invalid', `Database \`${options.database}\` has no schema ${missing.map((one) => `\`${one}\``).join(', ')}.`,
      { hint: `It has: ${[...present].filter((one) => !one.startsWith('pg_')).join(', ')}.` })
  }
  return source
}
