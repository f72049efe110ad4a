import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { filled, PURCHASE_RECEIPT as kind, truthy } from '../orders/kind.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { billReceipts } from '../invoices/billed-receipts.ts'
import { scratchOf } from '../orders/item-details.ts'
import { updateLastPurchaseRates } from '../orders/last-purchase.ts'
import { findBadWarehouses, findFractions, findMissingWarehouse } from '../orders/order-checks.ts'
import { orderSteps } from '../orders/steps.ts'
import { leaveTraces } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'
import { settleQuantities } from '../stock/accepted-quantities.ts'
import { resetHeaderWarehouse } from '../stock/entry-items.ts'
import { checkReferences, findOverfulfilled, RECEIPT, updateOrders } from '../stock/fulfilment.ts'
import { remarks, stockLedgerSteps } from '../stock/general-ledger.ts'
import { setNoteStatus } from '../stock/note-status.ts'
import { settlePostingTime } from '../stock/posting-time.ts'
import { receiptLines } from '../stock/receipt-lines.ts'
import { rateReceipts } from '../stock/receipt-rates.ts'
import { checkReturns, updateReturned } from '../stock/returns.ts'
import { findSerialized } from '../stock/serialized.ts'
import { addStandIns } from '../stock/stand-ins.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'
import { findUnsupported } from './conditions.ts'

async function findOtherKinds(ctx: PostingContext): Promise<void> {
  for (const field of ['inter_company_reference', 'subcontracting_receipt', 'amended_from']) if (ctx.has(field)) await findUnsupported(ctx, filled(field), `receipts with a ${ctx.meta.field(field)?.label ?? field} are not predicted`, field)
  for (const field of ['is_internal_supplier', 'is_subcontracted', 'is_old_subcontracting_flow', 'apply_putaway_rule']) if (ctx.has(field)) await findUnsupported(ctx, truthy(field), `what ${ctx.meta.field(field)?.label ?? field} asks for is not predicted`, field)
  for (const field of ['purchase_invoice', 'purchase_invoice_item', 'quality_inspection', 'material_request', 'from_warehouse', 'delivery_note_item', 'sales_order', 'putaway_rule']) {
    await findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${filled(field)})`, `lines with a ${field.replaceAll('_', ' ')} are not predicted`, `items.${field}`)
  }
  const special = `i._parent FROM ${ctx.child('items')} i JOIN rows."tabItem" m ON m.name = i.item_code WHERE`
  await findUnsupported(ctx, `_id IN (SELECT ${special} m.inspection_required_before_purchase = 1)`, 'quality inspections are not predicted')
  await findUnsupported(ctx, `_id IN (SELECT ${special} m.is_fixed_asset = 1)`, 'assets received are not predicted')
  await findUnsupported(ctx, `company IN (SELECT name FROM rows."tabCompany" WHERE enable_provisional_accounting_for_non_stock_items = 1)`, 'provisional accounting of services is not predicted')
  if (Number(ctx.site.single('Buying Settings')['set_valuation_rate_for_rejected_materials'] ?? 0) !== 0) await findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${truthy('rejected_qty')})`, 'the value of rejected materials is not predicted')
}

async function checkDocument(ctx: PostingContext): Promise<void> {
  const buying = ctx.site.single('Buying Settings'), items = ctx.child('items')
  if (buying['po_required'] === 'Yes') await ctx.find({
    type: 'ValidationError', field: 'items.purchase_order', hint: 'Switch Purchase Order Required off in Buying Settings for the migration.',
    select: `SELECT _parent AS id, _idx AS idx, 'Purchase Order number required for Item ' || item_code AS message FROM ${items} WHERE NOT ${filled('purchase_order')}`,
  })
  if (Number(buying['maintain_same_rate'] ?? 0) !== 0 && (buying['maintain_same_rate_action'] ?? 'Stop') === 'Stop') await ctx.find({
    type: buying['role_to_override_stop_action'] ? 'unsupported' : 'ValidationError', field: 'items.rate', hint: 'Switch Maintain Same Rate off in Buying Settings for the migration.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row #' || i._idx || ': Rate must be same as Purchase Order: ' || i.purchase_order || ' (' || i.rate || ' / ' || o.rate || ')' AS message FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent
      JOIN rows."tabPurchase Order Item" o ON o.name = i.purchase_order_item WHERE NOT ${truthy('d.is_return')} AND abs(round(i.rate - CAST(o.rate AS DOUBLE), 2)) >= 0.01`,
  })
  await findFractions(ctx, [['uom', 'qty'], ['uom', 'received_qty'], ['stock_uom', 'stock_qty']])
  await ctx.find({
    type: 'ValidationError', field: 'posting_date', message: 'Posting Date cannot be future date', hint: 'Correct the date.', select: `SELECT _id AS id, CAST(posting_date AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE posting_date > DATE ${literal(ctx.today)}`,
  })
}

/** The account for what is received and not billed, and a cost center for taxes that count for valuation. */
async function checkAccounts(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'company', message: 'Please set default Stock Received But Not Billed in Company', hint: 'Company, Stock Received But Not Billed.',
    select: `SELECT d._id AS id FROM ${ctx.live} d JOIN rows."tabCompany" c ON c.name = d.company WHERE d._submit AND c.enable_perpetual_inventory = 1 AND NOT ${filled('c.stock_received_but_not_billed')}`,
  })
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'taxes.cost_center', hint: 'Map a cost center.',
    select: `SELECT t._parent AS id, t._idx AS idx, 'Cost Center is required in row ' || t._idx || ' in Taxes table' AS message FROM ${ctx.child('taxes')} t JOIN ${ctx.live} d ON d._id = t._parent WHERE d._submit AND t.category IN ('Valuation', 'Valuation and Total')
      AND ${truthy('t.base_tax_amount_after_discount_amount')} AND NOT ${filled('t.cost_center')}`,
  })
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
const MOVED = (ctx: PostingContext) => `SELECT i._parent AS id, i._idx AS line, i.item_code, w.warehouse FROM ${ctx.child('items')} i, unnest([i.warehouse, CASE WHEN ${truthy('i.rejected_qty')} THEN i.rejected_warehouse END]) w(warehouse) JOIN ${ctx.doc} d ON d._id = i._parent
  JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE d._submit AND w.warehouse <> ''`

/** Purchase Receipt: as a purchase order, with what the goods are worth; on submit both ledgers, what of orders is received, the items' last purchase rates. */
export const rule: PostingRule = {
  doctype: 'Purchase Receipt',
  reads: [
    'Address', 'Address Template', 'Contact', 'Dynamic Link', 'Supplier', 'Supplier Group', 'Company', 'Price List', 'Item', 'Item Price', 'Item Default', 'Item Group', 'Brand', 'UOM', 'UOM Conversion Detail', 'UOM Conversion Factor', 'Warehouse', 'Bin', 'Currency', 'Currency Exchange', 'Account',
    'Item Tax', 'Item Tax Template', 'Item Tax Template Detail', 'Project', 'Cost Center', 'Party Account', 'Purchase Order', 'Purchase Order Item', 'Purchase Receipt Item', 'Purchase Invoice', 'Purchase Invoice Item', 'GL Entry', 'Stock Ledger Entry', 'Fiscal Year', 'Fiscal Year Company',
    'Stock Reservation Entry', 'Inventory Dimension', 'Putaway Rule', 'Accounting Period', 'Closed Document', 'Period Closing Voucher',
  ],
  writes: ['tabBin', 'tabItem', 'tabItem Price', 'tabComment', 'tabVersion', 'tabStock Ledger Entry', 'tabGL Entry', 'tabRepost Item Valuation', 'tabPurchase Order', 'tabPurchase Order Item', 'tabPurchase Receipt Item'],
  steps: [
    { stage: 'before_validate', pass: 'insert', id: 'kinds', run: findOtherKinds },
    validate('posting-time', settlePostingTime),
    validate('stand-ins', (ctx) => addStandIns(ctx, 'Purchase Order')),
    validate('returns', (ctx) => checkReturns(ctx, 'purchase_receipt_item')),
    ...orderSteps(kind).filter((step) => step.id !== 'schedule'),
    validate('serialized', (ctx) => findSerialized(ctx, 'items')),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('missing-warehouse', (ctx) => findMissingWarehouse(ctx, kind)),
    validate('quantities', (ctx) => settleQuantities(ctx)),
    validate('references', (ctx) => checkReferences(ctx, RECEIPT, { order: ['supplier', 'company', 'currency'], line: ['project', 'uom', 'item_code'] })),
    validate('checks', checkDocument),
    validate('set-warehouse', (ctx) => resetHeaderWarehouse(ctx, 'set_warehouse', 'warehouse')),
    validate('rejected-warehouse', (ctx) => resetHeaderWarehouse(ctx, 'rejected_warehouse', 'rejected_warehouse')),
    validate('unbilled', async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.child('items')} SET billed_amt = 0; UPDATE ${ctx.doc} SET per_billed = 0 WHERE _submit`) }),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'status', run: setNoteStatus },
    { stage: 'named', id: 'submit-checks', run: (ctx) => checkStockEntries(ctx, MOVED(ctx)) },
    { stage: 'named', id: 'accounts', run: checkAccounts },
    { stage: 'named', id: 'overfulfilled', run: (ctx) => findOverfulfilled(ctx, RECEIPT) },
    { stage: 'named', id: 'rates', run: rateReceipts },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_submit', id: 'last-purchase', run: updateLastPurchaseRates },
    ...stockLedgerSteps({
      expense: `'unbilled'`, center: 'i.cost_center', project: 'NULL', opening: `'No'`, subtype: `'Purchase Receipt'`, remarks: remarks('d.remarks'), lines: receiptLines,
    }).filter((step) => step.id !== 'version'),
    { stage: 'on_submit', id: 'orders', run: (ctx) => updateOrders(ctx, RECEIPT) },
    { stage: 'on_submit', id: 'billed', run: (ctx) => billReceipts(ctx, `SELECT d._id AS id, i.purchase_order_item AS order_line, NULL::VARCHAR AS line FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit`) },
    { stage: 'on_submit', id: 'returned', run: (ctx) => updateReturned(ctx, 'purchase_receipt_item') },
    { stage: 'on_submit', id: 'traces', run: (ctx) => leaveTraces(ctx, kind) },
  ],
}
