import { LandfallError } from '../../errors/error.ts'
import type { Site, SiteRecord } from '../../site/site.ts'
import { literal } from '../../staging/staging.ts'

/** DocTypes that are measured, in order of load. */
export const MEASURED = ['Customer', 'Item', 'Address', 'Journal Entry', 'Sales Order', 'Sales Invoice', 'Payment Entry'] as const
export type Measured = (typeof MEASURED)[number]

export const WHAT: Record<Measured, string> = {
  'Customer': 'customer', 'Item': 'item', 'Address': 'address of a customer', 'Journal Entry': 'two lines, posted', 'Sales Order': 'five lines, submitted', 'Sales Invoice': 'five lines, posted', 'Payment Entry': 'received on account, posted',
}

/** What the documents speak of: names of the site. */
export interface MeasureFacts { company: string; currency: string; customerGroup: string; territory: string; itemGroup: string; uom: string; country: string; cash: string; other: string; receivable: string; tax: string | null; costCenter: string }

/** Customers and items the other documents are for: there first, and not measured. */
export const BASE = 20
/** Written before the clock runs, so that caches are as in the middle of a migration. */
export const WARM_UP = 3

const TAG = 'Landfall Measure'

/** Chooses them from the site description; `config-invalid` when the site lacks something an invoice needs. */
export function factsOf(site: Site, company: string | undefined): MeasureFacts {
  const companies = site.records('Company'), own = company === undefined ? companies[0] : companies.find((record) => record['name'] === company)
  if (own === undefined) throw new LandfallError('config-invalid', company === undefined ? 'The site has no company yet.' : `The site has no company "${company}".`, { hint: companies.length === 0 ? 'Finish the setup of the site first.' : `Companies: ${companies.map((record) => String(record['name'])).join(', ')}.` })
  const name = String(own['name']), leaf = (record: SiteRecord): boolean => Number(record['is_group'] ?? 0) === 0
  const need = (what: string, record: SiteRecord | undefined): string => {
    if (record === undefined) throw new LandfallError('config-invalid', `The site has no ${what} an invoice could be made with.`, { hint: 'Measure on a site that has been set up: a company with its chart of accounts, groups and units.' })
    return String(record['name'])
  }
  const first = (doctype: string, what: string, test: (record: SiteRecord) => boolean): string => need(what, site.records(doctype).find((record) => leaf(record) && test(record)))
  const currency = String(own['default_currency']), accounts = site.records('Account').filter((record) => leaf(record) && record['company'] === name && (record['account_currency'] ?? currency) === currency && Number(record['disabled'] ?? 0) === 0)
  const cash = accounts.find((record) => record['account_type'] === 'Cash') ?? accounts.find((record) => record['account_type'] === 'Bank')
  const plain = accounts.find((record) => record['root_type'] === 'Equity' && (record['account_type'] ?? '') === '') ?? accounts.find((record) => record['root_type'] === 'Liability' && (record['account_type'] ?? '') === '')
  const receivable = accounts.find((record) => record['name'] === own['default_receivable_account']) ?? accounts.find((record) => record['account_type'] === 'Receivable')
  return {
    company: name, currency, customerGroup: first('Customer Group', 'customer group', () => true), territory: first('Territory', 'territory', () => true), itemGroup: first('Item Group', 'item group', () => true),
    uom: need('unit', site.records('UOM').find((record) => record['name'] === 'Nos') ?? site.records('UOM')[0]), country: String(own['country'] ?? 'United States'),
    cash: need('cash or bank account', cash), other: need('account beside it', plain), receivable: need('receivable account', receivable),
    tax: accounts.find((record) => record['account_type'] === 'Tax') === undefined ? null : String(accounts.find((record) => record['account_type'] === 'Tax')!['name']), costCenter: String(own['cost_center'] ?? first('Cost Center', 'cost center', (record) => record['company'] === name)),
  }
}

/** Statements that make the drafts: `count` documents of each DocType, before them those of the base; `today` is the site's. */
export function draftStatements(facts: MeasureFacts, count: number, today: string): string[] {
  const range = (first: number, last: number, alias = 't'): string => `range(${first}, ${last + 1}) ${alias}(i)`
  const draft = (doctype: string, entity: string): string => `CREATE TABLE drafts."${doctype}" AS SELECT i AS _id, '${entity}' AS _entity, i::VARCHAR AS _key, i AS _source_row,`
  const customer = `'${TAG} Customer ' || (1 + i % ${BASE})`, day = `DATE ${literal(today)}`, company = `${literal(facts.company)} AS company`
  const lines = (doctype: string, more = ''): string => `CREATE TABLE drafts."${doctype}.items" AS SELECT i AS _parent, n AS _idx, '${TAG} Item ' || (1 + (i * 5 + n) % ${BASE}) AS item_code, 1 + (i * n) % 40 AS qty, round(1 + (i * 7919 + n * 104729) % 90000 / 100.0, 2) AS rate${more} FROM ${range(1, count)}, range(1, 6) u(n) ORDER BY ALL`
  const taxes = (doctype: string): string[] => (facts.tax === null ? [] : [`CREATE TABLE drafts."${doctype}.taxes" AS SELECT i AS _parent, 1 AS _idx, 'On Net Total' AS charge_type, ${literal(facts.tax)} AS account_head, 'Tax' AS description, 8.875 AS rate, ${literal(facts.costCenter)} AS cost_center FROM ${range(1, count)}`])
  return [
    `${draft('Customer', 'customers')} '${TAG} Customer ' || i AS customer_name, 'Company' AS customer_type, ${literal(facts.customerGroup)} AS customer_group, ${literal(facts.territory)} AS territory FROM ${range(1, BASE + count)}`,
    `${draft('Item', 'items')} '${TAG} Item ' || i AS item_code, 'Made for measuring, number ' || i AS item_name, ${literal(facts.itemGroup)} AS item_group, ${literal(facts.uom)} AS stock_uom, 0 AS is_stock_item FROM ${range(1, BASE + count)}`,
    `${draft('Address', 'addresses')} '${TAG} ' || i AS address_title, 'Billing' AS address_type, i || ' Main Street' AS address_line1, 'Springfield' AS city, ${literal(facts.country)} AS country FROM ${range(1, count)}`,
    `CREATE TABLE drafts."Address.links" AS SELECT i AS _parent, 1 AS _idx, 'Customer' AS link_doctype, ${customer} AS link_name FROM ${range(1, count)}`,
    `${draft('Journal Entry', 'journals')} ${company}, ${day} AS posting_date, 1 AS docstatus FROM ${range(1, count)}`,
    `CREATE TABLE drafts."Journal Entry.accounts" AS SELECT i AS _parent, n AS _idx, [${literal(facts.cash)}, ${literal(facts.other)}][n] AS account, CASE n WHEN 1 THEN round(1 + i % 90000 / 100.0, 2) END AS debit_in_account_currency, `
      + `CASE n WHEN 2 THEN round(1 + i % 90000 / 100.0, 2) END AS credit_in_account_currency, ${literal(facts.costCenter)} AS cost_center FROM ${range(1, count)}, range(1, 3) u(n) ORDER BY ALL`,
    `${draft('Sales Order', 'orders')} ${company}, ${customer} AS customer, ${day} AS transaction_date, ${day} AS delivery_date, 1 AS docstatus FROM ${range(1, count)}`,
    lines('Sales Order', `, ${day} AS delivery_date`), ...taxes('Sales Order'),
    `${draft('Sales Invoice', 'invoices')} ${company}, ${customer} AS customer, 1 AS set_posting_time, ${day} AS posting_date, ${day} AS due_date, 1 AS docstatus FROM ${range(1, count)}`,
    lines('Sales Invoice'), ...taxes('Sales Invoice'),
    `${draft('Payment Entry', 'payments')} ${company}, 'Receive' AS payment_type, 'Customer' AS party_type, ${customer} AS party, ${day} AS posting_date, ${literal(facts.receivable)} AS paid_from, ${literal(facts.cash)} AS paid_to, round(1 + i % 90000 / 100.0, 2) AS paid_amount, `
      + `round(1 + i % 90000 / 100.0, 2) AS received_amount, 1 AS source_exchange_rate, 1 AS target_exchange_rate, 'M-' || i AS reference_no, ${day} AS reference_date, 1 AS docstatus FROM ${range(1, count)}`,
  ]
}

/** `_id` of the first measured document: customers and items begin with those of the base. */
export const firstOf = (doctype: Measured): number => (doctype === 'Customer' || doctype === 'Item' ? BASE + 1 : 1)
