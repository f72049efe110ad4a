import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, type OrderKind } from './kind.ts'
import { fieldPrecision } from './precisions.ts'
import { roundingFor } from './rounding.ts'

const COLUMNS = 'name, creation, modified, owner, modified_by, docstatus, parenttype, parentfield'

/** SQL: the day `months` after `date`, and the last day of a month, as the site computes them. */
const lastDay = (date: string) => `CAST(last_day(${date}) AS DATE)`
function dueDate(basis: string, days: string, months: string, date: string): string {
  return `CASE ${basis} WHEN 'Day(s) after invoice date' THEN ${date} + CAST(COALESCE(${days}, 0) AS INTEGER)
    WHEN 'Day(s) after the end of the invoice month' THEN ${lastDay(date)} + CAST(COALESCE(${days}, 0) AS INTEGER)
    WHEN 'Month(s) after the end of the invoice month' THEN ${lastDay(`CAST(${date} + to_months(CAST(COALESCE(${months}, 0) AS INTEGER)) AS DATE)`)} END`
}

/** Schedules of orders that bring none: one row for the whole, or a row per term of their template; then the amounts of every row. */
export async function makePaymentSchedule(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const schedule = ctx.child('payment_schedule'), absent = `NOT EXISTS (SELECT 1 FROM ${schedule} s WHERE s._parent = d._id)`, day = kind.invoice?.scheduleDate ?? 'd.transaction_date'
  if (kind.invoice !== undefined) {
    const bare = `(${kind.invoice.unscheduled}) OR ${kind.invoice.withoutTerms ?? 'FALSE'}`
    await ctx.staging.run(`DELETE FROM ${schedule} WHERE _parent IN (SELECT d._id FROM ${ctx.doc} d WHERE ${bare}); UPDATE ${ctx.doc} AS d SET payment_terms_template = '' WHERE ${bare}`)
    await ctx.recount('payment_schedule')
  }
  const standard = (nth: string) => `${ctx.hash('payment_schedule', 'd._id', nth)}, TIMESTAMP ${literal(ctx.now)}, TIMESTAMP ${literal(ctx.now)}, ${literal(ctx.user)}, ${literal(ctx.user)}, 0, ${literal(kind.doctype)}, 'payment_schedule'`
  const due = (total: string, off: string) => (kind.invoice === undefined ? total : `(${total} - COALESCE(d.${off}, 0))`)
  const grand = due('COALESCE(NULLIF(d.rounded_total, 0), d.grand_total)', 'write_off_amount'), base = due('COALESCE(NULLIF(d.base_rounded_total, 0), d.base_grand_total)', 'base_write_off_amount')
  const given = ctx.childCount('payment_schedule') > 0
  const hasItems = `EXISTS (SELECT 1 FROM ${ctx.child('items')} i WHERE i._parent = d._id)${kind.invoice === undefined ? '' : ` AND NOT (${kind.invoice.unscheduled})`}`
  const special = ctx.scratch('scheduled')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${special.slice(5)} AS SELECT d._id FROM ${ctx.doc} d WHERE ${hasItems} AND (${filled('d.payment_terms_template')}${given ? ` OR NOT ${absent}` : ''})`)
  const dueBy = dueDate('t.due_date_based_on', 't.credit_days', 't.credit_months', day)
  const discount = dueDate('t.discount_validity_based_on', 't.discount_validity', 't.discount_validity', day)
  await ctx.staging.run(`INSERT INTO ${schedule} (_parent, _idx, idx, ${COLUMNS}, payment_term, description, invoice_portion, payment_amount, base_payment_amount, discount_type, discount, mode_of_payment, due_date, discount_date, outstanding)
    SELECT d._id, t.nth, t.nth, ${standard('t.nth')}, t.payment_term, t.description, t.invoice_portion, NULL, NULL, t.discount_type, t.discount, t.mode_of_payment, greatest(${dueBy}, ${day}), ${discount}, NULL
    FROM ${ctx.doc} d JOIN (SELECT *, row_number() OVER (PARTITION BY parent ORDER BY idx) AS nth FROM rows."tabPayment Terms Template Detail" WHERE parenttype = 'Payment Terms Template') t ON t.parent = d.payment_terms_template
    WHERE d._id IN (SELECT _id FROM ${special}) AND ${given ? absent : 'TRUE'}`)
  await ctx.staging.run(`INSERT INTO ${schedule} (_parent, _idx, idx, ${COLUMNS}, due_date, invoice_portion, payment_amount, base_payment_amount, outstanding, base_outstanding)
    SELECT d._id, 1, 1, ${standard('1')}, ${kind.invoice?.due ?? day}, 100, ${grand}, ${base}, ${grand}, ${base} FROM ${ctx.doc} d WHERE ${hasItems} AND d._id NOT IN (SELECT _id FROM ${special})`)
  await ctx.recount('payment_schedule')
  if ((await ctx.staging.one(`SELECT 1 FROM ${special} LIMIT 1`)) !== undefined) await shareAmounts(ctx, kind, special, grand, base)
}

/** Amounts of rows by their portion of the total; a row without portion keeps its amount. Then the site's checks of the schedule. */
async function shareAmounts(ctx: PostingContext, kind: OrderKind, special: string, grand: string, base: string): Promise<void> {
  const round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), meta = ctx.site.doctype('Payment Schedule')
  const places = fieldPrecision(ctx, meta, 'payment_amount'), basePlaces = fieldPrecision(ctx, meta, 'base_payment_amount'), schedule = ctx.child('payment_schedule')
  const keys: number[] = [], idx: number[] = [], amounts: number[] = [], bases: number[] = [], outstanding: (number | null)[] = []
  const sums = new Map<number, { amount: number; base: number; grand: number; baseGrand: number }>()
  for await (const { count, columns: [parent, nth, portion, amount, open, total, baseTotal, rate] } of ctx.staging.scan(
    `SELECT s._parent, s._idx, COALESCE(s.invoice_portion, 0), COALESCE(s.payment_amount, 0), s.outstanding, ${grand}, ${base}, d.conversion_rate FROM ${schedule} s JOIN ${ctx.doc} d ON d._id = s._parent
     WHERE s._parent IN (SELECT _id FROM ${special}) ORDER BY s._parent, s._idx`)) {
    for (let r = 0; r < count; r++) {
      const share = Number(portion![r]), id = Number(parent![r])
      const paid = share !== 0 ? round(Number(total![r]) * share / 100, places) : Number(amount![r])
      const paidBase = share !== 0 ? round(Number(baseTotal![r]) * share / 100, basePlaces) : round(Number(amount![r]) * Number(rate![r]), basePlaces)
      keys.push(id)
      idx.push(Number(nth![r]))
      amounts.push(paid)
      bases.push(paidBase)
      outstanding.push(share !== 0 ? paid : open![r] === null ? null : Number(open![r]))
      const sum = sums.get(id) ?? { amount: 0, base: 0, grand: Number(total![r]), baseGrand: Number(baseTotal![r]) }
      sum.amount += round(paid, places)
      sum.base += round(paidBase, basePlaces)
      sums.set(id, sum)
    }
  }
  await ctx.push(schedule, [{ name: '_parent', kind: 'BIGINT', values: keys }, { name: '_idx', kind: 'BIGINT', values: idx }], [
    { name: 'payment_amount', kind: 'DOUBLE', values: amounts }, { name: 'base_payment_amount', kind: 'DOUBLE', values: bases }, { name: 'outstanding', kind: 'DOUBLE', values: outstanding },
    { name: 'base_outstanding', kind: 'DOUBLE', values: bases },
  ])
  await findBadDates(ctx, kind, special)
  const off = [...sums].filter(([, s]) => Math.abs(round(s.amount, places) - round(s.grand, places)) > 0.1 || Math.abs(round(s.base, basePlaces) - round(s.baseGrand, basePlaces)) > 0.1)
  await ctx.findAll({ type: 'ValidationError', field: 'payment_schedule', message: 'Total Payment Amount in Payment Schedule must be equal to Grand / Rounded Total', hint: 'Make the portions add up to 100.' },
    off.map(([id]) => ({ id })))
}

async function findBadDates(ctx: PostingContext, kind: OrderKind, special: string): Promise<void> {
  const schedule = ctx.child('payment_schedule'), mine = `s._parent IN (SELECT _id FROM ${special})`
  await ctx.find({
    type: 'InvalidDates', field: 'payment_schedule.due_date', message: 'Due Date must be after Discount Date', hint: 'Correct one of the two dates.',
    select: `SELECT s._parent AS id, s._idx AS idx FROM ${schedule} s WHERE ${mine} AND s.discount_date > s.due_date`,
  })
  if (kind.doctype === 'Sales Order') await ctx.find({
    type: 'ValidationError', field: 'payment_schedule.due_date', message: 'Due Date in the Payment Terms table cannot be before Posting Date', hint: 'Correct the due date.',
    select: `SELECT s._parent AS id, s._idx AS idx, CAST(s.due_date AS VARCHAR) AS "value" FROM ${schedule} s JOIN ${ctx.doc} d ON d._id = s._parent WHERE ${mine} AND s.due_date < d.transaction_date`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'payment_schedule.due_date', message: 'Rows with duplicate due dates in other rows were found', hint: 'Merge the rows, or move one of the dates.',
    select: `SELECT s._parent AS id, s._idx AS idx, CAST(s.due_date AS VARCHAR) AS "value" FROM ${schedule} s WHERE ${mine} QUALIFY row_number() OVER (PARTITION BY s._parent, s.due_date ORDER BY s._idx) > 1`,
  })
}

