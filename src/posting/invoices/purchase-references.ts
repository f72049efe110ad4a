import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, PURCHASE_ORDER, truthy } from '../orders/kind.ts'
import { checkReferences, findOverfulfilled, orderStatus, RECEIPT, updateOrders, type Fulfilment } from '../stock/fulfilment.ts'
import { billReceipts, findOverbilledReceipts } from './billed-receipts.ts'
import { MOVES } from './purchase-stock.ts'
import { billWorthless } from './worthless.ts'

/** Invoices that move stock receive as well. */
const RECEIPT_BY_INVOICE: Fulfilment = { ...RECEIPT, line: 'po_detail', where: MOVES }
/** A debit note gives back what was billed only where it says so. */
const PURCHASE_BILLING: Fulfilment = {
  kind: PURCHASE_ORDER, done: `SELECT po_detail AS line, amount AS quantity FROM rows."tabPurchase Invoice Item" WHERE docstatus = 1 AND ${filled('po_detail')}`, line: 'po_detail', order: 'purchase_order', quantity: 'amount',
  where: `(NOT ${truthy('d.is_return')} OR ${truthy('d.update_billed_amount_in_purchase_order')})`, field: 'billed_amt', of: 'amount', percent: 'per_billed', words: null,
}
const RECEIVED = { kind: { doctype: 'Purchase Receipt', selling: false }, line: 'pr_detail', order: 'purchase_receipt' }

/** Lines of an invoice agree with the orders and receipts they bill. For the stage validate. */
export async function checkPurchaseReferences(ctx: PostingContext): Promise<void> {
  const buying = ctx.site.single('Buying Settings'), line = `SELECT i._parent AS id, i._idx AS idx`, from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent`
  await ctx.find({
    type: 'InvalidStatusError', field: 'items.purchase_order', causeByValue: true, hint: 'Open the order for the migration.', select: `${line}, o.name AS "value", 'Purchase Order ' || o.name || ' status is ' || o.status AS message ${from}
      JOIN rows."tabPurchase Order" o ON o.name = i.purchase_order WHERE NOT ${filled('i.purchase_receipt')} AND o.status IN ('Closed', 'On Hold')`,
  })
  for (const way of [PURCHASE_BILLING, RECEIVED]) await checkReferences(ctx, way, { order: ['supplier', 'company', 'currency'], line: ['project', 'item_code', 'uom'], paired: false, open: false })
  await ctx.find({
    type: 'ValidationError', field: 'items.pr_detail', hint: 'Merge the lines.', select: `${line}, i.pr_detail AS "value", 'Duplicate row ' || i._idx || ' with same Purchase Receipt Item' AS message ${from} WHERE ${filled('i.pr_detail')} QUALIFY row_number() OVER (PARTITION BY i._parent, i.pr_detail ORDER BY i._idx) > 1`,
  })
  if (Number(buying['maintain_same_rate'] ?? 0) !== 0 && (buying['maintain_same_rate_action'] ?? 'Stop') === 'Stop') for (const [doctype, column, detail] of [['Purchase Order', 'purchase_order', 'po_detail'], ['Purchase Receipt', 'purchase_receipt', 'pr_detail']] as const) await ctx.find({
    type: buying['role_to_override_stop_action'] ? 'unsupported' : 'ValidationError', field: 'items.rate', hint: 'Switch Maintain Same Rate off in Buying Settings for the migration.',
    select: `${line}, 'Row #' || i._idx || ': Rate must be same as ${doctype}: ' || COALESCE(i.${column}, 'None') || ' (' || i.rate || ' / ' || o.rate || ')' AS message ${from} JOIN rows."tab${doctype} Item" o ON o.name = i.${detail} WHERE NOT ${truthy('d.is_return')} AND abs(flt(i.rate - CAST(o.rate AS DOUBLE), 2)) >= 0.01`,
  })
  for (const [doctype, column] of [['Purchase Order', 'purchase_order'], ['Purchase Receipt', 'purchase_receipt']] as const) await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: `items.${column}`, causeByValue: true, hint: 'Submit it first.', select: `${line}, o.name AS "value", '${doctype} ' || o.name || ' is not submitted' AS message ${from} JOIN rows."tab${doctype}" o ON o.name = i.${column} WHERE d._submit AND o.docstatus <> 1`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET per_received = s.percent FROM (SELECT _parent, SUM(received_qty) / NULLIF(SUM(qty), 0) * 100 AS percent FROM ${ctx.child('items')} WHERE ${filled('purchase_receipt')} AND ${filled('pr_detail')} AND ${truthy('received_qty')} GROUP BY _parent) s
    WHERE s._parent = d._id AND ${truthy('s.percent')}`)
  await findUnpredicted(ctx, line, from)
}

/** Settings by which invoices change what they refer to in further ways: said, not guessed. */
async function findUnpredicted(ctx: PostingContext, line: string, from: string): Promise<void> {
  const hint = 'Load such invoices through the site itself.'
  if (Number(ctx.site.single('Buying Settings')['set_landed_cost_based_on_purchase_invoice_rate'] ?? 0) !== 0) await ctx.find({
    type: 'unsupported', field: 'items.purchase_receipt', message: 'Buying Settings value receipts anew by the rates of their invoices', hint, select: `${line} ${from} WHERE d._submit AND (${filled('i.pr_detail')} OR ${filled('i.po_detail')})`,
  })
  if (Number(ctx.site.single('Accounts Settings')['automatically_fetch_payment_terms'] ?? 0) !== 0) await ctx.find({
    type: 'unsupported', field: 'items.purchase_order', message: 'Accounts Settings take payment terms from orders', hint, select: `${line} ${from} WHERE ${filled('i.purchase_order')}`,
  })
}

/** Only returns have negative quantities, and rates are not negative unless Selling Settings allow it: a submit looks at every line, a return at its draft already. For the `named` stage. */
export async function findBadSigns(ctx: PostingContext): Promise<void> {
  const line = `SELECT i._parent AS id, i._idx AS idx`, from = `FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent`, back = truthy('d.is_return')
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'items.qty', hint: 'Load returns with is_return.', select: `${line}, 'For an item ' || COALESCE(i.item_code, '') || ', quantity must be positive number' AS message ${from} WHERE d._submit AND NOT ${back} AND i.qty < 0`,
  })
  if (Number(ctx.site.single('Selling Settings')['allow_negative_rates_for_items'] ?? 0) === 0) await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'items.rate', hint: 'Enable Allow Negative rates for Items in Selling Settings.', select: `${line}, 'For item ' || COALESCE(i.item_code, '') || ', rate must be a positive number.' AS message ${from} WHERE (d._submit OR ${back}) AND i.rate < 0`,
  })
}

/** No more is billed or received than was ordered, nor billed than was received. For the `named` stage. */
export async function findOverbilled(ctx: PostingContext): Promise<void> {
  await findOverbilledReceipts(ctx)
  await findOverfulfilled(ctx, PURCHASE_BILLING)
  if (ctx.has('update_stock')) await findOverfulfilled(ctx, RECEIPT_BY_INVOICE)
}

/** Orders and receipts know what of them is billed, orders what an invoice that moves stock received or sent back. For the stage on_submit. */
export async function updatePurchaseReferences(ctx: PostingContext): Promise<void> {
  await updateOrders(ctx, PURCHASE_BILLING)
  if (ctx.has('update_stock')) {
    await updateOrders(ctx, RECEIPT_BY_INVOICE)
    await updateReturnedQuantities(ctx)
  }
  await billWorthless(ctx, { doctype: 'Purchase Order', reference: 'purchase_order', status: orderStatus(PURCHASE_BILLING, 'b.percent'), words: null })
  await billReceipts(ctx, `SELECT d._id AS id, i.po_detail AS order_line, i.pr_detail AS line FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND (NOT ${truthy('d.is_return')} OR ${truthy('d.update_billed_amount_in_purchase_receipt')})`)
}

/** An order's lines know what went back by invoices that move stock, and by receipts. */
async function updateReturnedQuantities(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_return')) return
  const back = `SELECT line, SUM(-1 * qty) AS qty FROM (SELECT i.po_detail AS line, i.qty FROM rows."tabPurchase Invoice Item" i JOIN rows."tabPurchase Invoice" s ON s.name = i.parent AND s.update_stock = 1 AND s.is_return = 1 WHERE i.docstatus = 1
    UNION ALL SELECT purchase_order_item, qty FROM rows."tabPurchase Receipt Item" WHERE docstatus = 1) WHERE ${filled('line')} GROUP BY line`
  await ctx.updateRows('tabPurchase Order Item', 'returned_qty', `SELECT max(d._id) AS id, i.po_detail AS "key", CAST(any_value(r.qty) AS DECIMAL(21,9)) AS "after" FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN (${back}) r ON r.line = i.po_detail
    WHERE d._submit AND ${truthy('d.is_return')} AND ${MOVES} GROUP BY i.po_detail`)
}
