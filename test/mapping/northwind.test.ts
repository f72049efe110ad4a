import { afterAll, beforeAll, expect, test } from 'vitest'
import { accounting } from '../../src/mapping/accounting.ts'
import { compileMapping } from '../../src/mapping/compile.ts'
import { coverage } from '../../src/mapping/coverage.ts'
import type { MappingPlan } from '../../src/mapping/plan.ts'
import { Staging } from '../../src/staging/staging.ts'
import { exampleMappings, mapAll, site, stageNorthwind } from './stage.ts'

let staging: Staging, plan: MappingPlan
beforeAll(async () => {
  staging = await Staging.open(':memory:')
  const entities = await stageNorthwind(staging)
  plan = compileMapping(exampleMappings('northwind'), { site, entities })
  await mapAll(staging, plan)
})
afterAll(() => staging.close())

const count = async (sql: string) => Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`))?.n)

test('DocTypes come after those they refer to', () => {
  const order = plan.targets.map((target) => target.doctype)
  expect(order.indexOf('Sales Order')).toBeGreaterThan(order.indexOf('Customer'))
  expect(order.indexOf('Sales Order')).toBeGreaterThan(order.indexOf('Item'))
  expect(order.indexOf('Item')).toBeGreaterThan(order.indexOf('Supplier'))
  expect(order.indexOf('Address')).toBeGreaterThan(order.indexOf('Supplier'))
  expect(plan.targets.find((target) => target.doctype === 'Sales Order')?.phase).toBe('transactional')
})

test('every record becomes its documents', async () => {
  expect(await count('drafts."Customer"')).toBe(91)
  expect(await count('drafts."Supplier"')).toBe(29 + 6)
  expect(await count('drafts."Address"')).toBe(91 + 29)
  expect(await count('drafts."Item"')).toBe(77)
  expect(await count('drafts."Item Price"')).toBe(77)
  expect(await count('drafts."Item Group"')).toBe(8)
  expect(await count('drafts."Territory"')).toBe(4 + 53)
  expect(await count('drafts."Employee"')).toBe(9)
  expect(await count('drafts."Sales Order"')).toBe(830)
  expect(await count('drafts."Sales Order.items"')).toBe(2155)
  expect(await count('drafts."Sales Order.items" WHERE item_code IS NULL OR qty IS NULL')).toBe(0)
  expect(await count('drafts."Sales Order" WHERE customer IS NULL OR docstatus <> 1')).toBe(0)
  expect(await count(`ops.findings WHERE severity = 'blocking'`)).toBe(0)
})

test('every line of an invoice names the line of the order it bills', async () => {
  expect(await count('drafts."Sales Invoice"')).toBe(809)
  expect(await count('drafts."Payment Entry"')).toBe(809)
  expect(await count('drafts."Sales Invoice.items" WHERE so_detail IS NULL')).toBe(0)
  const wrong = `drafts."Sales Invoice.items" i JOIN drafts."Sales Invoice" v ON v._id = i._parent LEFT JOIN drafts."Sales Order" o ON o._key = v._key LEFT JOIN drafts."Sales Order.items" s ON s._parent = o._id AND i.so_detail = 'Sales Order-' || o._id || '/' || s._idx
    WHERE s.item_code IS DISTINCT FROM i.item_code OR s.qty IS DISTINCT FROM i.qty`
  expect(await count(wrong)).toBe(0)
})

test('documents of one DocType that refer to each other come parents first', async () => {
  expect(await count('drafts."Employee" WHERE reports_to IS NULL')).toBe(1)
  const rows = await staging.all<{ _id: number; reports_to: string | null }>('SELECT _id, reports_to FROM drafts."Employee" ORDER BY _id')
  for (const row of rows) if (row.reports_to !== null) expect(Number(row.reports_to.split('-')[1])).toBeLessThan(row._id)
  expect(await count(`drafts."Territory" WHERE _entity = 'territories' AND parent_territory NOT LIKE 'Territory-%'`)).toBe(0)
})

test('amounts are exact', async () => {
  const order = await staging.all<Record<string, string>>(`SELECT i.* FROM drafts."Sales Order.items" i JOIN drafts."Sales Order" o ON o._id = i._parent WHERE o._key = '10248' ORDER BY i._idx`)
  expect(order.map((row) => [Number(row['price_list_rate']), Number(row['qty'])])).toEqual([[14, 12], [9.8, 10], [34.8, 5]])
  const tax = await staging.one<{ t: string }>(`SELECT CAST(t.tax_amount AS VARCHAR) AS t FROM drafts."Sales Order.taxes" t JOIN drafts."Sales Order" o ON o._id = t._parent WHERE o._key = '10248'`)
  expect(Number(tax?.t)).toBe(32.38)
  // Per order, against the legacy rows read independently: the discounted lines, each rounded to the cent.
  const differing = await staging.all(`SELECT o._key FROM drafts."Sales Order" o JOIN drafts."Sales Order.items" i ON i._parent = o._id JOIN (SELECT order_id, sum(round(CAST(unit_price AS DECIMAL(12,2)) * CAST(quantity AS INTEGER) * (1 - CAST(discount AS DECIMAL(4,2))), 2)) AS t
    FROM raw."northwind.order_details" GROUP BY order_id) l ON l.order_id = o._key GROUP BY o._key, o.discount_amount, l.t HAVING sum(CAST(i.price_list_rate AS DECIMAL(12,2)) * i.qty) - CAST(o.discount_amount AS DECIMAL(12,2)) <> l.t`)
  expect(differing).toEqual([])
})

test('accounts balance and nothing is open by accident', async () => {
  for (const account of await accounting(staging, plan)) {
    expect([account.entity, account.balanced]).toEqual([account.entity, true])
    for (const document of account.documents) expect([document.doctype, document.balanced]).toEqual([document.doctype, true])
  }
  const { entities, missing, share } = coverage(plan)
  expect(entities.filter((entity) => entity.open > 0).map((entity) => [entity.entity, entity.columns.filter((column) => column.state === 'open').map((column) => column.column)])).toEqual([])
  expect(share).toBe(1)
  expect(missing.map((field) => `${field.doctype}.${field.field}`)).toEqual(expect.not.arrayContaining(['Customer.customer_name']))
})
