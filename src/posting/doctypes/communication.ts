import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { emailProblem } from '../framework/formats.ts'
import { noteOnRecords } from './comments.ts'
import { linkContacts } from './timeline-links.ts'
import { findReactions, reopen } from './parent-reactions.ts'
import { findUnsupported, given, missing } from './conditions.ts'

async function reference(ctx: PostingContext): Promise<void> {
  if (!ctx.has('reference_name')) return
  for (const { d } of await ctx.staging.all<{ d: string }>(`SELECT DISTINCT reference_doctype AS d FROM ${ctx.doc} WHERE ${given('reference_doctype')} AND ${given('reference_name')}`)) {
    const meta = ctx.site.doctype(d), where = `reference_doctype = ${literal(d)} AND ${given('reference_name')}`
    if (meta === undefined || meta.columns.length === 0) continue
    await ctx.staging.run(`UPDATE ${ctx.doc} AS c SET reference_owner = t.owner FROM rows.${ident(meta.table)} t WHERE c.reference_doctype = ${literal(d)} AND t.name = c.reference_name AND ${missing('c.reference_owner')}`)
    if (meta.istable) {
      await ctx.find({
        type: 'ValidationError', field: 'reference_doctype', select: `SELECT _id AS id, 'Cannot create a ' || COALESCE(communication_type, '') || ' against a child document: ' || reference_doctype AS message FROM ${ctx.doc} WHERE ${where}`,
      })
    }
  }
}

async function texts(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET "user" = CASE WHEN ${missing('"user"')} THEN ${literal(ctx.user)} ELSE "user" END, ` +
    `subject = CASE WHEN ${missing('subject')} THEN regexp_replace(left(COALESCE(content, ''), 141), '<[^>]*>', '', 'g') ELSE subject END, ` +
    `seen = CASE WHEN ${missing('sent_or_received')} THEN 1 ELSE seen END, sent_or_received = CASE WHEN ${missing('sent_or_received')} THEN 'Sent' ELSE sent_or_received END`)
}

async function addresses(ctx: PostingContext): Promise<void> {
  const email = `communication_type = 'Communication' AND communication_medium = 'Email'`
  for (const field of ['recipients', 'cc', 'bcc'].filter((name) => ctx.has(name))) {
    const values = await ctx.staging.all<{ id: number; v: string }>(`SELECT _id AS id, ${field} AS v FROM ${ctx.doc} WHERE ${email} AND ${given(field)}`)
    await ctx.findAll({ type: 'InvalidEmailAddressError', field, hint: 'Correct the address.' }, values.flatMap(({ id, v }) => { const problem = emailProblem(v); return problem === null ? [] : [{ id, value: v, message: problem.message }] }))
  }
}

/** The sender's address and name, from what was given, the user or the Contact of that address. */
async function sender(ctx: PostingContext): Promise<void> {
  if (!ctx.has('sender')) return
  const rows = await ctx.staging.all<{ id: number; v: string; sent: boolean }>(`SELECT _id AS id, sender AS v, sent_or_received = 'Sent' AS sent FROM ${ctx.doc} WHERE ${given('sender')} AND ${missing('sender_full_name')}`)
  if (rows.length === 0) return
  const problems: { id: number; value: string; message: string }[] = [], ids: number[] = [], addresses: (string | null)[] = [], names: (string | null)[] = []
  const users = new Map((await ctx.staging.all<{ name: string; email: string | null; full: string | null }>('SELECT name, email, full_name AS "full" FROM rows."tabUser"')).map((user) => [user.name, user]))
  const contacts = new Map((await ctx.staging.all<{ email: string; name: string }>(`SELECT email_id AS email, COALESCE(first_name, '') || COALESCE(last_name, '') AS name FROM rows."tabContact" WHERE email_id <> ''`)).map((row) => [row.email.toLowerCase(), row.name]))
  for (const { id, v, sent } of rows) {
    const problem = v === 'Administrator' || v === 'Guest' || !sent ? null : emailProblem(v)
    if (problem !== null) { problems.push({ id, value: v, message: problem.message }); continue }
    ids.push(id)
    if (v === 'Administrator') { addresses.push(users.get(v)?.email ?? null); names.push(users.get(v)?.full ?? null); continue }
    if (v === 'Guest') { addresses.push(null); names.push(v); continue }
    const address = (/<([^<>]*)>/.exec(v)?.[1] ?? v).trim(), given = v.replace(address, '').replace(/[^A-Za-z0-9\u00C0-\u024F/_' ]+/g, '').trim()
    addresses.push(address)
    names.push(given || users.get(address)?.full || contacts.get(address.toLowerCase()) || address)
  }
  await ctx.findAll({ type: 'InvalidEmailAddressError', field: 'sender', hint: 'Correct the address.' }, problems)
  await ctx.push(ctx.doc, [{ name: '_id', kind: 'BIGINT', values: ids }], [{ name: 'sender', kind: 'VARCHAR', values: addresses }, { name: 'sender_full_name', kind: 'VARCHAR', values: names }])
}

async function status(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET status = CASE WHEN ${given('reference_doctype')} AND ${given('reference_name')} THEN 'Linked' WHEN communication_type = 'Communication' THEN 'Open' ELSE 'Closed' END, ` +
    `delivery_status = CASE WHEN send_after IS NOT NULL THEN 'Scheduled' ELSE delivery_status END`)
  if (!ctx.has('sender')) return
  await ctx.staging.run(`UPDATE ${ctx.doc} SET email_status = 'Spam' WHERE communication_type = 'Communication' AND communication_medium = 'Email' AND sent_or_received = 'Received' AND sender IN (SELECT email_id FROM rows."tabEmail Rule" WHERE is_spam = 1)`)
}

async function replied(ctx: PostingContext): Promise<void> {
  if (!ctx.has('reference_name')) return
  await ctx.updateRows('tabCommunication', 'status', `SELECT _id AS id, reference_name AS "key", 'Replied' AS "after" FROM ${ctx.live} WHERE reference_doctype = 'Communication' AND sent_or_received = 'Sent' AND ${given('reference_name')}`)
}

/** The record is looked up at last, where a link to nothing is noticed. */
async function findLostRecords(ctx: PostingContext): Promise<void> {
  if (!ctx.has('reference_name')) return
  for (const { d } of await ctx.staging.all<{ d: string }>(`SELECT DISTINCT reference_doctype AS d FROM ${ctx.live} WHERE ${given('reference_doctype')} AND ${given('reference_name')}`)) {
    const meta = ctx.site.doctype(d)
    if (meta === undefined || meta.issingle || meta.columns.length === 0) continue
    await ctx.find({
      type: 'DoesNotExistError', field: 'reference_name', stage: 'on_update', causeByValue: true, hint: `Create the ${d} first, map the value to one that exists, or leave the link out.`,
      select: `SELECT l._id AS id, l.reference_name AS "value", ${literal(`${d} `)} || l.reference_name || ' not found' AS message FROM ${ctx.live} l LEFT JOIN rows.${ident(meta.table)} t ON t.name = l.reference_name
        WHERE l.reference_doctype = ${literal(d)} AND ${given('l.reference_name')} AND t.name IS NULL`,
    })
  }
}

/** Communication: a message with its sender, addressed Contacts and the record it is about. */
export const rule: PostingRule = {
  doctype: 'Communication',
  reads: ['User', 'Contact', 'Contact Email', 'Dynamic Link', 'Email Rule', 'Email Account', 'Assignment Rule', 'Prospect', 'Prospect Lead', 'Prospect Opportunity'],
  steps: [
    { stage: 'validate', id: 'reference', run: reference },
    { stage: 'validate', id: 'texts', run: texts },
    { stage: 'validate', id: 'addresses', run: addresses },
    { stage: 'validate', id: 'timeline', run: linkContacts },
    { stage: 'validate', id: 'sender', run: sender },
    { stage: 'validate', id: 'status', run: status },
    { stage: 'named', id: 'lost-records', run: findLostRecords },
    { stage: 'named', id: 'reactions', run: findReactions },
    { stage: 'after_insert', id: 'replied', run: replied },
    { stage: 'on_update', id: 'on-record', run: (ctx) => noteOnRecords(ctx, given('content'), 'sender') },
    { stage: 'on_update', id: 'reopen', run: reopen },
  ],
}
