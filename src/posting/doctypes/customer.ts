import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { given, on } from './conditions.ts'
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

/** A customer made from a Lead converts it; what else hangs on the Lead would move along. */
async function fromLead(ctx: PostingContext): Promise<void> {
  if (!ctx.has('lead_name')) return
  await ctx.find({
    type: 'unsupported', field: 'lead_name', message: 'Addresses and contacts of the Lead would be linked to the customer, which is not predicted',
    select: `SELECT d._id AS id FROM ${ctx.live} d JOIN rows."tabDynamic Link" l ON l.link_doctype = 'Lead' AND l.link_name = d.lead_name AND l.parenttype IN ('Contact', 'Address')`,
  })
  await ctx.updateRows('tabLead', 'status', `SELECT _id AS id, lead_name AS "key", 'Converted' AS "after" FROM ${ctx.live} WHERE ${given('lead_name')}`)
}

/** Customer: named after itself (or by series), checks of accounts and teams, a primary Contact and Address made on the way. */
export const rule: PostingRule = {
  doctype: 'Customer',
  reads: ['Account', 'Company', 'Customer Group', 'Loyalty Program', 'Bank Account', 'Address Template'],
  writes: ['Contact', 'Address', 'Version', 'Lead'],
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
    { stage: 'after_insert', id: 'from-lead', run: fromLead },
    { stage: 'on_update', id: 'contact-and-address', run: (ctx) => primaryContactAndAddress(ctx, PARTY) },
  ],
}
