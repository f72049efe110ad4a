import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixedClock } from '../../../src/model/clock.ts'
import { Site } from '../../../src/site/site.ts'
import type { Lane, LaneBatch, LaneDocument } from '../../../src/targets/lane.ts'
import { openLane } from '../../../src/targets/site/lanes.ts'
import { siteSettings } from '../../run/business.ts'
import { FakeSite } from './fake-site.ts'

const site = Site.load()
let folder: string, fake: FakeSite, lane: Lane

const open = (): Promise<Lane> => openLane({ staging: null as never, site, clock: fixedClock('2026-11-22'), stateFolder: folder, rootFolder: folder, settings: siteSettings(fake.url), wait: async () => undefined })
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-lane-'))
  fake = await new FakeSite(1).start()
  lane = await open()
})
afterEach(async () => {
  await lane.close()
  await fake.close()
  rmSync(folder, { recursive: true, force: true })
})

const brand = (id: number): LaneDocument => ({ id, entity: 'brands', key: `K${id}`, name: `Brand ${id}`, docstatus: 0, once: false, nested: false, touches: [], doc: { doctype: 'Brand', brand: `Brand ${id}` } })
const order = (id: number): LaneDocument => ({ ...brand(id), entity: 'orders', name: `SAL-ORD-2026-0000${id}`, docstatus: 1, doc: { doctype: 'Sales Order', items: [{ doctype: 'Sales Order Item', name: 'z000000001', item_code: 'CHAI' }] } })
const batch = (documents: LaneDocument[], doctype = 'Brand'): LaneBatch => ({ run: 'r-1', phase: 'master', wave: 1, doctype, batch: `r-1:${doctype}`, from: 1, to: 99, documents })
const brands = (count: number): LaneDocument[] => Array.from({ length: count }, (_, i) => brand(i + 1))
const statuses = (outcomes: { status: string }[]): string[] => outcomes.map((outcome) => outcome.status)

test('many in a request; what the site refuses costs only itself', async () => {
  fake.refuse = (doctype, doc) => (doctype === 'Brand' && ['Brand 3', 'Brand 17'].includes(String(doc['brand'])) ? `<b>${String(doc['brand'])}</b> is not wanted` : null)
  const outcomes = await lane.write(batch(brands(25)))
  expect(outcomes.map((outcome) => outcome.id)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
  expect(outcomes.filter((outcome) => outcome.status === 'refused')).toEqual([
    { id: 3, status: 'refused', name: null, reason: { type: 'ValidationError', message: 'Brand 3 is not wanted' } }, { id: 17, status: 'refused', name: null, reason: { type: 'ValidationError', message: 'Brand 17 is not wanted' } }])
  expect(fake.table('Brand').size).toBe(23)
})

test('written again, and by another process, nothing is sent twice', async () => {
  expect(statuses(await lane.write(batch(brands(12))))).toEqual(Array(12).fill('loaded'))
  expect(statuses(await lane.write(batch(brands(12))))).toEqual(Array(12).fill('unchanged'))
  await lane.close()
  lane = await open()
  expect(statuses(await lane.write(batch([...brands(12), brand(13)])))).toEqual([...Array<string>(12).fill('unchanged'), 'loaded'])
  expect(fake.table('Brand').size).toBe(13)
})

test('an answer that was lost is looked for', async () => {
  fake.faults = ['drop', 'drop']
  fake.rate = 1
  await lane.prepare(['Brand'])
  expect(fake.struck.drop).toBe(2)
  fake.faults = ['drop', 'drop', 'drop', '502']
  expect(statuses(await lane.write(batch(brands(25))))).toEqual(Array(25).fill('loaded'))
  expect([fake.table('Brand').size, fake.struck.drop, fake.struck['502']]).toEqual([25, 5, 1])
})

test('a name that somebody else took is a refusal, one that we gave is not', async () => {
  fake.table('Brand').set('Brand 2', { doctype: 'Brand', name: 'Brand 2', brand: 'Brand 2' })
  const outcomes = await lane.write(batch(brands(3)))
  expect(statuses(outcomes)).toEqual(['loaded', 'refused', 'loaded'])
  expect(outcomes[1]?.reason).toMatchObject({ type: 'DuplicateEntryError' })
})

test('a draft is inserted, then submitted; child rows keep their names', async () => {
  const outcomes = await lane.write(batch([order(1), order(2)], 'Sales Order'))
  expect(statuses(outcomes)).toEqual(['loaded', 'loaded'])
  expect([...fake.table('Sales Order').values()].map((row) => [row['name'], row['docstatus'], (row['items'] as object[])[0]])).toEqual([
    ['SAL-ORD-2026-00001', 1, { doctype: 'Sales Order Item', name: 'z000000001', item_code: 'CHAI', __islocal: 1 }], ['SAL-ORD-2026-00002', 1, { doctype: 'Sales Order Item', name: 'z000000001', item_code: 'CHAI', __islocal: 1 }]])
})

test('a draft that cannot be submitted is taken back', async () => {
  fake.refuse = (_doctype, doc) => (doc['submitted'] === true && doc['name'] === 'SAL-ORD-2026-00002' ? 'Credit limit <i>crossed</i>' : null)
  const outcomes = await lane.write(batch([order(1), order(2)], 'Sales Order'))
  expect(outcomes[1]).toEqual({ id: 2, status: 'refused', name: null, reason: { type: 'ValidationError', message: 'Credit limit crossed' } })
  expect([...fake.table('Sales Order').keys()]).toEqual(['SAL-ORD-2026-00001'])
})

test('a document that the site submits in the background is waited for', async () => {
  fake.late['Journal Entry'] = 3
  const [outcome] = await lane.write(batch([{ ...order(7), once: true, name: 'ACC-JV-2026-00007', doc: { doctype: 'Journal Entry' } }], 'Journal Entry'))
  expect(outcome).toMatchObject({ status: 'loaded', name: 'ACC-JV-2026-00007' })
  expect(fake.table('Journal Entry').get('ACC-JV-2026-00007')?.['docstatus']).toBe(1)
})

test('undo leaves what people changed, and what others link to is said', async () => {
  await lane.write(batch(brands(4)))
  const modified = (name: string): string => String(fake.table('Brand').get(name)?.['modified'])
  const documents = [4, 3, 2, 1].map((id) => ({ doctype: 'Brand', name: `Brand ${id}`, docstatus: 0, batch: '1', modified: modified(`Brand ${id}`) }))
  Object.assign(fake.table('Brand').get('Brand 2') ?? {}, { modified: '2026-11-25 08:00:00', modified_by: 'ann@example.com' })
  fake.table('Brand').delete('Brand 3')
  const undone = await lane.undo({ run: 'r-1', documents, restore: [] })
  expect(undone).toEqual({ removed: 2, restored: 0, kept: [{ doctype: 'Brand', name: 'Brand 2', reason: 'changed by ann@example.com at 2026-11-25 08:00:00, after it was loaded' }] })
  expect([...fake.table('Brand').keys()]).toEqual(['Brand 2'])
})

test('a site that does not come back stops the load; the next attempt goes on', async () => {
  await lane.prepare(['Brand'])
  fake.faults = Array.from({ length: 25 }, () => '503' as const)
  fake.rate = 1
  await expect(lane.write(batch(brands(3)))).rejects.toMatchObject({ code: 'target-failed' })
  fake.faults = []
  expect(statuses(await lane.write(batch(brands(3))))).toEqual(['loaded', 'loaded', 'loaded'])
})

test('files of the project are uploaded before their document', async () => {
  writeFileSync(join(folder, 'logo.png'), 'png')
  fake.refuse = (doctype) => (doctype === 'Brand' ? null : 'no')
  const outcomes = await lane.write(batch([{ ...brand(1), doc: { doctype: 'Brand', brand: 'Brand 1', image: 'logo.png' } }]))
  expect(fake.requests['POST method upload_file']).toBe(1)
  expect(outcomes[0]).toMatchObject({ status: 'loaded' })
  expect(fake.table('Brand').get('Brand 1')?.['image']).toBe('/private/files/logo.png')
})

test('the address and the login are asked for', async () => {
  const settings = { ...siteSettings('ftp://x'), lane: 'rest' as const }
  await expect(openLane({ staging: null as never, site, clock: fixedClock('2026-11-22'), stateFolder: folder, rootFolder: folder, settings })).rejects.toMatchObject({ code: 'config-invalid' })
  await expect(openLane({ staging: null as never, site, clock: fixedClock('2026-11-22'), stateFolder: folder, rootFolder: folder, settings: { ...settings, lane: 'auto', url: undefined } })).rejects.toMatchObject({ code: 'config-invalid' })
})
