import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startStandin } from '../../src/standin/server.ts'
import { inProcess, type Said } from './in-process.ts'

vi.setConfig({ testTimeout: 400_000 })
let folder: string
const run = (...args: string[]): Promise<Said> => inProcess(folder, ...args)
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
const WANTED = `custom_fields:
  Brand:
    legacy_no: {label: Legacy No, unique: true, insert_after: brand}
property_setters:
  - {doctype: Brand, field: description, property: reqd, value: true}
doctypes:
  Machine:
    autoname: field:serial_no
    fields:
      - {fieldname: serial_no, reqd: true, unique: true}
      - {fieldname: title, reqd: true}
      - {fieldname: brand, fieldtype: Link, options: Brand}
      - {fieldname: price, fieldtype: Currency, non_negative: true}
`
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-customize-'))
  for (const part of ['exports', 'mappings', 'customizations']) mkdirSync(join(folder, part))
  write('landfall.yaml', 'project: shop\nsources: {old: {kind: csv, path: exports}}\nrun: {now: 2026-11-22, on_blocking: skip_documents}\n')
  write('exports/brands.csv', 'id,name,about\n1,Alpha,first\n2,Beta,\n')
  write('exports/machines.csv', 'serial,title,brand,price\nS1,Press,1,10.5\nS2,Saw,1,-7\n')
  write('mappings/brands.yaml', 'entity: brands\nkey: id\ntext_columns: [{null_if: {value: ""}}]\ndoctype: Brand\nfields: {brand: name, legacy_no: id, description: about}\n')
  write('mappings/machines.yaml', 'entity: machines\nkey: serial\ndoctype: Machine\nfields: {serial_no: serial, title: title, brand: {ref: brands, key: brand}, price: price}\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what cannot be is said with file and line, before anything is read', async () => {
  write('customizations/wrong.yaml', 'custom_fields:\n  Brandd:\n    a: {}\n  Brand:\n    brand: {}\n    b: {fieldtype: Link, options: Machne}\n    c: {fieldtype: Datta}\n')
  const diff = await run('customize', 'diff', '--json')
  expect([diff.code, diff.lines.map((line) => [line['state'], line['detail']])]).toEqual([1, [
    ['conflict', expect.stringContaining('no DocType "Brandd" (did you mean Brand?)')], ['conflict', 'Brand.brand is a standard field'],
    ['conflict', expect.stringContaining('"Machne", which there is none of')], ['conflict', expect.stringContaining('there is no field type Datta (did you mean Data?)')],
  ]])
  expect(await run('preflight')).toMatchObject({ code: 2, err: expect.stringMatching(/wrong\.yaml:5: Custom Field Brand-brand/) as string })
  rmSync(join(folder, 'customizations/wrong.yaml'))
})

test('custom fields, properties and DocTypes are there before data, decide about it, are brought in line, and taken back', async () => {
  write('customizations/shop.yaml', WANTED)
  expect((await run('customize', 'diff')).out).toMatch(/DocType +Machine .*missing +4 fields/)
  const loaded = await run('run', '--json')
  // Beta has no description, which the property makes mandatory; a price below zero is what the field's own DocType refuses.
  expect(loaded.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 2, refused: 2 }, proof: { passed: true } })
  expect((await run('findings', '--severity', 'blocking', '--json')).lines.map((line) => [line['doctype'], line['field']])).toEqual(expect.arrayContaining([['Brand', 'description'], ['Machine', 'price']]))

  write('customizations/shop.yaml', WANTED.replace('title, reqd: true}', 'title, reqd: true}\n      - {fieldname: built, fieldtype: Date}'))
  expect(await run('preflight')).toMatchObject({ code: 4, err: expect.stringContaining('landfall customize apply') as string })
  expect((await run('customize', 'apply')).out).toContain('+ tabMachine.built')
  expect((await run('preflight', '--json')).code).toBe(1)
  expect(await run('customize', 'remove')).toMatchObject({ code: 4, err: expect.stringMatching(/holds data in 1 rows/) as string })
  const back = await run('rollback', '--customizations')
  expect(back.out).toMatch(/Proven: row count and checksum[^]*- tabMachine[^]*- tabBrand\.legacy_no/)

  expect((await run('customize', 'export', join(folder, 'fixtures'))).out).toContain('{"dt": "Custom Field", "filters": [["name", "in", ["Brand-legacy_no"]]]}')
  expect(JSON.parse(readFileSync(join(folder, 'fixtures/doctype.json'), 'utf8'))).toMatchObject([{ doctype: 'DocType', name: 'Machine', custom: 1, fields: [{ doctype: 'DocField', fieldname: 'serial_no', reqd: 1 }, {}, {}, { fieldname: 'brand', options: 'Brand' }, {}] }])
})

test('a real site gets them over HTTP, once', async () => {
  const standin = await startStandin({ token: 'standin:secret' })
  try {
    write('customizations/shop.yaml', 'custom_fields:\n  Brand:\n    legacy_no: {label: Legacy No, unique: true, insert_after: brand}\n')
    write('landfall.yaml', `project: shop\nsources: {old: {kind: csv, path: exports}}\ntarget: {kind: site, url: "${standin.url}", api_key: "\${file:key}", api_secret: "\${file:secret}"}\n`)
    write('key', 'standin')
    write('secret', 'secret')
    expect((await run('customize', 'apply', '--json')).lines[0]).toMatchObject({ made: [{ doctype: 'Custom Field', name: 'Brand-legacy_no' }], there: 0 })
    expect((await run('customize', 'apply', '--json')).lines[0]).toMatchObject({ made: [], there: 1 })
    expect((await run('customize', 'diff', '--json')).lines[0]).toMatchObject({ state: 'there' })
    // The stand-in keeps its Custom Fields: what stays is said, with the site's reason.
    expect((await run('customize', 'remove', '--json')).lines[0]).toMatchObject({ removed: 0, kept: [{ name: 'Brand-legacy_no' }] })
  } finally {
    await standin.close()
  }
})
