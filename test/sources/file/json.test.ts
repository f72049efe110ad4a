import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeSource, standardEntities } from '../../../src/testing/source-conformance.ts'
import { Folder } from './folder.ts'

const records = (entity: ReturnType<typeof standardEntities>[number]) =>
  entity.rows.map((row) => Object.fromEntries(entity.columns.map((column, i) => [column.name, row[i]])))

describeSource({ describe, it, beforeAll, afterAll }, 'json documents', async () => {
  const folder = new Folder(), entities = standardEntities()
  for (const entity of entities) folder.write(`${entity.name}.json`, JSON.stringify(records(entity), null, entity.name === 'many' ? 2 : 0))
  return { entities, open: () => folder.open('json', { path: '.' }), dispose: async () => folder.remove() }
})

describeSource({ describe, it, beforeAll, afterAll }, 'ndjson', async () => {
  const folder = new Folder(), entities = standardEntities()
  for (const entity of entities) folder.write(`${entity.name}.ndjson`, records(entity).map((record) => `${JSON.stringify(record)}\n`).join(''))
  return { entities, open: () => folder.open('json', { path: '.' }), dispose: async () => folder.remove() }
})

describe('json', () => {
  const folder = new Folder()
  afterAll(() => folder.remove())

  it('keeps every digit, nests by dots, keeps arrays as JSON', async () => {
    folder.write('a.json', '[{"id":9007199254740993,"price":1.10,"tiny":1e-400,"a":{"b":{"c":"x"}},"list":[1, {"k":  2.50}],"none":null,"empty":{},"yes":true}]')
    const { rows, columns } = await folder.load('json', { path: 'a.json' })
    expect(columns).toEqual(['id', 'price', 'tiny', 'a.b.c', 'list', 'none', 'empty', 'yes'])
    expect(rows).toEqual([['9007199254740993', '1.10', '1e-400', 'x', '[1,{"k":2.50}]', null, '{}', 'true']])
  })

  it('takes __proto__ and constructor for what they are: names', async () => {
    folder.write('p.json', '[{"__proto__":{"polluted":1},"constructor":"c","toString":2}]')
    const { rows, columns } = await folder.load('json', { path: 'p.json' })
    expect(columns).toEqual(['__proto__.polluted', 'constructor', 'toString'])
    expect(rows).toEqual([['1', 'c', '2']])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('makes an entity of each array an object holds', async () => {
    folder.write('dump.json', '{"meta":{"n":2},"customers":[{"id":1},{"id":2}],"orders":[{"id":7,"customer":1}]}')
    const { catalog, rows } = await folder.load('json', { path: 'dump.json' }, 'orders')
    expect(catalog.entities.map((entity) => [entity.name, entity.rowCount.value])).toEqual([['customers', 2], ['orders', 1]])
    expect(rows).toEqual([['7', '1']])
  })

  it('follows JSONPath while streaming and as a whole', async () => {
    folder.write('deep.json', '{"data":{"pages":[{"items":[{"id":1,"ok":true},{"id":12345678901234567890,"ok":false}]},{"items":[{"id":3,"ok":true}]}]}}')
    expect((await folder.load('json', { path: 'deep.json', records: '$.data.pages[*].items[*]' })).rows.map((row) => row[0])).toEqual(['1', '12345678901234567890', '3'])
    expect((await folder.load('json', { path: 'deep.json', records: '$..items[?@.ok == false]' })).rows).toEqual([['12345678901234567890', 'false']])
    await expect(folder.load('json', { path: 'deep.json', records: '$..[' })).rejects.toMatchObject({ code: 'config-invalid' })
  })

  it('says where a document is broken', async () => {
    folder.write('comma.json', '[\n {"id": 1},\n {"id": 2,}\n]')
    await expect(folder.load('json', { path: 'comma.json' })).rejects.toMatchObject({ code: 'file-unreadable', where: { line: 3, column: 11 } })
    folder.write('tail.json', '[{"id": 1},\n]')
    await expect(folder.load('json', { path: 'tail.json' })).rejects.toMatchObject({ code: 'file-unreadable', where: { line: 2, column: 1 } })
    folder.write('cut.json', '[{"id": 1},{"id": 2')
    await expect(folder.load('json', { path: 'cut.json' })).rejects.toMatchObject({ code: 'file-unreadable' })
  })

  it('rejects bad lines with their number and goes on', async () => {
    folder.write('l.ndjson', '\ufeff{"id":1}\n{"id":2\n\n{"id":"\\ud800"}\n{"id":"\\u0000"}\n42\n{"id":5,"id":6}')
    const { rows, rejects, entity } = await folder.load('json', { path: 'l.ndjson' })
    expect(rows).toEqual([['1', null], [null, '42'], ['6', null]])
    expect(rejects.map((one) => [one.line, one.ordinal])).toEqual([[2, 2], [4, 3], [5, 4]])
    expect(entity.notes.join('\n')).toMatch(/`id` stands twice/)
    expect(entity.rowCount).toEqual({ value: 6, exact: true })
  })

  it('rejects what is nested too deep instead of failing', async () => {
    folder.write('nest.json', `[{"id":1,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}},{"id":2}]`)
    const { rows, rejects } = await folder.load('json', { path: 'nest.json' })
    expect(rows).toEqual([['2']])
    expect(rejects[0]?.reason).toMatch(/nested deeper/)
  })
})
