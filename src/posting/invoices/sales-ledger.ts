import { literal } from '../../staging/staging.ts'
import { checkLedger } from '../accounts/gl-checks.ts'
import { makeLedger } from '../accounts/gl-map.ts'
import { invoiceStatus } from '../accounts/references.ts'
import { formatDate } from '../accounts/site-text.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull } from '../orders/kind.ts'
import { findAccountsMissing, remarks, stockLines, type StockVoucher } from '../stock/general-ledger.ts'
import { stockEntries } from '../stock/write-ledger.ts'
import { paymentLines } from './point-of-sale.ts'
import { updateGrossMargin } from './projects.ts'
import { settledInvoice } from './returns.ts'

/** The remark a submit gives an invoice without one. */
export async function addRemarks(ctx: PostingContext): Promise<void> {
  const shape = formatDate(ctx, '%Y-%m-%d')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET remarks = CASE WHEN ${filled('po_no')} THEN 'Against Customer Order ' || po_no || CASE WHEN po_date IS NOT NULL THEN ' dated ' || strftime(po_date, ${literal(shape)}) ELSE '' END ELSE 'No Remarks' END WHERE _submit AND NOT ${filled('remarks')}`)
}

/** How invoices that move stock tell what it was worth. */
const MOVED: StockVoucher = {
  expense: 'i.expense_account', center: 'i.cost_center', project: `COALESCE(NULLIF(i.project, ''), NULLIF(d.project, ''))`, opening: `COALESCE(NULLIF(d.is_opening, ''), 'No')`, subtype: `CASE WHEN COALESCE(d.is_return, 0) <> 0 THEN 'Credit Note' ELSE 'Sales Invoice' END`,
  remarks: remarks('d.remarks'), transactionCurrency: 'd.currency', transactionRate: 'COALESCE(NULLIF(d.conversion_rate, 0), 1)',
}

/** The ledger lines of submitted sales invoices: the customer, taxes, income, what converting the net total lost, the rounding. */
export async function makeSalesLines(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), taxes = ctx.child('taxes'), subtype = `CASE WHEN COALESCE(d.is_return, 0) <> 0 THEN 'Credit Note' ELSE 'Sales Invoice' END`
  const head = `d._id, d.currency AS transaction_currency, COALESCE(NULLIF(d.conversion_rate, 0), 1) AS transaction_exchange_rate, ${subtype} AS voucher_subtype, d.is_opening, d.remarks`
  const from = `FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company`, where = 'WHERE d._submit AND d.rounded_total IS NOT NULL'
  const total = `CASE WHEN COALESCE(d.rounding_adjustment, 0) <> 0 AND COALESCE(d.rounded_total, 0) <> 0 THEN d.rounded_total ELSE d.grand_total END`
  const baseTotal = `CASE WHEN COALESCE(d.base_rounding_adjustment, 0) <> 0 AND COALESCE(d.base_rounded_total, 0) <> 0 THEN d.base_rounded_total ELSE d.base_grand_total END`
  const columns = (own: Record<string, string>) => ['account', 'account_currency', 'party_type', 'party', 'against', 'debit', 'credit', 'debit_in_account_currency', 'credit_in_account_currency', 'debit_in_transaction_currency', 'credit_in_transaction_currency', 'cost_center', 'project', 'due_date', 'against_voucher_type', 'against_voucher', 'against_self', 'apart']
    .map((column) => `${own[column] ?? (/^(debit|credit)/.test(column) ? '0.0' : column === 'due_date' ? 'NULL::DATE' : column === 'against_self' || column === 'apart' ? 'FALSE' : 'NULL::VARCHAR')} AS ${column}`).join(', ')
  const credit = (base: string, amount: string) => ({ credit: base, credit_in_account_currency: `CASE WHEN k.account_currency = c.default_currency THEN ${base} ELSE ${amount} END`, credit_in_transaction_currency: amount })
  const center = `COALESCE(${orNull('d.cost_center')}, c.round_off_cost_center)`, rounding = `CASE WHEN COALESCE(d.use_company_roundoff_cost_center, 0) <> 0 THEN c.round_off_cost_center ELSE ${center} END`
  const against = { against_voucher_type: `CASE WHEN ${settledInvoice} IS NOT NULL THEN 'Sales Invoice' END`, against_voucher: settledInvoice, against_self: `${settledInvoice} IS NULL` }
  const roundOff = `COALESCE(${orNull('c.round_off_account')}, c.default_expense_account)`, account = (name: string) => `LEFT JOIN (SELECT a.name, COALESCE(${orNull('a.account_currency')}, x.default_currency) AS account_currency FROM rows."tabAccount" a LEFT JOIN rows."tabCompany" x ON x.name = a.company) k ON k.name = ${name}`
  const loss = 'flt(d.base_net_total - flt(d.net_total * d.conversion_rate, 2), 9)', roundTo = `CASE WHEN d.is_opening = 'Yes' THEN c.round_off_for_opening ELSE ${roundOff} END`
  const entries = await stockEntries(ctx), stock = entries === null ? '' : stockLines(ctx, entries, MOVED).map((lines) => ` UNION ALL BY NAME SELECT * REPLACE (_seq + 2000000 AS _seq, 0.0 AS debit_in_transaction_currency, 0.0 AS credit_in_transaction_currency) FROM (${lines})`).join('')
  const party = { account: 'd.debit_to', account_currency: 'd.party_account_currency', party_type: `'Customer'`, party: 'd.customer', ...against }, paid = paymentLines(ctx, head, columns, party).map((lines) => ` UNION ALL BY NAME SELECT * FROM (${lines})`).join('')
  if (entries !== null) await findAccountsMissing(ctx, entries, MOVED)
  await makeLedger(ctx, `SELECT * FROM (SELECT ${head}, 1 AS _seq, ${columns({ account: 'd.debit_to', account_currency: 'd.party_account_currency', party_type: `'Customer'`, party: 'd.customer', against: 'd.against_income_account', debit: baseTotal,
      debit_in_account_currency: `CASE WHEN d.party_account_currency = c.default_currency THEN ${baseTotal} ELSE ${total} END`, debit_in_transaction_currency: total, cost_center: 'd.cost_center', project: 'd.project', due_date: 'd.due_date', ...against })} ${from} ${where} AND ${total} <> 0
    UNION ALL SELECT ${head}, 10000 + t._idx, ${columns({ account: 't.account_head', account_currency: 'k.account_currency', against: 'd.customer', ...credit('t.base_tax_amount_after_discount_amount', 't.tax_amount_after_discount_amount'), cost_center: 't.cost_center', project: 'd.project' })}
      ${from} JOIN ${taxes} t ON t._parent = d._id ${account('t.account_head')} ${where} AND COALESCE(t.base_tax_amount_after_discount_amount, 0) <> 0
    UNION ALL SELECT ${head}, 100000 + i._idx, ${columns({ account: 'i.income_account', account_currency: 'k.account_currency', against: 'd.customer', ...credit('i.base_net_amount', 'i.net_amount'), cost_center: 'i.cost_center', project: `COALESCE(${orNull('i.project')}, d.project)` })}
      ${from} JOIN ${items} i ON i._parent = d._id ${account('i.income_account')} ${where} AND COALESCE(i.base_net_amount, 0) <> 0
    UNION ALL SELECT * REPLACE ('Net total calculation precision loss' AS remarks) FROM (SELECT ${head}, 5000000, ${columns({ account: roundOff, account_currency: 'k.account_currency', against: 'd.customer', debit: loss, debit_in_account_currency: loss, cost_center: rounding, project: 'd.project' })}
      ${from} ${account(roundOff)} ${where} AND ${loss} <> 0)
    UNION ALL SELECT ${head}, 8000000, ${columns({ account: roundTo, account_currency: 'k.account_currency', against: 'd.customer', credit: 'd.base_rounding_adjustment', credit_in_account_currency: 'd.rounding_adjustment', credit_in_transaction_currency: 'd.rounding_adjustment', cost_center: rounding, project: 'd.project', apart: 'TRUE' })}
      ${from} ${account(roundTo)} ${where} AND COALESCE(d.rounding_adjustment, 0) <> 0 AND COALESCE(d.base_rounding_adjustment, 0) <> 0)${stock}${paid}`, { merge: true, strict: false })
  await ctx.find({
    type: 'ValidationError', field: 'taxes.account_head', stage: 'on_submit', seq: 11, causeByValue: true, hint: 'Use accounts in the currency of the company or the invoice.', select: `SELECT d._id AS id, k.name AS "value", 'Account ' || k.name || ' is invalid. Account Currency must be that of the company or the invoice' AS message
      ${from} JOIN (SELECT _parent, account_head AS account FROM ${taxes} UNION ALL SELECT _parent, income_account FROM ${items}) x ON x._parent = d._id JOIN rows."tabAccount" k ON k.name = x.account WHERE d._submit AND k.account_currency NOT IN (c.default_currency, d.currency)`,
  })
  await checkLedger(ctx)
}

/** Status of submitted invoices from what is left of them. */
export async function setInvoiceStatus(ctx: PostingContext, doctype: 'Sales Invoice' | 'Purchase Invoice'): Promise<void> {
  await ctx.updateRows(`tab${doctype}`, 'status', `SELECT d._id AS id, d.name AS "key", ${invoiceStatus(ctx, doctype, 'CAST(i.outstanding_amount AS DOUBLE)')} AS "after" FROM ${ctx.live} d JOIN rows."tab${doctype}" i ON i.name = d.name WHERE d._submit`)
}

/** An item without an income account for the company keeps that of its first invoice, draft or not. */
export async function updateItemDefaults(ctx: PostingContext): Promise<void> {
  const first = `SELECT i.item_code, d.company, arg_min(i.income_account, (i._parent, i._idx)) AS income, min(i._parent) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE ${filled('i.item_code')} AND ${filled('i.income_account')} GROUP BY ALL`
  const own = `(SELECT parent, company, arg_min(name, idx) AS name, arg_min(COALESCE(income_account, ''), idx) AS income FROM rows."tabItem Default" WHERE parenttype = 'Item' GROUP BY ALL)`
  await ctx.updateRows('tabItem Default', 'income_account', `SELECT f.id, x.name AS "key", f.income AS "after" FROM (${first}) f JOIN ${own} x ON x.parent = f.item_code AND x.company = f.company WHERE x.income = ''`)
  await ctx.insertRows('tabItem Default', `SELECT f.id AS _id, ${ctx.hash('Item Default', 'f.id', 'row_number() OVER (PARTITION BY f.id ORDER BY f.item_code)')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner,
    ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 1 + (SELECT COUNT(*) FROM rows."tabItem Default" n WHERE n.parent = f.item_code AND n.parenttype = 'Item') AS idx, f.item_code AS parent, 'Item' AS parenttype, 'item_defaults' AS parentfield, f.company, f.income AS income_account
    FROM (${first}) f LEFT JOIN ${own} x ON x.parent = f.item_code AND x.company = f.company WHERE x.name IS NULL`)
}

/** What a company sold this month, and what was billed for projects. */
export async function updateSales(ctx: PostingContext): Promise<void> {
  if (ctx.site.single('Selling Settings')['sales_update_frequency'] !== 'Each Transaction') return
  const month = `DATE ${literal(`${ctx.today.slice(0, 7)}-01`)}`
  await ctx.updateRows('tabCompany', 'total_monthly_sales', `SELECT t.id, t.company AS "key", COALESCE((SELECT CAST(SUM(i.base_grand_total) AS DECIMAL(21,9)) FROM rows."tabSales Invoice" i WHERE i.docstatus = 1 AND i.company = t.company AND i.posting_date >= ${month} AND i.posting_date <= last_day(${month})), 0) AS "after"
    FROM (SELECT max(_id) AS id, company FROM ${ctx.live} WHERE _submit GROUP BY company) t`)
  const projects = `SELECT d._id AS id, d.project FROM ${ctx.live} d WHERE d._submit AND ${filled('d.project')} UNION ALL SELECT d._id, i.project FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND ${filled('i.project')}`
  const billed = `COALESCE((SELECT SUM(i.base_net_total) FROM rows."tabSales Invoice" i WHERE i.docstatus = 1 AND i.project = t.project), 0)
    + COALESCE((SELECT SUM(i.base_net_amount) FROM rows."tabSales Invoice Item" i JOIN rows."tabSales Invoice" s ON s.name = i.parent WHERE s.docstatus = 1 AND COALESCE(s.project, '') = '' AND i.project = t.project), 0)`
  const touched = `SELECT max(id) AS id, project FROM (${projects}) GROUP BY project`
  await ctx.updateRows('tabProject', 'total_billed_amount', `SELECT t.id, t.project AS "key", CAST(${billed} AS DECIMAL(21,9)) AS "after" FROM (${touched}) t`)
  await updateGrossMargin(ctx, touched)
}
