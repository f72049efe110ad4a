import { literal } from '../../staging/staging.ts'
import { addressDisplay, UNKNOWN_TEMPLATE } from '../doctypes/address-display.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, type OrderKind } from './kind.ts'

/** Fields that hold an address's name and, beside, its text. */
const SELLING: [name: string, text: string][] = [['customer_address', 'address_display'], ['shipping_address_name', 'shipping_address'], ['company_address', 'company_address_display'], ['dispatch_address_name', 'dispatch_address']]
const BUYING: [name: string, text: string][] = [['supplier_address', 'address_display'], ['shipping_address', 'shipping_address_display'], ['dispatch_address', 'dispatch_address_display'], ['billing_address', 'billing_address_display']]

/** SQL: of each record of `doctype` its default billing and shipping address: `owner`, `billing`, `shipping`. */
function addressesOf(doctype: string): string {
  return `SELECT l.link_name AS owner, arg_min(a.name, (1 - COALESCE(a.is_primary_address, 0), a.creation, a.name)) AS billing,
    CASE WHEN COUNT(*) FILTER (a.is_shipping_address = 1) > 0 THEN arg_min(a.name, (a.creation, a.name)) FILTER (a.is_shipping_address = 1)
      WHEN COUNT(*) FILTER (a.address_type = 'Shipping') = 1 THEN any_value(a.name) FILTER (a.address_type = 'Shipping') END AS shipping
    FROM rows."tabDynamic Link" l JOIN rows."tabAddress" a ON a.name = l.parent WHERE l.parenttype = 'Address' AND l.link_doctype = ${literal(doctype)} AND COALESCE(a.disabled, 0) = 0 GROUP BY l.link_name`
}

/** Addresses and contact of the party, and the company's address, where the draft names none; then the text of every address named. */
export async function takeAddresses(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const fields = kind.selling ? SELLING : BUYING
  const linked = await ctx.staging.one(`SELECT 1 FROM rows."tabDynamic Link" WHERE parenttype IN ('Address', 'Contact') AND link_doctype IN ('Company', '${kind.partyType}') LIMIT 1`)
  if (linked !== undefined) {
    const company = kind.selling ? ['company_address'] : ['billing_address', 'shipping_address'], shipping = kind.selling ? 'shipping_address_name' : 'dispatch_address'
    const sets = [`${kind.party}_address = COALESCE(t.${kind.party}_address, s.billing)`, `${shipping} = COALESCE(t.${shipping}, s.shipping)`, ...company.map((field) => `${field} = COALESCE(t.${field}, s.company_billing)`)]
    await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET ${sets.join(', ')} FROM (SELECT d._id, p.billing, p.shipping, c.billing AS company_billing FROM ${ctx.doc} d LEFT JOIN (${addressesOf(kind.partyType)}) p ON p.owner = d.${kind.party}
      LEFT JOIN (${addressesOf('Company')}) c ON c.owner = d.company) s WHERE s._id = t._id AND (s.billing IS NOT NULL OR s.shipping IS NOT NULL OR s.company_billing IS NOT NULL)`)
    await takeContacts(ctx, kind)
  }
  const named = fields.map(([name]) => `SELECT ${name} AS name FROM ${ctx.doc} WHERE ${filled(name)}`).join(' UNION ')
  const table = ctx.scratch('address_texts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT a.name, ${await addressDisplay(ctx, 'a')} AS text FROM rows."tabAddress" a WHERE a.name IN (${named})`)
  if (await ctx.staging.one(`SELECT 1 FROM ${table} LIMIT 1`) === undefined) return
  for (const [name, text] of fields) {
    await ctx.find({
      type: 'unsupported', field: name, message: UNKNOWN_TEMPLATE, hint: 'Load such orders through the site itself.',
      select: `SELECT d._id AS id, d.${name} AS "value" FROM ${ctx.doc} d JOIN ${table} a ON a.name = d.${name} WHERE a.text IS NULL`,
    })
    await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET ${text} = a.text FROM ${table} a WHERE a.name = t.${name}`)
  }
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET tax_category = a.tax_category FROM rows."tabAddress" a WHERE a.name = t.${kind.party}_address AND ${filled('a.tax_category')} AND NOT ${filled('t.tax_category')}`)
}

/** The party's primary or billing contact, if it has one. */
async function takeContacts(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const fields: [string, string][] = [['contact_person', 'name'], ['contact_display', 'full_name'], ['contact_email', 'email_id'], ['contact_mobile', 'mobile_no'], ...(kind.selling ? [['contact_phone', 'phone'] as [string, string]] : [])]
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET ${fields.map(([own, other]) => `${own} = COALESCE(t.${own}, s.${other})`).join(', ')} FROM (SELECT l.link_name AS owner, c.* FROM rows."tabDynamic Link" l JOIN rows."tabContact" c ON c.name = l.parent
    WHERE l.parenttype = 'Contact' AND l.link_doctype = '${kind.partyType}' AND (c.is_primary_contact = 1 OR c.is_billing_contact = 1)
    QUALIFY row_number() OVER (PARTITION BY l.link_name ORDER BY c.is_primary_contact DESC, c.is_billing_contact DESC, c.creation, c.name) = 1) s WHERE s.owner = t.${kind.party}`)
}
