import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findReversedDates, findUnsupported, given, missing, on } from './conditions.ts'

/** Sums the site takes from other documents, of which a new project has none. */
const COSTS = ['total_costing_amount', 'total_billable_amount', 'actual_time', 'total_purchase_cost', 'total_sales_amount', 'total_billed_amount',
  'committed_purchase_cost', 'committed_sales_amount']

/** Users who were not welcomed yet get an e-mail, which a site without an outgoing account refuses. */
async function checkWelcome(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('users') === 0) return
  const unwelcome = `SELECT _parent FROM ${ctx.child('users')} WHERE NOT ${on('welcome_email_sent')}`
  const accounts = await ctx.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM rows."tabEmail Account" WHERE ${on('enable_outgoing')}
    AND ${on('default_outgoing')}`)
  if (accounts!.n > 0) {
    await findUnsupported(ctx, `_id IN (${unwelcome})`, 'the users of a project are sent an invitation', 'users')
    return
  }
  await ctx.find({
    type: 'OutgoingEmailError', field: 'users', message: 'Please setup default outgoing Email Account from Tools > Email Account',
      hint: 'Set welcome_email_sent to 1 in the rows of users.',
    select: `SELECT DISTINCT _parent AS id FROM (${unwelcome})`,
  })
}

async function warnOverwritten(ctx: PostingContext): Promise<void> {
  for (const field of [...COSTS, 'actual_start_date', 'actual_end_date', 'gross_margin']) {
    if (!ctx.has(field) || ctx.meta.column(field) === undefined) continue
    const empty = field.endsWith('_date') ? 'FALSE' : `COALESCE("${field}", 0) = 0`
    await ctx.find({
      type: 'computed-field', severity: 'warning', field, message: 'The site computes this field from other documents; what is given is lost',
        hint: 'Leave the field out.',
      select: `SELECT _id AS id, CAST("${field}" AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE "${field}" IS NOT NULL AND NOT (${empty})`,
    })
  }
}

/** A new project has no timesheets, orders or invoices: its sums are nothing, its margin what consumed material costs. */
async function setCosting(ctx: PostingContext): Promise<void> {
  const columns = COSTS.filter((column) => ctx.meta.column(column) !== undefined).map((column) => `"${column}" = 0`)
  const consumed = 'COALESCE(total_consumed_material_cost, 0)'
  for (const column of ['total_actual_cost', 'total_committed_cost']) if (ctx.meta.column(column) !== undefined) columns.push(`${column} = ${consumed}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET ${columns.join(', ')}, gross_margin = 0 - ${consumed}, actual_start_date = NULL, actual_end_date = NULL`)
}

/** Without tasks only a completed project is complete; any other progress is taken back, unless it is kept by hand. */
async function setProgress(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET percent_complete_method = CASE WHEN status = 'Completed' THEN 'Manual' ELSE percent_complete_method END,
    percent_complete = CASE WHEN status = 'Completed' THEN 100 WHEN percent_complete_method = 'Manual' THEN percent_complete ELSE 0 END,
    status = CASE WHEN status IN ('Completed', 'Cancelled') OR percent_complete_method = 'Manual' THEN status ELSE 'Open' END`)
}

/** A project starts without tasks and costs: what the site computes from these overwrites what is given. */
export const rule: PostingRule = {
  doctype: 'Project',
  reads: ['Email Account', 'Sales Order'],
  replaced: { actual_start_date: 'TRUE', actual_end_date: 'TRUE' },
  steps: [
    { stage: 'validate', id: 'welcome', run: checkWelcome },
    { stage: 'validate', id: 'warn-overwritten', run: warnOverwritten },
    { stage: 'validate', id: 'costing', run: setCosting },
    {
      stage: 'validate', id: 'progress',
      async run(ctx) {
        if (ctx.has('percent_complete')) await ctx.find({
          type: 'computed-field', severity: 'warning', field: 'percent_complete', hint: 'Give percent_complete_method Manual to keep it.',
          message: 'The site computes the progress from tasks; what is given is lost',
          select: `SELECT _id AS id, CAST(percent_complete AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE ${on('percent_complete')}
            AND COALESCE(percent_complete_method, '') <> 'Manual' AND COALESCE(status, '') <> 'Completed'`,
        })
        await ctx.find({
          type: 'status-overwritten', severity: 'warning', field: 'status', causeByValue: true,
            message: 'The site opens the project, as it knows no such status', hint: 'Map the legacy status to Open, Completed or Cancelled.',
          select: `SELECT _id AS id, status AS "value" FROM ${ctx.doc} WHERE ${given('status')} AND status NOT IN ('Open', 'Completed', 'Cancelled')
            AND COALESCE(percent_complete_method, '') <> 'Manual'`,
        })
        await setProgress(ctx)
      },
    },
    { stage: 'validate', id: 'dates', run: (ctx) => findReversedDates(ctx, [['expected_start_date', 'expected_end_date']]) },
    {
      stage: 'after_insert', id: 'template',
      async run(ctx) {
        if (ctx.has('project_template')) await findUnsupported(ctx, given('project_template'), 'the tasks a project template creates are not predicted',
          'project_template')
      },
    },
    {
      stage: 'after_insert', id: 'sales-order',
      async run(ctx) {
        if (!ctx.has('sales_order')) return
        await ctx.updateRows('tabSales Order', 'project', `SELECT _id AS id, sales_order AS "key", name AS "after" FROM ${ctx.live}
          WHERE NOT ${missing('sales_order')}`)
      },
    },
  ],
}
