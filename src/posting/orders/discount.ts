import type { TaxState } from './tax-rows.ts'
import { CATEGORY, CHARGE, DISCOUNT_ON, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'

/** The document's discount from its percentage, where one is given. */
export function discountAmount(batch: TotalsBatch, { round, precisions: { document: places } }: TotalsSettings, d: number): void {
  const { document: doc } = batch, percentage = doc.additional_discount_percentage[d]!
  if (percentage === 0) return
  const on = batch.discountOn[d] === DISCOUNT_ON.grandTotal ? doc.grand_total[d]! : batch.discountOn[d] === DISCOUNT_ON.netTotal ? doc.net_total[d]! : 0
  doc.discount_amount[d] = round(on * percentage / 100, places.discount_amount)
}

/** Spreads the document's discount over its item rows; true when taxes and totals must be calculated again. */
export function applyDiscount(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number): boolean {
  const { document: doc, item } = batch, { round, precisions: { document: places, item: decimals } } = settings
  const discount = doc.discount_amount[d]!
  if (discount === 0) {
    doc.base_discount_amount[d] = 0
    return false
  }
  doc.base_discount_amount[d] = round(discount * doc.conversion_rate[d]!, places.base_discount_amount)
  const base = totalForDiscount(batch, state, d)
  if (base === 0) return false
  let net = 0, expected = 0
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) {
    const distributed = discount * item.net_amount[i]! / base
    const adjusted = item.net_amount[i]! - distributed
    expected += adjusted
    item.net_amount[i] = round(adjusted, decimals.net_amount)
    item.distributed_discount_amount[i] = round(distributed, decimals.distributed_discount_amount)
    net += item.net_amount[i]!
    const difference = round(expected - net, places.net_total)
    if (difference !== 0) {
      item.net_amount[i] = round(item.net_amount[i]! + difference, decimals.net_amount)
      item.distributed_discount_amount[i] = round(distributed + difference, decimals.distributed_discount_amount)
      net += difference
    }
    item.net_rate[i] = item.qty[i] !== 0 ? round(item.net_amount[i]! / item.qty[i]!, decimals.net_rate) : 0
    item.base_net_rate[i] = round(round(item.net_rate[i]!, decimals.net_rate) * doc.conversion_rate[d]!, decimals.base_net_rate)
    item.base_net_amount[i] = round(round(item.net_amount[i]!, decimals.net_amount) * doc.conversion_rate[d]!, decimals.base_net_amount)
  }
  return true
}

/** What the discount is spread over: the net total, or the grand total without the charges that do not follow from item amounts. */
function totalForDiscount(batch: TotalsBatch, state: TaxState, d: number): number {
  const { document: doc, tax } = batch, first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!
  if (batch.discountOn[d] === DISCOUNT_ON.netTotal || first === end) return doc.net_total[d]!
  const amounts = new Map<number, { amount: number; cumulative: number }>()
  let actual = 0
  for (let t = first; t < end; t++) {
    let amount: number
    if (batch.chargeType[t] === CHARGE.actual || batch.chargeType[t] === CHARGE.onItemQuantity) amount = tax.tax_amount[t]!
    else {
      const referred = batch.rowId[t] === 0 ? undefined : amounts.get(batch.rowId[t]!)
      if (!referred) continue
      amount = (batch.chargeType[t] === CHARGE.onPreviousRowAmount ? referred.amount : referred.cumulative) * tax.rate[t]! / 100
    }
    if (batch.deducted[t] === 1) amount *= -1
    if (batch.category[t] !== CATEGORY.valuation) actual += amount
    amounts.set(t - first + 1, { amount, cumulative: actual })
  }
  return (state.grandTotalForDistribution ?? doc.grand_total[d]!) - actual
}
