import { literal } from '../../staging/staging.ts'
import { phoneProblem } from '../framework/formats.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findUnsupported, given, missing } from './conditions.ts'
import { findBadEmails } from './emails.ts'

/** The name of the contact each lead of the batch gets, as it stood before the lead's own was taken apart. */
const contactNames = new WeakMap<PostingContext, string>()

const fullName = `concat_ws(' ', NULLIF(salutation, ''), NULLIF(first_name, ''), NULLIF(middle_name, ''), NULLIF(last_name, ''))`
const makesContacts = (ctx: PostingContext) => ctx.site.single('CRM Settings')['auto_creation_of_contact'] === '1'

/** A lead is called after its person, else its company, else its address; with none of these it is no lead. */
async function setLeadName(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'lead_name', message: "A Lead requires either a person's name or an organization's name",
      hint: 'Give a name, a company or an e-mail address.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${missing('first_name')} AND ${missing('lead_name')} AND ${missing('company_name')}
      AND ${missing('email_id')}`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET lead_name = CASE WHEN ${given('company_name')} THEN company_name ELSE split_part(email_id, '@', 1) END
    WHERE ${missing('lead_name')}`)
}

/** Before anything else a contact of the lead is made: its name, address and numbers are looked at first. */
async function prepareContact(ctx: PostingContext): Promise<void> {
  if (!makesContacts(ctx)) return
  await ctx.staging.run(`UPDATE ${ctx.doc} SET lead_name = ${fullName} WHERE ${missing('lead_name')} AND ${given('first_name')}`)
  await setLeadName(ctx)
  const table = ctx.scratch('contacts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.replace(/^temp\./, '')} AS SELECT _id, CASE WHEN ${given('first_name')} THEN first_name
    ELSE lead_name END AS first_name, last_name FROM ${ctx.doc}`)
  contactNames.set(ctx, table)
  await findBadEmails(ctx, ['email_id'])
  for (const field of ['phone', 'mobile_no']) {
    if (!ctx.has(field)) continue
    const rows = await ctx.staging.all<{ id: number; value: string }>(`SELECT _id AS id, ${field} AS "value" FROM ${ctx.doc} WHERE ${given(field)}
      AND NOT regexp_full_match(${field}, '[0-9 +()-]{1,20}')`)
    await ctx.findAll({ type: 'InvalidPhoneNumberError', field, hint: 'Correct or leave out the number.' }, rows.flatMap((row) => {
      const problem = phoneProblem(row.value)
      return problem === null ? [] : [{ id: row.id, value: row.value, message: problem.message }]
    }))
  }
}

/** A lead with a name in one piece gets it taken apart: first word, last word, what is between. */
async function splitName(ctx: PostingContext): Promise<void> {
  const whole = `${given('lead_name')} AND ${missing('first_name')} AND ${missing('middle_name')} AND ${missing('last_name')}`
  await ctx.find({
    type: 'IndexError', field: 'lead_name', message: 'A name of nothing but spaces breaks the site', hint: 'Leave the name out.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${whole} AND regexp_full_match(lead_name, '\\s*')`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET first_name = w[1], middle_name = CASE WHEN len(w) > 2 THEN array_to_string(w[2:-2], ' ') END, last_name =
    CASE WHEN len(w) > 1 THEN w[-1] END
    FROM (SELECT _id, string_split_regex(regexp_replace(lead_name, '^\\s+|\\s+$', '', 'g'), '\\s+') AS w FROM ${ctx.doc} WHERE ${whole}) s WHERE s._id = t._id`)
}

async function setNames(ctx: PostingContext): Promise<void> {
  if (ctx.has('title')) await ctx.find({
    type: 'computed-field', severity: 'warning', field: 'title', message: 'The site sets the title from company or name; what is given is lost',
      hint: 'Leave the field out.',
    select: `SELECT _id AS id, title AS "value" FROM ${ctx.doc} WHERE ${given('title')}`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET lead_name = ${fullName} WHERE ${given('first_name')}`)
  await setLeadName(ctx)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET title = CASE WHEN ${given('company_name')} THEN company_name ELSE lead_name END`)
}

const TAKEN = { type: 'DuplicateEntryError', field: 'email_id', message: 'Email Address must be unique, it is already used in another Lead',
  causeByValue: true, hint: 'Merge the leads, or leave one address out.' }
const unique = (ctx: PostingContext) => ctx.site.single('CRM Settings')['allow_lead_duplication_based_on_emails'] !== '1' && ctx.has('email_id')

async function checkEmail(ctx: PostingContext): Promise<void> {
  if (!ctx.has('email_id')) return
  if (unique(ctx)) await ctx.find({
    ...TAKEN, select: `SELECT DISTINCT d._id AS id, d.email_id AS "value" FROM ${ctx.doc} d
      JOIN rows.tabLead r ON lower(rtrim(r.email_id)) = lower(rtrim(d.email_id)) WHERE ${given('d.email_id')}`,
  })
  await findBadEmails(ctx, ['email_id'])
  await ctx.find({
    type: 'ValidationError', field: 'lead_owner', message: 'Lead Owner cannot be same as the Lead Email Address', hint: 'Give another owner.',
    select: `SELECT _id AS id, lead_owner AS "value" FROM ${ctx.doc} WHERE ${given('email_id')} AND email_id = lead_owner`,
  })
  if (ctx.has('image')) await ctx.find({
    type: 'computed-field', severity: 'warning', field: 'image', message: 'The site looks the picture up by the address and drops the one given',
      hint: 'Set the picture after the load.',
    select: `SELECT _id AS id, image AS "value" FROM ${ctx.doc} WHERE ${given('image')} AND ${given('email_id')}`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET image = '' WHERE ${given('email_id')}`)
}

/** The contact: address and numbers of the lead, linked to it. The link makes the site copy a single number to both of the lead's. */
async function insertContacts(ctx: PostingContext): Promise<void> {
  const names = contactNames.get(ctx)
  if (names === undefined) return
  const phone = (number: string, primary: string, idx: string, filter: string) =>
    `SELECT _id AS _parent, ${idx} AS _idx, ${number} AS phone, ${primary === 'phone' ? '1' : '0'} AS is_primary_phone,
      ${primary === 'phone' ? '0' : '1'} AS is_primary_mobile_no FROM ${ctx.live} WHERE ${filter}`
  const made = await ctx.post({
    doctype: 'Contact',
    documents: `SELECT l._id AS _id, l._id AS _root, c.first_name, c.last_name, l.salutation, l.gender, l.job_title AS designation, l.company_name
      FROM ${ctx.live} l JOIN ${names} c ON c._id = l._id`,
    children: {
      ...(ctx.has('email_id') ? { email_ids: `SELECT _id AS _parent, 1 AS _idx, email_id, 1 AS is_primary FROM ${ctx.live} WHERE ${given('email_id')}` } : {}),
      ...(ctx.has('phone') || ctx.has('mobile_no') ? {
        phone_nos: `${phone('phone', 'phone', '1', given('phone'))} UNION ALL ${phone('mobile_no', 'mobile', `CASE WHEN ${given('phone')} THEN 2 ELSE 1 END`,
          given('mobile_no'))}`,
      } : {}),
    },
  })
  await ctx.insertRows('tabDynamic Link', `SELECT l._id, ${ctx.hash('contact-link', 'l._id', '0')} AS name, ${literal(ctx.user)} AS owner,
    ${literal(ctx.user)} AS modified_by, TIMESTAMP ${literal(ctx.now)} AS creation,
    TIMESTAMP ${literal(ctx.now)} AS modified, 0 AS docstatus, 1 AS idx, 'Lead' AS link_doctype, l.name AS link_name, l.title AS link_title, m.name AS parent,
      'links' AS parentfield, 'Contact' AS parenttype
    FROM ${ctx.live} l JOIN ${made} m ON m._root = l._id`)
  for (const [field, other] of [['phone', 'mobile_no'], ['mobile_no', 'phone']] as const) if (ctx.has(other)) {
    await ctx.updateRows('tabLead', field, `SELECT _id AS id, name AS "key", ${other} AS "after" FROM ${ctx.live} WHERE ${missing(field)} AND ${given(other)}`)
  }
}

/** A lead is named by its parts, unique by address, and makes a contact of itself. */
export const rule: PostingRule = {
  doctype: 'Lead',
  reads: ['Lead', 'Contact', 'Dynamic Link'],
  writes: ['Contact', 'Dynamic Link'],
  texts: {
    before_insert: [
      ...['salutation', 'first_name', 'middle_name', 'last_name'].map((field) => ({ field, error: { type: 'TypeError', message: 'sequence item: expected str instance, int found' } })),
      { field: 'phone', call: 'strip' }, { field: 'mobile_no', call: 'strip' },
    ],
  },
  steps: [
    {
      stage: 'before_insert', id: 'existing-customer',
      async run(ctx) {
        if (makesContacts(ctx) && ctx.has('customer')) await findUnsupported(ctx, `source = 'Existing Customer' AND ${given('customer')} AND customer IN (
          SELECT link_name FROM rows."tabDynamic Link" WHERE link_doctype = 'Customer' AND parenttype = 'Contact')`,
            'a lead of an existing customer changes that customer\'s contact, which is not predicted', 'customer')
      },
    },
    { stage: 'before_insert', id: 'contact', run: prepareContact },
    { stage: 'before_insert', id: 'split-name', run: splitName },
    { stage: 'validate', id: 'names', run: setNames },
    { stage: 'validate', id: 'email', run: checkEmail },
    {
      stage: 'named', id: 'email-twins',
      async run(ctx) {
        if (unique(ctx)) await ctx.find({
          ...TAKEN, stage: 'validate',
          select: `SELECT l._id AS id, l.email_id AS "value" FROM ${ctx.live} l WHERE ${given('l.email_id')}
            QUALIFY row_number() OVER (PARTITION BY lower(rtrim(l.email_id)) ORDER BY l._id) > 1`,
        })
      },
    },
    { stage: 'after_insert', id: 'contact-rows', run: insertContacts },
  ],
}
