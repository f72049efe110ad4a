import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixedClock } from '../../../src/model/clock.ts'
import { chooseLanes, type LaneOptions } from '../../../src/phases/lanes.ts'
import { saveProof, type ProofStatus } from '../../../src/posting/canary/proof.ts'
import { findShapes } from '../../../src/posting/canary/shapes.ts'
import { PostingEngine } from '../../../src/posting/engine.ts'
import { Site } from '../../../src/site/site.ts'
import { Staging } from '../../../src/staging/staging.ts'
import type { Lane, LaneBatch, LaneDocument, LaneKind } from '../../../src/targets/lane.ts'
import { RoutedLane } from '../../../src/targets/routed-lane.ts'

const binding = { site: 's', rules: 'r' }

describe('lanes', () => {
  const site = Site.load()
  let staging: Staging
  const options = (more: Partial<LaneOptions>): LaneOptions => ({ site, order: ['Territory', 'Item Group', 'Customer'], available: ['rest', 'bench', 'express'], wanted: { all: 'auto', doctypes: {} }, binding, ...more })
  const choose = async (more: Partial<LaneOptions> = {}) => (await chooseLanes(staging, options(more))).map(({ doctype, documents, lane, reason }) => ({ doctype, documents, lane, reason }))
  const prove = async (doctype: string, status: ProofStatus, pick: (documents: number) => boolean = () => true) => {
    for (const shape of await findShapes(staging, site, doctype)) {
      if (pick(shape.documents)) await saveProof(staging, binding, { doctype, shape: shape.shape, status, canaries: 3, documents: shape.documents, differences: status === 'differs' ? [{ where: `tab${doctype}.x`, recorded: '1', predicted: '2' }] : [], reason: null, features: shape.features }, 'now')
    }
  }
  beforeAll(async () => {
    staging = await Staging.open(':memory:')
    const engine = await PostingEngine.open(staging, site, fixedClock('2026-11-22'))
    await staging.run(`CREATE TABLE drafts."Territory" AS SELECT i AS _id, 't' AS _entity, CAST(i AS VARCHAR) AS _key, 'T' || i AS territory_name, CASE WHEN i > 1 THEN 'All Territories' END AS parent_territory FROM range(1, 4) t(i)`)
    await staging.run(`CREATE TABLE drafts."Customer" AS SELECT i AS _id, 'c' AS _entity, CAST(i AS VARCHAR) AS _key, 'Client ' || i AS customer_name, CASE WHEN i % 3 = 0 THEN 'Individual' ELSE 'Company' END AS customer_type FROM range(1, 10) t(i)`)
    for (const doctype of ['Territory', 'Customer']) await engine.post(doctype)
  })
  afterAll(() => staging.close())

  it('sends what is not proven through the controllers', async () => {
    expect(await choose()).toEqual([
      { doctype: 'Territory', documents: 2, lane: 'bench', reason: 'not proven: landfall prove' }, { doctype: 'Territory', documents: 1, lane: 'bench', reason: 'not proven: landfall prove' },
      { doctype: 'Customer', documents: 6, lane: 'bench', reason: 'not proven: landfall prove' }, { doctype: 'Customer', documents: 3, lane: 'bench', reason: 'not proven: landfall prove' },
    ])
    expect((await choose({ available: ['rest'] })).map(({ lane, reason }) => `${lane}: ${reason}`)).toEqual(Array(4).fill('rest: no access to the database'))
  })

  it('takes express for shapes that proved equal, and says what differed', async () => {
    await prove('Customer', 'equal', (documents) => documents === 6)
    await prove('Customer', 'differs', (documents) => documents === 3)
    expect((await choose()).filter(({ doctype }) => doctype === 'Customer')).toEqual([
      { doctype: 'Customer', documents: 6, lane: 'express', reason: '3 canaries did what was predicted' }, { doctype: 'Customer', documents: 3, lane: 'bench', reason: 'the site does otherwise: tabCustomer.x' },
    ])
    expect((await chooseLanes(staging, options({ binding: { site: 's', rules: 'newer' } }))).every(({ lane }) => lane === 'bench')).toBe(true)
  })

  it('keeps a tree together', async () => {
    await prove('Territory', 'equal', (documents) => documents === 2)
    await prove('Territory', 'differs', (documents) => documents === 1)
    expect((await choose()).filter(({ doctype }) => doctype === 'Territory').map(({ lane, reason }) => `${lane}: ${reason}`)).toEqual([
      'bench: with the rest of Territory, which refers to itself (the site does otherwise: tabTerritory.x)', 'bench: the site does otherwise: tabTerritory.x',
    ])
  })

  it('does what the user asks for where it may', async () => {
    expect((await choose({ wanted: { all: 'auto', doctypes: { Customer: 'rest' } } })).filter(({ doctype }) => doctype === 'Customer').every(({ lane, reason }) => lane === 'rest' && reason === 'asked for')).toBe(true)
    await expect(choose({ available: ['rest'], wanted: { all: 'bench', doctypes: {} } })).rejects.toThrow(/bench lane, and the project has no access/)
    await expect(choose({ available: ['express'], wanted: { all: 'express', doctypes: {} } })).rejects.toThrow(/cannot take the express lane/)
    await expect(choose({ available: [] })).rejects.toThrow(/no way into the site/)
  })

  it('writes documents by the lane of each, and takes them back by the lane that wrote them', async () => {
    await choose()
    const written: string[] = [], taken: string[] = [], lane = (kind: LaneKind): Lane => ({
      kind, can: { transactional: true, undo: true }, describe: () => Promise.resolve({ kind, name: 'x', apps: {} }), prepare: () => Promise.resolve(), read: () => Promise.resolve([]), change: () => Promise.resolve([]), close: () => Promise.resolve(),
      undo: ({ documents, changed = [], restore }) => {
        taken.push(`${kind} ${[...documents, ...changed].map(({ name }) => name).join(' ')} ${restore.length}`)
        return Promise.resolve({ removed: documents.length, restored: 0, kept: [] })
      },
      write: (batch: LaneBatch) => { written.push(`${kind} ${batch.batch} ${batch.from}-${batch.to}`); return Promise.resolve(batch.documents.map(({ id, name }) => ({ id, status: 'loaded' as const, name, reason: null }))) },
    })
    const routed = new RoutedLane(staging, [lane('bench'), lane('express')])
    const documents: LaneDocument[] = [1, 2, 3, 4, 5, 6].map((id) => ({ id, entity: 'c', key: String(id), name: `Client ${id}`, docstatus: 0, once: false, nested: false, touches: [], doc: { doctype: 'Customer' } }))
    const outcomes = await routed.write({ run: 'r', phase: 'master', wave: 1, doctype: 'Customer', batch: 'b', from: 1, to: 6, documents })
    expect(outcomes.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
    expect(written).toEqual(['bench b/bench 3-6', 'express b/express 1-5'])
    expect(outcomes.map(({ lane: by }) => by)).toEqual(['express', 'express', 'bench', 'express', 'express', 'bench'])
    expect((await staging.all<{ id: number }>(`SELECT id FROM ops.permits WHERE doctype = 'Customer' ORDER BY id`)).map(({ id }) => Number(id))).toEqual([1, 2, 4, 5, 7, 8])
    const given = outcomes.map(({ name, lane: by }) => ({ doctype: 'Customer', name: name!, docstatus: 0, batch: '1', modified: null, lane: by ?? null })).reverse()
    const undone = await routed.undo({ run: 'r', documents: given, restore: [{ doctype: 'Item', name: 'I', values: {} }], changed: [{ doctype: 'Customer', name: 'Client 1' }] })
    expect(taken).toEqual(['bench Client 1 0', 'bench Client 6 0', 'express Client 5 Client 4 0', 'bench Client 3 0', 'express Client 2 Client 1 0'])
    expect(undone.removed).toBe(6)
    await expect(new RoutedLane(staging, [lane('bench')]).undo({ run: 'r', documents: given, restore: [] })).rejects.toThrow(/was written by the express lane, which is not set up/)
  })
})
