import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { ledgerOf } from './gl-map.ts'

/** Findings of the ledger come in the site's order: the year, the period, the accounts, the balance, frozen dates, then each line. */
const at = { year: 10, period: 20, disabled: 25, payments: 30, frozen: 50, closed: 51, center: 60, mandatory: 61, place: 62, opening: 63, party: 64, currency: 65, account: 66 }

/** What the site refuses when it writes the ledger lines of `makeLedger`. */
export async function checkLedger(ctx: PostingContext): Promise<void> {
  const map = ledgerOf(ctx), submitted = `${ctx.doc} d`
  const report = (type: string, seq: number, select: string, more: { field?: string; hint?: string; message?: string } = {}) => ctx.find({ type, seq, stage: 'on_submit', causeByValue: true, select, ...more })
  await checkPeriods(ctx, map, report)
  const account = `FROM ${map} l JOIN rows."tabAccount" k ON k.name = l.account`
  await report('ValidationError', at.disabled, `SELECT l._id AS id, l.account AS "value", 'Cannot create accounting entries against disabled accounts: ' || l.account AS message ${account} WHERE k.disabled = 1`, { field: 'account', hint: 'Enable the account for the migration.' })
  await report('ValidationError', at.account, `SELECT l._id AS id, l.account AS "value", 'Account ' || l.account || ' is a Group Account and group accounts cannot be used in transactions' AS message ${account} WHERE k.is_group = 1`, { field: 'account', hint: 'Use a ledger account.' })
  await report('ValidationError', at.account, `SELECT l._id AS id, l.account AS "value", 'Account ' || l.account || ' does not belong to Company ' || l.company AS message ${account} WHERE k.company IS DISTINCT FROM l.company`, { field: 'account', hint: 'Use an account of the document\'s company.' })
  const modifier = ctx.site.single('Accounts Settings')['frozen_accounts_modifier']
  if (!modifier) await report('ValidationError', at.account, `SELECT l._id AS id, l.account AS "value", 'Account ' || l.account || ' is frozen' AS message ${account} WHERE k.freeze_account = 'Yes'`, { field: 'account', hint: 'Unfreeze the account for the migration.' })
  await report('unsupported', at.account, `SELECT l._id AS id, l.account AS "value", 'Whether the balance of ' || l.account || ' stays on its side is not predicted' AS message ${account} WHERE ${filled('k.balance_must_be')}`, { field: 'account', hint: 'Clear Balance Must Be of the account for the migration.' })
  await report('ValidationError', at.center, `SELECT l._id AS id, l.account AS "value", 'Cost Center is required for Profit and Loss account ' || l.account AS message ${account} WHERE k.report_type = 'Profit and Loss' AND NOT ${filled('l.cost_center')}`, { field: 'cost_center', hint: 'Map a cost center, or give the company one.' })
  await report('ValidationError', at.mandatory, `SELECT l._id AS id, l.account AS "value", 'A party is required against the ' || k.account_type || ' account ' || l.account AS message ${account} WHERE k.account_type IN ('Receivable', 'Payable')
    AND NOT (${filled('l.party_type')} AND ${filled('l.party')})`, { field: 'party', hint: 'Map the party.' })
  const center = `FROM ${map} l JOIN rows."tabCost Center" c ON c.name = l.cost_center`
  await report('ValidationError', at.place, `SELECT l._id AS id, l.cost_center AS "value", 'Cost Center ' || l.cost_center || CASE WHEN c.company IS DISTINCT FROM l.company THEN ' does not belong to Company ' || l.company ELSE ' is a group cost center and group cost centers cannot be used in transactions' END AS message
    ${center} WHERE c.company IS DISTINCT FROM l.company OR c.is_group = 1`, { field: 'cost_center', hint: 'Use a cost center of the company that is no group.' })
  await report('ValidationError', at.opening, `SELECT l._id AS id, l.account AS "value", 'Profit and Loss type account ' || l.account || ' not allowed in Opening Entry' AS message ${account} WHERE l.is_opening = 'Yes' AND k.report_type = 'Profit and Loss'`, { field: 'account', hint: 'Open with balance sheet accounts (Temporary Opening).' })
  await checkParties(ctx, map, report)
  const currency = `COALESCE(NULLIF(k.account_currency, ''), co.default_currency)`
  await report('InvalidAccountCurrency', at.currency, `SELECT l._id AS id, l.account AS "value", 'Accounting Entry for ' || l.account || ' can only be made in currency: ' || ${currency} AS message ${account} JOIN rows."tabCompany" co ON co.name = l.company WHERE ${filled('l.account_currency')} AND ${currency} <> l.account_currency`)
  await findUnsupported(ctx, map, submitted)
}

type Report = (type: string, seq: number, select: string, more?: { field?: string; hint?: string; message?: string }) => Promise<number>

async function checkPeriods(ctx: PostingContext, map: string, report: Report): Promise<void> {
  const vouchers = `(SELECT DISTINCT _id, company, posting_date FROM ${map}) l`
  await report('FiscalYearError', at.year, `SELECT l._id AS id, CAST(l.posting_date AS VARCHAR) AS "value", 'Date ' || l.posting_date || ' is not in any active Fiscal Year' AS message FROM ${vouchers} WHERE NOT EXISTS (SELECT 1 FROM rows."tabFiscal Year" y
    WHERE COALESCE(y.disabled, 0) = 0 AND l.posting_date BETWEEN y.year_start_date AND y.year_end_date)`, { field: 'posting_date', hint: 'Create the fiscal year first.' })
  await report('ClosedAccountingPeriod', at.period, `SELECT l._id AS id, a.name AS "value", 'You cannot create or cancel any accounting entries with in the closed Accounting Period ' || a.name AS message FROM ${vouchers} JOIN rows."tabAccounting Period" a ON a.company = l.company
    AND l.posting_date BETWEEN a.start_date AND a.end_date JOIN rows."tabClosed Document" c ON c.parent = a.name AND c.closed = 1 AND c.document_type = ${literal(ctx.meta.name)}`, { field: 'posting_date', hint: 'Open the period for the migration.' })
  const frozen = ctx.site.single('Accounts Settings')['acc_frozen_upto']
  if (frozen) await report('ValidationError', at.frozen, `SELECT l._id AS id, CAST(l.posting_date AS VARCHAR) AS "value" FROM ${vouchers} WHERE l.posting_date <= DATE ${literal(frozen)}`,
    { field: 'posting_date', message: `You are not authorized to add or update entries before ${frozen}`, hint: 'Clear Accounts Frozen Till Date in Accounts Settings for the migration.' })
  const closing = `rows."tabPeriod Closing Voucher" p ON p.docstatus = 1 AND p.company = l.company`
  await report('ValidationError', at.closed, `SELECT DISTINCT l._id AS id FROM ${vouchers} JOIN ${closing} WHERE l._id IN (SELECT _id FROM ${map} WHERE is_opening = 'Yes')`,
    { field: 'is_opening', message: 'Opening Entry can not be created after Period Closing Voucher is created.', hint: 'Cancel the period closing for the migration.' })
  await report('ValidationError', at.closed, `SELECT DISTINCT l._id AS id, CAST(l.posting_date AS VARCHAR) AS "value" FROM ${vouchers} JOIN ${closing} WHERE p.period_end_date >= l.posting_date`,
    { field: 'posting_date', message: 'Books have been closed', hint: 'Cancel the period closing for the migration.' })
}

async function checkParties(ctx: PostingContext, map: string, report: Report): Promise<void> {
  const modifier = ctx.site.single('Accounts Settings')['frozen_accounts_modifier']
  for (const type of ['Customer', 'Supplier']) {
    const from = `FROM (SELECT DISTINCT _id, party FROM ${map} WHERE party_type = '${type}') l JOIN rows."tab${type}" p ON p.name = l.party`
    await report('PartyDisabled', at.party, `SELECT l._id AS id, l.party AS "value", '${type} ' || l.party || ' is disabled' AS message ${from} WHERE p.disabled = 1`, { field: 'party', hint: 'Enable the party for the migration.' })
    if (!modifier) await report('PartyFrozen', at.party, `SELECT l._id AS id, l.party AS "value", '${type} ' || l.party || ' is frozen' AS message ${from} WHERE p.is_frozen = 1 AND COALESCE(p.disabled, 0) = 0`, { field: 'party', hint: 'Unfreeze the party for the migration.' })
  }
  await report('ValidationError', at.party, `SELECT l._id AS id, l.account AS "value", 'Party Type and Party can only be set for Receivable / Payable account ' || l.account AS message FROM ${map} l JOIN rows."tabAccount" k ON k.name = l.account
    WHERE ${filled('l.party_type')} AND ${filled('l.party')} AND ${filled('k.account_type')} AND k.account_type NOT IN ('Receivable', 'Payable', 'Equity')`, { field: 'party', hint: 'Leave the party out of other accounts.' })
  // A party's first entry fixes the currency of all later ones: those on the site, and those of documents before this one.
  const lines = `SELECT l._id, l._seq, l.party_type, l.party, l.company, l.account_currency FROM ${map} l WHERE ${filled('l.party_type')} AND ${filled('l.party')}`
  await report('InvalidAccountCurrency', at.currency, `SELECT l._id AS id, l.party AS "value", l.party_type || ' ' || l.party || ' has accounting entries in currency ' || COALESCE(g.currency, l.first_currency) AS message
    FROM (SELECT *, first_value(account_currency) OVER (PARTITION BY party_type, party, company ORDER BY _id, _seq) AS first_currency FROM (${lines})) l
    LEFT JOIN (SELECT party_type, party, company, any_value(account_currency) AS currency FROM rows."tabGL Entry" WHERE docstatus = 1 AND is_cancelled = 0 AND party <> '' GROUP BY ALL) g
      ON g.party_type = l.party_type AND g.party = l.party AND g.company = l.company WHERE COALESCE(g.currency, l.first_currency) <> l.account_currency`, { field: 'party', hint: 'Use an account in the currency of the party\'s other entries.' })
}

/** Features of the site that change what is written: said, not guessed. */
async function findUnsupported(ctx: PostingContext, map: string, documents: string): Promise<void> {
  const all = `SELECT DISTINCT l._id AS id FROM ${map} l`
  const features: [from: string, reason: string, where?: string][] = [
    ['rows."tabAccounting Dimension" WHERE COALESCE(disabled, 0) = 0', 'The site has Accounting Dimensions of its own'],
    ['rows."tabAccounting Dimension Filter" WHERE COALESCE(disabled, 0) = 0', 'Accounting Dimension Filters limit accounts'],
    ['rows."tabBudget" WHERE docstatus = 1', 'Budgets are checked on submit'],
    ['rows."tabCost Center Allocation" WHERE docstatus = 1', 'Cost Center Allocations distribute entries'],
    ['rows."tabFiscal Year Company"', 'Fiscal years of single companies are not predicted'],
    [`rows."tabWorkflow" WHERE is_active = 1 AND document_type = ${literal(ctx.meta.name)}`, 'A Workflow applies'],
    ['rows."tabAuthorization Rule"', 'Authorization Rules limit who may submit'],
  ]
  for (const [from, reason] of features) {
    if (await ctx.staging.one(`SELECT 1 FROM ${from} LIMIT 1`) === undefined) continue
    await ctx.find({ type: 'unsupported', message: reason, hint: 'Load such documents through the site itself.', select: `${all} JOIN ${documents} ON d._id = l._id` })
  }
}
