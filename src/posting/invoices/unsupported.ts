import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'

/** What invoices may have and these steps do not cover: each with its reason. */
const DOCUMENT: [condition: string, field: string, reason: string][] = [
  [truthy('d.is_debit_note'), 'is_debit_note', 'Debit notes that raise a rate are not predicted'], [truthy('d.is_consolidated'), 'is_consolidated', 'Consolidated invoices are not predicted'],
  [truthy('d.allocate_advances_automatically'), 'allocate_advances_automatically', 'Advances that the site allocates are not predicted'], [`NOT ${truthy('d.is_pos')} AND (${truthy('d.write_off_amount')} OR ${truthy('d.write_off_outstanding_amount_automatically')})`, 'write_off_amount', 'Write-offs of invoices are not predicted'],
  [`${truthy('d.redeem_loyalty_points')} OR ${filled('d.loyalty_program')}`, 'loyalty_program', 'Loyalty points are not predicted'], [truthy('d.is_cash_or_non_trade_discount'), 'is_cash_or_non_trade_discount', 'Discounts that are none of trade are not predicted'],
  [filled('d.inter_company_invoice_reference'), 'inter_company_invoice_reference', 'Invoices between companies are not predicted'], [truthy('d.is_discounted'), 'is_discounted', 'Discounted invoices are not predicted'],
  [`d.customer IN (SELECT name FROM rows."tabCustomer" WHERE is_internal_customer = 1)`, 'customer', 'Internal customers are not predicted'],
]
const TABLES: [table: string, reason: string][] = [['advances', 'Advances are not predicted'], ['timesheets', 'Time sheets are not predicted']]
const ITEMS = ['pos_invoice', 'asset', 'serial_no', 'batch_no', 'serial_and_batch_bundle', 'deferred_revenue_account', 'discount_account']

/** Nothing is guessed: invoices with parts that are not covered are refused with the reason. */
export async function findUnsupportedInvoices(ctx: PostingContext): Promise<void> {
  const hint = 'Load such invoices through the site itself.'
  await ctx.find({ type: 'ValidationError', field: 'customer', message: 'Please select Customer first', hint: 'Map the customer.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE NOT ${filled('d.customer')}` })
  for (const [condition, field, reason] of DOCUMENT) await ctx.find({ type: 'unsupported', field, message: reason, hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${condition}` })
  for (const [table, reason] of TABLES) if (ctx.childCount(table) > 0) await ctx.find({ type: 'unsupported', field: table, message: reason, hint, select: `SELECT DISTINCT _parent AS id FROM ${ctx.child(table)}` })
  await ctx.find({
    type: 'unsupported', field: 'items', message: 'Lines that refer to assets, batches, serial numbers or deferred revenue are not predicted', hint,
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${ctx.child('items')} i LEFT JOIN rows."tabItem" m ON m.name = i.item_code WHERE ${ITEMS.map((field) => filled(`i.${field}`)).join(' OR ')} OR COALESCE(i.enable_deferred_revenue, 0) <> 0 OR COALESCE(m.is_fixed_asset, 0) = 1`,
  })
  const selling = ctx.site.single('Selling Settings')
  const stocked = `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value" FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${truthy('d.update_stock')} JOIN rows."tabItem" m ON m.name = i.item_code WHERE`
  await ctx.find({ type: 'unsupported', field: 'items.item_code', causeByValue: true, message: 'Stock of items with serial numbers or batches is not predicted', hint, select: `${stocked} m.has_serial_no = 1 OR m.has_batch_no = 1` })
  await ctx.find({ type: 'unsupported', field: 'items.item_code', causeByValue: true, message: 'Quality inspections are not predicted', hint, select: `${stocked} m.inspection_required_before_delivery = 1` })
  await ctx.find({ type: 'unsupported', field: 'items.target_warehouse', message: 'Goods moved to a warehouse of the customer are not predicted', hint, select: `${stocked} ${filled('i.target_warehouse')}` })
  if (Number(selling['enable_discount_accounting'] ?? 0) !== 0) await ctx.find({ type: 'unsupported', message: 'Selling Settings book discounts in accounts of their own', hint, select: `SELECT d._id AS id FROM ${ctx.doc} d` })
}
