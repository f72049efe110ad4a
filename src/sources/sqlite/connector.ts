import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { LandfallError, messageOf } from '../../errors/error.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { entityOptions, queryEntities } from '../sql-options.ts'
import { SqliteSource } from './source.ts'

export const optionsSchema = z.strictObject({
  path: z.string().min(1).describe('The database file.'),
  busyTimeoutMs: z.number().int().nonnegative().default(10_000).describe('How long to wait for a writer.'),
  ...entityOptions,
})

/** Opens a SQLite file, read-only. Throws `source-unreachable` when it is not there, `file-unreadable` when it is not a database. */
export async function open(name: string, options: z.output<typeof optionsSchema>, env: SourceEnv): Promise<Source> {
  const path = resolve(env.baseFolder, options.path)
  const absent = (why: string, cause?: unknown) => new LandfallError('source-unreachable', `The SQLite file cannot be opened: ${why}`, { where: { file: options.path }, hint: 'Check the option `path`.', cause })
  let isFile: boolean
  try {
    isFile = statSync(path).isFile()
  } catch (error) {
    throw absent(messageOf(error), error)
  }
  if (!isFile) throw absent('it is no file')
  const connect = () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: options.busyTimeoutMs, enableForeignKeyConstraints: false, allowExtension: false })
    database.exec('PRAGMA query_only = ON')
    return database
  }
  try {
    const database = connect()
    database.prepare('SELECT count(*) FROM sqlite_master').get()
    return new SqliteSource(name, database, connect, queryEntities(options.queries), options.keys)
  } catch (error) {
    throw new LandfallError('file-unreadable', `The file is no SQLite database, or a damaged one: ${messageOf(error)}`, { where: { file: options.path }, cause: error })
  }
}
