import type { PostingContext } from '../framework/rule.ts'
import { filled, type OrderKind } from '../orders/kind.ts'

interface Term { basis: string; days: number; months: number }

const DAY = 86_400_000
const text = (day: Date) => day.toISOString().slice(0, 10)
const lastOfMonth = (day: Date, months: number) => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months + 1, 0))

/** The day a template of terms makes an invoice due: each term counts from the day the one before gave. */
function dueBy(terms: readonly Term[], from: string): string {
  let due = new Date(`${from}T00:00:00Z`)
  for (const { basis, days, months } of terms) {
    const next = basis === 'Day(s) after invoice date' ? new Date(due.getTime() + days * DAY) : basis === 'Day(s) after the end of the invoice month' ? new Date(lastOfMonth(due, 0).getTime() + days * DAY) : lastOfMonth(due, months)
    if (next > due) due = next
  }
  return text(due)
}

/** SQL over documents `d`: a purchase invoice is due by the terms of its supplier, whatever terms it is given. */
const SUPPLIER = 'LEFT JOIN rows."tabSupplier" p ON p.name = d.supplier LEFT JOIN rows."tabSupplier Group" g ON g.name = p.supplier_group LEFT JOIN rows."tabCompany" c ON c.name = d.company'
const SUPPLIER_TERMS = `COALESCE(NULLIF(p.payment_terms, ''), NULLIF(g.payment_terms, ''), c.payment_terms)`

/** By batch, the relation of the last day the terms allow: `_id`, `latest`. */
const latest = new WeakMap<PostingContext, string>()

/** Due dates of invoices that give none, from their terms; after the party's terms are known. */
export async function takeDueDates(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const terms = new Map<string, Term[]>()
  for (const row of await ctx.staging.all<{ parent: string; basis: string | null; days: number | null; months: number | null }>(`SELECT parent, due_date_based_on AS basis, credit_days AS days, credit_months AS months FROM rows."tabPayment Terms Template Detail" ORDER BY parent, idx`)) {
    terms.set(row.parent, [...(terms.get(row.parent) ?? []), { basis: row.basis ?? '', days: Number(row.days ?? 0), months: Number(row.months ?? 0) }])
  }
  const date = kind.invoice!.scheduleDate, own = kind.selling ? 'd.payment_terms_template' : SUPPLIER_TERMS, join = kind.selling ? '' : SUPPLIER
  const table = ctx.scratch('due_days'), by = ctx.scratch('due_by'), templates = ctx.scratch('due_templates')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${templates.slice(5)} AS SELECT d._id, strftime(${date}, '%Y-%m-%d') AS day, NULLIF(d.payment_terms_template, '') AS given, NULLIF(${own}, '') AS own FROM ${ctx.doc} d ${join} WHERE ${date} IS NOT NULL`)
  const pairs = await ctx.staging.all<{ template: string; day: string }>(`SELECT given AS template, day FROM ${templates} WHERE given IS NOT NULL UNION SELECT own, day FROM ${templates} WHERE own IS NOT NULL`)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} (template VARCHAR, day VARCHAR, due VARCHAR)`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, [
    { name: 'template', kind: 'VARCHAR', values: pairs.map((pair) => pair.template) }, { name: 'day', kind: 'VARCHAR', values: pairs.map((pair) => pair.day) },
    { name: 'due', kind: 'VARCHAR', values: pairs.map((pair) => dueBy(terms.get(pair.template) ?? [], pair.day)) },
  ])
  const dueOf = (template: string) => `SELECT m._id, CAST(t.due AS DATE) AS latest FROM ${templates} m JOIN ${table} t ON t.template = m.${template} AND t.day = m.day`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${by.slice(5)} AS ${dueOf('given')}`)
  latest.set(ctx, by)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET due_date = greatest(COALESCE((SELECT b.latest FROM (${dueOf('own')}) b WHERE b._id = d._id), ${date}), d.posting_date) WHERE d.due_date IS NULL`)
}

/** A schedule that is given says when the invoice is due; a submit asks the schedule that was made. Neither may be too early, nor later than the terms allow. */
export async function settleDueDates(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const schedule = ctx.child('payment_schedule'), day = kind.invoice!.scheduleDate
  const fromSchedule = (which: string) => ctx.staging.run(`UPDATE ${ctx.doc} AS d SET due_date = s.due FROM (SELECT _parent, max(due_date) AS due FROM ${schedule} GROUP BY _parent) s WHERE s._parent = d._id AND s.due IS NOT NULL AND ${which}`)
  await fromSchedule('d._given_schedule')
  const checked = `NOT (${kind.invoice!.unscheduled.replace(`OR d.is_opening = 'Yes'`, '')}) AND COALESCE(d.ignore_default_payment_terms_template, 0) = 0`
  await ctx.find({
    type: 'ValidationError', field: 'due_date', message: 'Due Date cannot be before Posting / Supplier Invoice Date', hint: 'Correct one of the dates.', select: `SELECT d._id AS id, CAST(d.due_date AS VARCHAR) AS "value" FROM ${ctx.doc} d WHERE ${checked} AND d.due_date < ${day}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'due_date', hint: 'Correct the date, or the terms.', select: `SELECT d._id AS id, CAST(d.due_date AS VARCHAR) AS "value", 'Due / Reference Date cannot be after ' || b.latest AS message FROM ${ctx.doc} d JOIN ${latest.get(ctx)!} b ON b._id = d._id
      WHERE ${checked} AND ${filled('d.payment_terms_template')} AND b.latest <> ${day} AND d.due_date > b.latest`,
  })
  await fromSchedule('d._submit')
}
