import { ident } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { given, missing, on } from './conditions.ts'
import { dropRepeatedLinks, setLinkTitles } from './dynamic-links.ts'

function fullNameOf(parts: (string | null)[], company: string | null): string {
  const name = parts.map((part) => (part ?? '').trim()).filter((part) => part !== '').join(' ')
  return name === '' && company ? company : name
}

async function fullName(ctx: PostingContext): Promise<void> {
  const part = (field: string) => `NULLIF(py_strip(${field}), '')`
  await ctx.staging.run(`UPDATE ${ctx.doc} SET full_name = COALESCE(NULLIF(concat_ws(' ', ${part('first_name')}, ${part('middle_name')}, ${part('last_name')}), ''), NULLIF(company_name, ''), '')`)
}

async function onlyOne(ctx: PostingContext, table: string, flag: string, what: string): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: `${table}.${flag}`, message: `Only one ${what} can be set as primary.`, hint: 'Mark one row as primary.',
    select: `SELECT _parent AS id FROM ${ctx.child(table)} WHERE ${on(flag)} GROUP BY _parent HAVING COUNT(*) > 1`,
  })
}

/** Sets `field` from the first row flagged, or to '' where there is none. */
async function takePrimary(ctx: PostingContext, table: string, flag: string, from: string, field: string): Promise<void> {
  await ctx.staging.run(ctx.childCount(table) === 0 ? `UPDATE ${ctx.doc} SET ${ident(field)} = ''`
    : `UPDATE ${ctx.doc} AS d SET ${ident(field)} = COALESCE((SELECT arg_min(${from}, c._idx) FROM ${ctx.child(table)} c WHERE c._parent = d._id AND c.${flag} = 1), '')`)
}

async function primaries(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('email_ids') > 0) {
    const emails = ctx.child('email_ids')
    await onlyOne(ctx, 'email_ids', 'is_primary', 'Email ID')
    await ctx.staging.run(`UPDATE ${emails} SET is_primary = 1 WHERE _parent IN (SELECT _parent FROM ${emails} GROUP BY _parent HAVING COUNT(*) = 1)`)
  }
  await takePrimary(ctx, 'email_ids', 'is_primary', 'py_strip(c.email_id)', 'email_id')
  for (const [field, label] of [['phone', 'Phone'], ['mobile_no', 'Mobile No']] as const) {
    if (ctx.childCount('phone_nos') > 0) await onlyOne(ctx, 'phone_nos', `is_primary_${field}`, label)
    await takePrimary(ctx, 'phone_nos', `is_primary_${field}`, 'c.phone', field)
  }
}

async function userAndImage(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('email_ids') === 0) return
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET "user" = u.name FROM rows."tabUser" u WHERE ${missing('d."user"')} AND ${given('d.email_id')} AND rtrim(lower(u.email)) = rtrim(lower(d.email_id))`)
  // A picture is looked up on the internet; a site that cannot reach it stores ''.
  await ctx.staging.run(`UPDATE ${ctx.doc} SET image = '' WHERE ${given('email_id')} AND ${missing('image')}`)
}

async function googleContacts(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'google_contacts', message: 'Select Google Contacts to which contact should be synced.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${on('sync_with_google_contacts')} AND ${missing('google_contacts')}`,
  })
}

/** A Lead the contact is linked to gets the contact's numbers. */
async function leadNumbers(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('phone_nos') === 0 || ctx.childCount('links') === 0) return
  const phones = ctx.child('phone_nos')
  const lead = `(SELECT _parent, arg_min(link_name, _idx) AS lead FROM ${ctx.child('links')} WHERE link_doctype = 'Lead' GROUP BY _parent)`
  for (const [column, flag] of [['phone', 'is_primary_phone'], ['mobile_no', 'is_primary_mobile_no']] as const) {
    await ctx.updateRows('tabLead', column, `SELECT d._id AS id, l.lead AS "key", (SELECT COALESCE(arg_min(p.phone, p._idx) FILTER (${on(`p.${flag}`)}), arg_min(p.phone, p._idx)) FROM ${phones} p WHERE p._parent = d._id) AS "after" ` +
      `FROM ${ctx.live} d JOIN ${lead} l ON l._parent = d._id WHERE d._id IN (SELECT _parent FROM ${phones})`)
  }
}

/** Contact: named after the person (or company) and its first link; primary e-mail and numbers come from its rows. */
export const rule: PostingRule = {
  doctype: 'Contact',
  reads: ['User', 'Lead'],
  replaced: { email_id: 'TRUE', phone: 'TRUE', mobile_no: 'TRUE', full_name: 'TRUE' },
  writes: ['Lead'],
  naming: {
    columns: ['first_name', 'middle_name', 'last_name', 'company_name'],
    computed: { first_link: (ctx) => (ctx.childCount('links') === 0 ? 'NULL' : `(SELECT arg_min(l.link_name, l._idx) FROM ${ctx.child('links')} l WHERE l._parent = n._id)`) },
    wish: (values) => {
      const text = (name: string) => values[name] as string | null
      const name = fullNameOf([text('first_name'), text('middle_name'), text('last_name')], text('company_name')), link = text('first_link')
      return { name: link === null ? name : `${name}-${link.trim()}`, taken: 'dash' }
    },
  },
  texts: { validate: [{ field: 'phone_nos.phone', call: 'strip' }, { field: 'email_ids.email_id', call: 'strip' }] },
  steps: [
    { stage: 'validate', id: 'full-name', run: fullName },
    { stage: 'validate', id: 'primaries', run: primaries },
    { stage: 'validate', id: 'user-and-image', run: userAndImage },
    { stage: 'validate', id: 'titles', run: setLinkTitles },
    { stage: 'validate', id: 'google', run: googleContacts },
    { stage: 'validate', id: 'repeated', run: dropRepeatedLinks },
    { stage: 'after_insert', id: 'lead-numbers', run: leadNumbers },
  ],
}
