import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, type OrderKind } from './kind.ts'

/** SQL (correlated): the rate `from` → `to` on `date`, NULL where the site's table has none; for a relation with those three columns as expressions. */
export function exchangeRate(ctx: PostingContext, from: string, to: string, date: string, purpose: string): string {
  const accounts = ctx.site.single('Accounts Settings')
  const stale = Number(accounts['allow_stale'] ?? 1) !== 0 ? '' : ` AND e.date > ${date} - ${Number(accounts['stale_days'] ?? 1)}`
  return `CASE WHEN ${from} = ${to} THEN 1.0 ELSE (SELECT NULLIF(CAST(arg_max(e.exchange_rate, e.date) AS DOUBLE), 0) FROM rows."tabCurrency Exchange" e
    WHERE e.from_currency = ${from} AND e.to_currency = ${to} AND e.${purpose} = 1 AND e.date <= ${date}${stale}) END`
}

/** Orders of a party the site does not have: the site stumbles over it before anything else. */
export async function findMissingParty(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const absent = `NOT EXISTS (SELECT 1 FROM rows."tab${kind.partyType}" p WHERE p.name = d.${kind.party})`
  if (!kind.selling) await ctx.find({
    type: 'DoesNotExistError', field: 'supplier', message: 'Supplier None not found', hint: 'Give the supplier.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE NOT ${filled('d.supplier')}`,
  })
  await ctx.find({
    type: kind.selling ? 'DoesNotExistError' : 'ValidationError', field: kind.party, causeByValue: true, hint: `Load the ${kind.party} first, or correct the name.`,
    select: `SELECT d._id AS id, d.${kind.party} AS "value", ${literal(`${kind.partyType} `)} || d.${kind.party} || ' not found' AS message FROM ${ctx.doc} d WHERE ${filled(`d.${kind.party}`)} AND ${absent}`,
  })
}

/** What an order takes from its party, the party's group and the company where the draft does not say; then price list currency and exchange rates. */
export async function takePartyDetails(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const name = `${kind.party}_name`, group = `${kind.party}_group`
  const own: Record<string, string> = kind.selling
    ? { customer_group: 'p.customer_group', territory: 'p.territory', sales_partner: orNull('p.default_sales_partner'), commission_rate: 'NULLIF(p.default_commission_rate, 0)' }
    : {}
  const lists = kind.selling ? `${orNull('p.default_price_list')}, ${orNull('g.default_price_list')}` : orNull('p.default_price_list')
  const values: Record<string, string> = {
    [name]: `p.${name}`, ...own, language: 'p.language', currency: `${orNull('p.default_currency')}, c.default_currency`, [kind.priceList]: lists, tax_category: `p.tax_category, ''`,
    payment_terms_template: `${orNull('p.payment_terms')}, ${orNull('g.payment_terms')}, ${orNull('c.payment_terms')}`,
  }
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET ${Object.keys(values).map((column) => `${column} = s.${column}`).join(', ')} FROM (SELECT d._id, ` +
    `${Object.entries(values).map(([column, value]) => `COALESCE(d.${column}, ${value}) AS ${column}`).join(', ')} FROM ${ctx.doc} d JOIN rows."tab${kind.partyType}" p ON p.name = d.${kind.party}
     LEFT JOIN rows."tab${kind.partyType} Group" g ON g.name = p.${group} LEFT JOIN rows."tabCompany" c ON c.name = d.company) s WHERE s._id = t._id`)
  await takeRates(ctx, kind)
}

async function takeRates(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const rate = (from: string) => exchangeRate(ctx, from, 'company_currency', 'transaction_date', kind.exchangeFor)
  // Currency first, as the rates depend on it; rates are looked up only where the draft has none and the currencies differ.
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET price_list_currency = s.list_currency, plc_conversion_rate = s.list_rate, currency = s.currency, conversion_rate = s.rate
    FROM (SELECT _id, list_currency, list_rate, COALESCE(NULLIF(currency, ''), list_currency) AS currency,
      CASE WHEN COALESCE(currency, '') = '' THEN list_rate WHEN currency = company_currency THEN 1.0 WHEN COALESCE(conversion_rate, 0) = 0 THEN ${rate('currency')} ELSE conversion_rate END AS rate
      FROM (SELECT *, CASE WHEN list_given AND list_currency = company_currency THEN 1.0 WHEN list_given AND COALESCE(plc_conversion_rate, 0) = 0 THEN ${rate('list_currency')}
        ELSE plc_conversion_rate END AS list_rate
        FROM (SELECT d._id, d.currency, d.conversion_rate, d.plc_conversion_rate, d.transaction_date, c.default_currency AS company_currency, ${filled(`d.${kind.priceList}`)} AS list_given,
          CASE WHEN ${filled(`d.${kind.priceList}`)} THEN l.currency ELSE d.price_list_currency END AS list_currency
          FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company LEFT JOIN rows."tabPrice List" l ON l.name = d.${kind.priceList}))) s WHERE s._id = t._id`)
}
