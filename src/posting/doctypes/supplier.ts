import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { missing, on } from './conditions.ts'
import { accountCurrencies, accountSteps, internalParty, portalUsers, primaryContactAndAddress, type Party } from './party.ts'

const PARTY: Party = {
  doctype: 'Supplier', nameField: 'supplier_name', typeField: 'supplier_type', internalField: 'is_internal_supplier', contactField: 'supplier_primary_contact',
  addressField: 'supplier_primary_address', accountType: 'Payable',
}

async function hold(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET hold_type = CASE WHEN NOT (${on('on_hold')}) THEN '' WHEN ${missing('hold_type')} THEN 'All' ELSE hold_type END, ` +
    `release_date = CASE WHEN ${on('on_hold')} THEN release_date END WHERE ${ctx.scope}`)
}

/** Supplier: named after itself (or by series), checks of accounts, holds, a primary Contact and Address made on the way. */
export const rule: PostingRule = {
  doctype: 'Supplier',
  reads: ['Account', 'Company', 'Address Template'],
  writes: ['Contact', 'Address', 'Version'],
  naming: {
    columns: ['supplier_name', 'naming_series'],
    wish: (values, ctx) => (ctx.site.default('supp_master_name') === 'Supplier Name' ? { name: values['supplier_name'] as string | null } : { name: null }),
  },
  texts: { autoname: [{ field: 'supplier_name', whole: true, error: { type: 'NameError', message: 'Invalid name type (integer) for varchar name column' } }] },
  replaced: { release_date: `NOT (${on('on_hold')})` },
  steps: [
    ...accountSteps(PARTY),
    { stage: 'validate', id: 'internal-supplier', pass: 'insert', run: (ctx) => internalParty(ctx, PARTY) },
    { stage: 'validate', id: 'portal-users', pass: 'insert', run: portalUsers },
    { stage: 'validate', id: 'account-currencies', pass: 'insert', run: (ctx) => accountCurrencies(ctx, PARTY) },
    { stage: 'before_save', id: 'hold', run: hold },
    { stage: 'on_update', id: 'contact-and-address', run: (ctx) => primaryContactAndAddress(ctx, PARTY) },
  ],
}
