import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerConsistency } from '../../src/checks/ledgers/consistency.ts'
import { ageing, stockBalance, trialBalance } from '../../src/checks/ledgers/books.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'

let staging: Staging
const TABLES = ['GL Entry', 'Payment Ledger Entry', 'Stock Ledger Entry', 'Bin', 'Account', 'Company', 'Sales Invoice', 'Purchase Invoice']

/** An invoice of 100 with a payment of 40, and a receipt of 5 pieces worth 50, as a site's tables hold them. */
beforeAll(async () => {
  const site = Site.load()
  staging = await Staging.open(':memory:')
  await staging.attach(':memory:', 'site')
  await site.createTables(staging, 'site.main', TABLES)
  await staging.run(`INSERT INTO site.main."tabCompany" BY NAME SELECT 'C' AS name, 1 AS enable_perpetual_inventory`)
  for (const [name, type, root] of [['Debtors', 'Receivable', 'Asset'], ['Bank', 'Bank', 'Asset'], ['Sales', '', 'Income'], ['Stock', 'Stock', 'Asset'], ['Opening', 'Temporary', 'Asset']]) {
    await staging.run(`INSERT INTO site.main."tabAccount" BY NAME SELECT '${name}' AS name, 'C' AS company, '${type}' AS account_type, '${root}' AS root_type`)
  }
  const gl = (voucher: string, no: string, account: string, party: string | null, debit: number, credit: number, day: string): Promise<number> => staging.run(`INSERT INTO site.main."tabGL Entry" BY NAME
    SELECT '${no}-${account}' AS name, 'C' AS company, '${voucher}' AS voucher_type, '${no}' AS voucher_no, '${account}' AS account, ${party === null ? 'NULL' : `'${party}'`} AS party, ${debit} AS debit, ${credit} AS credit, DATE '${day}' AS posting_date, 0 AS is_cancelled`)
  const ple = (voucher: string, no: string, against: string, amount: number, day: string, due: string): Promise<number> => staging.run(`INSERT INTO site.main."tabPayment Ledger Entry" BY NAME SELECT '${no}-${against}' AS name, 'C' AS company, 'Receivable' AS account_type,
    'Debtors' AS account, 'Ana' AS party, '${voucher}' AS voucher_type, '${no}' AS voucher_no, 'Sales Invoice' AS against_voucher_type, '${against}' AS against_voucher_no, ${amount} AS amount, ${amount} AS amount_in_account_currency, 'USD' AS account_currency, DATE '${day}' AS posting_date, DATE '${due}' AS due_date, 0 AS delinked`)
  await gl('Sales Invoice', 'SI-1', 'Debtors', 'Ana', 100, 0, '2025-01-10')
  await gl('Sales Invoice', 'SI-1', 'Sales', null, 0, 100, '2025-01-10')
  await gl('Payment Entry', 'PE-1', 'Bank', null, 40, 0, '2025-02-01')
  await gl('Payment Entry', 'PE-1', 'Debtors', 'Ana', 0, 40, '2025-02-01')
  await gl('Stock Reconciliation', 'SR-1', 'Stock', null, 50, 0, '2025-01-01')
  await gl('Stock Reconciliation', 'SR-1', 'Opening', null, 0, 50, '2025-01-01')
  await ple('Sales Invoice', 'SI-1', 'SI-1', 100, '2025-01-10', '2025-02-09')
  await ple('Payment Entry', 'PE-1', 'SI-1', -40, '2025-02-01', '2025-02-01')
  await staging.run(`INSERT INTO site.main."tabSales Invoice" BY NAME SELECT 'SI-1' AS name, 1 AS docstatus, 60 AS outstanding_amount`)
  await staging.run(`INSERT INTO site.main."tabStock Ledger Entry" BY NAME SELECT 'sle' AS name, 'C' AS company, 'CHAI' AS item_code, 'Stores' AS warehouse, 'Stock Reconciliation' AS voucher_type, 'SR-1' AS voucher_no, 0 AS actual_qty, 5 AS qty_after_transaction, 50 AS stock_value_difference, DATE '2025-01-01' AS posting_date, TIMESTAMP '2025-01-01 00:00:00' AS posting_datetime, 0 AS is_cancelled`)
  await staging.run(`INSERT INTO site.main."tabBin" BY NAME SELECT 'bin' AS name, 'CHAI' AS item_code, 'Stores' AS warehouse, 5 AS actual_qty, 50 AS stock_value`)
})
afterAll(async () => { await staging.close() })

test('sound ledgers pass, and the books are read from them', async () => {
  const results = await ledgerConsistency(staging, '0')
  expect(results.map((result) => [result.id, result.status, result.compared])).toEqual([['ledger:vouchers', 'passed', 3], ['ledger:parties', 'passed', 1], ['ledger:outstanding:Sales Invoice', 'passed', 1], ['ledger:bins', 'passed', 1], ['ledger:stock-accounts', 'passed', 1]])
  expect((await trialBalance(staging, 'month', '2025-01-31')).map((row) => [row.account, row.period, Number(row.balance)])).toEqual(expect.arrayContaining([['Debtors', '2025-01', 100], ['Stock', '2025-01', 50]]))
  expect((await trialBalance(staging, 'all', null)).find((row) => row.account === 'Debtors')).toMatchObject({ debit: '100.000000000', credit: '40.000000000', balance: '60.000000000' })
  // Due on 9 February: 50 days old on 31 March; before the payment all of it is open.
  expect((await ageing(staging, 'receivable', '2025-03-31'))[0]?.ages.map(Number)).toEqual([0, 60, 0, 0, 0])
  expect((await ageing(staging, 'receivable', '2025-01-31'))[0]?.ages.map(Number)).toEqual([100, 0, 0, 0, 0])
  expect(await stockBalance(staging, null)).toEqual([{ company: 'C', warehouse: 'Stores', item: 'CHAI', qty: '5.000000000', value: '50.000000000' }])
})

test.each([
  ['a cent in one row of a voucher', `UPDATE site.main."tabGL Entry" SET debit = 40.01 WHERE name = 'PE-1-Bank'`, 'ledger:vouchers', 'PE-1'],
  ['a payment booked but not in the payment ledger', `DELETE FROM site.main."tabPayment Ledger Entry" WHERE voucher_no = 'PE-1'`, 'ledger:parties', 'Ana'],
  ['an invoice that thinks it is paid', `UPDATE site.main."tabSales Invoice" SET outstanding_amount = 0`, 'ledger:outstanding:Sales Invoice', 'SI-1'],
  ['a bin that was not updated', `UPDATE site.main."tabBin" SET actual_qty = 4`, 'ledger:bins', 'CHAI in Stores'],
  ['stock moved without its account', `UPDATE site.main."tabStock Ledger Entry" SET stock_value_difference = 55; UPDATE site.main."tabBin" SET stock_value = 55`, 'ledger:stock-accounts', 'SR-1'],
])('%s is found and named', async (_, sql, id, name) => {
  for (const table of TABLES) await staging.run(`CREATE OR REPLACE TABLE work."keep ${table}" AS SELECT * FROM site.main."tab${table}"`)
  for (const statement of sql.split('; ')) await staging.run(statement)
  const results = await ledgerConsistency(staging, '0')
  for (const table of TABLES) {
    await staging.run(`DELETE FROM site.main."tab${table}"`)
    await staging.run(`INSERT INTO site.main."tab${table}" SELECT * FROM work."keep ${table}"`)
  }
  const failed = results.filter((result) => result.status === 'failed')
  expect(failed.map((result) => result.id)).toContain(id)
  expect(JSON.stringify(failed.find((result) => result.id === id)!.failures)).toContain(name)
})
