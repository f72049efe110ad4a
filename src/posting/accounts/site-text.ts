import type { PostingContext } from '../framework/rule.ts'
import { moneyInWords, type Currency, type MoneyFormat } from '../orders/money-in-words.ts'

/** A date (`YYYY-MM-DD`) as the site writes it for people (System Settings, date_format). */
export function formatDate(ctx: PostingContext, date: string): string {
  const [year, month, day] = date.split('-') as [string, string, string]
  const format = (ctx.site.single('System Settings')['date_format'] as string | undefined) || 'yyyy-mm-dd'
  return format.replace('yyyy', year).replace('mm', month).replace('dd', day)
}

/** How the site writes amounts. */
export function moneyFormat(ctx: PostingContext): MoneyFormat {
  return {
    format: ctx.site.default('number_format'), currencyPrecision: Number(ctx.site.default('currency_precision') ?? 0) || 0, hideSymbol: ctx.site.default('hide_currency_symbol') === 'Yes',
  }
}

/** The site's currencies by name. */
export async function readCurrencies(ctx: PostingContext): Promise<Map<string, Currency>> {
  const rows = await ctx.staging.all<{ name: string; fraction: string | null; units: number | null; smallest: number | null; symbol: string | null; onright: number | null; format: string | null }>(
    `SELECT name, fraction, fraction_units AS units, CAST(smallest_currency_fraction_value AS DOUBLE) AS smallest, symbol, symbol_on_right AS onright, number_format AS format FROM rows."tabCurrency"`)
  return new Map(rows.map((row) => [row.name, {
    name: row.name, fraction: row.fraction, fractionUnits: row.units, smallestFraction: row.smallest ?? 0, symbol: row.symbol, symbolOnRight: Number(row.onright ?? 0) !== 0, numberFormat: row.format,
  }]))
}

/** `money_in_words`: without a currency the site's own is meant. */
export function inWords(ctx: PostingContext, currencies: Map<string, Currency>, amount: number, name: string | null): string | null {
  const currency = currencies.get(name || ctx.site.default('currency') || 'INR')
  return currency === undefined ? null : moneyInWords(amount, currency, ctx.site.default('number_format'))
}

/** SQL (correlated): the rate `from` → `to` the site's table has on or before `date`, NULL where it has none; `purpose` narrows to buying or selling rates. */
export function tableRate(ctx: PostingContext, from: string, to: string, date: string, purpose?: 'for_buying' | 'for_selling'): string {
  const accounts = ctx.site.single('Accounts Settings')
  const stale = Number(accounts['allow_stale'] ?? 1) !== 0 ? '' : ` AND e.date > ${date} - ${Number(accounts['stale_days'] ?? 1)}`
  return `(SELECT CAST(arg_max(e.exchange_rate, e.date) AS DOUBLE) FROM rows."tabCurrency Exchange" e WHERE e.from_currency = ${from} AND e.to_currency = ${to} AND e.date <= ${date}${purpose === undefined ? '' : ` AND e.${purpose} = 1`}${stale})`
}
