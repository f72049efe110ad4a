import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSource } from '../../../src/sources/registry.ts'
import { ParquetScan } from '../../../src/staging/parquet-scan.ts'
import { Staging, ident, literal } from '../../../src/staging/staging.ts'
import { collect, describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'
import { Folder } from '../file/folder.ts'

const openStaging = (folder: Folder) => Staging.open(':memory:', { allowedFolders: [folder.path] })

async function writeParquet(staging: Staging, path: string, entity: ExpectedEntity): Promise<void> {
  await staging.run(`CREATE OR REPLACE TABLE t (${entity.columns.map((column) => `${ident(column.name)} VARCHAR`).join(', ')})`)
  if (entity.rows.length > 0) await staging.appendColumns({ schema: 'main', table: 't' }, entity.columns.map((column, i) => ({ name: column.name, kind: 'VARCHAR', values: entity.rows.map((row) => row[i] ?? null) })))
  await staging.run(`COPY t TO ${literal(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
}

describeSource({ describe, it, beforeAll, afterAll }, 'parquet', async () => {
  const folder = new Folder(), staging = await openStaging(folder), entities = standardEntities()
  for (const entity of entities) await writeParquet(staging, join(folder.path, `${entity.name}.parquet`), entity)
  return {
    entities, folders: [folder.path], open: () => openSource('files', 'parquet', { path: '.' }, { ...folder.env, scan: new ParquetScan(staging) }),
    dispose: async () => { await staging.close(); folder.remove() },
  }
})

describe('parquet', () => {
  const folder = new Folder()
  let staging: Staging
  beforeAll(async () => { staging = await openStaging(folder) })
  afterAll(async () => { await staging.close(); folder.remove() })
  const open = (path: string) => openSource('files', 'parquet', { path }, { ...folder.env, scan: new ParquetScan(staging) })

  it('writes every type as the interface asks', async () => {
    await staging.run(`COPY (SELECT 9223372036854775807::BIGINT AS big, 12.340::DECIMAL(12,3) AS money, 0.1::DOUBLE AS d, true AS yes, DATE '2024-02-29' AS day,
      TIMESTAMP '2024-02-29 12:34:56.789012' AS at, TIMESTAMPTZ '2024-02-29 12:00:00+02' AS zone, '\\xDE\\xAD'::BLOB AS bin, {'a': [1, 2], 'b': 'x'} AS nested, [1, NULL] AS list, NULL::VARCHAR AS none, '' AS empty)
      TO ${literal(join(folder.path, 'types.parquet'))} (FORMAT parquet)`)
    const source = await open('types.parquet')
    const entity = (await source.describe()).entities[0]!
    expect(entity.columns.map((column) => column.type)).toEqual(['integer', 'decimal', 'float', 'boolean', 'date', 'timestamp', 'timestamptz', 'binary', 'json', 'json', 'text', 'text'])
    const found = await collect(source, 'types', { folders: [folder.path] })
    expect(found.error).toBeNull()
    expect(found.rows).toEqual([['9223372036854775807', '12.340', '0.1', 'true', '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 10:00:00+00', 'dead', '{"a":[1,2],"b":"x"}', '[1,null]', null, '']])
  })

  it('refuses what is torn, and says what it really is', async () => {
    folder.write('torn.parquet', Buffer.from('PAR1 and then nothing that ends as it should'))
    await expect((await open('torn.parquet')).describe()).rejects.toMatchObject({ code: 'file-unreadable' })
    folder.write('fake.parquet', 'a,b\n1,2\n')
    await expect((await open('fake.parquet')).describe()).rejects.toThrow(/not Parquet but plain text/)
  })

  it('reads several files as one and refuses others', async () => {
    mkdirSync(join(folder.path, 'parts'))
    for (const n of [1, 2]) await staging.run(`COPY (SELECT ${n} AS id, 'x' AS label) TO ${literal(join(folder.path, 'parts', `p-${n}.parquet`))} (FORMAT parquet)`)
    const found = await collect(await open('parts/p-*.parquet'), 'p', { folders: [folder.path] })
    expect(found.rows).toEqual([['1', 'x'], ['2', 'x']])
    await staging.run(`COPY (SELECT 3 AS id) TO ${literal(join(folder.path, 'parts', 'p-3.parquet'))} (FORMAT parquet)`)
    await expect((await open('parts/p-*.parquet')).describe()).rejects.toThrow(/p-3.parquet/)
  })
})
