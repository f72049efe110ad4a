import { afterAll, beforeAll, expect, test } from 'vitest'
import { accounting, cleanse } from '../../src/mapping/accounting.ts'
import { buildDrafts, prepareDrafts } from '../../src/mapping/drafts.ts'
import { Staging } from '../../src/staging/staging.ts'
import type { SourceEntity } from '../../src/mapping/entity.ts'
import { compile, postAll, stageRaw } from './stage.ts'

const CUSTOMERS = 20_000, ORDERS = 30_000, LINES = 100_000
let staging: Staging, entities: SourceEntity[]
beforeAll(async () => {
  staging = await Staging.open(':memory:')
  entities = [await stageRaw(staging, 'customers', ['id:integer', 'name', 'country', 'phone', 'since'], []), await stageRaw(staging, 'orders', ['no:integer', 'cust:integer', 'day'], []), await stageRaw(staging, 'lines', ['no:integer', 'pos:integer', 'sku', 'qty', 'price'], [])]
  await staging.run(`INSERT INTO raw."legacy.customers" SELECT i, i, ' Customer  ' || i || ' ', CASE i % 3 WHEN 0 THEN 'Deutschland' WHEN 1 THEN 'DE' ELSE 'France' END, '030 ' || (100000 + i % 500), strftime(DATE '2020-01-01' + CAST(i % 900 AS INTEGER), '%d.%m.%Y') FROM range(1, ${CUSTOMERS + 1}) t(i)`)
  await staging.run(`INSERT INTO raw."legacy.orders" SELECT i, i, 1 + i % ${CUSTOMERS}, strftime(DATE '2023-01-01' + CAST(i % 700 AS INTEGER), '%d.%m.%Y') FROM range(1, ${ORDERS + 1}) t(i)`)
  await staging.run(`INSERT INTO raw."legacy.lines" SELECT i, 1 + i % ${ORDERS}, i, 'SKU-' || i % 50, i % 9 + 1, replace(CAST(CAST(i % 999 AS DECIMAL(9,2)) / 7 AS VARCHAR), '.', ',')  FROM range(1, ${LINES + 1}) t(i)`)
})
afterAll(() => staging.close())

test('150,000 records become drafts set by set', async () => {
  const plan = compile([
    'entity: customers\nkey: id\ntext_columns: [trim, collapse_spaces]\ndoctype: Customer\nfields: {customer_name: name, mobile_no: {field: phone, transform: {phone: DE}}, market_segment: {field: country, transform: country}}\n',
    'entity: orders\nkey: "no"\ncolumns: {day: {transform: date}}\ndoctype: Sales Order\nsubmit: true\nfields:\n  customer: {ref: customers, key: cust}\n  transaction_date: day\n  items: {from: lines, on: {"no": "no"}, order_by: pos, fields: {item_code: sku, qty: {field: qty, transform: number}, rate: {expr: "round(number(price, locale: \'de\') * 0.9, 2)"}}}\n',
    'entity: lines\nkey: [no, pos]\n',
  ], entities)
  const began = process.hrtime.bigint()
  await cleanse(staging, plan)
  await prepareDrafts(staging, plan)
  const marks: Record<string, number> = {}
  for (const target of plan.targets) {
    const start = process.hrtime.bigint()
    await buildDrafts(staging, plan, target.doctype)
    marks[target.doctype] = Number(process.hrtime.bigint() - start) / 1e6
    await postAll(staging, target.doctype)
  }
  const total = Number(process.hrtime.bigint() - began) / 1e6
  expect(await staging.all(`SELECT (SELECT count(*) FROM drafts."Customer") AS c, (SELECT count(*) FROM drafts."Sales Order" WHERE customer IS NOT NULL) AS o, (SELECT count(*) FROM drafts."Sales Order.items" WHERE qty IS NOT NULL AND rate IS NOT NULL) AS l`)).toEqual([{ c: CUSTOMERS, o: ORDERS, l: LINES }])
  for (const account of await accounting(staging, plan)) expect(account.balanced).toBe(true)
  // Generous, for machines that are busy with other things; a quiet one needs about a tenth.
  expect([total < 60_000, JSON.stringify(marks)]).toEqual([true, JSON.stringify(marks)])
})
