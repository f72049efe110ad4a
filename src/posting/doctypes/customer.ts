import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findUnsupported, given, on } from './conditions.ts'
import { accountCurrencies, accountSteps, internalParty, portalUsers, primaryContactAndAddress, type Party } from './party.ts'

const PARTY: Party = {
  doctype: 'Customer', nameField: 'customer_name', typeField: 'customer_type', internalField: 'is_internal_customer', contactField: 'customer_primary_contact',
  addressField: 'customer_primary_address', accountType: 'Receivable',
}

/** A programme customers join by themselves would be put on the customer. */
async function loyalty(ctx: PostingContext): Promise<void> {
  const open = await ctx.staging.one(`SELECT 1 FROM rows."tabLoyalty Program" WHERE auto_opt_in = 1 AND from_date <= DATE '${ctx.today}' AND COALESCE(to_date, DATE '2500-01-01') >= DATE '${ctx.today}' LIMIT 1`)
  if (open === undefined) return
  await ctx.find({ type: 'unsupported', field: 'loyalty_program', message: 'A loyalty programme with automatic opt-in would be given to the customer', select: `SELECT _id AS id FROM ${ctx.doc} WHERE NOT (${given('loyalty_program')})` })
}

async function bankAccount(ctx: PostingContext): Promise<void> {
  if (!ctx.has('default_bank_account')) return
  await ctx.find({
    type: 'ValidationError', field: 'default_bank_account', causeByValue: true,
    select: `SELECT d._id AS id, d.default_bank_account AS "value", d.default_bank_account || ' is not a company bank account' AS message FROM ${ctx.doc} d LEFT JOIN rows."tabBank Account" b ON b.name = d.default_bank_account ` +
      `WHERE ${given('d.default_bank_account')} AND NOT (${on('b.is_company_account')})`,
  })
}

async function salesTeam(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('sales_team') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'sales_team', message: 'Total contribution percentage should be equal to 100', hint: 'Let the shares of the sales team add up to 100.',
    select: `SELECT _parent AS id FROM ${ctx.child('sales_team')} GROUP BY _parent HAVING list_sum(list(COALESCE(allocated_percentage, 0) ORDER BY _idx)) <> 100`,
  })
}

async function nameOfGroup(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'NameError', field: 'name', stage: 'on_update', causeByValue: true, hint: 'Give the customer or the group another name.',
    message: 'A Customer Group exists with same name please change the Customer name or rename the Customer Group',
    select: `SELECT d._id AS id, d.name AS "value" FROM ${ctx.doc} d JOIN rows."tabCustomer Group" g ON rtrim(lower(g.name)) = rtrim(lower(d.name)) WHERE d.name IS NOT NULL`,
  })
}

/** A customer made from a Lead converts it. */
async function convertLead(ctx: PostingContext): Promise<void> {
  if (!ctx.has('lead_name')) return
  if (Number(ctx.site.single('CRM Settings')['carry_forward_communication_and_comments'] ?? 0) !== 0) {
    await findUnsupported(ctx, given('lead_name'), 'messages and comments of the Lead would be carried over, which is not predicted', 'lead_name')
  }
  await ctx.updateRows('tabLead', 'status', `SELECT _id AS id, lead_name AS "key", 'Converted' AS "after" FROM ${ctx.live} WHERE ${given('lead_name')}`)
}

/** What is linked to the Lead, addresses and contacts, is linked to the customer as well. */
async function linkLeadsAddresses(ctx: PostingContext): Promise<void> {
  if (!ctx.has('lead_name')) return
  const linked = `SELECT d._id, d.name AS customer, d.customer_name, l.parenttype, l.parent, row_number() OVER (PARTITION BY d._id ORDER BY l.parenttype, l.parent) AS nth
    FROM ${ctx.live} d JOIN (SELECT DISTINCT parenttype, parent, link_name FROM rows."tabDynamic Link" WHERE link_doctype = 'Lead' AND parenttype IN ('Contact', 'Address')) l ON l.link_name = d.lead_name
    WHERE NOT EXISTS (SELECT 1 FROM rows."tabDynamic Link" x WHERE x.parenttype = l.parenttype AND x.parent = l.parent AND x.link_doctype = 'Customer' AND x.link_name = d.name)`
  await ctx.find({
    type: 'unsupported', field: 'lead_name', message: 'Customer: which address is the preferred one changes with the addresses of the Lead, which is not predicted', hint: 'Leave the address to the Lead, or the Lead out.',
    select: `SELECT l._id AS id FROM (${linked}) l JOIN rows."tabAddress" a ON a.name = l.parent AND l.parenttype = 'Address' JOIN ${ctx.live} d ON d._id = l._id
      WHERE ${given('d.customer_primary_address')} AND (a.is_primary_address = 1 OR a.is_shipping_address = 1)`,
  })
  // Several customers of one Lead are linked one after another.
  await ctx.insertRows('tabDynamic Link', `SELECT l._id, ${ctx.hash('lead-link', 'l._id', 'l.nth')} AS name, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, TIMESTAMP ${literal(ctx.now)} AS creation,
    TIMESTAMP ${literal(ctx.now)} AS modified, 0 AS docstatus, (SELECT COUNT(*) FROM rows."tabDynamic Link" o WHERE o.parenttype = l.parenttype AND o.parent = l.parent)
      + row_number() OVER (PARTITION BY l.parenttype, l.parent ORDER BY l._id) AS idx, 'Customer' AS link_doctype, l.customer AS link_name, l.customer_name AS link_title, l.parent AS parent, 'links' AS parentfield, l.parenttype AS parenttype FROM (${linked}) l`)
}

/** Customer: named after itself (or by series), checks of accounts and teams, a primary Contact and Address made on the way. */
export const rule: PostingRule = {
  doctype: 'Customer',
  reads: ['Account', 'Company', 'Customer Group', 'Loyalty Program', 'Bank Account', 'Address Template', 'Dynamic Link'],
  writes: ['Contact', 'Address', 'Dynamic Link', 'Version', 'Lead'],
  naming: {
    columns: ['customer_name', 'naming_series'],
    // A number with a fraction is no name to look up: the site takes any customer for one that has it.
    computed: { fraction: (ctx) => `${literal(ctx.isGivenAsFloat('customer_name'))} AND EXISTS (SELECT 1 FROM rows."tabCustomer")` },
    wish: (values, ctx) => {
      if (ctx.site.default('cust_master_name') === 'Customer Name') return { name: values['customer_name'] as string | null, taken: ctx.import ? 'refuse' : 'customer', numbered: !ctx.import && values['fraction'] === true }
      return { name: null }
    },
  },
  texts: { autoname: [{ field: 'customer_name', whole: true, error: { type: 'NameError', message: 'Invalid name type (integer) for varchar name column' } }] },
  steps: [
    ...accountSteps(PARTY),
    { stage: 'validate', id: 'loyalty', pass: 'insert', run: loyalty },
    { stage: 'validate', id: 'default-bank-account', pass: 'insert', run: bankAccount },
    { stage: 'validate', id: 'internal-customer', pass: 'insert', run: (ctx) => internalParty(ctx, PARTY) },
    { stage: 'validate', id: 'portal-users', pass: 'insert', run: portalUsers },
    { stage: 'validate', id: 'account-currencies', pass: 'insert', run: (ctx) => accountCurrencies(ctx, PARTY) },
    { stage: 'validate', id: 'sales-team', pass: 'insert', run: salesTeam },
    { stage: 'named', id: 'name-of-a-group', run: nameOfGroup },
    { stage: 'after_insert', id: 'from-lead', run: convertLead },
    { stage: 'on_update', id: 'contact-and-address', run: (ctx) => primaryContactAndAddress(ctx, PARTY) },
    { stage: 'on_update', id: 'addresses-of-lead', run: linkLeadsAddresses },
  ],
}
