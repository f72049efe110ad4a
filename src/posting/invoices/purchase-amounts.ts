import { literal } from '../../staging/staging.ts'
import { fold } from '../framework/collation.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { settledInvoice } from './returns.ts'

const number = (column: string) => `COALESCE(d.${column}, 0)`

/** What is left to pay as the first validate works it out, what was paid at once and written off. For a step between the totals and the schedule. */
export async function settlePurchase(ctx: PostingContext): Promise<void> {
  const same = 'd.party_account_currency IS NOT DISTINCT FROM d.currency'
  const off = `flt(${number('write_off_amount')}, 2)`, baseOff = `flt(${off} * d.conversion_rate, 2)`
  const toPay = `CASE WHEN ${same} THEN flt(COALESCE(NULLIF(d.rounded_total, 0), d.grand_total) - ${off}, 2) ELSE flt(flt(COALESCE(NULLIF(d.base_rounded_total, 0), d.base_grand_total), 2) - ${baseOff}, 2) END`
  const paid = `CASE WHEN ${same} THEN flt(${number('paid_amount')}, 2) ELSE ${number('base_paid_amount')} END`
  const elsewhere = `(${settledInvoice}) IS NOT NULL`
  await ctx.staging.run(`ALTER TABLE ${ctx.doc} ADD COLUMN _due DOUBLE; UPDATE ${ctx.doc} AS d SET _due = flt(${toPay} - ${paid}, 2)`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET total_advance = 0, status = 'Draft', write_off_amount = CASE WHEN ${elsewhere} THEN write_off_amount ELSE ${off} END, base_write_off_amount = CASE WHEN ${elsewhere} THEN base_write_off_amount ELSE ${baseOff} END,
    outstanding_amount = CASE WHEN ${elsewhere} THEN 0 ELSE d._due END`)
  await ctx.find({
    type: 'ValidationError', field: 'cash_bank_account', message: "Note: Payment Entry will not be created since 'Cash or Bank Account' was not specified", hint: 'Map the account it was paid from.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${truthy('d.is_paid')} AND NOT ${filled('d.cash_bank_account')}`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET paid_amount = CASE WHEN NOT ${truthy('d.is_paid')} THEN 0 WHEN ${truthy('d.is_return')} AND d.grand_total > ${number('paid_amount')} THEN flt(d.grand_total, 2)
    WHEN ${number('paid_amount')} = 0 AND d.outstanding_amount > 0 THEN flt(d.outstanding_amount, 2) ELSE paid_amount END`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET base_paid_amount = flt(${number('paid_amount')} * d.conversion_rate, 2)`)
}

/** What the invoice itself is refused for, after its totals: the supplier's number and date, what was paid, when it is released. */
export async function checkPurchase(ctx: PostingContext): Promise<void> {
  const find = (field: string, message: string, where: string, hint: string) => ctx.find({ type: 'ValidationError', field, message, hint, select: `SELECT d._id AS id, CAST(d.${field} AS VARCHAR) AS "value" FROM ${ctx.doc} d WHERE ${where}` })
  await findMissingReferences(ctx)
  await find('bill_date', 'Supplier Invoice Date cannot be greater than Posting Date', `NOT ${truthy('d.is_return')} AND d.bill_date > d.posting_date`, 'Correct one of the dates.')
  await find('paid_amount', 'Paid amount + Write Off Amount can not be greater than Grand Total', `d.is_paid = 1 AND ${number('paid_amount')} + ${number('write_off_amount')} - COALESCE(NULLIF(d.rounded_total, 0), d.grand_total) > 0.001`, 'Correct the amounts.')
  await find('release_date', 'Release date must be in the future', `d.release_date <= DATE ${literal(ctx.today)}`, 'Leave the release date out.')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET release_date = NULL WHERE NOT ${truthy('on_hold')}`)
  await find('write_off_account', 'Please enter Write Off Account', `${truthy('d.write_off_amount')} AND NOT ${filled('d.write_off_account')}`, 'Map the account.')
}

/** Settings may ask for an order of every line, and for a receipt of every line of stock, unless the supplier is excepted. */
async function findMissingReferences(ctx: PostingContext): Promise<void> {
  const buying = ctx.site.single('Buying Settings'), items = ctx.child('items')
  for (const [setting, field, label, stock] of [['po_required', 'purchase_order', 'Purchase Order', 'TRUE'], ['pr_required', 'purchase_receipt', 'Purchase Receipt', 'm.is_stock_item = 1']] as const) {
    if (buying[setting] !== 'Yes') continue
    await ctx.find({
      type: 'ValidationError', field: `items.${field}`, hint: `Switch ${label} Required off in Buying Settings for the migration.`,
      select: `SELECT i._parent AS id, i._idx AS idx, '${label} Required for item ' || COALESCE(i.item_code, 'None') AS message FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tabItem" m ON m.name = i.item_code
        LEFT JOIN rows."tabSupplier" s ON s.name = d.supplier WHERE NOT ${truthy('d.is_return')} AND NOT ${filled(`i.${field}`)} AND ${stock} AND NOT ${truthy(`s.allow_purchase_invoice_creation_without_${field}`)}`,
    })
  }
}

/** A supplier's invoice number counts once in a fiscal year, where Accounts Settings say so; invoices earlier in the batch count. For the `named` stage. */
export async function findRepeatedBills(ctx: PostingContext): Promise<void> {
  if (Number(ctx.site.single('Accounts Settings')['check_supplier_invoice_uniqueness'] ?? 0) === 0 || !ctx.has('bill_no')) return
  const year = (date: string) => `(SELECT arg_max(y.name, y.year_start_date) FROM rows."tabFiscal Year" y WHERE COALESCE(y.disabled, 0) = 0 AND ${date} BETWEEN y.year_start_date AND y.year_end_date)`
  type Bill = { id: number | null; name: string; supplier: string; bill: string; year: string | null }
  const there = await ctx.staging.all<Bill>(`SELECT NULL AS id, p.name, p.supplier, p.bill_no AS bill, ${year('p.posting_date')} AS year FROM rows."tabPurchase Invoice" p WHERE p.docstatus < 2 AND ${filled('p.bill_no')} AND p.supplier IN (SELECT supplier FROM ${ctx.doc}) AND COALESCE(p._draft, -1) NOT IN (SELECT _id FROM ${ctx.doc})`)
  const own = await ctx.staging.all<Bill & { back: boolean }>(`SELECT d._id AS id, d.name, d.supplier, d.bill_no AS bill, ${year('d.posting_date')} AS year, ${truthy('d.is_return')} AS back FROM ${ctx.live} d WHERE ${filled('d.bill_no')} ORDER BY d._id`)
  const key = (bill: Bill) => `${bill.supplier}\u001f${fold(bill.bill)}\u001f${bill.year}`, known = new Map(there.map((bill) => [key(bill), bill.name])), found: { id: number; message: string; value: string }[] = []
  for (const bill of own) {
    const first = known.get(key(bill))
    if (first !== undefined && !bill.back) found.push({ id: bill.id!, value: bill.bill, message: `Supplier Invoice No exists in Purchase Invoice ${first}` })
    else known.set(key(bill), first ?? bill.name)
  }
  await ctx.findAll({ type: 'ValidationError', stage: 'validate', field: 'bill_no', hint: 'Leave one of them out, or switch Check Supplier Invoice Number Uniqueness off in Accounts Settings.' }, found)
}

/** The remark a submit gives an invoice without one. */
export async function addPurchaseRemarks(ctx: PostingContext, shape: string): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET remarks = CASE WHEN ${filled('bill_no')} THEN 'Against Supplier Invoice ' || bill_no || CASE WHEN bill_date IS NOT NULL THEN ' dated ' || strftime(bill_date, ${literal(shape)}) ELSE '' END ELSE 'No Remarks' END
    WHERE _submit AND NOT ${filled('remarks')}`)
}
