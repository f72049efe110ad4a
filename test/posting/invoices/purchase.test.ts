import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Posting, type Doc } from '../masters/batch.ts'

const COUNT = 18, ITEMS = ['CONSULT', 'FREIGHT', 'CHAI', 'CHANG', 'BOXED', 'ANISEED']

/** Numbers that look random and are the same every time. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

/** Invoices of every kind: taxes of each category, discounts, currencies, stock moved, paid at once, written off, debit notes for an earlier one. Every ninth is refused at its submit. */
function invoices(): Doc[] {
  const next = random(17), pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!
  return Array.from({ length: COUNT }, (_, n): Doc => {
    const euro = n % 5 === 3, back = n % 8 === 7, refused = n % 9 === 8, stock = !back && n % 3 === 1, sign = back ? -1 : 1
    const items = Array.from({ length: 1 + Math.floor(next() * 3) }, () => ({ item_code: pick(ITEMS), qty: sign * (1 + Math.floor(next() * 9)), rate: Math.round(next() * 20000) / 100 }))
    if (refused) items.push({ item_code: 'CONSULT', qty: -1, rate: 1 })
    return {
      company: 'Northwind Traders', supplier: euro ? 'Euro Seller' : pick(['Exotic Liquids', 'Tokyo Traders']), currency: euro ? 'EUR' : 'USD', conversion_rate: euro ? 1.0873 : 1, posting_date: `2025-03-${String(n + 1).padStart(2, '0')}`, posting_time: '10:00:00', set_posting_time: 1,
      docstatus: n % 7 === 6 ? 0 : 1, bill_no: `B-${n}`, is_return: back ? 1 : 0, return_against: null, update_stock: stock ? 1 : 0, is_paid: n % 11 === 5 ? 1 : 0, cash_bank_account: n % 11 === 5 ? 'Cash - NT' : null,
      write_off_amount: n % 13 === 2 ? 1.5 : 0, write_off_account: n % 13 === 2 ? 'Write Off - NT' : null, write_off_cost_center: 'Main - NT', apply_discount_on: 'Net Total', additional_discount_percentage: n % 6 === 4 ? 7.5 : 0, items,
      ...(n % 2 === 1 ? {} : { taxes: [{ category: 'Total', add_deduct_tax: 'Add', charge_type: 'On Net Total', account_head: 'Input Tax - NT', rate: 7.7, tax_amount: 0, description: 'Tax' },
        { category: pick(['Valuation', 'Valuation and Total']), add_deduct_tax: 'Add', charge_type: 'Actual', account_head: 'Freight and Forwarding Charges - NT', rate: 0, tax_amount: Math.round(next() * 3000) / 100, description: 'Freight' }] }),
    }
  })
}

const COLUMNS: [table: string, columns: string][] = [
  ['tabPurchase Invoice', 'name, docstatus, status, grand_total, rounded_total, outstanding_amount, paid_amount, against_expense_account, due_date'],
  ['tabPurchase Invoice Item', 'parent, idx, item_code, net_amount, base_net_amount, item_tax_amount, valuation_rate, expense_account, received_qty'],
  ['tabGL Entry', 'voucher_no, account, party, debit, credit, debit_in_account_currency, credit_in_account_currency, debit_in_transaction_currency, credit_in_transaction_currency, against_voucher, cost_center, remarks'],
  ['tabPayment Ledger Entry', 'voucher_no, against_voucher_no, account, amount, amount_in_account_currency'],
  ['tabStock Ledger Entry', 'voucher_no, item_code, warehouse, actual_qty, qty_after_transaction, valuation_rate, stock_value, stock_value_difference'],
  ['tabBin', 'item_code, warehouse, actual_qty, valuation_rate, stock_value'],
]

async function postIn(size: number): Promise<{ posting: Posting; answers: (string | null)[]; rows: Record<string, string[]> }> {
  const posting = await Posting.open(), all = invoices(), answers: (string | null)[] = []
  for (let from = 0; from < all.length; from += size) answers.push(...await posting.post('Purchase Invoice', all.slice(from, from + size)))
  const rows: Record<string, string[]> = {}
  for (const [table, columns] of COLUMNS) rows[table] = (await posting.rows(table, columns)).map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).sort()
  rows['last purchases'] = (await posting.staging.all('SELECT name, CAST(last_purchase_rate AS DOUBLE) AS rate FROM rows."tabItem" ORDER BY name')).map((row) => JSON.stringify(row))
  return { posting, answers, rows }
}

describe('purchase invoices, many at once', () => {
  let whole: Awaited<ReturnType<typeof postIn>>
  beforeAll(async () => { whole = await postIn(COUNT) })
  afterAll(() => whole.posting.close())

  it('are taken or refused one by one', () => {
    expect(whole.answers.map((answer, n) => [n, answer]).filter(([, answer]) => answer !== null)).toEqual([8, 17].map((n) => [n, 'ValidationError']))
  })

  it('balance, each of them, and owe what the ledger says', async () => {
    const open = await whole.posting.staging.all(`SELECT voucher_no, CAST(SUM(debit) - SUM(credit) AS DOUBLE) AS off FROM rows."tabGL Entry" WHERE _draft IS NOT NULL GROUP BY voucher_no HAVING SUM(debit) <> SUM(credit) OR COUNT(*) < 2`)
    expect(open).toEqual([])
    const owed = await whole.posting.staging.all(`SELECT i.name, CAST(i.outstanding_amount AS DOUBLE) AS outstanding, CAST(SUM(p.amount_in_account_currency) AS DOUBLE) AS owed FROM rows."tabPurchase Invoice" i
      JOIN rows."tabPayment Ledger Entry" p ON p.against_voucher_no = i.name WHERE i.docstatus = 1 GROUP BY ALL HAVING i.outstanding_amount <> SUM(p.amount_in_account_currency)`)
    expect(owed).toEqual([])
    expect(whole.rows['tabGL Entry']!.length).toBeGreaterThan(40)
  })

  it('book on the stock accounts what the stock ledger gained', async () => {
    const [sum] = await whole.posting.staging.all<{ booked: number; gained: number }>(`SELECT CAST((SELECT SUM(debit) - SUM(credit) FROM rows."tabGL Entry" WHERE account = 'Stock In Hand - NT' AND _draft IS NOT NULL) AS DOUBLE) AS booked,
      CAST((SELECT SUM(stock_value_difference) FROM rows."tabStock Ledger Entry" WHERE _draft IS NOT NULL) AS DOUBLE) AS gained`)
    expect(sum!.gained).toBeGreaterThan(0)
    expect(sum!.booked).toBeCloseTo(sum!.gained, 1)
  })

  it('write the same rows in batches of 5', async () => {
    const parts = await postIn(5)
    try {
      expect(parts.answers).toEqual(whole.answers)
      for (const table of Object.keys(whole.rows)) expect(parts.rows[table], table).toEqual(whole.rows[table])
    } finally {
      await parts.posting.close()
    }
  }, 240_000)
})
