import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixedClock } from '../../../src/model/clock.ts'
import { proveShapes } from '../../../src/phases/prove.ts'
import { Chains, refKey } from '../../../src/posting/canary/chain.ts'
import type { CanaryDocument, CanaryRunner } from '../../../src/posting/canary/proof.ts'
import { predictSet, type Effect } from '../../../src/posting/canary/set.ts'
import { chooseCanaries, findShapes } from '../../../src/posting/canary/shapes.ts'
import { PostingEngine } from '../../../src/posting/engine.ts'
import { Site } from '../../../src/site/site.ts'
import { Staging } from '../../../src/staging/staging.ts'
import { openTarget } from '../../../src/targets/registry.ts'
import type { Target } from '../../../src/targets/target.ts'

const clock = fixedClock('2026-11-22'), order = ['Territory', 'Customer', 'Address', 'Sales Order']

/** A site whose rules are the engine's own, but for what `meddle` does to what it answers for a document. */
async function siteLike(site: Site, meddle: (effect: Effect, document: CanaryDocument) => void): Promise<{ runner: CanaryRunner; tried: CanaryDocument[]; close(): Promise<void> }> {
  const staging = await Staging.open(':memory:'), engine = await PostingEngine.open(staging, site, clock), tried: CanaryDocument[] = []
  return {
    tried, close: () => staging.close(),
    runner: {
      run: async (documents) => {
        tried.push(...documents)
        const { effects } = await predictSet(engine, documents.map((document) => ({ ...document, links: [] })))
        return documents.map((document) => {
          const effect = structuredClone(effects.get(refKey(document.ref))!)
          meddle(effect, document)
          return effect
        })
      },
    },
  }
}

describe('canaries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-canary-')), site = Site.load()
  let staging: Staging, target: Target
  beforeAll(async () => {
    staging = await Staging.open(join(folder, 'staging.duckdb'), { allowedFolders: [folder] })
    target = await openTarget('rehearsal', { staging, site, sitePath: join(folder, 'site.duckdb'), clock })
    const engine = await PostingEngine.open(staging, site, clock)
    await staging.run(`CREATE TABLE drafts."Territory" AS SELECT 1 AS _id, 't' AS _entity, 'n' AS _key, 'North Coast' AS territory_name, 'All Territories' AS parent_territory`)
    await staging.run(`CREATE TABLE drafts."Customer" AS SELECT i AS _id, 'c' AS _entity, CAST(i AS VARCHAR) AS _key, CASE i WHEN 17 THEN 'North Coast' ELSE 'Client ' || i END AS customer_name,
      CASE WHEN i % 2 = 0 THEN 'Individual' ELSE 'Company' END AS customer_type, CASE WHEN i = 17 THEN 'North Coast' END AS territory, CASE WHEN i = 5 THEN 'a <b>bold</b> one' END AS customer_details FROM range(1, 41) t(i)`)
    await staging.run(`CREATE TABLE drafts."Sales Order" AS SELECT i AS _id, 'o' AS _entity, CAST(i AS VARCHAR) AS _key, 'Northwind Traders' AS company, 'Client 2' AS customer, DATE '2025-03-01' AS transaction_date, DATE '2025-12-31' AS delivery_date, i % 2 AS docstatus FROM range(1, 9) t(i)`)
    await staging.run(`CREATE TABLE drafts."Sales Order.items" AS SELECT i AS _parent, n AS _idx, 'CHAI' AS item_code, 2 AS qty, 10.5 AS rate FROM range(1, 9) t(i), range(1, 3) u(n) WHERE n = 1 OR i > 4`)
    for (const doctype of ['Territory', 'Customer', 'Sales Order']) await engine.post(doctype)
  })
  afterAll(async () => {
    await target.close()
    await staging.close()
    rmSync(folder, { recursive: true })
  })

  it('sorts documents by what makes the site take another way', async () => {
    const customers = await findShapes(staging, site, 'Customer')
    expect(customers.map(({ features, documents }) => ({ features, documents }))).toEqual([
      { features: ['customer_type', 'customer_type=Individual'], documents: 20 }, { features: ['customer_type', 'customer_type=Company'], documents: 19 },
      { features: ['customer_type', 'territory', 'customer_type=Company'], documents: 1 },
    ])
    const orders = await findShapes(staging, site, 'Sales Order')
    expect(orders.map(({ documents }) => documents)).toEqual([2, 2, 2, 2])
    expect(orders.map(({ features }) => features.filter((feature) => /docstatus|items\.[1n]/.test(feature)).join(' ')).sort()).toEqual(['docstatus items.1', 'docstatus items.n', 'items.1', 'items.n'])
  })

  it('chooses the rarest first and at least three', async () => {
    const chosen = await chooseCanaries(staging, site, 'Customer', { seed: 1 }), shapes = await findShapes(staging, site, 'Customer')
    const company = chosen.get(shapes.find((shape) => shape.documents === 19)!.shape)!
    expect(company).toHaveLength(3)
    expect(company).toContain(5)
    expect(await chooseCanaries(staging, site, 'Customer', { seed: 1 })).toEqual(chosen)
    expect(await chooseCanaries(staging, site, 'Customer', { seed: 2 })).not.toEqual(chosen)
  })

  it('puts all a canary refers to before it, and links by place only where a link stands', async () => {
    const chains = await Chains.open(staging, site, order), chain = await chains.of({ doctype: 'Customer', id: 17 })
    expect(chain?.before).toEqual([{ doctype: 'Territory', id: 1 }])
    expect(chain?.case.docs).toEqual([
      { doc: { doctype: 'Territory', territory_name: 'North Coast', parent_territory: 'All Territories' }, submit: false },
      { doc: { doctype: 'Customer', customer_name: 'North Coast', customer_type: 'Company', territory: '$1' }, submit: false },
    ])
    expect(await chains.of({ doctype: 'Customer', id: 999 })).toBeNull()
  })

  it('calls equal what the site does as predicted, and keeps that', async () => {
    const real = await siteLike(site, () => undefined), options = { site, target, order, runner: real.runner, clock, spoolFolder: folder, rules: '1', canaries: { seed: 3 } }
    const proofs = await proveShapes(staging, options)
    expect(proofs.map(({ doctype, status }) => `${doctype} ${status}`)).toEqual(['Territory equal', ...Array(3).fill('Customer equal'), ...Array(4).fill('Sales Order equal')])
    const before = real.tried.length
    expect(await proveShapes(staging, options)).toEqual(proofs)
    expect(real.tried).toHaveLength(before)
    await proveShapes(staging, { ...options, rules: '2' })
    expect(real.tried).toHaveLength(before * 2)
    await real.close()
  })

  it('finds a script of the site that changes a column of one shape', async () => {
    const real = await siteLike(site, (effect) => {
      for (const row of effect.inserted?.['tabSales Order'] ?? []) if (row['docstatus'] === 1) row['po_no'] = 'set by a script'
    })
    const proofs = await proveShapes(staging, { site, target, order, runner: real.runner, clock, spoolFolder: folder, rules: 'script', canaries: { seed: 3 } })
    expect(proofs.filter(({ doctype }) => doctype !== 'Sales Order').every(({ status }) => status === 'equal')).toBe(true)
    const orders = proofs.filter(({ doctype }) => doctype === 'Sales Order')
    expect(orders.map(({ status, features }) => `${features.includes('docstatus') ? 'submitted' : 'draft'} ${status}`).sort()).toEqual(['draft equal', 'draft equal', 'submitted differs', 'submitted differs'])
    expect(orders.find(({ status }) => status === 'differs')).toMatchObject({ reason: '2 of 2 canaries did otherwise', differences: [{ where: 'tabSales Order.po_no', recorded: '"set by a script"', predicted: 'NULL' }] })
    await real.close()
  })

  it('finds what only the site refuses', async () => {
    const real = await siteLike(site, (effect, { ref, doc }) => { if (ref.doctype === 'Customer' && doc['customer_type'] === 'Individual') Object.assign(effect, { inserted: undefined, updated: undefined, error: { type: 'ValidationError', message: 'No' } }) })
    const proofs = await proveShapes(staging, { site, target, order: ['Customer'], runner: real.runner, clock, spoolFolder: folder, rules: 'refusing', canaries: { seed: 3 } })
    expect(proofs.find(({ documents }) => documents === 20)).toMatchObject({ status: 'differs', differences: [{ where: 'error', recorded: 'ValidationError: No', predicted: 'accepted' }] })
    await real.close()
  })
})
