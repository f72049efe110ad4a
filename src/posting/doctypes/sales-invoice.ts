import { hasLedger, writeLedger } from '../accounts/gl-map.ts'
import { updateOutstanding } from '../accounts/references.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingRule, Step } from '../framework/rule.ts'
import { borrowColumns } from '../invoices/columns.ts'
import { findForeignAccount, settleOutstanding, takeAccounts, takePartyAccount } from '../invoices/details.ts'
import { settleDueDates, takeDueDates } from '../invoices/due-date.ts'
import { addRemarks, makeSalesLines, setInvoiceStatus, updateItemDefaults, updateSales } from '../invoices/sales-ledger.ts'
import { findBadQuantities, findBadReturns, findOverreturned, settleReturns } from '../invoices/returns.ts'
import { findUnsupportedInvoices } from '../invoices/unsupported.ts'
import { scratchOf } from '../orders/item-details.ts'
import { insertMissingPrices } from '../orders/item-price.ts'
import { SALES_INVOICE as kind } from '../orders/kind.ts'
import { findBadWarehouses, findFractions } from '../orders/order-checks.ts'
import { orderSteps } from '../orders/steps.ts'
import { resetWarehouse } from '../orders/submit-effects.ts'
import { writeTaxTables } from '../orders/totals-step.ts'
import { findForeignProject } from '../orders/project.ts'
import { rule as order } from './sales-order.ts'

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** What an order does, with what an invoice does in between: its accounts after the items' details, its due date around the schedule. */
function invoiceSteps(): Step[] {
  return orderSteps(kind).flatMap((step) => {
    if (step.id === 'party') return [step, validate('party-account', (ctx) => takePartyAccount(ctx, kind)), validate('due-date', (ctx) => takeDueDates(ctx, kind))]
    if (step.id === 'unsupported-items') return [step, validate('line-accounts', takeAccounts)]
    if (step.id === 'totals') return [step, validate('returns', (ctx) => findBadReturns(ctx, kind))]
    if (step.id === 'schedule') return [validate('outstanding', settleOutstanding), step, validate('due-dates', (ctx) => settleDueDates(ctx, kind)), validate('account-currency', (ctx) => findForeignAccount(ctx, kind))]
    return [step]
  })
}

/** Sales Invoice without stock: as an order of its posting date, then accounts, due date, ledger, what is left to pay. */
export const rule: PostingRule = {
  doctype: 'Sales Invoice',
  reads: [...order.reads, 'Sales Invoice', 'Stock Ledger Entry', 'Payment Ledger Entry', 'Payment Schedule', 'Fiscal Year', 'Accounting Period', 'Closed Document', 'Period Closing Voucher', 'Payment Terms Template', 'Accounting Dimension Filter', 'Cost Center Allocation', 'Budget'],
  writes: ['tabGL Entry', 'tabPayment Ledger Entry', 'tabItem Price', 'tabItem Default', 'tabCompany', 'tabProject', 'tabVersion'],
  dates: ['posting_date', 'due_date', 'po_date'],
  steps: [
    validate('columns', (ctx) => borrowColumns(ctx, kind)),
    validate('unsupported-invoices', findUnsupportedInvoices),
    validate('quantities', findBadQuantities),
    ...invoiceSteps(),
    validate('project', findForeignProject),
    validate('whole-units', (ctx) => findFractions(ctx, [['stock_uom', 'stock_qty'], ['uom', 'qty']])),
    validate('warehouses', (ctx) => findBadWarehouses(ctx, kind)),
    validate('set-warehouse', resetWarehouse),
    { stage: 'named', id: 'tax-tables', run: writeTaxTables },
    { stage: 'named', id: 'remarks', run: addRemarks },
    { stage: 'named', id: 'overreturned', run: (ctx) => findOverreturned(ctx, kind) },
    { stage: 'named', id: 'settled-returns', run: (ctx) => settleReturns(ctx, kind) },
    { stage: 'named', id: 'ledger', run: makeSalesLines },
    { stage: 'on_update', id: 'prices', run: (ctx) => insertMissingPrices(ctx, kind, scratchOf(ctx).lines) },
    { stage: 'on_update', id: 'item-defaults', run: updateItemDefaults },
    { stage: 'on_submit', id: 'ledger', run: async (ctx) => { if (hasLedger(ctx)) await writeLedger(ctx) } },
    { stage: 'on_submit', id: 'status', run: (ctx) => setInvoiceStatus(ctx, 'Sales Invoice') },
    { stage: 'on_submit', id: 'outstanding', run: async (ctx) => { if (hasLedger(ctx)) await updateOutstanding(ctx) } },
    { stage: 'on_submit', id: 'sales', run: updateSales },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}
