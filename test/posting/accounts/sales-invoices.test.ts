import { describe, expect, it } from 'vitest'
import { draws, linesOf, stage, withBatches, type Given } from '../staged.ts'

const COMPANY = 'Northwind Traders', HEAD = { company: COMPANY, docstatus: 1, set_posting_time: 1, _entity: 'invoices' }

/** Invoices that sell from stock, are paid at once, cannot be delivered, and returns of the first six, of which some ask for too much. */
function invoices(count: number): { documents: Given[]; items: Given[]; payments: Given[] } {
  const draw = draws(20261), documents: Given[] = [], items: Given[] = [], payments: Given[] = []
  for (let id = 1; id <= count; id++) {
    const stocked = draw() < 0.5, qty = 1 + Math.floor(draw() * 4), rate = Math.round(1000 + draw() * 2000) / 100
    documents.push({ ...HEAD, _id: id, _key: `i${id}`, customer: draw() < 0.5 ? 'Ana Trujillo' : 'Alfreds Futterkiste', posting_date: `2025-03-${10 + (id % 9)}`, posting_time: '10:00:00', due_date: '2025-05-10', update_stock: stocked ? 1 : 0, is_pos: id > 6 && draw() < 0.3 ? 1 : 0 })
    items.push({ _parent: id, _idx: 1, item_code: stocked ? 'CHAI' : 'CONSULT', qty: id % 11 === 0 && id > 6 ? 5000 : qty, rate, warehouse: 'Stores - NT' })
    if (documents.at(-1)!['is_pos'] === 1) payments.push({ _parent: id, _idx: 1, mode_of_payment: 'Cash', amount: Math.round(qty * rate * 100) / 100 })
  }
  for (let n = 1; n <= 6; n++) for (const part of [1, 2]) {
    const id = documents.length + 1, { _id, is_pos, update_stock, ...sold } = documents[n - 1]!
    documents.push({ ...sold, _id: id, _key: `r${id}`, update_stock: update_stock!, is_pos: is_pos!, is_return: 1, return_against: `ACC-SINV-2026-${String(n).padStart(5, '0')}`, posting_date: '2025-04-01', update_outstanding_for_self: part - 1 })
    items.push({ ...items[n - 1]!, _parent: id, qty: -Math.ceil(Number(items[n - 1]!['qty']) / (part === 1 ? 2 : 1.5)) })
  }
  return { documents, items, payments }
}

/** What a posting leaves. */
function posted(batchDocuments: number): Promise<{ refused: string[]; rows: Record<string, string[]>; sums: Record<string, number> }> {
  return withBatches(batchDocuments, async (engine, staging) => {
    await stage(staging, 'Stock Reconciliation', [{ ...HEAD, _id: 1, _key: 's', purpose: 'Opening Stock', posting_date: '2025-01-01', posting_time: '00:00:00', expense_account: 'Temporary Opening - NT' }])
    await stage(staging, 'Stock Reconciliation.items', [{ _parent: 1, _idx: 1, item_code: 'CHAI', warehouse: 'Stores - NT', qty: 500, valuation_rate: 9.37 }])
    await engine.post('Stock Reconciliation')
    const { documents, items, payments } = invoices(26)
    await stage(staging, 'Sales Invoice', documents)
    await stage(staging, 'Sales Invoice.items', items)
    await stage(staging, 'Sales Invoice.payments', payments)
    await engine.post('Sales Invoice')
    const rows = await linesOf(staging, ['tabSales Invoice', 'tabSales Invoice Item', 'tabSales Invoice Payment', 'tabGL Entry', 'tabPayment Ledger Entry', 'tabStock Ledger Entry', 'tabBin'])
    const refused = await staging.all<{ id: number; type: string }>('SELECT id, type FROM ops.refused ORDER BY id')
    const sums = (await staging.one<Record<string, number>>(`SELECT CAST((SELECT SUM(debit) - SUM(credit) FROM rows."tabGL Entry") AS DOUBLE) AS balance, CAST((SELECT SUM(stock_value_difference) FROM rows."tabStock Ledger Entry") AS DOUBLE)
      - CAST((SELECT SUM(debit) - SUM(credit) FROM rows."tabGL Entry" WHERE account = 'Stock In Hand - NT') AS DOUBLE) AS stock, CAST((SELECT SUM(outstanding_amount) FROM rows."tabSales Invoice") AS DOUBLE) - CAST((SELECT SUM(amount) FROM rows."tabPayment Ledger Entry") AS DOUBLE) AS owed`))!
    return { refused: refused.map(({ id, type }) => `${id} ${type}`), rows, sums }
  })
}

describe('a set of sales invoices', () => {
  it('is the same in one batch and in several, and its ledgers agree', { timeout: 600_000 }, async () => {
    const whole = await posted(1000), single = await posted(13)
    expect(whole.refused).toEqual(single.refused)
    expect(whole.refused.length).toBeGreaterThan(0)
    expect(whole.rows).toEqual(single.rows)
    for (const sum of Object.values(whole.sums)) expect(sum).toBeCloseTo(0, 6)
  })
})
