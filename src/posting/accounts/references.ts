import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { literal } from '../../staging/staging.ts'
import { ledgerOf } from './gl-map.ts'

/** SQL: what each invoice the batch's ledger settles is owed before it: `voucher_type`, `voucher_no`, `outstanding`. */
const INVOICES = ['Sales Invoice', 'Purchase Invoice'] as const

/** SQL: status of an invoice row `i` of `doctype` when `outstanding` is left of it. */
export function invoiceStatus(ctx: PostingContext, doctype: (typeof INVOICES)[number], outstanding: string): string {
  const today = `DATE ${literal(ctx.today)}`, foreign = 'i.party_account_currency IS DISTINCT FROM i.currency', n = (column: string) => `COALESCE(CAST(i.${column} AS DOUBLE), 0)`
  const total = `flt(CASE WHEN COALESCE(i.disable_rounded_total, 0) <> 0 THEN CASE WHEN ${foreign} THEN ${n('base_grand_total')} ELSE ${n('grand_total')} END ELSE CASE WHEN ${foreign} THEN ${n('base_rounded_total')} ELSE ${n('rounded_total')} END END, 2)`
  const payable = `(SELECT COALESCE(CAST(SUM(CASE WHEN ${foreign} THEN s.base_payment_amount ELSE s.payment_amount END) AS DOUBLE), 0) FROM rows."tabPayment Schedule" s WHERE s.parent = i.name AND s.parenttype = '${doctype}' AND s.due_date < ${today})`
  const scheduled = `EXISTS (SELECT 1 FROM rows."tabPayment Schedule" s WHERE s.parent = i.name AND s.parenttype = '${doctype}')`
  const overdue = `${outstanding} > 0 AND CASE WHEN COALESCE(i.is_pos, 0) <> 0 OR NOT ${scheduled} THEN i.due_date < ${today} ELSE flt(${total} - ${outstanding}, 2) < flt(${payable}, 2) END`
  const returned = `COALESCE(i.is_return, 0) = 0 AND EXISTS (SELECT 1 FROM rows."tab${doctype}" r WHERE r.is_return = 1 AND r.return_against = i.name AND r.docstatus = 1)`
  return `CASE WHEN ${overdue.replace('i.is_pos', doctype === 'Sales Invoice' ? 'i.is_pos' : '0')} THEN 'Overdue' WHEN ${outstanding} > 0 AND ${outstanding} < ${total} THEN 'Partly Paid' WHEN ${outstanding} > 0 AND i.due_date >= ${today} THEN 'Unpaid'
    WHEN ${returned} THEN '${doctype === 'Sales Invoice' ? 'Credit' : 'Debit'} Note Issued' WHEN COALESCE(i.is_return, 0) = 1 THEN 'Return' WHEN ${outstanding} <= 0 THEN 'Paid' ELSE 'Submitted' END`
}

/** What is left of the invoices the batch's ledger settles, and their status; for a stage after `writeLedger`. */
export async function updateOutstanding(ctx: PostingContext): Promise<void> {
  for (const doctype of INVOICES) await settleInvoices(ctx, doctype, `SELECT max(l._id) AS id, l.against_voucher AS name, l.account, l.party_type, l.party FROM ${ledgerOf(ctx)} l JOIN ${ctx.live} d ON d._id = l._id
    JOIN rows."tabAccount" k ON k.name = l.account AND k.account_type IN ('Receivable', 'Payable') WHERE l.against_voucher_type = '${doctype}' AND ${filled('l.against_voucher')} AND ${filled('l.party')} AND l.owed IS NOT NULL GROUP BY ALL`)
}

/** What the payment ledger leaves of invoices, and their status. `invoices` yields `id` (the document that changes them), `name`, `account`, `party_type`, `party`. */
export async function settleInvoices(ctx: PostingContext, doctype: (typeof INVOICES)[number], invoices: string): Promise<void> {
  const settled = ctx.scratch('settled_invoices')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${settled.slice(5)} AS ${invoices}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${settled} LIMIT 1`) === undefined) return
  const left = `SELECT s.id, s.name AS "key", flt(CAST(SUM(p.amount_in_account_currency) AS DOUBLE), 2) AS left_over FROM ${settled} s JOIN rows."tabPayment Ledger Entry" p ON p.against_voucher_type = '${doctype}' AND p.against_voucher_no = s.name
    AND p.account = s.account AND p.party_type = s.party_type AND p.party = s.party AND p.delinked = 0 GROUP BY ALL`
  await ctx.updateRows(`tab${doctype}`, 'outstanding_amount', `SELECT id, "key", to_stored(left_over) AS "after" FROM (${left})`)
  await ctx.updateRows(`tab${doctype}`, 'status', `SELECT o.id, o."key", ${invoiceStatus(ctx, doctype, 'o.left_over')} AS "after" FROM (${left}) o JOIN rows."tab${doctype}" i ON i.name = o."key"`)
}

/**
 * Advances on orders: `select` yields `_id`, `_seq`, `against_voucher_type`, `against_voucher_no`, `amount` (DOUBLE), `currency` of submitted documents. Writes the advance
 * ledger and what the orders know of it.
 */
export async function writeAdvances(ctx: PostingContext, select: string): Promise<void> {
  const advances = ctx.scratch('advances')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${advances.slice(5)} AS ${select}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${advances} LIMIT 1`) === undefined) return
  await ctx.insertRows('tabAdvance Payment Ledger Entry', `SELECT a._id AS _id, ${ctx.hash('Advance Payment Ledger Entry', 'a._id', 'a._seq')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified,
    ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 0 AS idx, d.company, ${literal(ctx.meta.name)} AS voucher_type, d.name AS voucher_no, a.against_voucher_type, a.against_voucher_no, to_stored(a.amount) AS amount,
    a.currency, 'Submit' AS event FROM ${advances} a JOIN ${ctx.live} d ON d._id = a._id`)
  for (const doctype of ['Sales Order', 'Purchase Order']) {
    const totals = `SELECT t.id, t.name AS "key", to_stored(flt(abs(CAST(SUM(p.amount) AS DOUBLE)), 2)) AS amount, any_value(p.currency) AS currency FROM (SELECT max(a._id) AS id, a.against_voucher_no AS name FROM ${advances} a JOIN ${ctx.live} d ON d._id = a._id
      WHERE a.against_voucher_type = '${doctype}' GROUP BY ALL) t JOIN rows."tabAdvance Payment Ledger Entry" p ON p.against_voucher_type = '${doctype}' AND p.against_voucher_no = t.name GROUP BY ALL`
    await ctx.updateRows(`tab${doctype}`, 'party_account_currency', `SELECT id, "key", currency AS "after" FROM (${totals}) WHERE ${filled('currency')}`)
    await ctx.updateRows(`tab${doctype}`, 'advance_paid', `SELECT id, "key", amount AS "after" FROM (${totals})`)
  }
}
