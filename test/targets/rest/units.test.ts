import { expect, test } from 'vitest'
import { Site } from '../../../src/site/site.ts'
import { keyValue } from '../../../src/targets/rest/key-field.ts'
import { sameMoment, type LaneDocument } from '../../../src/targets/lane.ts'
import { sameValue } from '../../../src/targets/rest/removals.ts'
import { bringsName, shardsOf } from '../../../src/targets/rest/units.ts'

const site = Site.load()
const meta = (doctype: string) => site.doctype(doctype)!
const document = (id: number, name: string, more: Partial<LaneDocument> = {}): LaneDocument => ({ id, entity: 'e', key: `K${id}`, name, docstatus: 0, once: false, doc: {}, nested: false, touches: [], ...more })
const ids = (shards: ReturnType<typeof shardsOf>) => shards.map((units) => units.map((unit) => unit.documents.map((entry) => entry.id)))

test('numbers and random names are brought, names that follow from the document are not', () => {
  expect(bringsName(meta('Sales Order'), document(1, 'SAL-ORD-2026-00001'))).toBe(true)
  expect(bringsName(meta('ToDo'), document(1, 'z000000001'))).toBe(true)
  expect(bringsName(meta('Brand'), document(1, 'Brand 1'))).toBe(false)
  expect(bringsName(meta('Customer'), document(1, 'Ernst'))).toBe(false)
  expect(bringsName(meta('Lead'), document(1, 'CRM-LEAD-2026-00001', { nested: true }))).toBe(false)
})

test('what the site names goes in requests of many, what brings its name alone', () => {
  expect(ids(shardsOf(meta('Brand'), [1, 2, 3, 4, 5].map((id) => document(id, `B ${id}x`)), 2))).toEqual([[[1, 2]], [[3, 4]], [[5]]])
  expect(ids(shardsOf(meta('Sales Order'), [1, 2].map((id) => document(id, `SAL-ORD-2026-0000${id}`)), 50))).toEqual([[[1]], [[2]]])
})

test('documents that share a row stay with one worker, in order', () => {
  const shared = [document(1, 'SAL-ORD-2026-00001', { touches: ['stock A'] }), document(2, 'SAL-ORD-2026-00002'), document(3, 'SAL-ORD-2026-00003', { touches: ['stock B', 'stock A'] }), document(4, 'SAL-ORD-2026-00004', { touches: ['stock B'] })]
  expect(ids(shardsOf(meta('Sales Order'), shared, 50))).toEqual([[[1], [3], [4]], [[2]]])
})

test('a tree, twins and what the site numbers stay in order', () => {
  expect(ids(shardsOf(meta('Territory'), [1, 2, 3].map((id) => document(id, `T${id}`)), 2))).toEqual([[[1, 2], [3]]])
  expect(ids(shardsOf(meta('Customer'), [document(1, 'Ernst'), document(2, 'Anna'), document(3, 'Ernst - 1')], 1))).toEqual([[[1], [3]], [[2]]])
  expect(ids(shardsOf(meta('Lead'), [1, 2].map((id) => document(id, `CRM-LEAD-2026-0000${id}`, { nested: true })), 1))).toEqual([[[1], [2]]])
})

test('keys differ where the site takes texts for the same, and fit', () => {
  expect(keyValue('customers', 'a')).not.toBe(keyValue('customers', 'A'))
  expect(keyValue('customers', 'ALFKI')).toMatch(/^[0-9a-f]{20} customers ALFKI$/)
  expect(keyValue('x'.repeat(200), '<b>ü')).toMatch(/^[\x20-\x7e]{1,140}$/)
})

test('moments and values are compared as the site means them', () => {
  expect(sameMoment('2026-11-22 05:00:00.120000', '2026-11-22 05:00:00.12')).toBe(true)
  expect(sameMoment('2026-11-22 05:00:00', '2026-11-22 05:00:00.000001')).toBe(false)
  expect([sameValue(null, ''), sameValue('1.0', 1), sameValue(0, null), sameValue('a', 'b'), sameValue(5, null)]).toEqual([true, true, true, false, false])
})
