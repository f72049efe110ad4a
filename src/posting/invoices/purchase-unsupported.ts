import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'

/** What purchase invoices may have and these steps do not cover: each with its reason. */
const DOCUMENT: [condition: string, field: string, reason: string][] = [
  [truthy('d.allocate_advances_automatically'), 'allocate_advances_automatically', 'Advances that the site allocates are not predicted'],
  [filled('d.inter_company_invoice_reference'), 'inter_company_invoice_reference', 'Invoices between companies are not predicted'], [filled('d.subscription'), 'subscription', 'Invoices of subscriptions are not predicted'],
  [`d.supplier IN (SELECT name FROM rows."tabSupplier" WHERE is_internal_supplier = 1)`, 'supplier', 'Internal suppliers are not predicted'],
  [`d.company IN (SELECT name FROM rows."tabCompany" WHERE enable_provisional_accounting_for_non_stock_items = 1)`, 'company', 'Provisional accounting of services is not predicted'],
  [truthy('d.use_transaction_date_exchange_rate'), 'use_transaction_date_exchange_rate', 'Exchange rates that replace the given one are not predicted'],
]
const TABLES: [table: string, reason: string][] = [['advances', 'Advances are not predicted'], ['advance_tax', 'Taxes on advances are not predicted'], ['tax_withheld_vouchers', 'Tax withholding is not predicted']]
const ITEMS = ['sales_invoice_item', 'wip_composite_asset', 'from_warehouse', 'bom', 'deferred_expense_account', 'serial_and_batch_bundle', 'rejected_serial_and_batch_bundle']

/** Nothing is guessed: purchase invoices with parts that are not covered are refused with the reason. */
export async function findUnsupportedPurchases(ctx: PostingContext): Promise<void> {
  const hint = 'Load such invoices through the site itself.', items = ctx.child('items')
  for (const [condition, field, reason] of DOCUMENT) await ctx.find({ type: 'unsupported', field, message: reason, hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${condition}` })
  for (const [table, reason] of TABLES) if (ctx.childCount(table) > 0) await ctx.find({ type: 'unsupported', field: table, message: reason, hint, select: `SELECT DISTINCT _parent AS id FROM ${ctx.child(table)}` })
  await ctx.find({
    type: 'unsupported', field: 'items', message: 'Lines of assets, deferred expenses, transfers or bundles are not predicted', hint,
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i LEFT JOIN rows."tabItem" m ON m.name = i.item_code WHERE ${ITEMS.map((field) => filled(`i.${field}`)).join(' OR ')} OR ${truthy('i.enable_deferred_expense')} OR COALESCE(m.is_fixed_asset, 0) = 1`,
  })
  if (Number(ctx.site.single('Buying Settings')['use_transaction_date_exchange_rate'] ?? 0) !== 0) await ctx.find({ type: 'unsupported', field: 'conversion_rate', message: 'Buying Settings replace exchange rates of invoices', hint, select: `SELECT d._id AS id FROM ${ctx.doc} d` })
  if (await ctx.staging.exists('rows."tabParty Link"') && await ctx.staging.one('SELECT 1 FROM rows."tabParty Link" LIMIT 1') !== undefined && Number(ctx.site.single('Accounts Settings')['enable_common_party_accounting'] ?? 0) !== 0) await ctx.find({
    type: 'unsupported', field: 'supplier', message: 'Accounting of parties that are customers as well is not predicted', hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._submit`,
  })
}
