import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accounting, cleanse } from '../../src/mapping/accounting.ts'
import { mergeLog, unmerge } from '../../src/mapping/merge-log.ts'
import { Staging } from '../../src/staging/staging.ts'
import { compile, stageRaw } from './stage.ts'

let staging: Staging
beforeEach(async () => { staging = await Staging.open(':memory:') })
afterEach(() => staging.close())

const clean = (entity: string) => staging.all(`SELECT * FROM clean."${entity}" ORDER BY _row`)
const findings = () => staging.all<{ type: string; field: string | null; value: string | null; severity: string; id: number }>('SELECT severity, type, id, field, value FROM ops.findings ORDER BY type, id, field')

describe('types', () => {
  const COLUMNS = ['id:integer', 'amount:decimal', 'day:date', 'ok:boolean', 'note']
  const ROWS = [['1', '12.50', '2024-01-31', 'true', ' a '], ['2', '1.234,56', '31.12.2024', 'ja', null], ['3', 'abc', '0000-00-00', '', ''], ['x', '1', '2024-02-30', 'maybe', 'b'], ['5', '', '', null, '\u0001c']]
  const run = async (policy: string, extra = '') => {
    const raw = await stageRaw(staging, 'things', COLUMNS, ROWS)
    const plan = compile([`entity: things\nkey: id\ntext_columns: [strip_control, trim]\npolicies: {type_mismatch: ${policy}}\n${extra}documents: []`], [raw])
    const [counts] = await cleanse(staging, plan)
    const [account] = await accounting(staging, plan)
    expect(account?.balanced).toBe(true)
    return counts!
  }

  test('transform: the lenient transform is tried, what is left is null with a warning', async () => {
    expect(await run('transform')).toMatchObject({ staged: 5, clean: 4, rejected: 1 })
    expect(await clean('things')).toMatchObject([
      { id: 1, amount: '12.500000000', day: '2024-01-31', ok: true, note: 'a', _key: '1' }, { id: 2, amount: '1234.560000000', day: '2024-12-31', ok: true, note: null }, { id: 3, amount: null, day: null, ok: null, note: '' }, { id: 5, amount: null, day: null, ok: null, note: 'c' },
    ])
    expect(await findings()).toMatchObject([{ type: 'record-rejected', id: 4 }, { type: 'type-mismatch', id: 3, field: 'amount', value: 'abc', severity: 'warning' }])
  })
  test('null: nothing is tried', async () => {
    await run('null')
    expect((await clean('things'))[1]).toMatchObject({ amount: null, day: null, ok: null })
    expect((await findings()).filter((finding) => finding.id === 2).map((finding) => finding.field)).toEqual(['amount', 'day', 'ok'])
  })
  test('reject: the record is set aside whole, with its reason and text', async () => {
    expect(await run('reject')).toMatchObject({ staged: 5, clean: 2, rejected: 3 })
    const rejected = await staging.all<{ ordinal: number; reason: string; raw: string; source_where: string }>('SELECT * FROM ops.rejected ORDER BY ordinal')
    expect(rejected.map((row) => [row.ordinal, row.reason])).toEqual([[2, 'not of the type of its column: amount, day, ok'], [3, 'not of the type of its column: amount'], [4, 'not of the type of its column: id, day, ok']])
    expect(rejected[0]?.raw).toContain('1.234,56')
    expect(rejected[0]?.source_where).toBe('legacy.things')
  })
  test('columns have policies, transforms and lenient chains of their own; required ones are required', async () => {
    await run('null', 'columns:\n  day: {lenient: [{date: {order: dmy}}], type_mismatch: transform}\n  amount: {transform: {number: de}}\n  note: {required: true}\n')
    expect(await staging.all('SELECT id, amount, day FROM clean.things ORDER BY _row')).toEqual([{ id: 1, amount: null, day: '2024-01-31' }, { id: 5, amount: null, day: null }])
    expect((await staging.all<{ reason: string }>('SELECT reason FROM ops.rejected ORDER BY ordinal')).map((row) => row.reason)).toEqual(['required, but empty: note', 'required, but empty: note', 'the key is empty: id'])
  })
  test('where filters and is accounted for', async () => {
    expect(await run('transform', 'where: amount > 100 or id = 1\n')).toMatchObject({ staged: 5, clean: 2, filtered: 2, rejected: 1 })
  })
  test('cleansing twice gives the same', async () => {
    const first = await run('transform')
    expect(await run('transform')).toEqual(first)
    expect(await findings()).toHaveLength(2)
  })
})

describe('duplicates', () => {
  const ROWS = [
    ['A1', 'Müller GmbH', 'berlin', null, '2020-01-01'], ['A2', 'MULLER  gmbh', 'Berlin', '030 1', '2024-01-01'], ['A3', 'Schmidt KG', 'Köln', '0221', '2021-01-01'],
    ['A4', 'Schmitt KG', 'Köln', '0221 55', '2022-01-01'], ['A5', 'Huber', 'Wien', null, '2020-01-01'], ['A5', 'Huber again', 'Wien', '01', '2020-02-01'],
  ]
  const run = async (policy: string, rest = '') => {
    const raw = await stageRaw(staging, 'firms', ['code', 'firm', 'city', 'phone', 'changed:date'], ROWS)
    const plan = compile([`entity: firms\nkey: code\npolicies: {duplicate: ${policy}}\nduplicates:\n  - {name: same name, exact: ["slug(firm)"]}\n  - {name: similar, fuzzy: {compare: firm, threshold: 0.9, block: "lower(city)"}}\n${rest}documents: []`], [raw])
    const [counts] = await cleanse(staging, plan)
    expect((await accounting(staging, plan))[0]?.balanced).toBe(true)
    return { counts: counts!, entity: plan.entities.get('firms')!, plan }
  }

  test('merge: survivorship by field, keys follow the survivor, the log says where values came from', async () => {
    const { counts } = await run('merge', 'survivorship: {default: non_null, firm: longest, phone: {most_recent: changed}, changed: max}\n')
    expect(counts).toMatchObject({ staged: 6, clean: 3, merged: 3 })
    expect(await clean('firms')).toMatchObject([
      { code: 'A1', firm: 'MULLER  gmbh', city: 'berlin', phone: '030 1', changed: '2024-01-01' }, { code: 'A3', firm: 'Schmidt KG', phone: '0221 55' }, { code: 'A5', firm: 'Huber again', phone: '01' },
    ])
    expect(await staging.all('SELECT absorbed_key, survivor_key FROM ops.key_alias ORDER BY 1')).toEqual([{ absorbed_key: 'A2', survivor_key: 'A1' }, { absorbed_key: 'A4', survivor_key: 'A3' }])
    const log = await mergeLog(staging, 'firms')
    expect(log.map((entry) => [entry.survivorKey, entry.absorbedKey, entry.rule, entry.active])).toEqual([['A1', 'A2', 'same name', true], ['A3', 'A4', 'similar', true], ['A5', 'A5', 'key', true]])
    expect(log[0]?.choices).toEqual([['firm', '2'], ['phone', '2'], ['changed', '2']])
    expect(log[1]?.score).toBeGreaterThan(0.9)
  })
  test('unmerge restores both records, to the letter, and they stay apart', async () => {
    const { entity, plan } = await run('merge')
    await unmerge(staging, entity, 2)
    await unmerge(staging, entity, 6)
    expect(await clean('firms')).toMatchObject([{ code: 'A1', phone: null, changed: '2020-01-01' }, { code: 'A2', firm: 'MULLER  gmbh', phone: '030 1' }, { code: 'A3', phone: '0221' }, { code: 'A5', phone: null }, { code: 'A5', firm: 'Huber again', _key: 'A5#6' }])
    expect(await staging.all('SELECT absorbed_key FROM ops.key_alias')).toEqual([{ absorbed_key: 'A4' }])
    expect((await accounting(staging, plan))[0]).toMatchObject({ clean: 5, merged: 1, balanced: true })
    await expect(unmerge(staging, entity, 2)).rejects.toThrow(/was not merged/)
    expect((await cleanse(staging, plan))[0]).toMatchObject({ merged: 1 })
  })
  test('skip_duplicates keeps the survivor as it is', async () => {
    const { counts } = await run('skip_duplicates', 'survivor: most_complete\n')
    expect(counts).toMatchObject({ clean: 3, skipped: 3 })
    expect((await clean('firms')).map((row) => row['firm'])).toEqual(['MULLER  gmbh', 'Schmidt KG', 'Huber again'])
  })
  test('keep_both reports and gives doubled keys one each', async () => {
    const { counts } = await run('keep_both')
    expect(counts).toMatchObject({ clean: 6, merged: 0 })
    expect((await clean('firms')).map((row) => row['_key'])).toEqual(['A1', 'A2', 'A3', 'A4', 'A5', 'A5#6'])
  })
  test('fail blocks', async () => {
    const { counts } = await run('fail')
    expect(counts).toMatchObject({ clean: 3, failed: 3 })
    expect((await findings()).filter((finding) => finding.severity === 'blocking')).toHaveLength(3)
  })
  test('a bad blocking key is capped and reported', async () => {
    const raw = await stageRaw(staging, 'many', ['id', 'name'], Array.from({ length: 400 }, (_, i) => [`${i}`, `Firm number ${i}`]))
    const plan = compile([`entity: many\nkey: id\nduplicates:\n  - {fuzzy: {compare: name, threshold: 0.5, method: levenshtein, block: "left(name, 4)", max_block: 100}}\ndocuments: []`], [raw])
    expect((await cleanse(staging, plan))[0]).toMatchObject({ clean: 400 })
    expect(await findings()).toMatchObject([{ type: 'block-too-large', value: 'Firm' }])
  })
  test('levenshtein', async () => {
    const raw = await stageRaw(staging, 'few', ['id', 'name'], [['1', 'Meier'], ['2', 'Meyer'], ['3', 'Schulze'], ['4', '']])
    const plan = compile([`entity: few\nkey: id\nduplicates:\n  - {fuzzy: {compare: name, threshold: 0.8, method: levenshtein, block: "'x'"}}\ndocuments: []`], [raw])
    expect((await cleanse(staging, plan))[0]).toMatchObject({ clean: 3, skipped: 1 })
  })
})
