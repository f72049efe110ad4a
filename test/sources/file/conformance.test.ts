import { afterAll, beforeAll, describe, it } from 'vitest'
import { gzipSync } from 'node:zlib'
import { describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'
import { spoolValue } from '../../../src/sources/spool-writer.ts'
import { Folder } from './folder.ts'

const runner = { describe, it, beforeAll, afterAll }
const quoted = (value: string | null) => value === null ? '' : value === '' ? '""' : spoolValue(value)

function csv(entity: ExpectedEntity, delimiter: string, end: string): string {
  const lines = [entity.columns.map((column) => column.name), ...entity.rows].map((row) => row.map((value) => {
    const text = quoted(value)
    return value !== null && !text.startsWith('"') && value.includes(delimiter) ? `"${text}"` : text
  }).join(delimiter))
  return lines.map((line) => line + end).join('')
}

describeSource(runner, 'csv', async () => {
  const folder = new Folder(), entities = standardEntities()
  for (const entity of entities) folder.write(`${entity.name}.csv`, csv(entity, ',', '\n'))
  return {
    entities, open: () => folder.open('file', { path: '.' }), dispose: async () => folder.remove(),
    broken: [{ name: 'a torn gzip', codes: ['file-unreadable'], entity: 'torn', open: () => { folder.write('torn/torn.csv.gz', gzipSync(csv(entities[2] as ExpectedEntity, ',', '\n')).subarray(0, 2000)); return folder.open('file', { path: 'torn' }) } }],
    refused: [
      { name: 'no such file', codes: ['config-missing'], open: () => folder.open('file', { path: 'absent.csv' }) },
      { name: 'unknown option', codes: ['config-invalid'], open: () => folder.open('file', { path: '.', delimeter: ',' }) },
    ],
  }
})

describeSource(runner, 'semicolons, CRLF, gzip', async () => {
  const folder = new Folder(), entities = standardEntities()
  for (const entity of entities) folder.write(`${entity.name}.csv.gz`, gzipSync(csv(entity, ';', '\r\n')))
  return { entities, open: () => folder.open('file', { path: '.', delimiter: ';' }), dispose: async () => folder.remove() }
})

describeSource(runner, 'utf-16 with tabs', async () => {
  const folder = new Folder(), entities = standardEntities()
  for (const entity of entities) folder.write(`${entity.name}.tsv`, Buffer.from(`\ufeff${csv(entity, '\t', '\n')}`, 'utf16le'))
  return { entities, open: () => folder.open('file', { path: '.', delimiter: '\t' }), dispose: async () => folder.remove() }
})
