import { settleInvoices } from '../accounts/references.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, truthy } from '../orders/kind.ts'

/** What invoices paid at a point of sale are refused for; and profiles and rates, which are not predicted. For the stage validate, before the totals. */
export async function findBadPayments(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_pos')) return
  const pos = truthy('d.is_pos'), rows = `FROM ${ctx.child('payments')} p JOIN ${ctx.doc} d ON d._id = p._parent`, line = `SELECT p._parent AS id, p._idx AS idx`, hint = 'Load such invoices through the site itself.'
  await ctx.find({ type: 'unsupported', field: 'pos_profile', message: 'What a POS Profile brings is not predicted', hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${pos} AND (${filled('d.pos_profile')} OR EXISTS (SELECT 1 FROM rows."tabPOS Profile" f WHERE f.company = d.company AND COALESCE(f.disabled, 0) = 0))` })
  await ctx.find({
    type: 'ValidationError', field: 'payments.mode_of_payment', stage: 'before_save', causeByValue: true, hint: 'Give the mode of payment an account of the company.', select: `${line}, p.mode_of_payment AS "value", 'Please set default Cash or Bank account in Mode of Payment ' || COALESCE(p.mode_of_payment, '') AS message ${rows}
      WHERE ${pos} AND NOT EXISTS (SELECT 1 FROM rows."tabMode of Payment Account" a WHERE a.parent = p.mode_of_payment AND a.company = d.company AND ${filled('a.default_account')})`,
  })
  await ctx.find({ type: 'ValidationError', field: 'payments.amount', hint: 'Turn the sign.', select: `${line}, 'Row #' || p._idx || ' (Payment Table): Amount must be ' || CASE WHEN ${truthy('d.is_return')} THEN 'negative' ELSE 'positive' END AS message ${rows} WHERE ${pos} AND CASE WHEN ${truthy('d.is_return')} THEN p.amount > 0 ELSE p.amount < 0 END` })
}

/**
 * What is paid, given back as change, written off and left of invoices paid at a point of sale, in the site's order of rounding. `_due` is what the invoice comes to. For the stage validate, after the totals;
 * others keep no payments.
 */
export async function settlePayments(ctx: PostingContext): Promise<void> {
  const { staging, doc } = ctx, payments = ctx.child('payments'), rate = 'COALESCE(NULLIF(d.conversion_rate, 0), 1)'
  await staging.run(`DELETE FROM ${payments} WHERE _parent IN (SELECT _id FROM ${doc} d WHERE NOT ${truthy('d.is_pos')})`)
  await ctx.recount('payments')
  await staging.run(`UPDATE ${doc} SET write_off_account = NULL WHERE NOT ${truthy('is_pos')}`)
  if (!ctx.has('is_pos')) return
  await staging.run(`UPDATE ${doc} AS d SET account_for_change_amount = COALESCE(${orNull('d.account_for_change_amount')}, c.default_cash_account) FROM rows."tabCompany" c WHERE c.name = d.company AND ${truthy('d.is_pos')}`)
  await staging.run(`UPDATE ${payments} AS t SET amount = COALESCE(t.amount, 0), base_amount = flt(COALESCE(t.amount, 0) * ${rate}, 2), account = s.account FROM (SELECT p._parent, p._idx, any_value(a.default_account) AS account FROM ${payments} p JOIN ${doc} d ON d._id = p._parent
    LEFT JOIN rows."tabMode of Payment Account" a ON a.parent = p.mode_of_payment AND a.company = d.company GROUP BY ALL) s, ${doc} d WHERE s._parent = t._parent AND s._idx = t._idx AND d._id = t._parent`)
  const own = 'd.party_account_currency = d.currency', total = 'COALESCE(NULLIF(d.rounded_total, 0), d.grand_total)', base = 'COALESCE(NULLIF(d.base_rounded_total, 0), d.base_grand_total)', table = ctx.scratch('paid')
  const sums = `SELECT _parent, SUM(amount) AS amount, SUM(base_amount) AS base, bool_or(type = 'Cash') AS cash FROM ${payments} GROUP BY _parent`
  const left = (off: string) => `flt(CASE WHEN ${own} THEN flt(${total} - ${off}, 2) - flt(paid, 2) + change ELSE flt(flt(${base}, 2) - flt(${off} * ${rate}, 2), 2) - flt(raw_base, 2) + base_change END, 2)`
  const given = `flt(CASE WHEN ${truthy('d.write_off_outstanding_amount_automatically')} THEN 0 ELSE COALESCE(d.write_off_amount, 0) END, 2)`
  const changes = `flt(paid, 2) > ${total} AND NOT ${truthy('d.is_return')} AND cash`
  const off = `CASE WHEN ${truthy('d.write_off_outstanding_amount_automatically')} THEN ${left(given)} ELSE ${given} END`
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT d._id, d.paid, d.base_paid, d.change, d.base_change, d.off, flt(d.off * ${rate}, 2) AS base_off, ${left('d.off')} AS left_over FROM (SELECT d.*, ${off} AS off
    FROM (SELECT d.*, CASE WHEN ${changes} THEN flt(flt(paid, 2) - ${total}, 2) ELSE 0 END AS change, CASE WHEN ${changes} THEN flt(flt(raw_base, 2) - ${base}, 2) ELSE 0 END AS base_change
      FROM (SELECT d.*, COALESCE(s.amount, 0) AS paid, COALESCE(s.base, 0) AS base_paid, COALESCE(s.amount, 0) * ${rate} AS raw_base, COALESCE(s.cash, FALSE) AS cash FROM ${doc} d LEFT JOIN (${sums}) s ON s._parent = d._id WHERE ${truthy('d.is_pos')}) d) d) d`)
  await staging.run(`UPDATE ${doc} AS d SET paid_amount = s.paid, base_paid_amount = s.base_paid, change_amount = s.change, base_change_amount = s.base_change, write_off_amount = s.off, base_write_off_amount = s.base_off, outstanding_amount = s.left_over
    FROM ${table} s WHERE s._id = d._id`)
  await staging.run(`UPDATE ${doc} AS d SET write_off_account = c.write_off_account FROM rows."tabCompany" c WHERE c.name = d.company AND ${truthy('d.is_pos')} AND ${truthy('d.write_off_amount')} AND NOT ${filled('d.write_off_account')}`)
  await findUnpaid(ctx, total)
}

async function findUnpaid(ctx: PostingContext, total: string): Promise<void> {
  const find = (field: string, message: string, where: string, stage?: 'on_submit') => ctx.find({ type: 'ValidationError', field, message, hint: 'Correct the payments.', ...(stage === undefined ? {} : { stage }), select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${truthy('d.is_pos')} AND ${where}` })
  await find('payments', 'Total payments amount can\'t be greater than the invoice', `${truthy('d.is_return')} AND d.paid_amount < ${total}`)
  await find('write_off_account', 'Please enter Write Off Account', `${truthy('d.write_off_amount')} AND NOT ${filled('d.write_off_account')}`)
  await find('account_for_change_amount', 'Please enter Account for Change Amount', `${truthy('d.change_amount')} AND NOT ${filled('d.account_for_change_amount')}`)
  await find('payments', 'Paid amount + Write Off Amount can not be greater than Grand Total', `${truthy('d.is_return')} AND abs(d.paid_amount) + abs(COALESCE(d.write_off_amount, 0)) - abs(${total}) > 0.001`)
  await find('payments', 'At least one mode of payment is required for POS invoice.', `d._submit AND d.grand_total > 0 AND NOT EXISTS (SELECT 1 FROM ${ctx.child('payments')} p WHERE p._parent = d._id)`, 'on_submit')
}

/** A line of a ledger, as columns. */
type Line = (own: Record<string, string>) => string

/** SELECTs of the ledger lines of payments, change and write-off, in pairs of the customer's account and the other. `line` names the columns of a line, `party` those of the customer's account. */
export function paymentLines(ctx: PostingContext, head: string, line: Line, party: Record<string, string>): string[] {
  if (!ctx.has('is_pos')) return []
  const posts = Number(ctx.site.single('Accounts Settings')['post_change_gl_entries'] ?? 1) !== 0
  const from = `FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company`, where = `d._submit AND ${truthy('d.is_pos')}`
  const currency = (account: string) => `COALESCE((SELECT ${orNull('k.account_currency')} FROM rows."tabAccount" k WHERE k.name = ${account}), c.default_currency)`
  const amounts = (side: 'debit' | 'credit', base: string, own: string, of: string) => ({ [side]: base, [`${side}_in_account_currency`]: `CASE WHEN ${of} = c.default_currency THEN ${base} ELSE ${own} END`, [`${side}_in_transaction_currency`]: own })
  const pair = (seq: string, account: string, side: 'debit' | 'credit', base: string, own: string, more: string, condition: string, project: string, center = 'd.cost_center') => [
    `SELECT ${head}, ${seq} AS _seq, ${line({ ...party, against: account, ...amounts(side === 'debit' ? 'credit' : 'debit', base, own, 'd.party_account_currency'), cost_center: 'd.cost_center', project, apart: 'TRUE' })} ${from} ${more} WHERE ${where} AND ${condition}`,
    `SELECT ${head}, ${seq} + 1 AS _seq, ${line({ account, account_currency: currency(account), against: 'd.customer', ...amounts(side, base, own, currency(account)), cost_center: center, project, apart: 'TRUE' })} ${from} ${more} WHERE ${where} AND ${condition}`,
  ]
  const paid = posts ? 'p.base_amount' : `p.base_amount - CASE WHEN p.account = d.account_for_change_amount THEN COALESCE(d.change_amount, 0) ELSE 0 END`
  return [
    ...pair('6000000 + p._idx * 2', 'p.account', 'debit', paid, 'p.amount', `JOIN ${ctx.child('payments')} p ON p._parent = d._id`, `(${paid}) <> 0`, 'd.project'),
    ...(posts ? pair('6900000', 'd.account_for_change_amount', 'credit', 'd.base_change_amount', 'd.change_amount', '', truthy('d.change_amount'), 'd.project') : []),
    ...pair('7000000', 'd.write_off_account', 'debit', 'd.base_write_off_amount', 'd.write_off_amount', '', `${filled('d.write_off_account')} AND ${truthy('d.write_off_amount')}`, 'd.project', `COALESCE(${orNull('d.cost_center')}, ${orNull('d.write_off_cost_center')}, c.cost_center)`),
  ]
}

/** A return paid at a point of sale makes the site look at the invoice it takes back once more. For the stage on_submit, after the ledger. */
export async function lookAtReturned(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_pos') || !ctx.has('is_return')) return
  await settleInvoices(ctx, 'Sales Invoice', `SELECT max(d._id) AS id, d.return_against AS name, d.debit_to AS account, 'Customer' AS party_type, d.customer AS party FROM ${ctx.live} d WHERE d._submit AND ${truthy('d.is_pos')} AND ${truthy('d.is_return')} AND ${filled('d.return_against')} GROUP BY ALL`)
}

/** Payments of nothing go when their invoice is submitted. For the stage on_submit. */
export async function clearUnpaid(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_pos')) return
  await ctx.staging.run(`DELETE FROM rows."tabSales Invoice Payment" WHERE COALESCE(amount, 0) = 0 AND parenttype = 'Sales Invoice' AND parent IN (SELECT name FROM ${ctx.live} d WHERE _submit)`)
}
