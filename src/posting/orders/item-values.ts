import { MARGIN, type ItemField, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'

const ROUNDED: readonly ItemField[] = [
  'qty', 'rate', 'price_list_rate', 'discount_percentage', 'discount_amount', 'margin_rate_or_amount', 'rate_with_margin', 'base_rate_with_margin',
  'distributed_discount_amount', 'total_weight',
]

/** Every amount of an item row to its field's precision, as the site does before it computes. */
export function roundItems(batch: TotalsBatch, { round, precisions: { item: places } }: TotalsSettings, d: number): void {
  const end = batch.itemStart[d + 1]!
  for (const field of ROUNDED) {
    const values = batch.item[field], decimals = places[field]
    for (let i = batch.itemStart[d]!; i < end; i++) if (values[i] !== 0) values[i] = round(values[i]!, decimals)
  }
}

/** Rate, discount, margin and amount of each item row of document `d`. Rows' discounts given by pricing rules are not handled here. */
export function itemValues(batch: TotalsBatch, settings: TotalsSettings, d: number): void {
  const { item } = batch, { round, precisions: { item: places } } = settings, rate = batch.document.conversion_rate[d]!
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) {
    const listed = item.price_list_rate[i]!, percentage = item.discount_percentage[i]!
    if (percentage === 100) item.rate[i] = 0
    else if (listed !== 0 && item.rate[i] === 0) {
      item.rate[i] = round(listed * (1 - percentage / 100), places.rate)
      item.discount_amount[i] = listed * (percentage / 100)
    }
    margin(batch, settings, d, i)
    const withMargin = item.rate_with_margin[i]!
    if (withMargin > 0) {
      item.rate[i] = round(withMargin * (1 - percentage / 100), places.rate)
      if (item.discount_amount[i] !== 0 && percentage === 0) item.rate[i] = withMargin - item.discount_amount[i]!
      else item.discount_amount[i] = withMargin - item.rate[i]!
    } else if (listed > 0) {
      item.discount_amount[i] = listed - item.rate[i]!
    }
    item.net_rate[i] = item.rate[i]!
    item.amount[i] = round(item.rate[i]! * (item.qty[i] === 0 && batch.givesBack[d] === 1 ? -1 : item.qty[i]!), places.amount)
    item.net_amount[i] = item.amount[i]!
    item.base_price_list_rate[i] = round(round(listed, places.price_list_rate) * rate, places.base_price_list_rate)
    item.base_rate[i] = round(round(item.rate[i]!, places.rate) * rate, places.base_rate)
    item.base_net_rate[i] = round(round(item.net_rate[i]!, places.net_rate) * rate, places.base_net_rate)
    item.base_amount[i] = round(round(item.amount[i]!, places.amount) * rate, places.base_amount)
    item.base_net_amount[i] = round(round(item.net_amount[i]!, places.net_amount) * rate, places.base_net_amount)
  }
}

function margin(batch: TotalsBatch, { round, precisions: { item: places } }: TotalsSettings, d: number, i: number): void {
  const { item } = batch, listed = item.price_list_rate[i]!
  let withMargin = 0, baseWithMargin = 0
  if (listed !== 0 && item.rate[i]! > listed) {
    // A rate above the price list is itself the margin; rate_with_margin stays 0.
    batch.marginType[i] = MARGIN.amount
    item.margin_rate_or_amount[i] = round(item.rate[i]! - listed, places.margin_rate_or_amount)
  } else if (listed !== 0 && batch.marginType[i] !== MARGIN.none && item.margin_rate_or_amount[i] !== 0) {
    const value = batch.marginType[i] === MARGIN.amount ? item.margin_rate_or_amount[i]! : listed * item.margin_rate_or_amount[i]! / 100
    withMargin = listed + value
    baseWithMargin = withMargin * batch.document.conversion_rate[d]!
  }
  item.rate_with_margin[i] = withMargin
  item.base_rate_with_margin[i] = baseWithMargin
}
