import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixedClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'

describe('what the site changes without a word', () => {
  let staging: Staging, engine: PostingEngine
  beforeAll(async () => {
    staging = await Staging.open(':memory:')
    engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'))
  })
  afterAll(async () => { await staging.close() })
  const warnings = (doctype: string) => staging.all(`SELECT id, type, field, idx, "value" FROM ops.findings WHERE doctype = '${doctype}' AND severity = 'warning' ORDER BY id, field, idx`)

  it('is said for cleaned, derived and fetched values, once per field', async () => {
    await staging.run(`CREATE TABLE drafts."Item" AS SELECT * FROM (VALUES (1, 'Fan', 'Robust & leise', '12.50'), (2, 'Lamp', 'Plain', '3')) v(_id, item_code, description, weight_per_unit), (SELECT 'Products' AS item_group, 'nos' AS stock_uom)`)
    expect(await engine.post('Item')).toMatchObject({ posted: 2 })
    expect(await warnings('Item')).toEqual([
      { id: 1, type: 'changed-by-site', field: 'description', idx: null, value: 'Robust & leise' }, { id: 1, type: 'link-respelled', field: 'stock_uom', idx: null, value: 'nos' },
      { id: 2, type: 'link-respelled', field: 'stock_uom', idx: null, value: 'nos' },
    ])
    await staging.run(`CREATE TABLE drafts."Employee" AS SELECT 1 AS _id, 'Nancy' AS first_name, 'Wrong Name' AS employee_name, 'Female' AS gender, '1968-12-08' AS date_of_birth, '2012-05-01' AS date_of_joining, 'Northwind Traders' AS company`)
    expect(await engine.post('Employee')).toMatchObject({ posted: 1 })
    expect(await warnings('Employee')).toEqual([{ id: 1, type: 'changed-by-site', field: 'employee_name', idx: null, value: 'Wrong Name' }])
  })
  it('is silent where everything is stored as given', async () => {
    await staging.run(`CREATE TABLE drafts."Brand" AS SELECT 1 AS _id, 'Acme' AS brand, '' AS description`)
    expect(await engine.post('Brand')).toEqual({ posted: 1, refused: 0, findings: 0 })
  })
})
