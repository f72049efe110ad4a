import { mkdtempSync, writeFileSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LandfallError } from '../../src/errors/error.ts'
import { redact } from '../../src/errors/redact.ts'
import { configJsonSchema, explainProject } from '../../src/config/explain.ts'
import { loadProject } from '../../src/config/project.ts'
import { loadMappings } from '../../src/config/mappings.ts'
import { configReference } from '../../src/config/reference.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-config-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(text: string): void { writeFileSync(join(folder, 'landfall.yaml'), text) }
function failure(action: () => unknown): LandfallError {
  try { action() } catch (error) { if (error instanceof LandfallError) return error; throw error }
  throw new Error('expected an error')
}

const BASE = 'project: shop\nsources:\n  old:\n    kind: sqlite\n    path: shop.db\n'

test('a small file gets every default, and each value says where it comes from', () => {
  write(`${BASE}limits:\n  memory: 2GB\n`)
  const project = loadProject(folder, [{ path: 'run.on_blocking', value: 'skip_documents', flag: '--skip-blocked' }])
  expect(project.config.limits).toMatchObject({ memory: '2GB', batch_rows: 10_000 })
  expect(project.config.requirements.max_error_rate).toBe(0.001)
  expect(project.config.run.on_blocking).toBe('skip_documents')
  const explained = new Map(explainProject(project).map((item) => [item.path, item]))
  expect(explained.get('limits.memory')?.from).toMatch(/landfall\.yaml:7$/)
  expect(explained.get('limits.spill')?.from).toBe('default')
  expect(explained.get('run.on_blocking')).toMatchObject({ value: 'skip_documents', from: 'flag --skip-blocked' })
})

test('a wrong value and a typo are reported with line, column, what was found and what is allowed', () => {
  write(`${BASE}run:\n  on_blocking: skip_document\nlimts:\n  memory: 1GB\n`)
  const error = failure(() => loadProject(folder))
  expect(error.code).toBe('config-invalid')
  expect(error.message).toContain('landfall.yaml:7:16: run.on_blocking: found "skip_document", allowed stop, skip_documents (did you mean "skip_documents"?)')
  expect(error.message).toMatch(/landfall\.yaml:8:1: limts: unknown key "limts", allowed .*\(did you mean "limits"\?\)/)
  expect(error.where).toMatchObject({ line: 7, column: 16 })
})

test('a missing key points at the map it is missing from', () => {
  write('sources: {}\n')
  expect(failure(() => loadProject(folder)).message).toMatch(/landfall\.yaml:1:1: project: is missing/)
})

test('broken YAML and doubled keys say where', () => {
  write('project: a\nproject: b\n')
  expect(failure(() => loadProject(folder)).message).toMatch(/landfall\.yaml:2:1: /)
})

test('secrets come from a file or the environment only, and are redacted from then on', () => {
  writeFileSync(join(folder, 'pw'), 'hunter2-hunter2\n')
  write('project: shop\nsources:\n  old:\n    kind: postgres\n    password: ${file:pw}\n')
  const project = loadProject(folder)
  expect(project.config.sources['old']?.['password']).toBe('hunter2-hunter2')
  expect(redact('it is hunter2-hunter2!')).toBe('it is [redacted]!')
  expect(JSON.stringify(explainProject(project))).not.toContain('hunter2')
  write('project: shop\nsources:\n  old:\n    kind: postgres\n    password: plain-text\n')
  expect(failure(() => loadProject(folder)).message).toMatch(/landfall\.yaml:5:15: sources\.old\.password: a secret is written out/)
  write('project: shop\nsources:\n  old:\n    kind: postgres\n    password: ${env:LANDFALL_TEST_NOT_SET}\n')
  expect(failure(() => loadProject(folder))).toMatchObject({ code: 'secret-missing', where: { line: 5 } })
})

test('mapping files of a folder are found in order; a named one that is missing is an error', () => {
  mkdirSync(join(folder, 'mappings'))
  for (const name of ['b.yaml', 'a.yml', 'notes.txt']) writeFileSync(join(folder, 'mappings', name), '')
  write(BASE)
  expect(loadProject(folder).mappingFiles.map((file) => file.split('/').at(-1))).toEqual(['a.yml', 'b.yaml'])
  write(`${BASE}mappings: [nowhere.yaml]\n`)
  expect(failure(() => loadProject(folder)).code).toBe('config-missing')
})

test('the schema and the reference page come from the same source', () => {
  const schema = configJsonSchema() as { properties: Record<string, unknown>; required: string[] }
  expect(Object.keys(schema.properties)).toContain('limits')
  expect(schema.required).toEqual(['project', 'sources'])
  expect(configReference()).toContain('| `run.on_blocking` | `stop`, `skip_documents` | `stop` |')
})

test('a mapping takes the only source and the project\'s policies; a wrong source says what there is', () => {
  mkdirSync(join(folder, 'mappings'))
  write(`${BASE}policies:\n  missing_reference: create_placeholder\n`)
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), 'entity: customers\ndoctype: Customer\npolicies: {duplicate: merge}\nfields:\n  customer_name: name\n')
  const [loaded] = loadMappings(loadProject(folder))
  expect(loaded?.mapping).toMatchObject({ source: 'old', policies: { missing_reference: 'create_placeholder', duplicate: 'merge', type_mismatch: 'transform' } })
  expect(loaded?.mapping.documents[0]?.doctype).toBe('Customer')
  writeFileSync(join(folder, 'mappings', 'items.yaml'), 'entity: items\nsource: odl\ndocuments: []\n')
  expect(failure(() => loadMappings(loadProject(folder))).message).toMatch(/items\.yaml:2:9: source: found "odl", allowed old \(did you mean "old"\?\)/)
  writeFileSync(join(folder, 'mappings', 'items.yaml'), 'entity: customers\ndocuments: []\n')
  expect(failure(() => loadMappings(loadProject(folder))).message).toMatch(/items\.yaml:1:9: entity: found "customers", which .*customers\.yaml maps already/)
})
