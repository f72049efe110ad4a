import { describe, expect, it } from 'vitest'
import type { PostingEngine } from '../../src/posting/engine.ts'
import type { Staging } from '../../src/staging/staging.ts'
import { draws, linesOf, stage, withBatches, type Given } from './staged.ts'

const HEAD = { company: 'Northwind Traders', docstatus: 1, _entity: 'books' }
const COUNT = 9

/** Bills of materials that build on one another, of which one is made of itself. */
function bills(): { documents: Given[]; items: Given[] } {
  const made = ['BOXED', 'CHANG', 'ANISEED', 'BOXED', 'CHANG', 'CHAI']
  return {
    documents: made.map((item, i) => ({ ...HEAD, _id: i + 1, _key: `b${i}`, item, quantity: 1 + (i % 3), docstatus: i === 3 ? 0 : 1 })),
    items: made.flatMap((_, i) => [{ _parent: i + 1, _idx: 1, item_code: ['CHAI', 'BOXED', 'CHANG', 'ANISEED', 'CONSULT', 'ANISEED'][i]!, qty: i + 1, rate: 3.5 }, { _parent: i + 1, _idx: 2, item_code: 'FREIGHT', qty: 1, rate: 2.25 }]),
  }
}

/** Goods that come, go and move, some of which are not there. */
function moves(draw: () => number): { documents: Given[]; items: Given[] } {
  const documents: Given[] = [], items: Given[] = []
  for (let id = 1; id <= COUNT; id++) {
    const kind = id === 1 ? 'Material Receipt' : ['Material Receipt', 'Material Issue', 'Material Transfer'][Math.floor(draw() * 3)]!, qty = id === 4 ? 900 : 1 + Math.floor(draw() * 9)
    documents.push({ ...HEAD, _id: id, _key: `m${id}`, stock_entry_type: kind, purpose: kind, posting_date: `2025-02-${10 + id}`, posting_time: '10:00:00', set_posting_time: 1 })
    items.push({ _parent: id, _idx: 1, item_code: id % 3 === 0 ? 'CHANG' : 'CHAI', qty: kind === 'Material Receipt' ? qty + 20 : qty, ...(kind === 'Material Receipt' ? { basic_rate: Math.round(draw() * 3000) / 100 } : { s_warehouse: 'Stores - NT' }), ...(kind === 'Material Issue' ? {} : { t_warehouse: kind === 'Material Receipt' ? 'Stores - NT' : 'Finished Goods - NT' }) })
  }
  return { documents, items }
}

/** Bills of a supplier in euro, payments of them at another rate, and journals. */
function books(draw: () => number): Record<'Purchase Invoice' | 'Purchase Invoice.items' | 'Payment Entry' | 'Payment Entry.references' | 'Journal Entry' | 'Journal Entry.accounts', Given[]> {
  const cents = (top: number) => Math.round(100 + draw() * top * 100) / 100, invoices: Given[] = [], lines: Given[] = [], payments: Given[] = [], references: Given[] = [], journals: Given[] = [], accounts: Given[] = []
  for (let id = 1; id <= COUNT; id++) {
    const rate = 1 + Math.round(draw() * 3000) / 10000, price = cents(300), paid = Math.round(price * (id === 5 ? 400 : 60)) / 100, at = 1 + Math.round(draw() * 3000) / 10000, moved = cents(500)
    invoices.push({ ...HEAD, _id: id, _key: `p${id}`, supplier: 'Euro Seller', currency: 'EUR', conversion_rate: rate, posting_date: `2025-03-${10 + id}`, set_posting_time: 1, bill_no: `N-${id}` })
    lines.push({ _parent: id, _idx: 1, item_code: 'CONSULT', qty: 1, rate: price })
    payments.push({
      ...HEAD, _id: id, _key: `y${id}`, payment_type: 'Pay', party_type: 'Supplier', party: 'Euro Seller', posting_date: '2025-04-02', mode_of_payment: 'Cash', paid_from: 'Cash - NT', paid_to: 'Creditors EUR - NT', received_amount: paid, target_exchange_rate: at,
      source_exchange_rate: 1, paid_amount: Math.round(paid * at * 100) / 100,
    })
    references.push({ _parent: id, _idx: 1, reference_doctype: 'Purchase Invoice', reference_name: `ACC-PINV-2026-${String(id).padStart(5, '0')}`, allocated_amount: paid })
    journals.push({ ...HEAD, _id: id, _key: `j${id}`, voucher_type: 'Journal Entry', posting_date: `2025-05-${10 + id}` })
    accounts.push({ _parent: id, _idx: 1, account: 'Cash - NT', debit_in_account_currency: moved }, { _parent: id, _idx: 2, account: 'Sales - NT', credit_in_account_currency: id === 7 ? moved + 1 : moved, cost_center: 'Main - NT' })
  }
  return { 'Purchase Invoice': invoices, 'Purchase Invoice.items': lines, 'Payment Entry': payments, 'Payment Entry.references': references, 'Journal Entry': journals, 'Journal Entry.accounts': accounts }
}

const TABLES = [
  'tabBOM', 'tabBOM Item', 'tabBOM Explosion Item', 'tabStock Entry', 'tabStock Entry Detail', 'tabPurchase Invoice', 'tabPayment Entry', 'tabPayment Entry Reference', 'tabJournal Entry', 'tabJournal Entry Account', 'tabGL Entry', 'tabPayment Ledger Entry',
  'tabStock Ledger Entry', 'tabBin',
]

async function post(engine: PostingEngine, staging: Staging): Promise<{ refused: string[]; rows: Record<string, string[]> }> {
  const bill = bills(), move = moves(draws(41)), ledger = books(draws(43))
  const drafts: [string, Given[]][] = [['BOM', bill.documents], ['BOM.items', bill.items], ['Stock Entry', move.documents], ['Stock Entry.items', move.items], ...Object.entries(ledger)]
  for (const [table, rows] of drafts) await stage(staging, table, rows)
  for (const doctype of ['BOM', 'Stock Entry', 'Purchase Invoice', 'Payment Entry', 'Journal Entry']) await engine.post(doctype)
  const refused = await staging.all<{ doctype: string; id: number; type: string }>('SELECT doctype, id, type FROM ops.refused ORDER BY doctype, id')
  return { refused: refused.map(({ doctype, id, type }) => `${doctype} ${id} ${type}`), rows: await linesOf(staging, TABLES) }
}

const NONE = { bad: 0 }

describe('sets of bills of materials, stock entries, purchase invoices, payments and journals', () => {
  it('are the same in one batch and in several, and their ledgers agree', { timeout: 600_000 }, async () => {
    const whole = await withBatches(1000, async (engine, staging) => {
      const result = await post(engine, staging)
      const count = (from: string) => staging.one<{ bad: number }>(`SELECT COUNT(*) AS bad FROM (${from})`)
      expect(await count(`SELECT voucher_no FROM rows."tabGL Entry" GROUP BY voucher_type, voucher_no HAVING SUM(debit) <> SUM(credit)`)).toEqual(NONE)
      expect(await count(`SELECT i.name FROM rows."tabPurchase Invoice" i WHERE i._draft IS NOT NULL AND i.outstanding_amount <> i.grand_total - COALESCE((SELECT SUM(r.allocated_amount) FROM rows."tabPayment Entry Reference" r WHERE r.reference_name = i.name), 0)`)).toEqual(NONE)
      expect(await count(`SELECT i.name FROM rows."tabPurchase Invoice" i WHERE i._draft IS NOT NULL AND i.outstanding_amount <> (SELECT SUM(p.amount_in_account_currency) FROM rows."tabPayment Ledger Entry" p WHERE p.against_voucher_no = i.name)`)).toEqual(NONE)
      expect(await count(`SELECT b.name FROM rows."tabBin" b WHERE b._draft IS NOT NULL AND abs(b.stock_value - (SELECT SUM(e.stock_value_difference) FROM rows."tabStock Ledger Entry" e WHERE e.item_code = b.item_code AND e.warehouse = b.warehouse)) > 0.000001`)).toEqual(NONE)
      expect(await count(`SELECT item FROM rows."tabBOM" WHERE docstatus = 1 GROUP BY item HAVING SUM(is_default) <> 1`)).toEqual(NONE)
      expect(await count(`SELECT name FROM rows."tabJournal Entry Account" GROUP BY name HAVING COUNT(*) > 1`)).toEqual(NONE)
      return result
    })
    const split = await withBatches(8, post)
    expect(split.refused).toEqual(whole.refused)
    expect(whole.refused).toEqual(expect.arrayContaining([expect.stringMatching(/^BOM .* BOMRecursionError$/), 'Journal Entry 7 ValidationError', 'Payment Entry 5 ValidationError', 'Stock Entry 4 NegativeStockError']))
    expect(split.rows).toEqual(whole.rows)
    for (const table of TABLES) expect(whole.rows[table]!.length, table).toBeGreaterThan(0)
  })
})
