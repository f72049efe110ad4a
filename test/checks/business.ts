import { Site } from '../../src/site/site.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { Staging, ident } from '../../src/staging/staging.ts'
import type { ProofContext } from '../../src/checks/reconcile/proof.ts'

/**
 * A small finished migration, made by hand: three customers in two groups of a tree and two submitted orders, on a rehearsal site as predicted,
 * with drafts, cleansed records and ledger. The proofs must pass on it, and find whatever a test then breaks.
 */
export async function finishedLoad(): Promise<{ staging: Staging; context: ProofContext }> {
  const site = Site.load(), staging = await Staging.open(':memory:')
  await staging.attach(':memory:', 'site')
  const doctypes = [...new Set([...site.recordDoctypes(), 'Sales Order', 'Sales Order Item', 'Payment Schedule', 'Sales Team', 'Packed Item', 'Pricing Rule Detail'])]
  for (const schema of ['rows', 'site.main']) {
    await site.createTables(staging, schema, doctypes)
    await site.loadRecords(staging, schema)
  }
  await staging.run(`CREATE OR REPLACE TABLE ops.findings (severity VARCHAR, type VARCHAR, doctype VARCHAR, id BIGINT, entity VARCHAR, key VARCHAR, field VARCHAR, idx BIGINT, message VARCHAR, value VARCHAR, cause VARCHAR, hint VARCHAR, stage VARCHAR, seq BIGINT)`)
  await staging.run('CREATE OR REPLACE TABLE ops.updates (seq BIGINT, doctype VARCHAR, id BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, before VARCHAR, after VARCHAR)')
  await staging.run('CREATE OR REPLACE TABLE ops.refused (doctype VARCHAR, id BIGINT, type VARCHAR, message VARCHAR)')
  await staging.run('CREATE OR REPLACE TABLE ops.cursors (entity VARCHAR, cursor VARCHAR, batches BIGINT, read BIGINT, staged BIGINT, rejected BIGINT, done BOOLEAN)')
  const put = async (table: string, draft: number, doctype: string, values: Record<string, string | number>): Promise<void> => {
    const literal = (v: string | number): string => (typeof v === 'number' ? String(v) : `'${v}'`)
    const names = Object.keys(values)
    const times = `TIMESTAMP '2026-11-22 10:00:00', TIMESTAMP '2026-11-22 10:00:00', 'Administrator', 'Administrator'`
    const columns = `creation, modified, owner, modified_by, ${names.map(ident).join(', ')}`
    await staging.run(`INSERT INTO rows.${ident(table)} (${columns}, _draft, _doctype) VALUES (${times}, ${names.map((n) => literal(values[n]!)).join(', ')}, ${draft}, '${doctype}')`)
    await staging.run(`INSERT INTO site.main.${ident(table)} (${columns}) VALUES (${times}, ${names.map((n) => literal(values[n]!)).join(', ')})`)
  }
  for (const schema of ['rows', 'site.main']) await staging.run(`UPDATE ${schema}."tabCustomer Group" SET rgt = rgt + 4 WHERE name = 'All Customer Groups'`)
  const rgt = (await staging.one<{ rgt: number }>(`SELECT rgt FROM rows."tabCustomer Group" WHERE name = 'All Customer Groups'`))!.rgt
  await put('tabCustomer Group', 1, 'Customer Group', { name: 'North', customer_group_name: 'North', parent_customer_group: 'All Customer Groups', old_parent: 'All Customer Groups', is_group: 0, lft: rgt - 4, rgt: rgt - 3, docstatus: 0, idx: 0 })
  await put('tabCustomer Group', 2, 'Customer Group', { name: 'South', customer_group_name: 'South', parent_customer_group: 'All Customer Groups', old_parent: 'All Customer Groups', is_group: 0, lft: rgt - 2, rgt: rgt - 1, docstatus: 0, idx: 0 })
  const customers = ['Älpha', 'Beta', 'Gamma']
  for (const [i, name] of customers.entries()) {
    await put('tabCustomer', i + 1, 'Customer', { name, customer_name: name, customer_type: 'Company', customer_group: i === 0 ? 'North' : 'South', territory: 'United States', docstatus: 0, idx: 0 })
  }
  for (const [i, total] of [['USD', 118.5], ['USD', 20]].entries()) {
    const name = `SAL-ORD-2026-0000${i + 1}`
    await put('tabSales Order', i + 1, 'Sales Order', { name, naming_series: 'SAL-ORD-.YYYY.-', customer: customers[i]!, order_type: 'Sales', transaction_date: '2025-06-01', company: 'Northwind Traders', currency: total[0]!, conversion_rate: 1, price_list_currency: 'USD',
      selling_price_list: 'Standard Selling', plc_conversion_rate: 1, status: 'To Deliver and Bill', grand_total: total[1]!, docstatus: 1, idx: 0 })
    for (let row = 1; row <= 2; row++) {
      await put('tabSales Order Item', i + 1, 'Sales Order', { name: `row${i}${row}aaaaa`, parent: name, parenttype: 'Sales Order', parentfield: 'items', item_code: 'CHAI', item_name: 'Chai', description: 'Chai', uom: 'Nos', conversion_factor: 1, qty: row, rate: Number(total[1]) / 3, idx: row, docstatus: 1 })
    }
  }
  await staging.run(`CREATE TABLE drafts."Customer Group" AS SELECT * FROM (VALUES (1, 'groups', 'N', 1, 'North', 'All Customer Groups'), (2, 'groups', 'S', 2, 'South', 'All Customer Groups')) t(_id, _entity, _key, _source_row, customer_group_name, parent_customer_group)`)
  await staging.run(`CREATE TABLE drafts."Customer" AS SELECT * FROM (VALUES (1, 'customers', 'A', 1, 'Älpha', 'north'), (2, 'customers', 'B', 2, 'Beta', 'South'), (3, 'customers', 'C', 3, 'Gamma', 'South')) t(_id, _entity, _key, _source_row, customer_name, customer_group)`)
  await staging.run(`CREATE TABLE drafts."Sales Order" AS SELECT * FROM (VALUES (1, 'orders', '1', 1, 'Älpha', '2025-06-01', 1), (2, 'orders', '2', 2, 'Beta', '2025-06-01', 1)) t(_id, _entity, _key, _source_row, customer, transaction_date, docstatus)`)
  await staging.run(`CREATE TABLE drafts."Sales Order.items" AS SELECT p AS _parent, r AS _idx, 'CHAI' AS item_code, r::VARCHAR AS qty FROM range(1, 3) a(p), range(1, 3) b(r)`)
  await staging.run(`CREATE TABLE clean.orders AS SELECT * FROM (VALUES (1, '1', 'USD', 118.50::DECIMAL(12, 2)), (2, '2', 'USD', 20.00), (3, '3', 'USD', 7.77)) t(_row, _key, currency, total)`)
  await staging.run(`INSERT INTO ops.cursors VALUES ('orders', '{}', 1, 3, 3, 0, true), ('customers', '{}', 1, 3, 3, 0, true)`)
  const ledger = new Ledger(staging, 'site')
  await ledger.create()
  const note = (entity: string, key: string, doctype: string, name: string): Promise<number> =>
    staging.run(`INSERT INTO ${ledger.table('documents')} (run, phase, wave, batch, entity, "key", doctype, name, docstatus, outcome) VALUES ('r1', 'master', 1, 1, '${entity}', '${key}', '${doctype}', '${name}', 0, 'loaded')`)
  await note('groups', 'N', 'Customer Group', 'North')
  await note('groups', 'S', 'Customer Group', 'South')
  for (const [i, name] of customers.entries()) await note('customers', 'ABC'[i]!, 'Customer', name)
  await note('orders', '1', 'Sales Order', 'SAL-ORD-2026-00001')
  await note('orders', '2', 'Sales Order', 'SAL-ORD-2026-00002')
  return {
    staging,
    context: {
      site, doctypes: ['Customer Group', 'Customer', 'Sales Order'], tolerance: '0', sourceCounts: { orders: 3, customers: 3 }, ledgers: [],
      totals: [{ name: 'Orders', entity: 'orders', sum: 'total', by: 'currency', doctype: 'Sales Order', field: 'grand_total', group: 'currency' }],
    },
  }
}
