import { takeBalances } from '../accounts/balances.ts'
import { checkLedger } from '../accounts/gl-checks.ts'
import { makeLedger, writeLedger } from '../accounts/gl-map.ts'
import { settlePayments } from '../accounts/payment-amounts.ts'
import { bookGains, findGainRefusals } from '../accounts/gain-journals.ts'
import { findPaymentRefusals, findUnsupportedPayments, takePaymentDetails, takeReferences } from '../accounts/payment-checks.ts'
import { settleReferences } from '../accounts/payment-references.ts'
import { updateOutstanding, writeAdvances } from '../accounts/references.ts'
import { findOnce } from '../accounts/once.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'

/** The ledger lines of submitted payments: what goes to each reference and what is left over, the bank, the deductions. */
async function makeLines(ctx: PostingContext): Promise<void> {
  const receive = `d.payment_type = 'Receive'`, places = fieldPrecision(ctx, ctx.meta, 'base_paid_amount')
  const transaction = `CASE WHEN d.paid_from_account_currency <> c.default_currency THEN d.paid_from_account_currency WHEN d.paid_to_account_currency <> c.default_currency THEN d.paid_to_account_currency ELSE c.default_currency END`
  const rate = `CASE WHEN d.paid_from_account_currency <> c.default_currency THEN d.source_exchange_rate WHEN d.paid_to_account_currency <> c.default_currency THEN d.target_exchange_rate ELSE 1 END`
  const partyRate = `CASE WHEN ${receive} THEN d.source_exchange_rate ELSE d.target_exchange_rate END`, account = `CASE WHEN ${receive} THEN d.paid_from ELSE d.paid_to END`, currency = `CASE WHEN ${receive} THEN d.paid_from_account_currency ELSE d.paid_to_account_currency END`
  const head = `d._id, d.is_opening, d.remarks, d.payment_type AS voucher_subtype, d.project`, from = `FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company`
  const sides = (credit: string, own: string, base: string, inTransaction: string) => ['', '_in_account_currency', '_in_transaction_currency'].map((suffix, i) => {
    const amount = [base, own, inTransaction][i]!
    return `CASE WHEN ${credit} THEN 0 ELSE ${amount} END AS debit${suffix}, CASE WHEN ${credit} THEN ${amount} ELSE 0 END AS credit${suffix}`
  }).join(', ')
  const inTransaction = (own: string, base: string, of: string) => `CASE WHEN ${transaction} = ${of} THEN ${own} ELSE ${base} / (${rate}) END`
  const party = `${account} AS account, ${currency} AS account_currency, d.party_type, d.party, CASE WHEN ${receive} THEN d.paid_to ELSE d.paid_from END AS against`
  const allocated = `flt(r.allocated_amount * ${partyRate}, ${places})`, unallocated = `d.unallocated_amount * ${partyRate}`
  // A return is paid back: the site turns the side of its line round, and the negative amount turns it once more.
  const turned = `r.reference_doctype IN ('Sales Invoice', 'Purchase Invoice') AND r.allocated_amount < 0 AND ((t.account_type = 'Receivable' AND d.payment_type = 'Pay') OR (t.account_type = 'Payable' AND ${receive}))`
  const none = `NULL AS against_voucher_type, NULL AS against_voucher`
  const center = `CASE WHEN r.reference_doctype = 'Sales Invoice' AND COALESCE(d.cost_center, '') = '' THEN (SELECT i.cost_center FROM rows."tabSales Invoice" i WHERE i.name = r.reference_name) ELSE d.cost_center END`
  const bank = (side: 'from' | 'to', credit: string, amount: string, base: string) => `SELECT ${head}, ${side === 'from' ? 100_001 : 100_002} AS _seq, d.paid_${side} AS account, d.paid_${side}_account_currency AS account_currency, NULL AS party_type, NULL AS party,
    CASE WHEN d.payment_type = 'Internal Transfer' THEN d.paid_${side === 'from' ? 'to' : 'from'} ELSE d.party END AS against, ${sides(credit, amount, base, inTransaction(amount, base, `d.paid_${side}_account_currency`))}, d.cost_center, ${none}, ${side === 'from'} AS net ${from}`
  await makeLedger(ctx, `SELECT ${head}, r._idx AS _seq, ${party}, ${sides(`(${receive}) <> (${turned})`, 'r.allocated_amount', allocated, inTransaction('r.allocated_amount', allocated, currency))}, ${center} AS cost_center, r.reference_doctype AS against_voucher_type,
      r.reference_name AS against_voucher, FALSE AS net ${from} JOIN ${ctx.child('references')} r ON r._parent = d._id LEFT JOIN rows."tabParty Type" t ON t.name = d.party_type WHERE d._submit AND d.payment_type <> 'Internal Transfer'
    UNION ALL SELECT ${head}, 100000 AS _seq, ${party}, ${sides(receive, 'd.unallocated_amount', unallocated, inTransaction('d.unallocated_amount', unallocated, currency))}, d.cost_center, ${none}, FALSE AS net ${from}
      WHERE d._submit AND d.payment_type <> 'Internal Transfer' AND COALESCE(d.unallocated_amount, 0) <> 0
    UNION ALL ${bank('from', 'TRUE', 'd.paid_amount', 'd.base_paid_amount')} WHERE d._submit AND d.payment_type IN ('Pay', 'Internal Transfer')
    UNION ALL ${bank('to', 'FALSE', 'd.received_amount', 'd.base_received_amount')} WHERE d._submit AND d.payment_type IN ('Receive', 'Internal Transfer')
    UNION ALL SELECT ${head}, 200000 + x._idx AS _seq, x.account, k.account_currency, NULL AS party_type, NULL AS party, COALESCE(NULLIF(d.party, ''), d.paid_from) AS against, ${sides('FALSE', 'x.amount', 'x.amount', `x.amount / (${rate})`)}, x.cost_center, ${none}, FALSE AS net ${from}
      JOIN ${ctx.child('deductions')} x ON x._parent = d._id LEFT JOIN rows."tabAccount" k ON k.name = x.account WHERE d._submit AND COALESCE(x.amount, 0) <> 0`, { merge: true, strict: true, twice: true })
  await checkLedger(ctx)
}

/** Balances of the party and both accounts before the payment. */
async function balances(ctx: PostingContext): Promise<void> {
  await takeBalances(ctx, [
    { into: 'party_balance', key: `CASE WHEN COALESCE(d.party, '') <> '' AND d.payment_type <> 'Internal Transfer' THEN 'p|' || d.party_type || '|' || d.party || '|' || d.company END` },
    { into: 'paid_from_account_balance', key: `'a|' || d.paid_from` }, { into: 'paid_to_account_balance', key: `'a|' || d.paid_to` },
  ])
}

async function advances(ctx: PostingContext): Promise<void> {
  await writeAdvances(ctx, `SELECT r._parent AS _id, r._idx AS _seq, r.reference_doctype AS against_voucher_type, r.reference_name AS against_voucher_no, r.allocated_amount AS amount,
    CASE WHEN d.payment_type = 'Receive' THEN d.paid_from_account_currency ELSE d.paid_to_account_currency END AS currency FROM ${ctx.child('references')} r JOIN ${ctx.live} d ON d._id = r._parent WHERE d._submit AND r.reference_doctype IN ('Sales Order', 'Purchase Order')`)
}

async function setStatus(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET status = CASE WHEN _submit THEN 'Submitted' ELSE 'Draft' END`)
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })

/** Payment Entry: party, accounts, rates, what is allocated and left over, remarks; on submit the ledger, what is left of invoices, advances on orders. */
export const rule: PostingRule = {
  doctype: 'Payment Entry',
  reads: [
    'Account', 'Company', 'Customer', 'Supplier', 'Customer Group', 'Supplier Group', 'Party Account', 'Party Type', 'Contact', 'Dynamic Link', 'Currency', 'Currency Exchange', 'Cost Center', 'Fiscal Year', 'Fiscal Year Company', 'Accounting Period', 'Closed Document', 'Period Closing Voucher', 'Sales Invoice',
    'Purchase Invoice', 'Sales Order', 'Purchase Order', 'GL Entry', 'Payment Ledger Entry', 'Advance Payment Ledger Entry', 'Payment Schedule', 'Payment Terms Template', 'Payment Request', 'Budget', 'Accounting Dimension', 'Accounting Dimension Filter', 'Cost Center Allocation',
  ],
  writes: ['tabGL Entry', 'tabPayment Ledger Entry', 'tabAdvance Payment Ledger Entry', 'tabSales Invoice', 'tabPurchase Invoice', 'tabSales Order', 'tabPurchase Order', 'tabVersion', 'tabJournal Entry', 'tabJournal Entry Account'],
  steps: [
    validate('unsupported', findUnsupportedPayments),
    validate('details', takePaymentDetails),
    validate('references', takeReferences),
    validate('amounts', settlePayments),
    validate('refusals', findPaymentRefusals),
    { stage: 'named', id: 'references-left', run: settleReferences },
    { stage: 'named', id: 'ledger', run: makeLines },
    { stage: 'named', id: 'gain-refusals', run: findGainRefusals },
    { stage: 'named', id: 'balances', run: balances },
    { stage: 'named', id: 'status', run: setStatus },
    { stage: 'named', id: 'once', run: (ctx) => findOnce(ctx, 'payments') },
    { stage: 'on_submit', id: 'ledger', run: writeLedger },
    { stage: 'on_submit', id: 'outstanding', run: updateOutstanding },
    { stage: 'on_submit', id: 'advances', run: advances },
    { stage: 'on_submit', id: 'gains', run: bookGains },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}
