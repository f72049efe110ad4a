import { hasLedger, writeLedger } from '../accounts/gl-map.ts'
import { findOnce } from '../accounts/once.ts'
import { updateOutstanding } from '../accounts/references.ts'
import { formatDate } from '../accounts/site-text.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { takePartyAccount, findForeignAccount } from '../invoices/details.ts'
import { settleDueDates, takeDueDates } from '../invoices/due-date.ts'
import { updatePurchaseCost } from '../invoices/projects.ts'
import { checkExpenseAccounts, settleFreeLines, takeExpenseAccounts } from '../invoices/purchase-accounts.ts'
import { addPurchaseRemarks, checkPurchase, findRepeatedBills, settlePurchase } from '../invoices/purchase-amounts.ts'
import { makePurchaseLines, updateOwnOutstanding } from '../invoices/purchase-ledger.ts'
import { checkPurchaseReferences, findBadSigns, findOverbilled, updatePurchaseReferences } from '../invoices/purchase-references.ts'
import { checkPurchaseEntries, checkPurchaseStock, MOVES } from '../invoices/purchase-stock.ts'
import { findUnsupportedPurchases } from '../invoices/purchase-unsupported.ts'
import { findBadQuantities, findBadReturns, findOverreturned, settleReturns } from '../invoices/returns.ts'
import { setInvoiceStatus } from '../invoices/sales-ledger.ts'
import { scratchOf } from '../orders/item-details.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { PURCHASE_INVOICE as kind } from '../orders/kind.ts'
import { updateLastPurchaseRates } from '../orders/last-purchase.ts'
import { findBadWarehouses, findFractions } from '../orders/order-checks.ts'
import { orderSteps } from '../orders/steps.ts'
import { writeTaxTables } from '../orders/totals-step.ts'
import { resetHeaderWarehouse } from '../stock/entry-items.ts'
import { settlePostingTime } from '../stock/posting-time.ts'
import { rateReceipts } from '../stock/receipt-rates.ts'
import { addStandIns } from '../stock/stand-ins.ts'
import { writeStockLedger } from '../stock/write-ledger.ts'
import { rule as order } from './purchase-order.ts'

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** What an order does, with what an invoice does in between: its accounts after the items' details, its due date around the schedule. */
function invoiceSteps(): Step[] {
  return orderSteps(kind).flatMap((step) => {
    if (step.id === 'party') return [step, validate('party-account', (ctx) => takePartyAccount(ctx, kind)), validate('due-date', (ctx) => takeDueDates(ctx, kind))]
    if (step.id === 'unsupported-items') return [step, validate('free-lines', settleFreeLines), validate('line-accounts', takeExpenseAccounts)]
    if (step.id === 'totals') return [step, validate('returns', (ctx) => findBadReturns(ctx, kind))]
    if (step.id === 'schedule') return [validate('outstanding', settlePurchase), step, validate('due-dates', (ctx) => settleDueDates(ctx, kind))]
    if (step.id === 'party-checks') return [step, validate('account-currency', (ctx) => findForeignAccount(ctx, kind))]
    return [step]
  })
}

/** Purchase Invoice: as an order of its posting date, then accounts, due date, ledger, what is left to pay, the items' last purchase rates. */
export const rule: PostingRule = {
  doctype: 'Purchase Invoice',
  reads: [
    ...order.reads, 'Purchase Order', 'GL Entry', 'Stock Ledger Entry', 'Payment Ledger Entry', 'Payment Schedule', 'Fiscal Year', 'Fiscal Year Company', 'Accounting Period', 'Closed Document', 'Period Closing Voucher', 'Payment Terms Template', 'Accounting Dimension Filter', 'Cost Center Allocation', 'Budget', 'Stock Reservation Entry',
    'Inventory Dimension', 'Putaway Rule', 'Party Link',
  ],
  writes: ['tabGL Entry', 'tabPayment Ledger Entry', 'tabItem', 'tabItem Price', 'tabProject', 'tabVersion', 'tabStock Ledger Entry', 'tabBin', 'tabRepost Item Valuation', 'tabPurchase Invoice', 'tabComment', 'tabPurchase Order', 'tabPurchase Order Item', 'tabPurchase Receipt', 'tabPurchase Receipt Item'],
  dates: ['posting_date', 'due_date', 'bill_date'],
  steps: [
    validate('posting-time', settlePostingTime),
    validate('stand-ins', (ctx) => addStandIns(ctx, 'Purchase Order')),
    validate('unsupported-invoices', findUnsupportedPurchases),
    validate('quantities', findBadQuantities),
    ...invoiceSteps(),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('stock', checkPurchaseStock),
    validate('opening', async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.doc} SET is_opening = 'No' WHERE COALESCE(is_opening, '') = ''`) }),
    validate('checks', checkPurchase),
    validate('references', checkPurchaseReferences),
    validate('whole-units', (ctx) => findFractions(ctx, [['uom', 'qty'], ['stock_uom', 'stock_qty']])),
    validate('expense-accounts', checkExpenseAccounts),
    validate('set-warehouse', resetHeaderWarehouses),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'bills', run: findRepeatedBills },
    { stage: 'named', id: 'remarks', run: (ctx) => addPurchaseRemarks(ctx, formatDate(ctx, '%Y-%m-%d')) },
    { stage: 'named', id: 'overreturned', run: (ctx) => findOverreturned(ctx, kind) },
    { stage: 'named', id: 'settled-returns', run: (ctx) => settleReturns(ctx, kind) },
    { stage: 'named', id: 'signs', run: findBadSigns },
    { stage: 'named', id: 'overbilled', run: findOverbilled },
    { stage: 'named', id: 'stock-checks', run: checkPurchaseEntries },
    { stage: 'named', id: 'rates', run: (ctx) => rateReceipts(ctx, { returned: 'purchase_invoice_item', moves: MOVES }) },
    { stage: 'named', id: 'ledger', run: makePurchaseLines },
    { stage: 'named', id: 'once', run: (ctx) => findOnce(ctx, 'invoices') },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_submit', id: 'last-purchase', run: updateLastPurchaseRates },
    { stage: 'on_submit', id: 'references', run: updatePurchaseReferences },
    { stage: 'on_submit', id: 'stock-ledger', run: writeStockLedger },
    { stage: 'on_submit', id: 'ledger', run: async (ctx) => { if (hasLedger(ctx)) await writeLedger(ctx) } },
    { stage: 'on_submit', id: 'settled', run: updateOwnOutstanding },
    { stage: 'on_submit', id: 'status', run: (ctx) => setInvoiceStatus(ctx, 'Purchase Invoice') },
    { stage: 'on_submit', id: 'outstanding', run: async (ctx) => { if (hasLedger(ctx)) await updateOutstanding(ctx) } },
    { stage: 'on_submit', id: 'projects', run: updatePurchaseCost },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}

async function resetHeaderWarehouses(ctx: PostingContext): Promise<void> {
  for (const [header, column] of [['set_warehouse', 'warehouse'], ['rejected_warehouse', 'rejected_warehouse'], ['set_from_warehouse', 'from_warehouse']] as const) await resetHeaderWarehouse(ctx, header, column)
}
