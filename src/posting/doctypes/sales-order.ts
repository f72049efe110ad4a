import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { takeProjectedQuantity, updateBins } from '../orders/bins.ts'
import { filled, SALES_ORDER as kind, truthy } from '../orders/kind.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { scratchOf } from '../orders/item-details.ts'
import { findForeignProject } from '../orders/project.ts'
import { orderSteps } from '../orders/steps.ts'
import { findBadWarehouses, findFractions, findMissingWarehouse } from '../orders/order-checks.ts'
import { findSubmitRefusals, leaveTraces, resetWarehouse, setSubmittedStatus, updateProjectSales } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'

async function takeDeliveryDates(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.child('items')} AS i SET delivery_date = d.delivery_date FROM ${ctx.doc} d WHERE d._id = i._parent AND i.delivery_date IS NULL AND d.delivery_date IS NOT NULL`)
}

/** Delivery dates of the order and its lines determine each other. */
async function settleDeliveryDates(ctx: PostingContext): Promise<void> {
  const sells = `d.order_type = 'Sales' AND NOT ${truthy('d.skip_delivery_note')}`, items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET delivery_date = s.latest FROM (SELECT _parent, max(delivery_date) AS latest FROM ${items} GROUP BY _parent) s WHERE s._parent = d._id AND s.latest IS NOT NULL AND ${sells}`)
  await ctx.staging.run(`UPDATE ${items} AS i SET delivery_date = d.delivery_date FROM ${ctx.doc} d WHERE d._id = i._parent AND i.delivery_date IS NULL AND d.delivery_date IS NOT NULL AND ${sells}`)
  await ctx.find({ type: 'ValidationError', field: 'delivery_date', message: 'Please enter Delivery Date', hint: 'Map a delivery date.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${sells} AND d.delivery_date IS NULL` })
  await ctx.find({
    type: 'ValidationError', field: 'items.delivery_date', message: 'Expected Delivery Date should be after Sales Order Date', hint: 'Correct the date of the order or of the delivery.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(i.delivery_date AS VARCHAR) AS "value" FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${sells} AND d.transaction_date > i.delivery_date`,
  })
}

/** The customer's own order: not after the delivery, and only once. */
async function findBadPurchaseOrder(ctx: PostingContext): Promise<void> {
  if (ctx.has('po_date')) await ctx.find({
    type: 'ValidationError', field: 'po_date', message: 'Expected Delivery Date cannot be before Purchase Order Date', hint: 'Correct one of the dates.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE NOT ${truthy('d.skip_delivery_note')} AND d.po_date > i.delivery_date`,
  })
  if (!ctx.has('po_no') || Number(ctx.site.single('Selling Settings')['allow_against_multiple_purchase_orders'] ?? 0) !== 0) return
  const alike = (one: string, other: string) => `lower(strip_accents(rtrim(${one}))) = lower(strip_accents(rtrim(${other})))`
  await ctx.find({
    type: 'ValidationError', field: 'po_no', causeByValue: true, hint: 'Allow it in Selling Settings, or load the order once.',
    select: `SELECT d._id AS id, d.po_no AS "value", 'A Sales Order already exists against Customer''s Purchase Order ' || d.po_no AS message FROM ${ctx.doc} d WHERE ${filled('d.po_no')} AND ${filled('d.customer')}
      AND NOT ${truthy('d.skip_delivery_note')} AND (EXISTS (SELECT 1 FROM rows."tabSales Order" s WHERE ${alike('s.po_no', 'd.po_no')} AND s.customer = d.customer AND s.docstatus < 2)
      OR EXISTS (SELECT 1 FROM ${ctx.doc} e WHERE e._id < d._id AND ${alike('e.po_no', 'd.po_no')} AND e.customer = d.customer AND e._id NOT IN (${ctx.refused})))`,
  })
}

async function settleLines(ctx: PostingContext): Promise<void> {
  const stocked = Number(ctx.site.single('Stock Settings')['enable_stock_reservation'] ?? 0) !== 0, items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${items} AS i SET transaction_date = d.transaction_date, billed_amt = 0, delivered_qty = 0,
    reserve_stock = CASE WHEN ${truthy('i.reserve_stock')} AND (${literal(!stocked)} OR COALESCE(i.is_stock_item, 0) = 0) THEN 0 ELSE i.reserve_stock END FROM ${ctx.doc} d WHERE d._id = i._parent`)
  await findMissingWarehouse(ctx, kind)
  await ctx.find({
    type: 'ValidationError', field: 'items.supplier', message: 'Set Supplier for an item that the supplier delivers', hint: 'Give the supplier, or clear delivered_by_supplier.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${truthy('i.delivered_by_supplier')} AND NOT ${filled('i.supplier')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.ensure_delivery_based_on_produced_serial_no', message: 'Only items with serial numbers, a BOM and the same choice on each line can be delivered by produced serial number', hint: 'Clear the flag.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i JOIN rows."tabItem" m ON m.name = i.item_code WHERE ${truthy('i.ensure_delivery_based_on_produced_serial_no')}
      AND (COALESCE(m.has_serial_no, 0) = 0 OR NOT EXISTS (SELECT 1 FROM rows."tabBOM" b WHERE b.item = i.item_code AND b.is_active = 1))`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET billing_status = CASE WHEN ${filled('billing_status')} THEN billing_status ELSE 'Not Billed' END, delivery_status = CASE WHEN ${filled('delivery_status')} THEN delivery_status ELSE 'Not Delivered' END`)
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** Sales Order: details of party and items, prices, taxes and totals, schedule, dates; on submit reserved stock, project, status. */
export const rule: PostingRule = {
  doctype: 'Sales Order',
  reads: [
    'Address', 'Address Template', 'Contact', 'Dynamic Link', 'Customer', 'Customer Group', 'Company', 'Price List', 'Item', 'Item Price', 'Item Default', 'Item Group', 'Brand', 'UOM', 'UOM Conversion Detail', 'UOM Conversion Factor', 'Warehouse', 'Bin', 'Currency', 'Currency Exchange', 'Account',
    'Item Tax', 'Item Tax Template', 'Item Tax Template Detail', 'Payment Terms Template Detail', 'Project', 'Cost Center', 'Party Account', 'Purchase Invoice Item', 'Sales Order Item', 'Customer Credit Limit', 'Delivery Note', 'Delivery Note Item', 'GL Entry',
  ],
  writes: ['tabBin', 'tabItem Price', 'tabComment', 'tabVersion', 'tabProject'],
  dates: ['transaction_date', 'po_date'],
  steps: [
    validate('line-dates', takeDeliveryDates),
    ...orderSteps(kind),
    validate('delivery-dates', settleDeliveryDates),
    validate('project', findForeignProject),
    validate('purchase-order', findBadPurchaseOrder),
    validate('whole-units', (ctx) => findFractions(ctx, [['stock_uom', 'stock_qty'], ['uom', 'qty']])),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('lines', settleLines),
    validate('set-warehouse', resetWarehouse),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'status', run: (ctx) => setSubmittedStatus(ctx, kind) },
    { stage: 'named', id: 'projected', run: takeProjectedQuantity },
    { stage: 'named', id: 'submit-refusals', run: findSubmitRefusals },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_submit', id: 'bins', run: (ctx) => updateBins(ctx, kind) },
    { stage: 'on_submit', id: 'project', run: updateProjectSales },
    { stage: 'on_submit', id: 'traces', run: (ctx) => leaveTraces(ctx, kind) },
  ],
}
