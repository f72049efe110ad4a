import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import { systemClock } from '../../model/clock.ts'
import type { DocumentedTable } from '../../model/documented-schema.ts'
import { readDdl } from '../../phases/assess/ddl.ts'
import { readDictionary } from '../../phases/assess/dictionary.ts'
import { openSource, stagedFolders } from '../../sources/registry.ts'
import { ParquetScan } from '../../staging/parquet-scan.ts'
import { readTables } from './reading.ts'
import { sourcesOf } from './source-argument.ts'

/** Larger files are dumps of data; their CREATE statements stand at the beginning. */
const MOST_DDL = 64 * 1024 * 1024

/** Tables as files describe them: DDL (`.sql`, `.ddl`), or data dictionaries in books and delimited text. Throws `usage` for a file that describes nothing. */
export async function readSchemaDocuments(files: string[], scratch: string, signal: AbortSignal): Promise<DocumentedTable[]> {
  const tables: DocumentedTable[] = []
  for (const file of files) {
    if (!existsSync(file) || !statSync(file).isFile()) throw new LandfallError('usage', `--schema-docs: there is no file ${file}.`, { hint: 'DDL (.sql), or a data dictionary as a book or CSV.' })
    const found = /^\.(sql|ddl)$/i.test(extname(file)) ? ddlOf(file) : await dictionaryOf(file, scratch, signal)
    if (found.length === 0) throw new LandfallError('usage', `${file} describes no table that could be read.`, { where: { file }, hint: 'DDL needs CREATE TABLE; a sheet needs a head with the name of the column, and its type, description, key, reference or whether it is mandatory.' })
    tables.push(...found)
  }
  return tables
}

function ddlOf(file: string): DocumentedTable[] {
  if (statSync(file).size > MOST_DDL) throw new LandfallError('usage', `${file} is larger than ${MOST_DDL / 1024 / 1024} MB.`, { where: { file }, hint: 'Give the schema without its data: pg_dump --schema-only, mysqldump --no-data.' })
  return readDdl(basename(file), readFileSync(file, 'utf8'))
}

async function dictionaryOf(file: string, scratch: string, signal: AbortSignal): Promise<DocumentedTable[]> {
  const base = dirname(resolve(file)), given = sourcesOf(file)
  const sources = await Promise.all(given.map(async ({ name, kind, options }) => ({ name, open: (staging: ConstructorParameters<typeof ParquetScan>[0]) => openSource(name, kind, options, { clock: systemClock, baseFolder: base, scan: new ParquetScan(staging) }), folders: await stagedFolders(kind, options, base) })))
  const tables = await readTables({ sources, scratchFolder: join(scratch, '.documentation'), clock: systemClock, signal })
  return tables.flatMap(({ name, heads, rows }) => readDictionary(basename(file), name, heads, rows) ?? [])
}
