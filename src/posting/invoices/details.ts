import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, type OrderKind } from '../orders/kind.ts'
import { factKey } from '../orders/item-facts.ts'
import { scratchOf } from '../orders/item-details.ts'
import { partyAccount } from '../orders/order-checks.ts'
import { settledInvoice } from './returns.ts'

/** The party's account of the invoice and its currency; remembers which invoices bring a schedule. */
export async function takePartyAccount(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const field = kind.selling ? 'debit_to' : 'credit_to', party = `rows."tab${kind.partyType}"`
  await ctx.staging.run(`ALTER TABLE ${ctx.doc} ADD COLUMN _given_schedule BOOLEAN DEFAULT FALSE; UPDATE ${ctx.doc} SET _given_schedule = _id IN (SELECT _parent FROM ${ctx.child('payment_schedule')} WHERE due_date IS NOT NULL)`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET ${field} = s.account FROM (SELECT d._id, ${partyAccount(kind)} AS account FROM ${ctx.doc} d JOIN ${party} p ON p.name = d.${kind.party} LEFT JOIN rows."tabCompany" c ON c.name = d.company WHERE NOT ${filled(`d.${field}`)}) s WHERE s._id = t._id`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET party_account_currency = k.account_currency FROM rows."tabAccount" k WHERE k.name = d.${field}`)
  const account = `FROM ${ctx.doc} d JOIN rows."tabAccount" k ON k.name = d.${field}`
  await ctx.find({
    type: 'ValidationError', field, causeByValue: true, hint: `Use a ${kind.selling ? 'receivable' : 'payable'} account.`, select: `SELECT d._id AS id, d.${field} AS "value", 'The account ' || d.${field} || ' is no ${kind.selling ? 'Receivable' : 'Payable'} account of the balance sheet' AS message ${account}
      WHERE k.report_type IS DISTINCT FROM 'Balance Sheet' OR (${filled(`d.${kind.party}`)} AND k.account_type IS DISTINCT FROM '${kind.selling ? 'Receivable' : 'Payable'}')`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'conversion_rate', message: 'Conversion rate must be 1.00 if document currency is same as company currency', hint: 'Leave the rate out.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company WHERE d.currency = c.default_currency AND d.conversion_rate <> 1`,
  })
}

/** The first invoice of a party is in the currency of its account (Accounts Settings may allow another). */
export async function findForeignAccount(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (Number(ctx.site.single('Accounts Settings')['allow_multi_currency_invoices_against_single_party_account'] ?? 0) !== 0) return
  await ctx.find({
    type: 'ValidationError', field: 'currency', hint: 'Use a party account in the currency of the invoice.', select: `SELECT d._id AS id, d.currency AS "value", 'Party Account currency (' || d.party_account_currency || ') and document currency (' || d.currency || ') should be same' AS message FROM ${ctx.doc} d
      WHERE d.party_account_currency <> d.currency AND COALESCE(d.is_opening, 'No') <> 'Yes' AND NOT EXISTS (SELECT 1 FROM rows."tabGL Entry" g WHERE g.party_type = '${kind.partyType}' AND g.party = d.${kind.party} AND g.company = d.company AND g.is_cancelled = 0)
      AND NOT EXISTS (SELECT 1 FROM ${ctx.doc} e WHERE e._id < d._id AND e._submit AND e.${kind.party} = d.${kind.party} AND e.company = d.company AND e._id NOT IN (${ctx.refused}))`,
  })
}

/** Income and cost accounts of lines, where the draft names none. An item without an income account of its own takes that of its first invoice (see updateItemDefaults). */
export async function takeAccounts(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), { facts } = scratchOf(ctx), lines = ctx.scratch('income')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i._parent, i._idx, i.income_account IS NOT NULL AS given, f.income_account IS NOT NULL AS known, COALESCE(i.income_account, f.income_account, c.default_income_account) AS income,
      first_value(i._parent) OVER w AS first_parent, first_value(COALESCE(${orNull('i.income_account')}, c.default_income_account)) OVER w AS first_income, COALESCE(i.expense_account, f.expense_account, c.default_expense_account) AS expense
    FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.fact = ${factKey('i.item_code', 'd.company')} LEFT JOIN rows."tabCompany" c ON c.name = d.company
    WINDOW w AS (PARTITION BY f.fact ORDER BY d._id IN (${ctx.refused}), i._parent, i._idx)`)
  await ctx.staging.run(`UPDATE ${items} AS i SET income_account = CASE WHEN NOT s.given AND NOT s.known AND s.first_parent < s._parent THEN s.first_income ELSE s.income END, expense_account = s.expense FROM ${lines} s WHERE s._parent = i._parent AND s._idx = i._idx`)
  const line = `SELECT i._parent AS id, i._idx AS idx, i.income_account AS "value"`, from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tabAccount" k ON k.name = i.income_account`
  await ctx.find({
    type: 'ValidationError', field: 'items.income_account', causeByValue: true, hint: 'Use an income account of the company.', select: `${line}, 'Row ' || i._idx || ': Income Account ' || COALESCE(i.income_account, 'None') || ' does not fit the invoice' AS message ${from}
      WHERE i.income_account = d.debit_to OR k.company IS DISTINCT FROM d.company OR k.is_group = 1`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.cost_center', causeByValue: true, hint: 'Use a cost center of the company.', select: `SELECT i._parent AS id, i._idx AS idx, i.cost_center AS "value", 'Row #' || i._idx || ': Cost Center ' || COALESCE(i.cost_center, 'None') || ' does not belong to company ' || d.company AS message
      FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tabCost Center" x ON x.name = i.cost_center WHERE x.company IS DISTINCT FROM d.company`,
  })
  await ctx.staging.run(`ALTER TABLE ${items} ADD COLUMN _given_rate DOUBLE; UPDATE ${items} SET _given_rate = rate`)
}

/** What is left to pay of the invoice, the accounts its party is against, its status. */
export async function settleOutstanding(ctx: PostingContext): Promise<void> {
  const paid = (own: string, base: string) => `CASE WHEN d.party_account_currency = d.currency THEN COALESCE(NULLIF(d.rounded_total, 0), d.${own}) ELSE COALESCE(NULLIF(d.base_rounded_total, 0), d.${base}) END`
  const against = `SELECT _parent, string_agg(account, ',' ORDER BY first) AS accounts FROM (SELECT _parent, income_account AS account, min(_idx) AS first FROM ${ctx.child('items')} WHERE ${filled('income_account')} GROUP BY ALL) GROUP BY _parent`
  await ctx.staging.run(`ALTER TABLE ${ctx.doc} ADD COLUMN _due DOUBLE`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET total_advance = 0, base_write_off_amount = 0, paid_amount = 0, base_paid_amount = 0, change_amount = 0, base_change_amount = 0, status = 'Draft',
    _due = flt(${paid('grand_total', 'base_grand_total')}, 2), is_opening = CASE WHEN ${filled('d.is_opening')} THEN d.is_opening ELSE 'No' END, outstanding_amount = CASE WHEN ${settledInvoice} IS NULL THEN flt(${paid('grand_total', 'base_grand_total')}, 2) ELSE 0 END`)
  // Two joins by equality: one by `IN (order, delivery)` compares every line with every order.
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET po_no = o.numbers FROM (SELECT i._parent, string_agg(DISTINCT n.po_no, ', ') AS numbers
      FROM (SELECT _parent, sales_order AS name FROM ${ctx.child('items')} UNION ALL SELECT _parent, delivery_note FROM ${ctx.child('items')}) i
      JOIN (SELECT name, po_no FROM rows."tabSales Order" UNION ALL SELECT name, po_no FROM rows."tabDelivery Note") n ON n.name = i.name AND ${filled('n.po_no')} GROUP BY i._parent) o
    WHERE o._parent = t._id AND NOT ${filled('t.po_no')}; UPDATE ${ctx.doc} SET po_no = '' WHERE po_no IS NULL`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET against_income_account = s.accounts FROM (${against}) s WHERE s._parent = d._id`)
}
