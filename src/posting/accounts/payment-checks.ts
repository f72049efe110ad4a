import { literal } from '../../staging/staging.ts'
import { given } from '../doctypes/conditions.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { tableRate } from './site-text.ts'

/** Kinds and features of payments these steps do not cover. */
export async function findUnsupportedPayments(ctx: PostingContext): Promise<void> {
  const hint = 'Load such payments through the site itself.', say = (condition: string, field: string, message: string) => ctx.find({ type: 'unsupported', field, message, hint, select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${condition}` })
  await say(`d.payment_type <> 'Internal Transfer' AND ${filled('d.party_type')} AND d.party_type NOT IN ('Customer', 'Supplier')`, 'party_type', 'Payments of parties other than customers and suppliers are not predicted')
  await say(truthy('d.apply_tax_withholding_amount'), 'apply_tax_withholding_amount', 'Tax withholding is not predicted')
  await say(filled('d.amended_from'), 'amended_from', 'Amended payments are not predicted')
  if (ctx.childCount('taxes') > 0) await say(`d._id IN (SELECT _parent FROM ${ctx.child('taxes')})`, 'taxes', 'Taxes of payments are not predicted')
  await say(`d.payment_type <> 'Internal Transfer' AND d.company IN (SELECT name FROM rows."tabCompany" WHERE book_advance_payments_in_separate_party_account = 1)`, 'company', 'The company books advances in accounts of their own')
  if ((ctx.site.default('lang') ?? ctx.site.default('language') ?? 'en') !== 'en') await say('TRUE', 'remarks', 'The site writes remarks and amounts in words in a language other than English')
  if (ctx.childCount('references') === 0) return
  const rows = (condition: string, field: string, message: string) => ctx.find({
    type: 'unsupported', field: `references.${field}`, message, hint, select: `SELECT r._parent AS id, r._idx AS idx FROM ${ctx.child('references')} r JOIN ${ctx.doc} d ON d._id = r._parent WHERE d.payment_type <> 'Internal Transfer' AND ${truthy('r.allocated_amount')} AND ${condition}`,
  })
  await rows(filled('r.payment_term'), 'payment_term', 'Payments of single terms are not predicted')
  await rows(filled('r.payment_request'), 'payment_request', 'Payments of Payment Requests are not predicted')
  await rows(`r.reference_doctype IN ('Journal Entry', 'Payment Entry', 'Dunning')`, 'reference_doctype', 'Payments of journals, payments and dunnings are not predicted')
  if (await ctx.staging.one(`SELECT 1 FROM rows."tabPayment Request" WHERE docstatus = 1 LIMIT 1`) !== undefined) await rows('TRUE', 'reference_name', 'Payment Requests of the documents paid are not predicted')
}

/** Party, accounts and rates where the draft names none. */
export async function takePaymentDetails(ctx: PostingContext): Promise<void> {
  const { staging, doc } = ctx, outer = `d.payment_type <> 'Internal Transfer'`
  await ctx.find({ type: 'ValidationError', field: 'party', message: 'Party Type and Party are mandatory', hint: 'Map the party.', select: `SELECT d._id AS id FROM ${doc} d WHERE ${outer} AND NOT (${given('d.party_type')} AND ${given('d.party')})` })
  await staging.run(`UPDATE ${doc} SET party = NULL, party_balance = NULL WHERE payment_type = 'Internal Transfer'`)
  await staging.run(`DELETE FROM ${ctx.child('references')} WHERE _parent IN (SELECT _id FROM ${doc} WHERE payment_type = 'Internal Transfer') OR COALESCE(allocated_amount, 0) = 0`)
  await ctx.recount('references')
  for (const [type, name] of [['Customer', 'customer_name'], ['Supplier', 'supplier_name']] as const) {
    await staging.run(`UPDATE ${doc} AS d SET party_name = p.${name} FROM rows."tab${type}" p WHERE d.party_type = '${type}' AND p.name = d.party AND ${outer}`)
    const own = (parenttype: string, parent: string) => `(SELECT any_value(NULLIF(a.account, '')) FROM rows."tabParty Account" a WHERE a.parenttype = '${parenttype}' AND a.parent = ${parent} AND a.company = d.company)`
    const side = type === 'Customer' ? 'receivable' : 'payable', account = `COALESCE(${own(type, 'p.name')}, ${own(`${type} Group`, `p.${type.toLowerCase()}_group`)}, c.default_${side}_account)`
    for (const [kind, field] of [['Receive', 'paid_from'], ['Pay', 'paid_to']] as const) await staging.run(`UPDATE ${doc} AS t SET ${field} = s.account FROM (SELECT d._id, ${account} AS account FROM ${doc} d JOIN rows."tab${type}" p ON p.name = d.party LEFT JOIN rows."tabCompany" c ON c.name = d.company
      WHERE d.party_type = '${type}' AND d.payment_type = '${kind}' AND NOT ${given(`d.${field}`)}) s WHERE s._id = t._id`)
  }
  await takeContacts(ctx)
  for (const field of ['paid_from', 'paid_to']) {
    const known = `${given(`d.${field}_account_currency`)} AND COALESCE(d.${field}_account_balance, 0) <> 0 AND ${given(`d.${field}_account_type`)}`, keep = (column: string, other: string) => `${field}_account_${column} = CASE WHEN ${known} THEN d.${field}_account_${column} ELSE ${other} END`
    await staging.run(`UPDATE ${doc} AS d SET ${keep('currency', `COALESCE(NULLIF(k.account_currency, ''), c.default_currency)`)}, ${keep('type', 'k.account_type')}, ${keep('balance', 'NULL')}
      FROM rows."tabAccount" k LEFT JOIN rows."tabCompany" c ON c.name = k.company WHERE k.name = d.${field}`)
  }
  await staging.run(`UPDATE ${doc} SET is_opening = 'No' WHERE payment_type <> 'Internal Transfer'`)
  await takeRates(ctx)
}

async function takeContacts(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET contact_person = s.name FROM (SELECT l.link_doctype, l.link_name, c.name FROM rows."tabDynamic Link" l JOIN rows."tabContact" c ON c.name = l.parent WHERE l.parenttype = 'Contact' AND (c.is_primary_contact = 1 OR c.is_billing_contact = 1)
    QUALIFY row_number() OVER (PARTITION BY l.link_doctype, l.link_name ORDER BY c.is_primary_contact DESC, c.is_billing_contact DESC, c.modified DESC) = 1) s WHERE s.link_doctype = d.party_type AND s.link_name = d.party AND NOT ${given('d.contact_person')} AND ${given('d.party')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET contact_email = NULL WHERE ${given('party')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET contact_email = c.email_id FROM rows."tabContact" c WHERE c.name = d.contact_person AND ${given('d.party')}`)
}

async function takeRates(ctx: PostingContext): Promise<void> {
  const { staging, doc } = ctx, from = 'd.paid_from_account_currency', to = 'd.paid_to_account_currency', table = ctx.scratch('payment_rates')
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT d._id, CASE WHEN ${from} = c.default_currency THEN 1 WHEN ${truthy('d.source_exchange_rate')} THEN d.source_exchange_rate ELSE ${tableRate(ctx, from, 'c.default_currency', 'd.posting_date')} END AS source,
    CASE WHEN ${truthy('d.target_exchange_rate')} THEN d.target_exchange_rate WHEN ${to} = c.default_currency THEN 1 ELSE ${tableRate(ctx, to, 'c.default_currency', 'd.posting_date')} END AS target, ${from} = ${to} AS same
    FROM ${doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company WHERE ${given('d.paid_from')} AND ${given('d.paid_to')}`)
  await ctx.find({
    type: 'unsupported', field: 'source_exchange_rate', message: 'The site would ask a service on the internet for the rate', hint: 'Give the exchange rates, or load Currency Exchange.', select: `SELECT _id AS id FROM ${table} WHERE source IS NULL OR (NOT same AND target IS NULL)`,
  })
  await staging.run(`UPDATE ${doc} AS d SET source_exchange_rate = s.source, target_exchange_rate = CASE WHEN s.same THEN s.source ELSE s.target END FROM ${table} s WHERE s._id = d._id`)
  for (const field of ['paid_amount', 'received_amount', 'source_exchange_rate', 'target_exchange_rate']) await ctx.find({
    type: 'ValidationError', field, message: `${ctx.meta.field(field)?.label ?? field} is mandatory`, hint: 'Map a value.', select: `SELECT d._id AS id FROM ${doc} d WHERE COALESCE(d.${field}, 0) = 0`,
  })
}

const KINDS = { Customer: ['Sales Order', 'Sales Invoice'], Supplier: ['Purchase Order', 'Purchase Invoice'] } as const

/** What a reference takes from the document it refers to, but for what is left of it (see payment-references.ts); and whether it fits the payment. */
export async function takeReferences(ctx: PostingContext): Promise<void> {
  const references = ctx.child('references')
  if (ctx.childCount('references') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'references.reference_doctype', causeByValue: true, hint: 'Refer to orders and invoices of the party.', select: `SELECT r._parent AS id, r._idx AS idx, r.reference_doctype AS "value", 'Reference Doctype does not fit the party' AS message FROM ${references} r JOIN ${ctx.doc} d ON d._id = r._parent
      WHERE NOT ((d.party_type = 'Customer' AND r.reference_doctype IN ('Sales Order', 'Sales Invoice', 'Journal Entry', 'Dunning', 'Payment Entry')) OR (d.party_type = 'Supplier' AND r.reference_doctype IN ('Purchase Order', 'Purchase Invoice', 'Journal Entry', 'Payment Entry')))`,
  })
  await ctx.staging.run(`UPDATE ${references} SET account_type = NULL, payment_type = NULL`)
  for (const [partyType, doctypes] of Object.entries(KINDS)) for (const doctype of doctypes) await takeReference(ctx, doctype, partyType)
  await ctx.find({
    type: 'ValidationError', field: 'references.reference_name', hint: 'Merge the rows.', message: 'Duplicate entry in References', select: `SELECT _parent AS id, _idx AS idx, reference_name AS "value" FROM ${references} QUALIFY row_number() OVER (PARTITION BY _parent, reference_doctype, reference_name, payment_term ORDER BY _idx) > 1`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'references.allocated_amount', message: 'Cannot receive from customer against negative outstanding', hint: 'Use a payment of the type Pay.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d.party_type = 'Customer' AND d.payment_type = 'Receive'
      AND (SELECT SUM(r.allocated_amount) FROM ${references} r WHERE r._parent = d._id) < 0`,
  })
}

async function takeReference(ctx: PostingContext, doctype: string, partyType: string): Promise<void> {
  const references = ctx.child('references'), invoice = doctype.endsWith('Invoice'), party = partyType.toLowerCase(), account = doctype === 'Sales Invoice' ? 'debit_to' : 'credit_to'
  const from = `FROM ${references} r JOIN ${ctx.doc} d ON d._id = r._parent JOIN rows."tab${doctype}" i ON i.name = r.reference_name LEFT JOIN rows."tabCompany" c ON c.name = i.company WHERE r.reference_doctype = '${doctype}'`
  const line = `SELECT r._parent AS id, r._idx AS idx, r.reference_name AS "value"`, base = { type: 'ValidationError', field: 'references.reference_name', causeByValue: true }
  const partyCurrency = `CASE d.payment_type WHEN 'Receive' THEN d.paid_from_account_currency ELSE d.paid_to_account_currency END`, partyAccount = `CASE d.payment_type WHEN 'Receive' THEN d.paid_from ELSE d.paid_to END`
  const n = (column: string) => `NULLIF(CAST(i.${column} AS DOUBLE), 0)`
  const total = `COALESCE(CASE WHEN ${partyCurrency} = c.default_currency THEN COALESCE(${n('base_rounded_total')}, ${n('rounded_total')}, ${n('base_grand_total')}, ${n('grand_total')}) ELSE COALESCE(${n('rounded_total')}, ${n('grand_total')}) END, 0)`
  await ctx.find({ ...base, hint: 'Pay documents of the payment\'s party.', select: `${line}, '${doctype} ' || r.reference_name || ' is not associated with ${partyType} ' || d.party AS message ${from} AND i.${party} IS DISTINCT FROM d.party` })
  if (invoice) await ctx.find({ ...base, hint: 'Use the party account of the invoice.', select: `${line}, '${doctype} ' || r.reference_name || ' is associated with ' || i.${account} || ', but Party Account is another' AS message ${from} AND i.${account} IS DISTINCT FROM ${partyAccount}` })
  if (doctype === 'Purchase Invoice') await ctx.find({ ...base, hint: 'Release the invoice.', select: `${line}, r.reference_name || ' is on hold' AS message ${from} AND i.on_hold = 1` })
  await ctx.find({ ...base, hint: 'Submit it first.', select: `${line}, '${doctype} ' || r.reference_name || ' must be submitted' AS message ${from} AND i.docstatus <> 1` })
  await ctx.find({
    ...base, hint: 'Give the payment term, or switch off the allocation by terms in the template.', select: `${line}, r.reference_name || ' has Payment Term based allocation enabled' AS message ${from} AND i.payment_terms_template IN (SELECT name FROM rows."tabPayment Terms Template" WHERE allocate_payment_based_on_payment_terms = 1)`,
  })
  const side = partyType === 'Customer' ? 'receivable' : 'payable', own = (parenttype: string, parent: string) => `(SELECT any_value(NULLIF(a.account, '')) FROM rows."tabParty Account" a WHERE a.parenttype = '${parenttype}' AND a.parent = ${parent} AND a.company = i.company)`
  const ledger = invoice ? `i.${account}` : `COALESCE(${own(partyType, `i.${party}`)}, (SELECT ${own(`${partyType} Group`, `p.${party}_group`)} FROM rows."tab${partyType}" p WHERE p.name = i.${party}), c.default_${side}_account)`
  await ctx.staging.run(`UPDATE ${references} AS t SET due_date = s.due_date, total_amount = s.total, exchange_rate = s.rate, bill_no = s.bill_no, account = COALESCE(s.account, t.account) FROM (SELECT r._parent, r._idx, ${invoice ? 'i.due_date' : 'NULL::DATE'} AS due_date,
    ${total} AS total, CASE WHEN ${partyCurrency} = c.default_currency THEN 1 ELSE CAST(i.conversion_rate AS DOUBLE) END AS rate, ${doctype === 'Purchase Invoice' ? 'i.bill_no' : 'NULL::VARCHAR'} AS bill_no, ${ledger} AS account ${from}) s WHERE s._parent = t._parent AND s._idx = t._idx`)
}

/** Bank payments name a reference; a supplier on hold is not paid. */
export async function findPaymentRefusals(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'reference_no', message: 'Reference No and Reference Date is mandatory for Bank transaction', hint: 'Map reference_no and reference_date.', select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tabAccount" k ON k.name = CASE d.payment_type WHEN 'Receive' THEN d.paid_to ELSE d.paid_from END
      WHERE k.account_type = 'Bank' AND (NOT ${filled('d.reference_no')} OR d.reference_date IS NULL)`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'party', causeByValue: true, hint: 'Release the supplier.', select: `SELECT d._id AS id, d.party AS "value", d.party || ' is blocked so this transaction cannot proceed' AS message FROM ${ctx.doc} d JOIN rows."tabSupplier" s ON s.name = d.party WHERE d.party_type = 'Supplier' AND s.on_hold = 1
      AND s.hold_type IN ('All', 'Payments') AND (s.release_date IS NULL OR s.release_date >= DATE ${literal(ctx.today)})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'deductions.account', stage: 'on_submit', seq: 2, causeByValue: true, hint: 'Use an account in the company\'s currency.', select: `SELECT x._parent AS id, x._idx AS idx, x.account AS "value", 'Currency for ' || x.account || ' must be ' || c.default_currency AS message FROM ${ctx.child('deductions')} x
      JOIN ${ctx.doc} d ON d._id = x._parent JOIN rows."tabAccount" k ON k.name = x.account JOIN rows."tabCompany" c ON c.name = d.company WHERE d._submit AND k.account_currency <> c.default_currency AND ${truthy('x.amount')}`,
  })
}
