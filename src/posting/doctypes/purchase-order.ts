import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { updateBins } from '../orders/bins.ts'
import { filled, PURCHASE_ORDER as kind } from '../orders/kind.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { scratchOf } from '../orders/item-details.ts'
import { takeLastPurchaseRates, updateLastPurchaseRates } from '../orders/last-purchase.ts'
import { findOverbought, updateOrderedForSales } from '../orders/ordered-for-sales.ts'
import { orderSteps } from '../orders/steps.ts'
import { findBadWarehouses, findFractions, findMissingWarehouse } from '../orders/order-checks.ts'
import { leaveTraces, resetWarehouse, setSubmittedStatus } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'

/** The order is due when its first line is; lines without a date are due with the order. */
async function settleScheduleDates(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items')
  await ctx.find({
    type: 'ValidationError', field: 'supplier', message: 'Purchase Orders are not allowed due to a scorecard standing', hint: 'Look at the supplier\'s scorecard.',
    select: `SELECT d._id AS id, d.supplier AS "value" FROM ${ctx.doc} d JOIN rows."tabSupplier" s ON s.name = d.supplier AND s.prevent_pos = 1 JOIN rows."tabSupplier Scorecard" c ON c.name = d.supplier AND ${filled('c.status')}`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET schedule_date = s.earliest FROM (SELECT _parent, min(schedule_date) AS earliest FROM ${items} GROUP BY _parent) s WHERE s._parent = d._id AND s.earliest IS NOT NULL`)
  await ctx.find({ type: 'ValidationError', field: 'schedule_date', message: 'Please enter Reqd by Date', hint: 'Map a date.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d.schedule_date IS NULL` })
  await ctx.staging.run(`UPDATE ${items} AS i SET schedule_date = d.schedule_date FROM ${ctx.doc} d WHERE d._id = i._parent AND i.schedule_date IS NULL`)
  await ctx.find({
    type: 'ValidationError', field: 'items.schedule_date', message: 'Reqd by Date cannot be before Transaction Date', hint: 'Correct one of the dates.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(i.schedule_date AS VARCHAR) AS "value" FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE i.schedule_date < d.transaction_date`,
  })
}

async function settleLines(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.child('items')} SET received_qty = 0, billed_amt = 0`)
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', message: 'Item None does not exist', hint: 'Give the item.', select: `SELECT _parent AS id, _idx AS idx FROM ${ctx.child('items')} WHERE NOT ${filled('item_code')}`,
  })
  await findMissingWarehouse(ctx, kind)
  if (Number(ctx.site.single('Buying Settings')['allow_multiple_items'] ?? 0) === 0) await ctx.find({
    type: 'ValidationError', field: 'items.item_code', message: 'Same item cannot be entered multiple times.', hint: 'Allow it in Buying Settings, or merge the lines.',
    select: `SELECT _parent AS id, _idx AS idx, item_code AS "value" FROM ${ctx.child('items')} QUALIFY row_number() OVER (PARTITION BY _parent, item_code ORDER BY _idx) > 1`,
  })
}

async function findSmallQuantities(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', causeByValue: true, hint: 'Lower the item\'s minimum order quantity for the migration.',
    select: `SELECT i._parent AS id, i.item_code AS "value", 'Item ' || i.item_code || ': Ordered qty cannot be less than minimum order qty (defined in Item).' AS message FROM ${ctx.child('items')} i
      JOIN rows."tabItem" m ON m.name = i.item_code WHERE m.min_order_qty > 0 GROUP BY i._parent, i.item_code HAVING SUM(i.stock_qty) < any_value(CAST(m.min_order_qty AS DOUBLE))`,
  })
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** Purchase Order: as a sales order for the other side; on submit ordered stock and the items' last purchase rates. */
export const rule: PostingRule = {
  doctype: 'Purchase Order',
  reads: [
    'Address', 'Address Template', 'Contact', 'Dynamic Link', 'Supplier', 'Supplier Group', 'Supplier Scorecard', 'Company', 'Price List', 'Item', 'Item Price', 'Item Default', 'Item Group', 'Brand', 'UOM', 'UOM Conversion Detail', 'UOM Conversion Factor', 'Warehouse', 'Bin', 'Currency',
    'Currency Exchange', 'Account', 'Item Tax', 'Item Tax Template', 'Item Tax Template Detail', 'Payment Terms Template Detail', 'Project', 'Cost Center', 'Party Account', 'Purchase Order Item', 'Sales Order Item', 'Purchase Receipt', 'Purchase Receipt Item', 'Purchase Invoice', 'Purchase Invoice Item',
  ],
  writes: ['tabBin', 'tabItem', 'tabSales Order Item', 'tabItem Price', 'tabComment', 'tabVersion'],
  dates: ['transaction_date'],
  steps: [
    ...orderSteps(kind),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('schedule-dates', settleScheduleDates),
    validate('lines', settleLines),
    validate('whole-units', (ctx) => findFractions(ctx, [['uom', 'qty'], ['stock_uom', 'stock_qty']])),
    validate('minimum', findSmallQuantities),
    validate('set-warehouse', resetWarehouse),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'status', run: (ctx) => setSubmittedStatus(ctx, kind) },
    { stage: 'named', id: 'last-purchase', run: takeLastPurchaseRates },
    { stage: 'named', id: 'overbought', run: findOverbought },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_submit', id: 'last-purchase', run: updateLastPurchaseRates },
    { stage: 'on_submit', id: 'sales-orders', run: updateOrderedForSales },
    { stage: 'on_submit', id: 'bins', run: (ctx) => updateBins(ctx, kind) },
    { stage: 'on_submit', id: 'traces', run: (ctx) => leaveTraces(ctx, kind) },
  ],
}
