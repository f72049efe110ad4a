import { literal } from '../../staging/staging.ts'
import { given, on } from '../doctypes/conditions.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { tableRate } from './site-text.ts'

const row = (text: string) => `'Row ' || a._idx || ${literal(`: ${text}`)}`

/** Journals of what a payment gains or loses by its rate: amounts in the company's currency stand for themselves. */
export const GAIN = 'Exchange Gain Or Loss'
/** SQL over the journal `d`: the site made it of a payment (gain-journals.ts). */
const OF_A_PAYMENT = `(d.voucher_type = '${GAIN}' AND ${truthy('d.is_system_generated')} AND ${truthy('d.multi_currency')})`

/** Kinds and features of journals these steps do not cover. */
export async function findUnsupportedJournals(ctx: PostingContext): Promise<void> {
  const kinds = ['Depreciation Entry', 'Deferred Revenue', 'Deferred Expense'], hint = 'Load such journals through the site itself.'
  await ctx.find({
    type: 'unsupported', field: 'voucher_type', causeByValue: true, hint, select: `SELECT d._id AS id, d.voucher_type AS "value", 'Journals of the type ' || d.voucher_type || ' are not predicted' AS message FROM ${ctx.doc} d WHERE d.voucher_type IN (${kinds.map(literal).join(', ')}) OR d.voucher_type = '${GAIN}' AND NOT ${OF_A_PAYMENT}`,
  })
  const fields: [condition: string, field: string, reason: string][] = [
    [`d.voucher_type = 'Inter Company Journal Entry' AND ${filled('d.inter_company_journal_entry_reference')}`, 'inter_company_journal_entry_reference', 'Journals between companies are not predicted'],
    [`${truthy('d.apply_tds')} AND d.voucher_type IN ('Debit Note', 'Credit Note')`, 'apply_tds', 'Tax withholding is not predicted'],
    [filled('d.stock_entry'), 'stock_entry', 'Journals for a Stock Entry are not predicted'], [filled('d.amended_from'), 'amended_from', 'Amended journals are not predicted'],
  ]
  for (const [condition, field, reason] of fields) await ctx.find({ type: 'unsupported', field, message: reason, hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${condition}` })
  await ctx.find({
    type: 'unsupported', field: 'accounts.reference_type', causeByValue: true, hint, select: `SELECT a._parent AS id, a._idx AS idx, a.reference_type AS "value", 'References to ' || a.reference_type || ' are not predicted' AS message FROM ${ctx.child('accounts')} a JOIN ${ctx.doc} d ON d._id = a._parent
      WHERE ${filled('a.reference_type')} AND ${filled('a.reference_name')} AND a.reference_type NOT IN ('Sales Invoice', 'Purchase Invoice', 'Sales Order', 'Purchase Order') AND NOT (a.reference_type = 'Payment Entry' AND ${OF_A_PAYMENT})`,
  })
  if ((ctx.site.default('lang') ?? ctx.site.default('language') ?? 'en') !== 'en') await ctx.find({ type: 'unsupported', message: 'The site writes remarks and amounts in words in a language other than English', hint, select: `SELECT d._id AS id FROM ${ctx.doc} d` })
}

/** Journals of more than 100 lines are submitted later, by a job of the site: they stay drafts for now. */
export async function queueLongJournals(ctx: PostingContext): Promise<void> {
  const long = `SELECT _parent FROM ${ctx.child('accounts')} GROUP BY _parent HAVING COUNT(*) > 100`
  await ctx.find({
    type: 'submission-queued', severity: 'warning', field: 'accounts', message: 'The site queues the submission of a journal of more than 100 lines: it stays a draft until the job has run', hint: 'Split the journal, or make sure that the site\'s workers run.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._submit AND d._id IN (${long})`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET _submit = FALSE, _saved = FALSE WHERE _submit AND _id IN (${long})`)
}

/** Lines on accounts of parties name one, of the right kind; advances are on the right side. */
export async function findWrongParties(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts'), account = `${lines} a JOIN rows."tabAccount" k ON k.name = a.account`
  await ctx.find({
    type: 'ValidationError', field: 'accounts.party', hint: 'Map the party of the line.', select: `SELECT a._parent AS id, a._idx AS idx, a.account AS "value", ${row('Party Type and Party is required for Receivable / Payable account ')} || a.account AS message
      FROM ${account} WHERE k.account_type IN ('Receivable', 'Payable') AND NOT (${given('a.party_type')} AND ${given('a.party')})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.party_type', hint: 'Use an account for this kind of party.', select: `SELECT a._parent AS id, a._idx AS idx, a.account AS "value", ${row('Account and Party Type have different account types')} AS message
      FROM ${account} LEFT JOIN rows."tabParty Type" t ON t.name = a.party_type WHERE k.account_type IN ('Receivable', 'Payable') AND ${given('a.party_type')} AND ${given('a.party')} AND t.account_type IS DISTINCT FROM k.account_type`,
  })
}

/**
 * Advances are marked, and on the right side. The site looks before it has computed amounts in company currency, and once more when the journal is submitted.
 */
export async function findWrongAdvances(ctx: PostingContext, which: 'given' | 'submitted'): Promise<void> {
  const lines = ctx.child('accounts'), computed = which === 'submitted' ? ` AND a._parent IN (SELECT _id FROM ${ctx.doc} WHERE _submit)` : ''
  const receives = `(a.party_type = 'Customer' AND a.credit > 0 OR a.party_type = 'Supplier' AND a.debit > 0)`
  await ctx.find({
    type: 'ValidationError', field: 'accounts.is_advance', hint: 'Say Yes in is_advance.', select: `SELECT a._parent AS id, a._idx AS idx, ${row('Payment against Sales/Purchase Order should always be marked as advance')} AS message
      FROM ${lines} a WHERE a.reference_type IN ('Sales Order', 'Purchase Order') AND ${receives} AND COALESCE(a.is_advance, '') NOT IN ('Yes', 'No')${computed}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.is_advance', hint: 'Correct the side or the flag.', select: `SELECT a._parent AS id, a._idx AS idx, ${row('An advance against a customer must be credit, against a supplier debit')} AS message
      FROM ${lines} a WHERE a.is_advance = 'Yes' AND COALESCE(a.reference_type, '') NOT IN ('Sales Invoice', 'Purchase Invoice', 'Journal Entry') AND (a.party_type = 'Customer' AND a.debit > 0 OR a.party_type = 'Supplier' AND a.credit > 0)${computed}`,
  })
}

/** Currency and type of each line's account, and the rate to the company's currency. */
export async function takeAccounts(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET is_opening = CASE WHEN voucher_type = 'Opening Entry' THEN 'Yes' WHEN NOT ${given('is_opening')} THEN 'No' ELSE is_opening END, clearance_date = NULL`)
  await ctx.staging.run(`UPDATE ${lines} AS a SET account_currency = k.account_currency, account_type = k.account_type FROM rows."tabAccount" k WHERE k.name = a.account`)
  await ctx.staging.run(`UPDATE ${lines} AS a SET account_currency = c.default_currency FROM ${ctx.doc} d, rows."tabCompany" c WHERE d._id = a._parent AND c.name = d.company AND NOT ${given('a.account_currency')}`)
  await ctx.find({
    type: 'ValidationError', field: 'multi_currency', message: 'Please check Multi Currency option to allow accounts with other currency', hint: 'Set multi_currency to 1.',
    select: `SELECT DISTINCT d._id AS id FROM ${ctx.doc} d JOIN ${lines} a ON a._parent = d._id JOIN rows."tabCompany" c ON c.name = d.company WHERE NOT ${on('d.multi_currency')} AND a.account_currency <> c.default_currency`,
  })
  const invoice = (doctype: string) => `(SELECT CAST(i.conversion_rate AS DOUBLE) FROM rows."tab${doctype}" i WHERE i.name = a.reference_name)`
  const referred = `a.reference_type IN ('Sales Invoice', 'Purchase Invoice') AND ${given('a.reference_name')}`, own = `COALESCE(a.exchange_rate, 0) IN (0, 1)`
  const table = ctx.scratch('journal_rates')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT a._parent, a._idx, CASE WHEN ${referred} THEN COALESCE(NULLIF(CASE a.reference_type WHEN 'Sales Invoice' THEN ${invoice('Sales Invoice')} ELSE ${invoice('Purchase Invoice')} END, 0), 1)
      ELSE ${tableRate(ctx, 'a.account_currency', 'c.default_currency', 'd.posting_date')} END AS rate
    FROM ${lines} a JOIN ${ctx.doc} d ON d._id = a._parent JOIN rows."tabCompany" c ON c.name = d.company WHERE a.account_currency <> c.default_currency AND (${own} OR ${referred})`)
  await ctx.find({
    type: 'unsupported', field: 'accounts.exchange_rate', message: 'The site would ask a service on the internet for the rate', hint: 'Give exchange_rate, or load Currency Exchange.', select: `SELECT _parent AS id, _idx AS idx FROM ${table} WHERE rate IS NULL`,
  })
  await ctx.staging.run(`UPDATE ${lines} AS a SET exchange_rate = 1 FROM ${ctx.doc} d, rows."tabCompany" c WHERE d._id = a._parent AND c.name = d.company AND a.account_currency = c.default_currency`)
  await ctx.staging.run(`UPDATE ${lines} AS a SET exchange_rate = COALESCE(NULLIF(s.rate, 0), 1) FROM ${table} s WHERE s._parent = a._parent AND s._idx = a._idx`)
}

/** Stock accounts move with stock only; journals are for the company's own dimensions. */
export async function findWrongAccounts(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts')
  const balance = (column: string) => `COALESCE((SELECT CAST(SUM(${column}) AS DOUBLE) FROM`
  const stock = `JOIN rows."tabAccount" k ON k.name = a.account AND k.account_type = 'Stock' AND k.company = d.company AND COALESCE(k.is_group, 0) = 0`
  const moved = `EXISTS (SELECT 1 FROM rows."tabStock Ledger Entry" s) OR abs(${balance('g.debit - g.credit')} rows."tabGL Entry" g WHERE g.account = k.name AND g.is_cancelled = 0), 0)) > 0.005`
  const from = `FROM ${lines} a JOIN ${ctx.doc} d ON d._id = a._parent ${stock}`
  await ctx.find({
    type: 'unsupported', field: 'accounts.account', hint: 'Load such journals through the site itself.', message: 'Whether a stock account agrees with the stock is not predicted', select: `SELECT a._parent AS id, a._idx AS idx, a.account AS "value" ${from} WHERE ${moved}`,
  })
  const refusal = { type: 'StockAccountInvalidTransaction', field: 'accounts.account', causeByValue: true, hint: 'Use another account, or a Stock Reconciliation.' }
  await ctx.find({ ...refusal, select: `SELECT a._parent AS id, a._idx AS idx, a.account AS "value", 'Account: ' || a.account || ' can only be updated via Stock Transactions' AS message ${from} WHERE NOT (${moved})` })
  // A journal without lines is asked about all stock accounts of the company.
  await ctx.find({
    ...refusal, select: `SELECT d._id AS id, k.name AS "value", 'Account: ' || k.name || ' can only be updated via Stock Transactions' AS message FROM ${ctx.doc} d JOIN rows."tabAccount" k ON k.account_type = 'Stock' AND k.company = d.company AND COALESCE(k.is_group, 0) = 0
      WHERE d._id NOT IN (SELECT _parent FROM ${lines})`,
  })
  await ctx.find({ type: 'ValidationError', field: 'accounts', message: 'Accounts table cannot be blank.', hint: 'Map the lines.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._id NOT IN (SELECT _parent FROM ${lines})` })
  await ctx.find({
    type: 'ValidationError', field: 'voucher_type', message: 'Journal Entry type should be set as Depreciation Entry for asset depreciation', hint: 'Use another account.', select: `SELECT a._parent AS id, a._idx AS idx FROM ${lines} a WHERE a.account_type = 'Depreciation'`,
  })
  for (const [doctype, field] of [['Project', 'project'], ['Cost Center', 'cost_center']] as const) await ctx.find({
    type: 'ValidationError', field: `accounts.${field}`, causeByValue: true, hint: 'Use one of the journal\'s company.', select: `SELECT a._parent AS id, a._idx AS idx, a.${field} AS "value", '${doctype}: ' || a.${field} || ' does not belong to the Company: ' || d.company AS message
      FROM ${lines} a JOIN ${ctx.doc} d ON d._id = a._parent JOIN rows."tab${doctype}" x ON x.name = a.${field} WHERE ${filled('x.company')} AND x.company <> d.company`,
  })
}

/** Reference of a cheque; what a submit asks beyond that. */
export async function findSubmitRefusals(ctx: PostingContext): Promise<void> {
  await ctx.find({ type: 'MandatoryError', field: 'cheque_date', message: 'Please enter Reference date', hint: 'Map the date, or leave the number out.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${filled('d.cheque_no')} AND d.cheque_date IS NULL` })
  if (!ctx.import) await ctx.find({
    type: 'ValidationError', field: 'difference', stage: 'before_submit', hint: 'Add the missing line, for example on the account for opening balances.',
    select: `SELECT d._id AS id, CAST(d.difference AS VARCHAR) AS "value", 'Total Debit must be equal to Total Credit. The difference is ' || d.difference AS message FROM ${ctx.doc} d WHERE d._submit AND d.difference <> 0`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'cheque_no', stage: 'on_submit', seq: 1, hint: 'Map cheque_no and cheque_date, or use another voucher type.',
    select: `SELECT d._id AS id, CASE WHEN d.voucher_type = 'Bank Entry' THEN 'Reference No & Reference Date is required for Bank Entry' ELSE 'Reference No is mandatory if you entered Reference Date' END AS message FROM ${ctx.doc} d WHERE d._submit AND NOT ${filled('d.cheque_no')} AND (d.voucher_type = 'Bank Entry' OR d.cheque_date IS NOT NULL)`,
  })
}
