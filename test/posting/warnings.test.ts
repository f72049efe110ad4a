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
  it('is said of an earlier document too when a later one takes its flag', async () => {
    for (const doctype of ['Customer', 'Address']) await staging.run(`DROP TABLE IF EXISTS drafts."${doctype}"`)
    await staging.run(`CREATE TABLE drafts."Customer" AS SELECT 1 AS _id, 'Alfreds' AS customer_name`)
    await engine.post('Customer')
    await staging.run(`CREATE TABLE drafts."Address" AS SELECT i AS _id, 'Alfreds ' || i AS address_title, 'Shipping' AS address_type, 'Obere Str. 57' AS address_line1, 'Berlin' AS city, 'Germany' AS country, 1 AS is_shipping_address FROM range(1, 4) r(i)`)
    await staging.run(`CREATE TABLE drafts."Address.links" AS SELECT i AS _parent, 1 AS _idx, 'Customer' AS link_doctype, 'Alfreds' AS link_name FROM range(1, 4) r(i)`)
    for (const id of [1, 2, 3]) await engine.post('Address', { from: id, to: id })
    expect(await staging.all(`SELECT is_shipping_address AS shipping FROM rows."tabAddress" WHERE name LIKE 'Alfreds _-Shipping' ORDER BY name`)).toEqual([{ shipping: 0 }, { shipping: 0 }, { shipping: 1 }])
    expect(await warnings('Address')).toEqual([1, 2].map((id) => ({ id, type: 'changed-by-site', field: 'is_shipping_address', idx: null, value: '1' })))
  })
})
