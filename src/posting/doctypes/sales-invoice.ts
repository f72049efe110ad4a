import { hasLedger, writeLedger } from '../accounts/gl-map.ts'
import { updateOutstanding } from '../accounts/references.ts'
import { findOnce } from '../accounts/once.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { borrowColumns } from '../invoices/columns.ts'
import { findForeignAccount, settleOutstanding, takeAccounts, takePartyAccount } from '../invoices/details.ts'
import { settleDueDates, takeDueDates } from '../invoices/due-date.ts'
import { clearUnpaid, findBadPayments, lookAtReturned, settlePayments } from '../invoices/point-of-sale.ts'
import { checkSalesReferences, findOverbilledDeliveries, updateReferences } from '../invoices/sales-references.ts'
import { addRemarks, makeSalesLines, setInvoiceStatus, updateItemDefaults, updateSales } from '../invoices/sales-ledger.ts'
import { findBadQuantities, findBadReturns, findOverreturned, settleReturns } from '../invoices/returns.ts'
import { checkInvoiceLimits } from '../orders/credit-limits.ts'
import { findUnsupportedInvoices } from '../invoices/unsupported.ts'
import { scratchOf } from '../orders/item-details.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { SALES_INVOICE as kind, truthy } from '../orders/kind.ts'
import { findBadWarehouses, findFractions } from '../orders/order-checks.ts'
import { orderSteps } from '../orders/steps.ts'
import { resetWarehouse } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'
import { findForeignProject } from '../orders/project.ts'
import { rateDeliveries } from '../stock/delivery-rates.ts'
import { findWrongExpense } from '../stock/expense.ts'
import { DELIVERY_BY_INVOICE, findOverfulfilled, SALES_BILLING } from '../stock/fulfilment.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'
import { writeStockLedger } from '../stock/write-ledger.ts'
import { rule as order } from './sales-order.ts'

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** What an order does, with what an invoice does in between: its accounts after the items' details, its due date around the schedule. */
function invoiceSteps(): Step[] {
  return orderSteps(kind).flatMap((step) => {
    if (step.id === 'party') return [step, validate('party-account', (ctx) => takePartyAccount(ctx, kind)), validate('due-date', (ctx) => takeDueDates(ctx, kind))]
    if (step.id === 'unsupported-items') return [step, validate('line-accounts', takeAccounts)]
    if (step.id === 'totals') return [step, validate('returns', (ctx) => findBadReturns(ctx, kind))]
    if (step.id === 'schedule') return [validate('outstanding', settleOutstanding), validate('payments', settlePayments), step, validate('due-dates', (ctx) => settleDueDates(ctx, kind)), validate('account-currency', (ctx) => findForeignAccount(ctx, kind))]
    return [step]
  })
}

const MOVED = (ctx: PostingContext) => `SELECT i._parent AS id, i._idx AS line, i.item_code, i.warehouse FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE d._submit AND ${truthy('d.update_stock')}`
const whenMoved = async (ctx: PostingContext, run: () => Promise<void>) => { if (await ctx.staging.one(`SELECT 1 FROM (${MOVED(ctx)}) LIMIT 1`) !== undefined) await run() }

/** Invoices that move stock say from where, and not what a delivery or the supplier moved. */
async function checkStock(ctx: PostingContext): Promise<void> {
  if (!ctx.has('update_stock')) return
  const line = `SELECT i._parent AS id, i._idx AS idx`, from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${truthy('d.update_stock')}`
  await ctx.find({
    type: 'ValidationError', field: 'items.so_detail', message: 'Could not update stock, invoice contains drop shipping item.', hint: 'Clear update_stock.', select: `${line} ${from} JOIN rows."tabSales Order Item" o ON o.name = i.so_detail AND o.delivered_by_supplier = 1 WHERE i.sales_order <> ''`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.warehouse', hint: 'Give a warehouse, or a default one to the item.', select: `${line}, 'Warehouse required for stock Item ' || i.item_code AS message ${from} JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE COALESCE(i.warehouse, '') = ''`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.delivery_note', hint: 'Clear update_stock: the delivery moved the stock.', select: `${line}, 'Stock cannot be updated against Delivery Note ' || i.delivery_note AS message ${from} WHERE i.delivery_note <> ''`,
  })
}

/** Sales Invoice: as an order of its posting date, then accounts, due date, ledger, what is left to pay. */
export const rule: PostingRule = {
  doctype: 'Sales Invoice',
  reads: [...order.reads, 'Sales Order', 'Sales Invoice', 'Sales Invoice Item', 'Fiscal Year Company', 'Stock Reservation Entry', 'Inventory Dimension', 'Putaway Rule', 'POS Profile', 'Mode of Payment', 'Mode of Payment Account', 'Stock Ledger Entry', 'Payment Ledger Entry', 'Payment Schedule', 'Fiscal Year', 'Accounting Period', 'Closed Document', 'Period Closing Voucher', 'Payment Terms Template', 'Accounting Dimension Filter', 'Cost Center Allocation', 'Budget'],
  writes: ['tabGL Entry', 'tabPayment Ledger Entry', 'tabStock Ledger Entry', 'tabBin', 'tabRepost Item Valuation', 'tabComment', 'tabSales Order', 'tabSales Order Item', 'tabDelivery Note', 'tabDelivery Note Item', 'tabSales Invoice', 'tabItem Price', 'tabItem Default', 'tabCompany', 'tabProject', 'tabVersion'],
  dates: ['posting_date', 'due_date', 'po_date'],
  steps: [
    validate('columns', (ctx) => borrowColumns(ctx, kind)),
    validate('unsupported-invoices', findUnsupportedInvoices),
    validate('quantities', findBadQuantities),
    validate('bad-payments', findBadPayments),
    ...invoiceSteps(),
    validate('project', findForeignProject),
    validate('references', checkSalesReferences),
    validate('whole-units', (ctx) => findFractions(ctx, [['stock_uom', 'stock_qty'], ['uom', 'qty']])),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('stock', checkStock),
    validate('set-warehouse', resetWarehouse),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'remarks', run: addRemarks },
    { stage: 'named', id: 'overreturned', run: (ctx) => findOverreturned(ctx, kind) },
    { stage: 'named', id: 'settled-returns', run: (ctx) => settleReturns(ctx, kind) },
    { stage: 'named', id: 'overbilled-deliveries', run: findOverbilledDeliveries },
    { stage: 'named', id: 'overbilled', run: (ctx) => findOverfulfilled(ctx, SALES_BILLING) },
    { stage: 'named', id: 'overdelivered', run: (ctx) => findOverfulfilled(ctx, DELIVERY_BY_INVOICE) },
    { stage: 'named', id: 'stock-checks', run: (ctx) => whenMoved(ctx, async () => { await checkStockEntries(ctx, MOVED(ctx)); await findWrongExpense(ctx, truthy('d.update_stock')) }) },
    { stage: 'named', id: 'rates', run: (ctx) => rateDeliveries(ctx, { moves: 'COALESCE(d.update_stock, 0) <> 0', returned: 'i.sales_invoice_item', given: 'CASE WHEN d._submit AND NOT d._once THEN i.rate ELSE i._given_rate END' }) },
    { stage: 'named', id: 'ledger', run: makeSalesLines },
    { stage: 'named', id: 'limits', run: checkInvoiceLimits },
    { stage: 'named', id: 'once', run: (ctx) => findOnce(ctx, 'invoices') },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_update', id: 'item-defaults', run: updateItemDefaults },
    { stage: 'on_submit', id: 'references', run: updateReferences },
    { stage: 'on_submit', id: 'stock-ledger', run: writeStockLedger },
    { stage: 'on_submit', id: 'ledger', run: async (ctx) => { if (hasLedger(ctx)) await writeLedger(ctx) } },
    { stage: 'on_submit', id: 'status', run: (ctx) => setInvoiceStatus(ctx, 'Sales Invoice') },
    { stage: 'on_submit', id: 'outstanding', run: async (ctx) => { if (hasLedger(ctx)) await updateOutstanding(ctx) } },
    { stage: 'on_submit', id: 'returned-payments', run: lookAtReturned },
    { stage: 'on_submit', id: 'unpaid', run: clearUnpaid },
    { stage: 'on_submit', id: 'sales', run: updateSales },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}
