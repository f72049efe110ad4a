import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Staging } from '../../src/staging/staging.ts'
import { landfall, type Finished } from './command-line.ts'
import { northwindProject, type NorthwindProject } from './northwind.ts'

let project: NorthwindProject, run: Finished
beforeAll(async () => {
  project = await northwindProject()
  run = await landfall(['run', '--yes', '--out', 'report'], { cwd: project.folder, env: project.env })
}, 300_000)
afterAll(async () => { await project.close() })

describe('Northwind, from PostgreSQL into a rehearsal site', () => {
  test('migrates whole and is proven', () => {
    expect(run.code, run.out + run.err).toBe(0)
    const { migration_summary: summary } = parse(readFileSync(join(project.folder, 'report', 'report.yaml'), 'utf8')) as { migration_summary: any }
    expect(summary.statistics).toMatchObject({ failed: 0, status: 'succeeded' })
    const counts = Object.fromEntries(Object.entries<any>(summary.by_entity).map(([name, entity]) => [name, entity.migrated]))
    expect(counts).toMatchObject({ customers: 91, suppliers: 29, categories: 8, products: 77, employees: 9, territories: 53, shippers: 6, orders: 830, order_details: 2155 })
    for (const entity of Object.values<any>(summary.by_entity)) expect(entity.source_count).toBe(entity.migrated + entity.errors + entity.skipped)
    expect(Object.values<any>(summary.validation_results).map((result) => result.status)).toEqual(['passed', 'passed', 'passed', 'passed'])
  })

  test('every order is equal to the cent, by the database\'s own arithmetic', async () => {
    const legacy = await project.query<{ order_id: number; total: string; lines: number }>(`SELECT o.order_id, (sum(round(d.unit_price::numeric * d.quantity * (1 - d.discount::numeric), 2)) + round(o.freight::numeric, 2))::text AS total,
      count(*)::int AS lines FROM orders o JOIN order_details d USING (order_id) GROUP BY o.order_id, o.freight ORDER BY 1`)
    const staging = await Staging.open(join(project.folder, '.landfall/staging.duckdb'))
    await staging.attach(join(project.folder, '.landfall/site.duckdb'), 'site')
    const site = await staging.all<{ po_no: string; total: string; lines: number; docstatus: number }>(`SELECT o.po_no, CAST(CAST(o.grand_total AS DECIMAL(21, 2)) AS VARCHAR) AS total, o.docstatus,
      (SELECT count(*) FROM site.main."tabSales Order Item" i WHERE i.parent = o.name) AS lines FROM site.main."tabSales Order" o ORDER BY o.po_no::INT`)
    await staging.close()
    expect(site).toHaveLength(830)
    expect(site.map((order) => ({ order_id: Number(order.po_no), total: order.total, lines: order.lines }))).toEqual(legacy)
    expect(new Set(site.map((order) => order.docstatus))).toEqual(new Set([1]))
  })

  test('what was shipped is billed and paid: every invoice bills the lines of its order, nothing is outstanding', async () => {
    const [legacy] = await project.query<{ shipped: number; lines: number; total: string }>(`SELECT count(DISTINCT o.order_id)::int AS shipped, count(*)::int AS lines, round(sum(round(d.unit_price::numeric * d.quantity * (1 - d.discount::numeric), 2)), 2)::text AS total
      FROM orders o JOIN order_details d USING (order_id) WHERE o.shipped_date IS NOT NULL`)
    const staging = await Staging.open(join(project.folder, '.landfall/staging.duckdb'))
    await staging.attach(join(project.folder, '.landfall/site.duckdb'), 'site')
    const site = await staging.one(`SELECT (SELECT count(*) FROM site.main."tabSales Invoice" WHERE status = 'Paid' AND outstanding_amount = 0)::INT AS shipped,
      (SELECT count(*) FROM site.main."tabSales Invoice Item" i JOIN site.main."tabSales Order Item" s ON s.name = i.so_detail AND s.parent = i.sales_order AND s.item_code = i.item_code AND s.qty = i.qty)::INT AS lines,
      (SELECT CAST(CAST(sum(credit - debit) AS DECIMAL(21, 2)) AS VARCHAR) FROM site.main."tabGL Entry" WHERE account = 'Sales - NT') AS total`)
    const orders = await staging.all(`SELECT status, billing_status, count(*)::INT AS n FROM site.main."tabSales Order" WHERE per_billed = 100 GROUP BY ALL`)
    const years = await staging.all(`SELECT DISTINCT fiscal_year FROM site.main."tabGL Entry" ORDER BY 1`)
    await staging.close()
    expect(site).toEqual(legacy)
    expect(orders).toEqual([{ status: 'To Deliver', billing_status: 'Fully Billed', n: legacy!.shipped }])
    expect(years).toEqual([{ fiscal_year: '1996' }, { fiscal_year: '1997' }, { fiscal_year: '1998' }])
  })

  test('run again, nothing is written; rolled back, the site is as before', async () => {
    const again = await landfall(['run', '--yes', '--json'], { cwd: project.folder, env: project.env })
    const result = again.out.trim().split('\n').map((line) => JSON.parse(line) as { type: string; outcomes?: { loaded: number; unchanged: number } }).find((event) => event.type === 'result')
    expect(result?.outcomes).toMatchObject({ loaded: 0 })
    const back = await landfall(['rollback', '--yes'], { cwd: project.folder, env: project.env })
    expect(back.code, back.out + back.err).toBe(0)
    expect(back.out + back.err).toMatch(/are as they were/)
  })
})
