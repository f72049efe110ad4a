import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findReversedDates, findUnsupported, given, missing, on } from './conditions.ts'
import { findBadEmails } from './emails.ts'

const STATUSES = ['Active', 'Inactive', 'Suspended', 'Left']
const DATES = [['date_of_birth', 'date_of_joining'], ['date_of_joining', 'date_of_retirement'], ['date_of_joining', 'relieving_date'], ['date_of_joining',
  'contract_end_date']] as const

async function setNames(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET employee_name = concat_ws(' ', NULLIF(first_name, ''), NULLIF(middle_name, ''), NULLIF(last_name, '')),
    prefered_email = CASE prefered_contact_email WHEN 'Company Email' THEN company_email WHEN 'Personal Email' THEN personal_email
      WHEN 'User ID' THEN user_id END`)
}

async function findWrongStatus(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'status', message: `Status must be one of ${STATUSES.join(', ')}`, hint: 'Map the legacy status to one of these.',
      causeByValue: true,
    select: `SELECT _id AS id, status AS "value" FROM ${ctx.doc} WHERE status IS NULL OR status NOT IN (${STATUSES.map((status) => `'${status}'`).join(', ')})`,
  })
}

async function findLeftWithoutDate(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'relieving_date', message: 'Please enter relieving date.', hint: 'Give the day the person left.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE status = 'Left' AND relieving_date IS NULL`,
  })
}

/** A user is checked here; what an employee does to it (roles, names, permissions, its session's defaults) is not predicted. */
async function checkUsers(ctx: PostingContext): Promise<void> {
  if (!ctx.has('user_id')) return
  await ctx.find({
    type: 'EmployeeUserDisabledError', field: 'user_id', causeByValue: true, hint: 'Enable the user, or leave it out.',
    select: `SELECT d._id AS id, d.user_id AS "value", 'User ' || d.user_id || ' is disabled' AS message FROM ${ctx.doc} d
      JOIN rows."tabUser" u ON u.name = d.user_id WHERE d.status = 'Active' AND NOT ${on('u.enabled')}`,
  })
  await ctx.find({
    type: 'DuplicateEntryError', field: 'user_id', causeByValue: true, hint: 'A user belongs to one active employee.',
    select: `SELECT DISTINCT d._id AS id, d.user_id AS "value", 'User ' || d.user_id || ' is already assigned to another Employee' AS message
      FROM ${ctx.doc} d JOIN rows."tabEmployee" e ON e.user_id = d.user_id AND e.status = 'Active' WHERE ${given('d.user_id')}`,
  })
}

/** Names and number of an employee follow from what is given; dates must be in order, and who left needs a day. */
export const rule: PostingRule = {
  doctype: 'Employee',
  reads: ['Employee', 'User'],
  tree: { parentField: 'reports_to' },
  dates: ['date_of_birth', 'date_of_joining', 'date_of_retirement', 'relieving_date', 'contract_end_date'],
  steps: [
    { stage: 'validate', id: 'status', run: findWrongStatus },
    { stage: 'validate', id: 'names', run: setNames },
    {
      stage: 'validate', id: 'born',
      async run(ctx) {
        await ctx.find({
          type: 'ValidationError', field: 'date_of_birth', message: 'Date of Birth cannot be greater than today.', hint: 'Correct the date of birth.',
          select: `SELECT _id AS id, CAST(date_of_birth AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE date_of_birth > DATE '${ctx.today}'`,
        })
      },
    },
    { stage: 'validate', id: 'dates', run: (ctx) => findReversedDates(ctx, DATES) },
    { stage: 'validate', id: 'emails', run: (ctx) => findBadEmails(ctx, ['company_email', 'personal_email']) },
    { stage: 'validate', id: 'left', run: findLeftWithoutDate },
    { stage: 'validate', id: 'user', run: checkUsers },
    {
      stage: 'validate', id: 'warn-preferred',
      async run(ctx) {
        if (!ctx.has('prefered_contact_email')) return
        await ctx.find({
          type: 'preferred-email-missing', severity: 'warning', field: 'prefered_contact_email', message: 'The preferred e-mail is empty',
            hint: 'Give that address, or prefer another one.',
          select: `SELECT _id AS id, prefered_contact_email AS "value" FROM ${ctx.doc} WHERE ${given('prefered_contact_email')}
            AND ${missing('prefered_email')}`,
        })
      },
    },
    {
      stage: 'named', id: 'employee',
      async run(ctx) { await ctx.staging.run(`UPDATE ${ctx.doc} SET employee = name`) },
    },
    {
      stage: 'on_update', id: 'user-effects',
      async run(ctx) {
        if (ctx.has('user_id')) await findUnsupported(ctx, given('user_id'),
          'an employee with a user changes that user (roles, names, permissions), which is not predicted', 'user_id')
      },
    },
  ],
}
