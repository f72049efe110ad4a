import { checkLedger } from '../accounts/gl-checks.ts'
import { makeLedger } from '../accounts/gl-map.ts'
import { settleInvoices } from '../accounts/references.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, truthy } from '../orders/kind.ts'
import { PERPETUAL, remarks } from '../stock/general-ledger.ts'
import { stockEntries } from '../stock/write-ledger.ts'
import { billedItemLines } from './purchase-item-lines.ts'
import { settledInvoice } from './returns.ts'

/** Columns of `makeLedger` a line of a purchase invoice may name. */
export type LedgerLine = Partial<Record<
  'account' | 'party_type' | 'party' | 'against' | 'debit' | 'credit' | 'debit_in_account_currency' | 'credit_in_account_currency' | 'debit_in_transaction_currency' | 'credit_in_transaction_currency' | 'against_voucher_type' | 'against_voucher' | 'cost_center' | 'project' | 'due_date' | 'against_self' | 'apart' | 'remarks', string>>
export interface LineSource { seq: string; from: string; where: string; line: LedgerLine }

const AMOUNT = /^(debit|credit)/
const NOTHING: Record<string, string> = { due_date: 'NULL::DATE', against_self: 'FALSE', apart: 'FALSE', project: `NULLIF(d.project, '')`, remarks: 'd.remarks' }
const COLUMNS = ['party_type', 'party', 'against', 'debit', 'credit', 'debit_in_transaction_currency', 'credit_in_transaction_currency', 'against_voucher_type', 'against_voucher', 'cost_center', 'project', 'due_date', 'against_self', 'apart', 'remarks'] as const

/** SQL: the currency of the account `k`, the company's where it has none. */
const accountCurrency = `COALESCE(NULLIF(k.account_currency, ''), c.default_currency)`
/** SQL: amount in the currency of the account `k`, unless the line gives it. */
const ownCurrency = (given: string | undefined, amount: string) => given ?? `CASE WHEN ${accountCurrency} = c.default_currency THEN ${amount} ELSE flt((${amount}) / COALESCE(NULLIF(d.conversion_rate, 0), 1), 2) END`

/** SELECT of the ledger lines a source gives, over documents `d` with their company `c`. */
function select({ seq, from, where, line }: LineSource): string {
  const columns = COLUMNS.map((column) => `${line[column] ?? NOTHING[column] ?? (AMOUNT.test(column) ? '0.0' : 'NULL::VARCHAR')} AS ${column}`).join(', ')
  return `SELECT d._id, d.currency AS transaction_currency, COALESCE(NULLIF(d.conversion_rate, 0), 1) AS transaction_exchange_rate, CASE WHEN ${truthy('d.is_return')} THEN 'Debit Note' ELSE 'Purchase Invoice' END AS voucher_subtype, d.is_opening,
    ${seq} AS _seq, ${line.account} AS account, ${accountCurrency} AS account_currency, ${columns}, ${ownCurrency(line.debit_in_account_currency, line.debit ?? '0.0')} AS debit_in_account_currency, ${ownCurrency(line.credit_in_account_currency, line.credit ?? '0.0')} AS credit_in_account_currency
    FROM ${from} JOIN rows."tabCompany" c ON c.name = d.company LEFT JOIN rows."tabAccount" k ON k.name = ${line.account} WHERE d._submit AND ${where}`
}

/** The ledger lines of submitted purchase invoices: the supplier, the lines, what converting the net total lost, taxes, payment, write-off, rounding. */
export async function makePurchaseLines(ctx: PostingContext): Promise<void> {
  const entries = await stockEntries(ctx), live = `${ctx.live} d`
  const center = `COALESCE(${orNull('d.cost_center')}, c.round_off_cost_center)`, rounding = `CASE WHEN ${truthy('d.use_company_roundoff_cost_center')} THEN c.round_off_cost_center ELSE ${center} END`
  const roundOff = `COALESCE(${orNull('c.round_off_account')}, c.default_expense_account)`, opening = `d.is_opening = 'Yes'`
  const loss = 'flt(d.base_net_total - flt(d.net_total * d.conversion_rate, 2), 9)'
  const company = `${live} JOIN rows."tabCompany" co ON co.name = d.company`, of = (sql: string) => sql.replaceAll('c.', 'co.')
  const lines: LineSource[] = [
    supplierLine(live),
    ...await billedItemLines(ctx, entries),
    { seq: '100000000', from: company, where: `${loss} <> 0`, line: { account: of(roundOff), against: 'd.supplier', credit: loss, cost_center: of(rounding), remarks: `'Net total calculation precision loss'` } },
    ...taxLines(ctx, live),
    ...settlementLines(live),
    {
      seq: '400000000', from: company, where: `COALESCE(d.rounding_adjustment, 0) <> 0 AND COALESCE(d.base_rounding_adjustment, 0) <> 0`,
      line: { account: `CASE WHEN ${opening} THEN co.round_off_for_opening ELSE ${of(roundOff)} END`, against: 'd.supplier', debit: 'd.base_rounding_adjustment', debit_in_account_currency: 'd.rounding_adjustment', cost_center: of(rounding), apart: 'TRUE' },
    },
  ]
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', seq: 5, field: 'company', message: 'An opening invoice has a rounding adjustment; the company has no account for it', hint: 'Company, Round Off for Opening; or disable the rounded total.',
    select: `SELECT d._id AS id FROM ${company} WHERE d._submit AND ${opening} AND COALESCE(d.rounding_adjustment, 0) <> 0 AND COALESCE(d.base_rounding_adjustment, 0) <> 0 AND NOT ${filled('co.round_off_for_opening')}`,
  })
  await makeLedger(ctx, lines.map(select).join(' UNION ALL BY NAME '), { merge: true, strict: false })
  await checkLedger(ctx)
}

/** What the supplier is owed; of a debit note that settles its invoice, that invoice gets it. */
function supplierLine(live: string): LineSource {
  const total = `CASE WHEN COALESCE(d.rounding_adjustment, 0) <> 0 AND COALESCE(d.rounded_total, 0) <> 0 THEN d.rounded_total ELSE d.grand_total END`
  const baseTotal = `CASE WHEN COALESCE(d.base_rounding_adjustment, 0) <> 0 AND COALESCE(d.base_rounded_total, 0) <> 0 THEN d.base_rounded_total ELSE d.base_grand_total END`
  return {
    seq: '1', from: live, where: `${total} <> 0`, line: {
      account: 'd.credit_to', party_type: `'Supplier'`, party: 'd.supplier', due_date: 'd.due_date', against: 'd.against_expense_account', credit: baseTotal, credit_in_account_currency: `CASE WHEN d.party_account_currency IS NOT DISTINCT FROM c.default_currency THEN ${baseTotal} ELSE ${total} END`,
      credit_in_transaction_currency: total, cost_center: 'd.cost_center', against_self: `(${settledInvoice}) IS NULL`, against_voucher_type: `CASE WHEN (${settledInvoice}) IS NOT NULL THEN 'Purchase Invoice' END`, against_voucher: settledInvoice,
    },
  }
}

/** Taxes added to or deducted from the total; those that count for valuation of stock the invoice moves are taken from their accounts again. */
function taxLines(ctx: PostingContext, live: string): LineSource[] {
  if (ctx.childCount('taxes') === 0) return []
  const from = `${live} JOIN ${ctx.child('taxes')} t ON t._parent = d._id`, base = 't.base_tax_amount_after_discount_amount', amount = 't.tax_amount_after_discount_amount'
  const side = (deducted: string, value: string) => `CASE WHEN t.add_deduct_tax ${deducted === 'credit' ? '<>' : '='} 'Add' THEN ${value} ELSE 0 END`
  const valued = `CASE WHEN t.add_deduct_tax = 'Add' THEN 1 ELSE -1 END * ${base}`, valuation = `t.category IN ('Valuation', 'Valuation and Total') AND COALESCE(${base}, 0) <> 0 AND COALESCE(d.is_opening, 'No') = 'No'`
  return [
    {
      seq: '200000000 + t._idx', from, where: `t.category IN ('Total', 'Valuation and Total') AND COALESCE(${base}, 0) <> 0`, line: {
        account: 't.account_head', against: 'd.supplier', cost_center: 't.cost_center', debit: side('debit', base), credit: side('credit', base), debit_in_transaction_currency: side('debit', amount), credit_in_transaction_currency: side('credit', amount),
        debit_in_account_currency: `CASE WHEN ${accountCurrency} = c.default_currency THEN ${side('debit', base)} ELSE ${side('debit', amount)} END`, credit_in_account_currency: `CASE WHEN ${accountCurrency} = c.default_currency THEN ${side('credit', base)} ELSE ${side('credit', amount)} END`,
      },
    },
    {
      seq: '220000000 + t._idx', from, where: `${valuation} AND ${PERPETUAL} AND ${truthy('d.update_stock')}`,
      line: { account: 't.account_head', against: 'd.supplier', cost_center: 't.cost_center', credit: valued, credit_in_transaction_currency: `flt(${valued} / d.conversion_rate, 2)`, remarks: remarks('d.remarks') },
    },
  ]
}

/** What was paid at once, and what is written off. */
function settlementLines(live: string): LineSource[] {
  const back = `${truthy('d.is_return')} AND ${filled('d.return_against')}`
  const pair = (seq: number, account: string, base: string, amount: string, center: string, where: string): LineSource[] => [
    {
      seq: String(seq), from: live, where, line: {
        account: 'd.credit_to', party_type: `'Supplier'`, party: 'd.supplier', against: account, debit: base, debit_in_account_currency: `CASE WHEN d.party_account_currency IS NOT DISTINCT FROM c.default_currency THEN ${base} ELSE ${amount} END`, debit_in_transaction_currency: amount,
        cost_center: 'd.cost_center', apart: 'TRUE', against_self: `NOT (${back})`, against_voucher_type: `CASE WHEN ${back} THEN 'Purchase Invoice' END`, against_voucher: `CASE WHEN ${back} THEN d.return_against END`,
      },
    },
    {
      seq: String(seq + 1), from: live, where, line: {
        account, against: 'd.supplier', credit: base, credit_in_account_currency: `CASE WHEN ${accountCurrency} = c.default_currency THEN ${base} ELSE ${amount} END`, credit_in_transaction_currency: amount, cost_center: center, apart: 'TRUE',
      },
    },
  ]
  return [
    ...pair(300_000_000, 'd.cash_bank_account', 'd.base_paid_amount', 'd.paid_amount', 'd.cost_center', `${truthy('d.is_paid')} AND ${filled('d.cash_bank_account')} AND ${truthy('d.paid_amount')}`),
    ...pair(310_000_000, 'd.write_off_account', 'd.base_write_off_amount', 'd.write_off_amount', `COALESCE(${orNull('d.cost_center')}, d.write_off_cost_center)`, `${filled('d.write_off_account')} AND ${truthy('d.write_off_amount')}`),
  ]
}

/** What is left of submitted invoices once their own payment and write-off are in the ledger. For a stage after `writeLedger`. */
export async function updateOwnOutstanding(ctx: PostingContext): Promise<void> {
  await settleInvoices(ctx, 'Purchase Invoice', `SELECT d._id AS id, d.name, d.credit_to AS account, 'Supplier' AS party_type, d.supplier AS party FROM ${ctx.live} d WHERE d._submit`)
}
