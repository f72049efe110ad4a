import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixedClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'

const NODES = 20_000

async function post(batchDocuments: number, nodes: number): Promise<{ staging: Staging; posted: number }> {
  const staging = await Staging.open(':memory:')
  const engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'), { batchDocuments })
  // Every node below one of the ten before it, four levels deep; and a root of its own now and then.
  await staging.run(`CREATE TABLE drafts."Territory" AS SELECT i AS _id, 'Node ' || i AS territory_name, 1 AS is_group,
    CASE WHEN i <= 10 THEN NULL WHEN i <= 100 THEN 'Node ' || (1 + i % 10) WHEN i <= 1000 THEN 'Node ' || (11 + i % 90) ELSE 'node ' || (101 + i % 900) END AS parent_territory FROM range(1, ${nodes + 1}) t(i)`)
  const { posted } = await engine.post('Territory')
  return { staging, posted }
}

const POSITIONS = 'SELECT name, lft, rgt, parent_territory, old_parent FROM rows."tabTerritory" ORDER BY lft'

describe('trees', () => {
  let staging: Staging
  beforeAll(async () => {
    const made = await post(50_000, NODES)
    staging = made.staging
    expect(made.posted).toBe(NODES)
  }, 120_000)
  afterAll(async () => { await staging.close() })

  it('are nested sets without gaps, every node within its parent', async () => {
    const bad = await staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM rows."tabTerritory" c JOIN rows."tabTerritory" p ON p.name = c.parent_territory WHERE NOT (p.lft < c.lft AND c.rgt < p.rgt)`)
    expect(bad?.n).toBe(0)
    const ends = await staging.one(`SELECT COUNT(DISTINCT e) = COUNT(*) AS distinct_ends, max(e) = COUNT(*) AS without_gaps FROM (SELECT lft AS e FROM rows."tabTerritory" UNION ALL SELECT rgt FROM rows."tabTerritory")`)
    expect(ends).toEqual({ distinct_ends: true, without_gaps: true })
  })
  it('grow by the last child', async () => {
    const order = await staging.all<{ d: number }>(`SELECT _draft AS d FROM rows."tabTerritory" WHERE parent_territory = 'Node 101' ORDER BY lft`)
    expect(order.length).toBeGreaterThan(10)
    expect(order.map((row) => row.d)).toEqual(order.map((row) => row.d).toSorted((a, b) => a - b))
  })
  it('are the same in one batch and in many', async () => {
    const one = await post(50_000, 30), many = await post(8, 30)
    expect(await many.staging.all(POSITIONS)).toEqual(await one.staging.all(POSITIONS))
    for (const made of [one, many]) await made.staging.close()
  }, 120_000)
  it('take accounts with parents that are new too', async () => {
    await staging.run(`CREATE TABLE drafts."Account" AS SELECT * FROM (VALUES (1, 'Special Costs', 'Indirect Expenses - NT', 1), (2, 'Gifts', 'Special Costs - NT', 0)) v(_id, account_name, parent_account, is_group), (SELECT 'Northwind Traders' AS company)`)
    const engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'))
    expect(await engine.post('Account')).toMatchObject({ posted: 2, refused: 0 })
    expect(await staging.all(`SELECT name, rgt - lft AS width, parent_account FROM rows."tabAccount" WHERE _draft IS NOT NULL ORDER BY _draft`)).toEqual([
      { name: 'Special Costs - NT', width: 3, parent_account: 'Indirect Expenses - NT' }, { name: 'Gifts - NT', width: 1, parent_account: 'Special Costs - NT' },
    ])
  })
})
