import { literal } from '../../staging/staging.ts'
import { checkLedger } from '../accounts/gl-checks.ts'
import { hasLedger, makeLedger, writeLedger } from '../accounts/gl-map.ts'
import { findSubmitRefusals, findUnsupportedJournals, findWrongAccounts, findWrongAdvances, findWrongParties, queueLongJournals, takeAccounts } from '../accounts/journal-checks.ts'
import { settleJournals } from '../accounts/journal-lines.ts'
import { checkAmounts, checkReferences } from '../accounts/journal-references.ts'
import { updateOutstanding, writeAdvances } from '../accounts/references.ts'
import { checkJournalLimits } from '../orders/credit-limits.ts'
import { findOnce } from '../accounts/once.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'

/** The ledger lines of submitted journals: one per line, in the first foreign currency where there is one. */
async function makeLines(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts')
  const foreign = `SELECT a._parent, arg_min(a.account_currency, a._idx) AS currency, arg_min(a.exchange_rate, a._idx) AS rate FROM ${lines} a JOIN ${ctx.doc} d ON d._id = a._parent JOIN rows."tabCompany" c ON c.name = d.company
    WHERE COALESCE(d.multi_currency, 0) <> 0 AND a.account_currency <> c.default_currency GROUP BY a._parent`
  const rate = 'COALESCE(f.rate, 1)', currency = 'COALESCE(f.currency, c.default_currency)'
  const inTransaction = (side: string) => `CASE WHEN ${currency} = a.account_currency THEN a.${side}_in_account_currency ELSE a.${side} / ${rate} END`
  await makeLedger(ctx, `SELECT d._id, a._idx AS _seq, a.account, a.account_currency, a.party_type, a.party, a.against_account AS against, a.debit, a.credit, a.debit_in_account_currency, a.credit_in_account_currency,
      ${inTransaction('debit')} AS debit_in_transaction_currency, ${inTransaction('credit')} AS credit_in_transaction_currency, ${currency} AS transaction_currency, ${rate} AS transaction_exchange_rate,
      a.reference_type AS against_voucher_type, a.reference_name AS against_voucher, a.reference_detail_no AS voucher_detail_no, d.voucher_type AS voucher_subtype, a.cost_center, a.project, d.finance_book, d.due_date, d.is_opening,
      array_to_string(list_filter([a.user_remark, d.remark], lambda x: COALESCE(x, '') <> ''), chr(10)) AS remarks
    FROM ${ctx.doc} d JOIN ${lines} a ON a._parent = d._id LEFT JOIN (${foreign}) f ON f._parent = d._id LEFT JOIN rows."tabCompany" c ON c.name = d.company
    WHERE d._submit AND (COALESCE(a.debit, 0) <> 0 OR COALESCE(a.credit, 0) <> 0)`, { merge: Number(ctx.site.single('Accounts Settings')['merge_similar_account_heads'] ?? 0) !== 0, strict: true })
  await checkLedger(ctx)
}

async function advances(ctx: PostingContext): Promise<void> {
  await writeAdvances(ctx, `SELECT a._parent AS _id, a._idx AS _seq, a.reference_type AS against_voucher_type, a.reference_name AS against_voucher_no, a.account_currency AS currency,
      CASE WHEN a.account_type = 'Receivable' THEN a.credit_in_account_currency ELSE a.debit_in_account_currency END AS amount FROM ${ctx.child('accounts')} a JOIN ${ctx.live} d ON d._id = a._parent
    WHERE d._submit AND a.reference_type IN (${['Sales Order', 'Purchase Order'].map(literal).join(', ')}) AND amount > 0`)
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
const whenPosted = (run: Step['run']): Step['run'] => async (ctx) => { if (hasLedger(ctx)) await run(ctx) }

/** Journal Entry: amounts in company currency, counter accounts, remark; on submit the ledger, what is left of invoices, advances on orders. */
export const rule: PostingRule = {
  doctype: 'Journal Entry',
  reads: [
    'Account', 'Company', 'Customer', 'Supplier', 'Party Type', 'Currency', 'Currency Exchange', 'Cost Center', 'Project', 'Fiscal Year', 'Fiscal Year Company', 'Accounting Period', 'Closed Document', 'Period Closing Voucher', 'Sales Invoice', 'Purchase Invoice', 'Sales Order', 'Purchase Order',
    'GL Entry', 'Payment Ledger Entry', 'Advance Payment Ledger Entry', 'Payment Schedule', 'Stock Ledger Entry', 'Customer Credit Limit', 'Customer Group', 'Delivery Note', 'Delivery Note Item', 'Sales Invoice Item', 'Budget', 'Accounting Dimension', 'Accounting Dimension Filter', 'Cost Center Allocation',
  ],
  writes: ['tabGL Entry', 'tabPayment Ledger Entry', 'tabAdvance Payment Ledger Entry', 'tabSales Invoice', 'tabPurchase Invoice', 'tabSales Order', 'tabPurchase Order', 'tabVersion'],
  steps: [
    validate('unsupported', findUnsupportedJournals),
    validate('queued', queueLongJournals),
    validate('parties', findWrongParties),
    validate('advances', (ctx) => findWrongAdvances(ctx, 'given')),
    validate('accounts', takeAccounts),
    validate('amounts', settleJournals),
    validate('submitted-advances', (ctx) => findWrongAdvances(ctx, 'submitted')),
    validate('wrong-accounts', findWrongAccounts),
    validate('references', checkReferences),
    validate('submit-refusals', findSubmitRefusals),
    { stage: 'named', id: 'reference-amounts', run: checkAmounts },
    { stage: 'named', id: 'limits', run: checkJournalLimits },
    { stage: 'named', id: 'ledger', run: makeLines },
    { stage: 'named', id: 'once', run: (ctx) => findOnce(ctx, 'journals') },
    { stage: 'on_submit', id: 'ledger', run: whenPosted(writeLedger) },
    { stage: 'on_submit', id: 'outstanding', run: whenPosted(updateOutstanding) },
    { stage: 'on_submit', id: 'advances', run: advances },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}
