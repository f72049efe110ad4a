import { ident } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { missing, on } from './conditions.ts'
import { dropRepeatedLinks, setLinkTitles } from './dynamic-links.ts'

async function companyAddress(ctx: PostingContext): Promise<void> {
  const company = `SELECT _parent FROM ${ctx.child('links')} WHERE link_doctype = 'Company'`
  await ctx.find({
    type: 'ValidationError', field: 'is_your_company_address', message: 'Address needs to be linked to a Company. Please add a row for Company in the Links table.', hint: 'Link the address to the company, or clear the flag.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${on('is_your_company_address')} AND _id NOT IN (${company})`,
  })
  if (ctx.childCount('links') > 0) await ctx.staging.run(`UPDATE ${ctx.doc} SET is_your_company_address = 1 WHERE _id IN (${company})`)
}

/** An address without links takes those of the Contact that has the user's e-mail address: a Contact called like the user is rare enough not to be guessed at. */
async function linksOfOwner(ctx: PostingContext): Promise<void> {
  const contact = await ctx.staging.one(`SELECT 1 FROM rows."tabContact" c JOIN rows."tabDynamic Link" l ON l.parent = c.name AND l.parenttype = 'Contact' WHERE c.email_id = '${ctx.user.replaceAll("'", "''")}' LIMIT 1`)
  if (contact === undefined) return
  await ctx.find({ type: 'unsupported', field: 'links', message: 'The links of the Contact of the user would be taken over', select: `SELECT _id AS id FROM ${ctx.doc} WHERE NOT (${on('is_your_company_address')}) AND _id NOT IN (SELECT _parent FROM ${ctx.child('links')})` })
}

/** A new preferred address takes the flag from the one that had it (of each linked record the first the site finds). */
async function onePreferred(ctx: PostingContext): Promise<void> {
  for (const field of ['is_primary_address', 'is_shipping_address']) {
    if (!ctx.has(field) || ctx.childCount('links') === 0) continue
    const col = ident(field)
    await ctx.updateRows('tabAddress', field,
      `SELECT d._id AS id, first(a.name ORDER BY a.name) AS "key", CAST(0 AS BIGINT) AS "after" FROM ${ctx.live} d JOIN ${ctx.child('links')} l ON l._parent = d._id JOIN rows."tabDynamic Link" o ON o.link_doctype = l.link_doctype AND o.link_name = l.link_name ` +
      `JOIN rows."tabAddress" a ON a.name = o.parent AND COALESCE(a.disabled, 0) = 0 AND a.${col} = 1 WHERE d.${col} = 1 AND (a._draft IS NULL OR a.name NOT IN (SELECT name FROM ${ctx.live})) GROUP BY d._id, l._idx`)
    // Within the batch the last one keeps it.
    await ctx.updateRows('tabAddress', field,
      `SELECT d._id AS id, d.name AS "key", CAST(0 AS BIGINT) AS "after" FROM ${ctx.live} d JOIN ${ctx.child('links')} l ON l._parent = d._id JOIN ${ctx.child('links')} m ON m.link_doctype = l.link_doctype AND m.link_name = l.link_name AND m._parent > l._parent ` +
      `JOIN ${ctx.live} e ON e._id = m._parent WHERE d.${col} = 1 AND e.${col} = 1 AND COALESCE(d.disabled, 0) = 0`)
  }
}

async function displayOnCustomer(ctx: PostingContext): Promise<void> {
  const any = await ctx.staging.one(`SELECT 1 FROM rows."tabCustomer" c JOIN ${ctx.live} d ON c.customer_primary_address = d.name LIMIT 1`)
  if (any === undefined) return
  const { addressDisplay, UNKNOWN_TEMPLATE } = await import('./address-display.ts')
  await ctx.find({ type: 'unsupported', field: 'country', message: UNKNOWN_TEMPLATE, select: `SELECT d._id AS id FROM ${ctx.live} d JOIN rows."tabCustomer" c ON c.customer_primary_address = d.name WHERE ${await addressDisplay(ctx, 'd')} IS NULL` })
  await ctx.updateRows('tabCustomer', 'primary_address', `SELECT d._id AS id, c.name AS "key", ${await addressDisplay(ctx, 'd')} AS "after" FROM ${ctx.live} d JOIN rows."tabCustomer" c ON c.customer_primary_address = d.name`)
}

/** Address: named after its title (or first link) and type; keeps one preferred address per linked record. */
export const rule: PostingRule = {
  doctype: 'Address',
  reads: ['Contact', 'Dynamic Link', 'Customer', 'Address Template'],
  writes: ['Customer'],
  naming: {
    columns: ['address_title', 'address_type'],
    computed: {
      untitled: (ctx) => `NOT (${ctx.truth('address_title', 'n')})`, first_link: (ctx) => (ctx.childCount('links') === 0 ? 'NULL' : `(SELECT arg_min(l.link_name, l._idx) FROM ${ctx.child('links')} l WHERE l._parent = n._id)`) },
    wish: (values) => {
      const title = ((values['untitled'] ? '' : values['address_title'] as string | null) || (values['first_link'] as string | null) || '')
      if (title === '') return { name: null, error: { type: 'ValidationError', message: 'Address Title is mandatory.' } }
      const stem = `${title.trim()}-${((values['address_type'] as string | null) ?? '').trim()}`
      return { name: stem, taken: 'series', series: `${stem}-.#`, lax: true }
    },
  },
  steps: [
    { stage: 'before_validate', id: 'title', pass: 'insert', run: async (ctx) => {
      if (ctx.childCount('links') === 0) return
      await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET address_title = l.v FROM (SELECT _parent, arg_min(link_name, _idx) AS v FROM ${ctx.child('links')} GROUP BY _parent) l WHERE l._parent = d._id AND ${missing('d.address_title')}`)
    } },
    { stage: 'validate', id: 'company', pass: 'insert', run: companyAddress },
    { stage: 'validate', id: 'owner', pass: 'insert', run: linksOfOwner },
    { stage: 'validate', id: 'titles', pass: 'insert', run: setLinkTitles },
    { stage: 'validate', id: 'repeated', pass: 'insert', run: dropRepeatedLinks },
    { stage: 'after_insert', id: 'preferred', run: onePreferred },
    { stage: 'on_update', id: 'customer', run: displayOnCustomer },
  ],
}
