import { formatMoney, type Currency, type MoneyFormat } from './money-in-words.ts'
import { floatRepr } from './python-number.ts'
import { CATEGORY, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'

/** Reads back the amounts of `item_wise_tax_detail`; the kernel wrote it, so it is JSON of `{item: [rate, amount]}`. */
type Detail = Record<string, [rate: number, amount: number]>

/**
 * `other_charges_calculation` of document `d`: the table of taxable amounts and taxes per item that the site keeps as HTML; null when the
 * document has no taxes. The markup's white space is part of the stored value. `descriptions` are those of the batch's tax rows; a return shows no signs.
 */
export function taxBreakup(
  batch: TotalsBatch, settings: TotalsSettings, d: number, descriptions: readonly string[], currency: Currency, format: MoneyFormat, returned = false,
): string | null {
  const first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!
  if (first === end) return null
  const headings: string[] = [], rows = new Map<string, Map<string, [number, number]>>()
  for (let t = first; t < end; t++) {
    if (batch.category[t] === CATEGORY.valuation) continue
    const heading = descriptions[t]!
    if (!headings.includes(heading)) headings.push(heading)
    for (const [item, value] of Object.entries(JSON.parse(batch.itemWiseTaxDetail[t] || '{}') as Detail)) {
      if (!rows.has(item)) rows.set(item, new Map())
      rows.get(item)!.set(heading, value)
    }
  }
  const taxable = new Map<string, number>()
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) {
    const key = batch.itemKeys[batch.itemKey[i]!]!
    taxable.set(key, (taxable.get(key) ?? 0) + batch.item.net_amount[i]!)
  }
  const rate = batch.document.conversion_rate[d]!
  const money = (amount: number) => formatMoney(returned ? Math.abs(amount) : amount, currency, format)
  const cell = (value: [number, number] | undefined) => {
    if (!value) return '\n\t\t\t\t\t\t\n\t\t\t\t\t\t\t<td></td>\n\t\t\t\t\t\t\n\t\t\t\t\t'
    const amount = settings.round(value[1], settings.precisions.tax.tax_amount)
    const shown = value[0] !== 0 || amount === 0 ? `\n\t\t\t\t\t\t\t\t\t(${floatRepr(value[0])}%)\n\t\t\t\t\t\t\t\t` : ''
    return `\n\t\t\t\t\t\t\n\t\t\t\t\t\t\n\t\t\t\t\t\t\t<td class="text-right">\n\t\t\t\t\t\t\t\t${shown}\n\t\t\t\t\t\t\t\t\n\t\t\t\t\t\t\t\t\t${money(amount / rate)}\n\t\t\t\t\t\t\t\t\n\t\t\t\t\t\t\t</td>\n\t\t\t\t\t\t\n\t\t\t\t\t`
  }
  const body = [...rows].map(([item, cells]) =>
    `\n\t\t\t\t<tr>\n\t\t\t\t\t<td>${item}</td>\n\t\t\t\t\t<td class="text-right">\n\t\t\t\t\t\t\n\t\t\t\t\t\t\t${money(taxable.get(item) ?? 0)}\n\t\t\t\t\t\t\n\t\t\t\t\t</td>\n\t\t\t\t\t${headings.map((heading) => cell(cells.get(heading))).join('')}\n\t\t\t\t</tr>\n\t\t\t`)
  return `<div class="tax-break-up" style="overflow-x: auto;">\n\t<table class="table table-bordered table-hover">\n\t\t<thead>\n\t\t\t<tr>\n\t\t\t\t${
    head(headings)}\n\t\t\t</tr>\n\t\t</thead>\n\t\t<tbody>\n\t\t\t${body.join('')}\n\t\t</tbody>\n\t</table>\n</div>`
}

function head(headings: string[]): string {
  return ['Item', 'Taxable Amount', ...headings]
    .map((heading, n) => `\n\t\t\t\t\t\n\t\t\t\t\t\t<th class="text-${n === 0 ? 'left' : 'right'}">${heading}</th>\n\t\t\t\t\t\n\t\t\t\t`).join('')
}
