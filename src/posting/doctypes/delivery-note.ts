import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { DELIVERY_NOTE as kind, filled, truthy } from '../orders/kind.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { scratchOf } from '../orders/item-details.ts'
import { factKey } from '../orders/item-facts.ts'
import { findBadWarehouses, findFractions } from '../orders/order-checks.ts'
import { checkDeliveryLimits } from '../orders/credit-limits.ts'
import { orderSteps } from '../orders/steps.ts'
import { leaveTraces, resetWarehouse } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'
import { billDeliveries } from '../invoices/billed-deliveries.ts'
import { rateDeliveries } from '../stock/delivery-rates.ts'
import { findWrongExpense } from '../stock/expense.ts'
import { checkReferences, DELIVERY, findOverfulfilled, updateOrders } from '../stock/fulfilment.ts'
import { remarks, stockLedgerSteps } from '../stock/general-ledger.ts'
import { setNoteStatus } from '../stock/note-status.ts'
import { settlePostingTime } from '../stock/posting-time.ts'
import { checkReturns, updateReturned } from '../stock/returns.ts'
import { findSerialized } from '../stock/serialized.ts'
import { addStandIns } from '../stock/stand-ins.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'
import { findUnsupported } from './conditions.ts'

async function findOtherKinds(ctx: PostingContext): Promise<void> {
  for (const field of ['pick_list', 'inter_company_reference', 'amended_from']) if (ctx.has(field)) await findUnsupported(ctx, filled(field), `notes with a ${ctx.meta.field(field)?.label ?? field} are not predicted`, field)
  for (const field of ['issue_credit_note', 'is_internal_customer']) if (ctx.has(field)) await findUnsupported(ctx, truthy(field), `what ${ctx.meta.field(field)?.label ?? field} asks for is not predicted`, field)
  for (const field of ['si_detail', 'against_sales_invoice', 'pick_list_item', 'against_pick_list', 'quality_inspection', 'material_request', 'target_warehouse', 'purchase_order']) {
    await findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${filled(field)})`, `lines with a ${field.replaceAll('_', ' ')} are not predicted`, `items.${field}`)
  }
  await findUnsupported(ctx, `_id IN (SELECT i._parent FROM ${ctx.child('items')} i JOIN rows."tabItem" m ON m.name = i.item_code WHERE m.inspection_required_before_delivery = 1)`, 'quality inspections are not predicted')
}

/** What a note's lines have beyond an order's: the account their cost goes to. */
async function settleLines(ctx: PostingContext): Promise<void> {
  const { facts } = scratchOf(ctx), items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${items} AS t SET expense_account = COALESCE(NULLIF(t.expense_account, ''), f.expense_account, c.default_expense_account) FROM ${ctx.doc} d, ${facts} f, rows."tabCompany" c
    WHERE d._id = t._parent AND c.name = d.company AND f.fact = ${factKey('t.item_code', 'd.company')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET po_no = COALESCE(NULLIF(t.po_no, ''), o.numbers, '') FROM (SELECT d._id, string_agg(DISTINCT NULLIF(s.po_no, ''), ', ') AS numbers FROM ${ctx.doc} d LEFT JOIN ${items} i ON i._parent = d._id
    LEFT JOIN rows."tabSales Order" s ON s.name = i.against_sales_order GROUP BY d._id) o WHERE o._id = t._id`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET installation_status = COALESCE(NULLIF(installation_status, ''), 'Not Installed')`)
}

async function checkLines(ctx: PostingContext): Promise<void> {
  if (ctx.site.single('Selling Settings')['so_required'] === 'Yes') await ctx.find({
    type: 'ValidationError', field: 'items.against_sales_order', hint: 'Switch Sales Order Required off in Selling Settings for the migration.',
    select: `SELECT _parent AS id, _idx AS idx, 'Sales Order required for Item ' || item_code AS message FROM ${ctx.child('items')} WHERE NOT ${filled('against_sales_order')}`,
  })
  await findBadWarehouses(ctx, kind)
  await ctx.find({
    type: 'ValidationError', field: 'items.warehouse', hint: 'Give a warehouse, or a default one to the item.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Warehouse required for stock Item ' || i.item_code AS message FROM ${ctx.child('items')} i JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE NOT ${filled('i.warehouse')}`,
  })
  await findFractions(ctx, [['stock_uom', 'stock_qty'], ['uom', 'qty']])
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
const MOVED = (ctx: PostingContext) => `SELECT i._parent AS id, i._idx AS line, i.item_code, i.warehouse FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE d._submit`

/** Delivery Note: as a sales order, with what the goods cost; on submit both ledgers, what of orders is delivered, what of a note is returned. */
export const rule: PostingRule = {
  doctype: 'Delivery Note',
  reads: [
    'Address', 'Address Template', 'Contact', 'Dynamic Link', 'Customer', 'Customer Group', 'Company', 'Price List', 'Item', 'Item Price', 'Item Default', 'Item Group', 'Brand', 'UOM', 'UOM Conversion Detail', 'UOM Conversion Factor', 'Warehouse', 'Bin', 'Currency', 'Currency Exchange', 'Account',
    'Item Tax', 'Item Tax Template', 'Item Tax Template Detail', 'Project', 'Cost Center', 'Party Account', 'Purchase Invoice Item', 'Sales Order', 'Sales Order Item', 'Sales Invoice', 'Sales Invoice Item', 'Customer Credit Limit', 'GL Entry', 'Stock Ledger Entry', 'Fiscal Year', 'Fiscal Year Company',
    'Stock Reservation Entry', 'Inventory Dimension', 'Putaway Rule', 'Accounting Period', 'Closed Document', 'Period Closing Voucher',
  ],
  writes: ['tabBin', 'tabItem Price', 'tabComment', 'tabVersion', 'tabStock Ledger Entry', 'tabGL Entry', 'tabRepost Item Valuation', 'tabSales Order', 'tabSales Order Item', 'tabDelivery Note Item'],
  steps: [
    { stage: 'before_validate', pass: 'insert', id: 'kinds', run: findOtherKinds },
    validate('posting-time', settlePostingTime),
    validate('stand-ins', (ctx) => addStandIns(ctx, 'Sales Order')),
    validate('returns', (ctx) => checkReturns(ctx, 'dn_detail')),
    ...orderSteps(kind).filter((step) => step.id !== 'schedule'),
    validate('lines', settleLines),
    validate('serialized', (ctx) => findSerialized(ctx, 'items')),
    validate('references', (ctx) => checkReferences(ctx, DELIVERY, { order: ['customer', 'company', 'project', 'currency'], line: ['item_code', 'uom', 'conversion_factor'] })),
    validate('checks', checkLines),
    validate('set-warehouse', resetWarehouse),
    validate('unbilled', async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.child('items')} SET billed_amt = 0; UPDATE ${ctx.doc} SET per_billed = 0 WHERE _submit`) }),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'limits', run: checkDeliveryLimits },
    { stage: 'named', id: 'status', run: setNoteStatus },
    { stage: 'named', id: 'submit-checks', run: (ctx) => checkStockEntries(ctx, MOVED(ctx)) },
    { stage: 'named', id: 'expense', run: (ctx) => findWrongExpense(ctx) },
    { stage: 'named', id: 'overfulfilled', run: (ctx) => findOverfulfilled(ctx, DELIVERY) },
    { stage: 'named', id: 'rates', run: rateDeliveries },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    ...stockLedgerSteps({
      expense: 'i.expense_account', center: 'i.cost_center', project: `COALESCE(NULLIF(i.project, ''), NULLIF(d.project, ''))`, opening: `'No'`, subtype: `CASE WHEN COALESCE(d.is_return, 0) <> 0 THEN 'Sales Return' ELSE 'Delivery Note' END`,
      remarks: remarks('NULL'), transactionCurrency: 'd.currency', transactionRate: 'COALESCE(NULLIF(d.conversion_rate, 0), 1)',
    }).filter((step) => step.id !== 'version'),
    { stage: 'on_submit', id: 'orders', run: (ctx) => updateOrders(ctx, DELIVERY) },
    { stage: 'on_submit', id: 'billed', run: (ctx) => billDeliveries(ctx, `SELECT d._id AS id, i.so_detail AS order_line, NULL::VARCHAR AS line FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit`) },
    { stage: 'on_submit', id: 'returned', run: (ctx) => updateReturned(ctx, 'dn_detail') },
    { stage: 'on_submit', id: 'traces', run: (ctx) => leaveTraces(ctx, kind) },
  ],
}
