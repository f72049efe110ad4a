import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext, Step } from '../framework/rule.ts'
import { given, missing, on } from './conditions.ts'

/** What Customer and Supplier have in common; only names differ. */
export interface Party {
  doctype: 'Customer' | 'Supplier'
  nameField: string
  typeField: string
  internalField: string
  contactField: string
  addressField: string
  accountType: 'Receivable' | 'Payable'
}

const bold = (sql: string) => `COALESCE(${sql}, 'None')`

/** Accounts per company: one each, of the company, no group, in a currency the party may have. */
export function accountSteps(party: Party): Step[] {
  return [
    { stage: 'validate', id: 'party-accounts', pass: 'insert', run: (ctx) => partyAccounts(ctx, party) },
  ]
}

async function partyAccounts(ctx: PostingContext, party: Party): Promise<void> {
  if (ctx.childCount('accounts') === 0) return
  const rows = ctx.child('accounts'), company = literal(ctx.site.default('company') ?? null)
  const currency = `(SELECT any_value(default_currency) FROM rows."tabCompany" WHERE name = ${ctx.site.default('company') ? company : 'a.company'})`
  const from = `${rows} a JOIN ${ctx.doc} d ON d._id = a._parent LEFT JOIN rows."tabAccount" r ON r.name = a.account`
  // The site looks at one row after another and at each thing in a row: rows order the findings, then the checks.
  await ctx.find({
    type: 'DuplicatePartyAccountError', field: 'accounts.company', hint: 'Keep one account per company.', message: `There can only be 1 Account per Company in ${party.doctype}`,
    select: `SELECT _parent AS id, idx AS idx FROM ${rows} QUALIFY row_number() OVER (PARTITION BY _parent, company ORDER BY _idx) = 2`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.account', message: `Billing currency must be equal to either default company's currency or party account currency`,
    select: `SELECT a._parent AS id, a.idx AS idx FROM ${from} WHERE ${given('d.default_currency')} AND ${given('r.account_currency')} AND ${currency} IS NOT NULL AND d.default_currency <> r.account_currency AND d.default_currency <> ${currency}`,
  })
  for (const account of ['account', 'advance_account']) {
    await ctx.find({
      type: 'ValidationError', field: `accounts.${account}`, hint: 'Use a leaf account of the company.',
      select: `SELECT a._parent AS id, a.idx AS idx, a.${account} AS "value", CASE WHEN x.company IS DISTINCT FROM a.company THEN 'Row ' || a.idx || ':  Account ' || a.${account} || ' does not belong to Company ' || ${bold('a.company')} ` +
        `ELSE 'Row ' || a.idx || ': Account ' || a.${account} || ' is a Group Account' END AS message FROM ${rows} a LEFT JOIN rows."tabAccount" x ON x.name = a.${account} ` +
        `WHERE ${given(`a.${account}`)} AND (x.company IS DISTINCT FROM a.company OR ${on('x.is_group')})`,
    })
  }
}

/** Currency of the accounts against the billing currency and the company's (a later step of the same controllers). */
export async function accountCurrencies(ctx: PostingContext, party: Party): Promise<void> {
  if (ctx.childCount('accounts') === 0) return
  const own = `(SELECT any_value(default_currency) FROM rows."tabCompany" c WHERE c.name = a.company)`
  const from = `${ctx.child('accounts')} a JOIN ${ctx.doc} d ON d._id = a._parent LEFT JOIN rows."tabAccount" r ON r.name = a.account LEFT JOIN rows."tabAccount" v ON v.name = a.advance_account`
  const wrong = (alias: string) => `${given(`${alias}.account_currency`)} AND ${alias}.account_currency IS DISTINCT FROM d.default_currency AND ${alias}.account_currency IS DISTINCT FROM ${own}`
  await ctx.find({
    type: 'ValidationError', field: 'accounts.account',
    select: `SELECT a._parent AS id, a.idx AS idx, a.account AS "value", '${party.accountType} Account: ' || a.account || ' (' || r.account_currency || ') must be in either customer billing currency: ' || ${bold('d.default_currency')} || ` +
      `' or Company default currency: ' || ${bold(own)} AS message FROM ${from} WHERE ${wrong('r')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.advance_account',
    select: `SELECT a._parent AS id, a.idx AS idx, a.advance_account AS "value", 'Advance Account: ' || a.advance_account || ' must be in either customer billing currency: ' || ${bold('d.default_currency')} || ` +
      `' or Company default currency: ' || ${bold(own)} AS message FROM ${from} WHERE ${wrong('v')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'accounts.account', message: 'Both account and advance account must be of same currency',
    select: `SELECT a._parent AS id, a.idx AS idx FROM ${from} WHERE ${given('r.account_currency')} AND ${given('v.account_currency')} AND r.account_currency <> v.account_currency`,
  })
}

/** An internal party stands for one company, and each company has one. */
export async function internalParty(ctx: PostingContext, party: Party): Promise<void> {
  const flag = ident(party.internalField)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET represents_company = '' WHERE NOT (${on(flag)}) AND ${ctx.scope}`)
  if (!ctx.has('represents_company')) return
  await ctx.find({
    type: 'ValidationError', field: 'represents_company', hint: 'One internal party per company.',
    select: `SELECT d._id AS id, d.represents_company AS "value", 'Internal ${party.doctype} for company ' || d.represents_company || ' already exists' AS message FROM ${ctx.doc} d ` +
      `WHERE ${given('d.represents_company')} AND EXISTS (SELECT 1 FROM rows."tab${party.doctype}" r WHERE r.${flag} = 1 AND r.represents_company = d.represents_company)`,
  })
}

/** Portal users get a role on their User record: rows of User and Has Role that are not predicted. */
export async function portalUsers(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('portal_users') === 0) return
  await ctx.find({
    type: 'DoesNotExistError', field: 'portal_users.user', message: 'User None not found', hint: 'Name the user or leave the row out.',
    select: `SELECT _parent AS id, _idx AS idx FROM ${ctx.child('portal_users')} WHERE ${missing('"user"')}`,
  })
  await ctx.find({
    type: 'unsupported', field: 'portal_users', message: 'Portal users are given a role on their User record, which is not predicted', hint: 'Add portal users after the migration.',
    select: `SELECT DISTINCT _parent AS id FROM ${ctx.child('portal_users')} WHERE ${given('"user"')}`,
  })
}

/** The Contact and the Address a party makes of its own fields, and their names on the party. */
export async function primaryContactAndAddress(ctx: PostingContext, party: Party): Promise<void> {
  const changed = ctx.scratch('versions')
  await ctx.staging.run(`CREATE TEMP TABLE ${changed.slice(5)} (id BIGINT)`)
  await makeContacts(ctx, party, changed)
  await makeAddresses(ctx, party, changed)
  if (ctx.meta.track_changes) {
    await ctx.insertRows('tabVersion', `SELECT v.id AS _id, ${ctx.hash('version', 'v.id', '0')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ` +
      `${literal(ctx.user)} AS modified_by, ${literal(ctx.user)} AS owner, 0 AS docstatus, 0 AS idx, ${literal(party.doctype)} AS ref_doctype, d.name AS docname, ` +
      `'{"added":[],"changed":[],"data_import":null,"removed":[],"row_changed":[],"updater_reference":null}' AS data FROM (SELECT DISTINCT id FROM ${changed}) v JOIN ${ctx.doc} d ON d._id = v.id`)
  }
}

async function makeContacts(ctx: PostingContext, party: Party, changed: string): Promise<void> {
  if (!ctx.has('mobile_no') && !ctx.has('email_id')) return
  const lead = party.doctype === 'Customer' ? ` AND ${missing('lead_name')}` : ''
  const wanted = `${ctx.live} w WHERE ${missing(ident(party.contactField))}${lead} AND (${given('mobile_no')} OR ${given('email_id')})`
  const words = `list_filter(regexp_split_to_array(py_strip(${ident(party.nameField)}), '\\s+'), lambda x: x <> '')`
  const person = `${ident(party.typeField)} = 'Individual'`
  const names = await ctx.post({
    doctype: 'Contact',
    documents: `SELECT _id, _id AS _root, 1 AS is_primary_contact, CASE WHEN ${person} THEN ${words}[1] END AS first_name, CASE WHEN ${person} AND len(${words}) > 2 THEN array_to_string(${words}[2:-2], ' ') END AS middle_name, ` +
      `CASE WHEN ${person} AND len(${words}) > 1 THEN ${words}[-1] END AS last_name, CASE WHEN NOT COALESCE(${person}, FALSE) THEN ${ident(party.nameField)} END AS company_name FROM ${wanted}`,
    children: {
      links: `SELECT _id AS _parent, 1 AS _idx, '${party.doctype}' AS link_doctype, name AS link_name FROM ${wanted}`,
      email_ids: `SELECT _id AS _parent, 1 AS _idx, email_id, 1 AS is_primary FROM ${wanted} AND ${given('email_id')}`,
      phone_nos: `SELECT _id AS _parent, 1 AS _idx, mobile_no AS phone, 0 AS is_primary_phone, 1 AS is_primary_mobile_no FROM ${wanted} AND ${given('mobile_no')}`,
    },
  })
  await ctx.staging.run(`UPDATE rows."tab${party.doctype}" AS t SET ${ident(party.contactField)} = c.name FROM ${names} c JOIN ${ctx.doc} d ON d._id = c._root WHERE t.name = d.name`)
  await ctx.staging.run(`INSERT INTO ${changed} SELECT _root FROM ${names}`)
}

const ADDRESS_FIELDS = ['address_line1', 'address_line2', 'city', 'state', 'pincode', 'country']

async function makeAddresses(ctx: PostingContext, party: Party, changed: string): Promise<void> {
  const value = (field: string) => (ctx.extras.has(field) ? `x.${ident(field)}` : ctx.meta.field(field) !== undefined && ctx.meta.column(field) !== undefined ? `w.${ident(field)}` : 'CAST(NULL AS VARCHAR)')
  if (!ctx.extras.has('address_line1')) return
  const text = (field: string) => `CAST(${value(field)} AS VARCHAR)`
  const wanted = `${ctx.live} w JOIN ${ctx.drafts} x ON x._id = w._id WHERE ${given(text('address_line1'))}`
  await ctx.find({
    type: 'ValidationError', field: 'city', message: 'Following fields are mandatory to create address:',
    select: `SELECT w._id AS id FROM ${wanted} AND (${missing(text('city'))} OR ${missing(text('country'))})`,
  })
  const names = await ctx.post({
    doctype: 'Address',
    documents: `SELECT w._id AS _id, w._id AS _root, w.${ident(party.nameField)} AS address_title, ${ADDRESS_FIELDS.map((field) => `${text(field)} AS ${field}`).join(', ')}, 1 AS is_primary_address, 1 AS is_shipping_address FROM ${wanted}`,
    children: { links: `SELECT w._id AS _parent, 1 AS _idx, '${party.doctype}' AS link_doctype, w.name AS link_name FROM ${wanted}` },
  })
  const { addressDisplay, UNKNOWN_TEMPLATE } = await import('./address-display.ts')
  const display = await addressDisplay(ctx, 'a')
  await ctx.find({ type: 'unsupported', field: 'primary_address', message: UNKNOWN_TEMPLATE, select: `SELECT c._root AS id FROM ${names} c JOIN rows."tabAddress" a ON a.name = c.name WHERE ${display} IS NULL` })
  await ctx.staging.run(`UPDATE rows."tab${party.doctype}" AS t SET ${ident(party.addressField)} = c.name, primary_address = ${display} FROM ${names} c JOIN ${ctx.doc} d ON d._id = c._root ` +
    `JOIN rows."tabAddress" a ON a.name = c.name WHERE t.name = d.name`)
  await ctx.staging.run(`INSERT INTO ${changed} SELECT _root FROM ${names}`)
}
