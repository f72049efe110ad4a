import { fold } from '../framework/collation.ts'
import { setOrder } from '../framework/python-set.ts'
import type { PostingContext } from '../framework/rule.ts'
import { findUnsupported, given } from './conditions.ts'

type Link = [doctype: string, name: string]

/** Addresses in a header field: `A <a@x>, b@x`, as Python's getaddresses reads the usual forms. */
function addressesIn(text: string): string[] {
  return text.split(/,(?=(?:[^"]|"[^"]*")*$)/).map((part) => (/<([^<>]*)>/.exec(part)?.[1] ?? part.replace(/\([^()]*\)/g, '')).trim()).filter((address) => address !== '')
}

/** Contacts by folded address, the one found first where several have it, with the records they are linked to. */
async function contactsByAddress(ctx: PostingContext): Promise<Map<string, Link[]>> {
  const links = new Map<string, Link[]>()
  for (const row of await ctx.staging.all<{ parent: string; d: string; n: string }>(
    `SELECT parent, link_doctype AS d, link_name AS n FROM rows."tabDynamic Link" WHERE parenttype = 'Contact' AND ${given('link_doctype')} AND ${given('link_name')} ORDER BY creation DESC NULLS LAST, rowid DESC`)) {
    links.set(row.parent, [...(links.get(row.parent) ?? []), [row.d, row.n]])
  }
  const contacts = new Map<string, Link[]>()
  for (const row of await ctx.staging.all<{ address: string; name: string }>(
    `SELECT e.email_id AS address, e.parent AS name FROM rows."tabContact Email" e JOIN rows."tabContact" c ON c.name = e.parent WHERE e.parenttype = 'Contact' AND ${given('e.email_id')} ORDER BY e.creation DESC NULLS LAST, e.rowid DESC`)) {
    const key = fold(row.address)
    if (!contacts.has(key)) contacts.set(key, [['Contact', row.name], ...(links.get(row.name) ?? [])])
  }
  return contacts
}

/**
 * A message by e-mail is linked to the Contacts with its addresses and to what those are linked to, beside the links it brings. The site lists them in the order of a Python
 * set, which differs from process to process: the order for hash seed 0 is given, and said where there are several.
 */
export async function linkContacts(ctx: PostingContext): Promise<void> {
  const email = `communication_medium = 'Email'`
  const automatic = await ctx.staging.one(`SELECT 1 FROM rows."tabEmail Account" WHERE enable_automatic_linking = 1 LIMIT 1`)
  if (automatic !== undefined) await findUnsupported(ctx, email, 'the site links messages by their addresses to records of any kind', 'recipients')
  if (ctx.has('email_account')) await findUnsupported(ctx, `${email} AND email_account IN (SELECT name FROM rows."tabEmail Account" WHERE create_contact = 1)`, 'the e-mail account makes contacts of new addresses', 'email_account')
  const fields = ['sender', 'recipients', 'cc', 'bcc'].filter((name) => ctx.has(name))
  if (fields.length === 0 && ctx.childCount('timeline_links') === 0) return
  const table = ctx.child('timeline_links'), found = new Map<number, Link[]>()
  for (const row of ctx.childCount('timeline_links') === 0 ? [] : await ctx.staging.all<{ id: number; d: string; n: string }>(
    `SELECT l._parent AS id, l.link_doctype AS d, l.link_name AS n FROM ${table} l JOIN ${ctx.doc} d ON d._id = l._parent WHERE d.${email} ORDER BY l._parent, l._idx`)) found.set(row.id, [...(found.get(row.id) ?? []), [row.d, row.n]])
  const contacts = await contactsByAddress(ctx)
  if (contacts.size > 0 && fields.length > 0) for (const row of await ctx.staging.all<{ id: number } & Record<string, string | null>>(`SELECT _id AS id, ${fields.join(', ')} FROM ${ctx.doc} WHERE ${email}`)) {
    const links = fields.flatMap((field) => addressesIn(row[field] ?? '')).flatMap((address) => contacts.get(fold(address)) ?? [])
    if (links.length > 0) found.set(Number(row.id), [...(found.get(Number(row.id)) ?? []), ...links])
  }
  if (found.size === 0) return
  const rows = [...found].flatMap(([id, links]) => setOrder(links).map(([doctype, name], i) => ({ id, idx: i + 1, doctype, name })))
  const scratch = ctx.scratch('timeline')
  await ctx.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (id BIGINT, idx BIGINT, d VARCHAR, n VARCHAR)`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: scratch.slice(6, -1) }, [
    { name: 'id', kind: 'BIGINT', values: rows.map((row) => row.id) }, { name: 'idx', kind: 'BIGINT', values: rows.map((row) => row.idx) },
    { name: 'd', kind: 'VARCHAR', values: rows.map((row) => row.doctype) }, { name: 'n', kind: 'VARCHAR', values: rows.map((row) => row.name) },
  ])
  await ctx.staging.run(`DELETE FROM ${table} WHERE _parent IN (SELECT id FROM ${scratch});
    INSERT INTO ${table} (_parent, _idx, name, idx, docstatus, parentfield, parenttype, owner, modified_by, creation, modified, link_doctype, link_name)
    SELECT s.id, s.idx, ${ctx.hash('timeline_links', 's.id', 's.idx')}, s.idx, 0, 'timeline_links', 'Communication', d.owner, d.modified_by, d.creation, d.modified, s.d, s.n FROM ${scratch} s JOIN ${ctx.doc} d ON d._id = s.id`)
  await ctx.recount('timeline_links')
  await ctx.find({
    type: 'order-by-chance', severity: 'warning', field: 'timeline_links', message: 'The site lists the links of a message in an order that changes from process to process', hint: 'Nothing to do: only the numbers of the rows may differ.',
    select: `SELECT DISTINCT id AS id FROM ${scratch} WHERE idx > 1`,
  })
}
