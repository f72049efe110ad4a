import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { floatRepr } from '../orders/python-number.ts'
import { given } from './conditions.ts'

/** Entries whose checks are all here: others look at assets, other companies, withheld tax or outstanding invoices. */
const PLAIN = ['Journal Entry', 'Bank Entry', 'Cash Entry', 'Credit Card Entry', 'Contra Entry', 'Excise Entry', 'Opening Entry']

/** What the checks work with: a line with its account, and amounts in company currency. */
async function makeLines(ctx: PostingContext): Promise<string> {
  const lines = ctx.scratch('lines'), amount = (side: string) => `COALESCE(c.${side}_in_account_currency, 0)`
  await ctx.staging.run(`CREATE TEMP TABLE ${lines.slice(5)} AS SELECT c._parent, c._idx, c.account, c.party_type, c.party, a.account_type, COALESCE(NULLIF(a.account_currency, ''), m.default_currency) AS currency, m.default_currency AS own,
      ${amount('debit')} AS debit, ${amount('credit')} AS credit,
      COALESCE(c.debit, 0) <> 0 OR COALESCE(c.credit, 0) <> 0 AS amounts_given, ${given('c.reference_type')} OR ${given('c.reference_name')} AS refers,
      round(${amount('debit')}, 2) <> ${amount('debit')} OR round(${amount('credit')}, 2) <> ${amount('credit')} AS fine
    FROM ${ctx.child('accounts')} c JOIN ${ctx.doc} d ON d._id = c._parent LEFT JOIN rows."tabAccount" a ON a.name = c.account LEFT JOIN rows."tabCompany" m ON m.name = d.company`)
  return lines
}

/** The first line of each entry that the site stumbles over. */
const first = (lines: string, message: string, where: string): string =>
  `SELECT l._parent AS id, l._idx AS idx, ${message} AS message FROM ${lines} l WHERE ${where} QUALIFY row_number() OVER (PARTITION BY l._parent ORDER BY l._idx) = 1`

async function checkParties(ctx: PostingContext, lines: string): Promise<void> {
  const missing = `NOT (${given('l.party_type')} AND ${given('l.party')})`
  await ctx.find({
    type: 'ValidationError', field: 'accounts.party', hint: 'Give the party, of the type the account is for.',
    select: first(lines, `CASE WHEN ${missing} THEN 'Row ' || l._idx || ': Party Type and Party is required for Receivable / Payable account ' || l.account
        ELSE 'Row ' || l._idx || ': Account ' || l.account || ' and Party Type ' || l.party_type || ' have different account types' END`,
    `l.account_type IN ('Receivable', 'Payable') AND (${missing} OR l.account_type IS DISTINCT FROM (SELECT p.account_type FROM rows."tabParty Type" p WHERE p.name = l.party_type))`),
  })
}

/** Entries for which nothing but what follows is checked. */
function plain(ctx: PostingContext, lines: string): string {
  return `SELECT d._id FROM ${ctx.doc} d WHERE d.voucher_type IN (${PLAIN.map(literal).join(', ')}) AND COALESCE(d.apply_tds, 0) = 0 AND NOT ${given('d.stock_entry')} AND NOT ${given('d.inter_company_journal_entry_reference')}
    AND d._id NOT IN (SELECT _parent FROM ${lines} WHERE amounts_given OR refers)`
}

async function checkAmounts(ctx: PostingContext, lines: string): Promise<void> {
  const entries = plain(ctx, lines)
  await ctx.find({
    type: 'ValidationError', field: 'multi_currency', message: 'Please check Multi Currency option to allow accounts with other currency', hint: 'Set multi_currency to 1.',
    select: `SELECT DISTINCT l._parent AS id FROM ${lines} l JOIN ${ctx.doc} d ON d._id = l._parent WHERE l.currency <> l.own AND COALESCE(d.multi_currency, 0) = 0 AND d._id IN (${entries})`,
  })
  // Amounts of other currencies and of fractions of a cent are rounded on the way.
  const exact = `${entries} AND d._id NOT IN (SELECT _parent FROM ${lines} WHERE fine OR currency IS DISTINCT FROM own)`
  await ctx.find({
    type: 'ValidationError', field: 'accounts.debit_in_account_currency', hint: 'Leave lines without an amount out.',
    select: first(lines, `'Row ' || l._idx || ': Both Debit and Credit values cannot be zero'`, `l.debit = 0 AND l.credit = 0 AND l._parent IN (${exact})`),
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.debit_in_account_currency', message: 'You cannot credit and debit same account at the same time', hint: 'Split the line in two.',
    select: `SELECT DISTINCT l._parent AS id FROM ${lines} l WHERE l.debit <> 0 AND l.credit <> 0 AND l._parent IN (${exact})`,
  })
  await checkStockAccounts(ctx, lines, exact)
  // Of the others nothing that Frappe checks later is certain.
  await ctx.find({ type: 'unsupported', stage: 'before_save', message: 'Not all that the site checks of such a Journal Entry is known', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._id NOT IN (${exact})` })
  await checkBalance(ctx, lines, exact)
}

/** Stock is booked by stock documents only; an entry without lines counts as one on every stock account. Told where the balances are known to be equal: nothing was booked yet. */
async function checkStockAccounts(ctx: PostingContext, lines: string, exact: string): Promise<void> {
  const booked = await ctx.staging.one('SELECT 1 FROM rows."tabStock Ledger Entry" UNION ALL SELECT 1 FROM rows."tabGL Entry" LIMIT 1')
  const touched = `SELECT d._id AS id, a.name AS account FROM ${ctx.doc} d JOIN rows."tabAccount" a ON a.account_type = 'Stock' AND a.company = d.company AND COALESCE(a.is_group, 0) = 0
    WHERE d._id NOT IN (SELECT _parent FROM ${lines}) OR EXISTS (SELECT 1 FROM ${lines} l WHERE l._parent = d._id AND l.account = a.name)`
  await ctx.find({
    type: booked === undefined ? 'StockAccountInvalidTransaction' : 'unsupported', field: 'accounts.account', hint: 'Book stock by a Stock Entry or Stock Reconciliation.',
    select: `SELECT id AS id, ${booked === undefined ? `'Account: ' || min(account) || ' can only be updated via Stock Transactions'` : `'What an entry on a stock account does cannot be predicted'`} AS message FROM (${touched})
      WHERE id IN (${exact}) GROUP BY id HAVING ${booked === undefined ? 'count(*) = 1' : 'TRUE'}`,
  })
}

/** Debit and credit must be equal when the entry is submitted; so must the reference of a bank entry be there. */
async function checkBalance(ctx: PostingContext, lines: string, exact: string): Promise<void> {
  const rows = await ctx.staging.all<{ id: number; debit: number; credit: number }>(`SELECT l._parent AS id, l.debit, l.credit FROM ${lines} l JOIN ${ctx.doc} d ON d._id = l._parent WHERE d._submit AND l._parent IN (${exact}) ORDER BY l._parent, l._idx`)
  const totals = new Map<number, { debit: number; credit: number }>()
  for (const row of rows) {
    const total = totals.get(row.id) ?? { debit: 0, credit: 0 }
    totals.set(row.id, { debit: total.debit + row.debit, credit: total.credit + row.credit })
  }
  const cents = (value: number) => Math.round(value * 100) / 100
  const open = [...totals].map(([id, { debit, credit }]) => ({ id, difference: cents(debit) - cents(credit) })).filter(({ difference }) => difference !== 0)
  await ctx.findAll({ type: 'ValidationError', field: 'difference', stage: 'before_save', hint: 'Debit and credit must be equal.' },
    open.map(({ id, difference }) => ({ id, message: `Total Debit must be equal to Total Credit. The difference is ${floatRepr(difference)}` })))
  await ctx.find({
    type: 'ValidationError', field: 'cheque_no', stage: 'on_submit', message: 'Reference No & Reference Date is required for Bank Entry', hint: 'Give cheque_no and cheque_date.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._submit AND d.voucher_type = 'Bank Entry' AND NOT (${given('d.cheque_no')} AND d.cheque_date IS NOT NULL) AND d._id IN (${exact})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'cheque_no', stage: 'on_submit', message: 'Reference No is mandatory if you entered Reference Date', hint: 'Give cheque_no.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._submit AND d.cheque_date IS NOT NULL AND NOT ${given('d.cheque_no')} AND d._id IN (${exact})`,
  })
}

/** What ERPNext refuses of a Journal Entry; what one writes is not known. */
export const rule: PostingRule = {
  doctype: 'Journal Entry', refusalsOnly: true, reads: ['Account', 'Company', 'Party Type', 'GL Entry', 'Stock Ledger Entry'],
  steps: [{
    stage: 'validate', id: 'checks',
    run: async (ctx) => {
      const lines = await makeLines(ctx)
      await checkParties(ctx, lines)
      await checkAmounts(ctx, lines)
    },
  }],
}
