import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixedClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'

const CUSTOMERS = `SELECT i AS _id, 'c' AS _entity, CAST(i AS VARCHAR) AS _key, CASE WHEN i IN (3, 7, 9) THEN 'Twin' ELSE 'No ' || i END AS customer_name, CASE i WHEN 5 THEN 'Nope' WHEN 6 THEN 'COMMERCIAL' END AS customer_group,
  CASE WHEN i = 2 THEN 'a@example.com' WHEN i = 7 THEN 'bad' END AS email_id, CASE WHEN i = 4 THEN 'yes' END AS disabled, CASE WHEN i = 8 THEN 'x' END AS colour FROM range(1, 12) t(i)`

async function open(batchDocuments: number): Promise<{ staging: Staging; engine: PostingEngine }> {
  const staging = await Staging.open(':memory:')
  const engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'), { batchDocuments })
  await staging.run(`CREATE TABLE drafts."Customer" AS ${CUSTOMERS}`)
  return { staging, engine }
}

const rowsOf = (staging: Staging) => staging.all(`SELECT name, customer_group, disabled, email_id, customer_primary_contact, _draft FROM rows."tabCustomer" WHERE _draft IS NOT NULL ORDER BY _draft`)

describe('posting a set', () => {
  let staging: Staging, engine: PostingEngine
  beforeAll(async () => { ({ staging, engine } = await open(50_000)) })
  afterAll(async () => { await staging.close() })

  it('refuses and names as the site would, one after another', async () => {
    expect(await engine.post('Customer')).toMatchObject({ posted: 9, refused: 2 })
    const rows = await rowsOf(staging)
    // The second twin is refused for its address, so the third is the first to be renamed.
    expect(rows.map((row) => row['name'])).toEqual(['No 1', 'No 2', 'Twin', 'No 4', 'No 6', 'No 8', 'Twin - 1', 'No 10', 'No 11'])
    expect(rows.find((row) => row['_draft'] === 6)?.['customer_group']).toBe('Commercial')
    expect(rows.find((row) => row['_draft'] === 2)?.['customer_primary_contact']).toBe('No 2-No 2')
    expect(await staging.all('SELECT id, type FROM ops.refused ORDER BY id')).toEqual([{ id: 5, type: 'LinkValidationError' }, { id: 7, type: 'InvalidEmailAddressError' }])
  })
  it('warns of what the site does silently', async () => {
    const warnings = await staging.all(`SELECT id, type, field, key FROM ops.findings WHERE severity = 'warning' ORDER BY id, type`)
    expect(warnings).toEqual([
      { id: 4, type: 'silent-zero', field: 'disabled', key: '4' }, { id: 6, type: 'link-respelled', field: 'customer_group', key: '6' },
      { id: 8, type: 'unknown-field', field: 'colour', key: '8' }, { id: 9, type: 'renamed-twin', field: 'name', key: '9' },
    ])
  })
  it('writes the same rows whatever the batches', async () => {
    const other = await open(2)
    await other.engine.post('Customer')
    expect(await rowsOf(other.staging)).toEqual(await rowsOf(staging))
    const contacts = 'SELECT name, parent FROM rows."tabContact Email" WHERE _draft IS NOT NULL ORDER BY name'
    expect(await other.staging.all(contacts)).toEqual(await staging.all(contacts))
    await other.staging.close()
  })
  it('lets a tree grow within one set, parents first', async () => {
    await staging.run(`CREATE TABLE drafts."Territory" AS SELECT * FROM (VALUES (1, 'Europe', NULL, 1), (2, 'Spain', 'europe', 0), (3, 'Early', 'Late', 0), (4, 'Late', NULL, 1), (5, 'Madrid', 'Spain', 0)) v(_id, territory_name, parent_territory, is_group)`)
    expect(await engine.post('Territory')).toMatchObject({ posted: 4, refused: 1 })
    const rows = await staging.all<{ name: string; lft: number; rgt: number }>(`SELECT name, lft, rgt FROM rows."tabTerritory" WHERE _draft IS NOT NULL ORDER BY lft`)
    expect(rows).toEqual([{ name: 'Europe', lft: 6, rgt: 11 }, { name: 'Spain', lft: 7, rgt: 10 }, { name: 'Madrid', lft: 8, rgt: 9 }, { name: 'Late', lft: 12, rgt: 13 }])
  })
  it('says what it cannot predict', async () => {
    await staging.run(`CREATE TABLE drafts."Asset" AS SELECT 1 AS _id, 'x' AS asset_name`)
    expect(await engine.post('Asset')).toMatchObject({ posted: 0, refused: 1 })
    expect(await staging.one(`SELECT type FROM ops.refused WHERE doctype = 'Asset'`)).toEqual({ type: 'unsupported' })
  })
})
