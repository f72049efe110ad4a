import { asciiJson, floatRepr } from './python-number.ts'
import { CATEGORY, CHARGE, DISCOUNT_ON, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'

/** What a calculation keeps between its two rounds (before and after the document's discount), and per tax row for the item at hand. */
export interface TaxState {
  grandTotalDifference: number
  /** Total of the last tax row before the discount on the grand total; null when there was none. */
  grandTotalForDistribution: number | null
  amount: Float64Array
  grandTotal: Float64Array
  fraction: Float64Array
  grandFraction: Float64Array
  actualLeft: Float64Array
}

export function newTaxState(taxRows: number): TaxState {
  const column = () => new Float64Array(taxRows)
  return {
    grandTotalDifference: 0, grandTotalForDistribution: null, amount: column(), grandTotal: column(), fraction: column(), grandFraction: column(), actualLeft: column(),
  }
}

/** Sets tax rows back before they are summed. A discount on the grand total leaves the amounts before discount standing. */
export function initializeTaxes(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, discounted: boolean): void {
  const { tax } = batch, { round, precisions: { tax: places } } = settings
  if (!discounted) state.grandTotalForDistribution = null
  const keepAmounts = discounted && batch.discountOn[d] === DISCOUNT_ON.grandTotal
  for (let t = batch.taxStart[d]!; t < batch.taxStart[d + 1]!; t++) {
    if (batch.chargeType[t] === CHARGE.actual) tax.rate[t] = 0
    tax.total[t] = tax.tax_amount_after_discount_amount[t] = 0
    state.amount[t] = state.grandTotal[t] = state.fraction[t] = state.grandFraction[t] = 0
    if (batch.chargeType[t] !== CHARGE.actual && !keepAmounts) tax.tax_amount[t] = 0
    tax.rate[t] = round(tax.rate[t]!, places.rate)
    tax.tax_amount[t] = round(tax.tax_amount[t]!, places.tax_amount)
  }
}

function rateFor(batch: TotalsBatch, settings: TotalsSettings, i: number, t: number): number {
  const map = batch.itemTaxMap[i]!
  const own = map < 0 ? undefined : batch.taxMaps[map]!.get(batch.account[t]!)
  return own === undefined ? batch.tax.rate[t]! : settings.round(own, settings.precisions.tax.rate)
}

/** Net amounts of items whose rate includes tax. */
export function exclusiveRates(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, discounted: boolean): void {
  const { item } = batch, { round, precisions: { item: places } } = settings, first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!
  if (!anyIncluded(batch, first, end)) return
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) {
    let cumulated = 0, perQuantity = 0
    for (let t = first; t < end; t++) {
      const included = includedFraction(batch, settings, state, first, t, i)
      state.fraction[t] = included.fraction
      state.grandFraction[t] = t === first ? 1 + included.fraction : state.grandFraction[t - 1]! + included.fraction
      cumulated += included.fraction
      perQuantity += included.perUnit * item.qty[i]!
    }
    if (discounted || item.qty[i] === 0 || (cumulated === 0 && perQuantity === 0)) continue
    item.net_amount[i] = round((item.amount[i]! - perQuantity) / (1 + cumulated), places.net_amount)
    item.net_rate[i] = round(item.net_amount[i]! / item.qty[i]!, places.net_rate)
    item.discount_percentage[i] = round(item.discount_percentage[i]!, places.discount_percentage)
    const rate = batch.document.conversion_rate[d]!
    item.base_net_rate[i] = round(round(item.net_rate[i]!, places.net_rate) * rate, places.base_net_rate)
    item.base_net_amount[i] = round(round(item.net_amount[i]!, places.net_amount) * rate, places.base_net_amount)
  }
}

function anyIncluded(batch: TotalsBatch, first: number, end: number): boolean {
  for (let t = first; t < end; t++) if (batch.included[t] === 1) return true
  return false
}

/** The part of an item's rate that tax row `t` makes up: as a fraction of the net amount, and per unit of quantity. */
function includedFraction(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, first: number, t: number, i: number): { fraction: number; perUnit: number } {
  let fraction = 0, perUnit = 0
  if (batch.included[t] === 1) {
    const rate = rateFor(batch, settings, i, t), referred = first + batch.rowId[t]! - 1, charge = batch.chargeType[t]
    if (charge === CHARGE.onNetTotal) fraction = rate / 100
    else if (charge === CHARGE.onPreviousRowAmount) fraction = (rate / 100) * state.fraction[referred]!
    else if (charge === CHARGE.onPreviousRowTotal) fraction = (rate / 100) * state.grandFraction[referred]!
    else if (charge === CHARGE.onItemQuantity) perUnit = rate
  }
  return batch.deducted[t] === 1 ? { fraction: fraction * -1, perUnit: perUnit * -1 } : { fraction, perUnit }
}

/** A charge that only raises the valuation adds nothing to the total; a deduction counts negative. */
function inTotal(batch: TotalsBatch, settings: TotalsSettings, t: number, amount: number): number {
  if (batch.category[t] === CATEGORY.none) return amount
  const counted = batch.category[t] === CATEGORY.valuation ? 0 : amount
  return settings.buying && batch.deducted[t] === 1 ? counted * -1 : counted
}

/** Amounts and running totals of each tax row, summed over the items, and `item_wise_tax_detail`. */
export function calculateTaxes(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, discounted: boolean): void {
  const first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!
  if (first === end) return
  const { round, precisions: { tax: places } } = settings, details = Array.from({ length: end - first }, () => new Map<number, [number, number]>())
  for (let t = first; t < end; t++) if (batch.chargeType[t] === CHARGE.actual) state.actualLeft[t] = round(batch.tax.tax_amount[t]!, places.tax_amount)
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) taxItem(batch, settings, state, d, i, discounted, details)
  writeDetails(batch, first, details)
  const { document: doc, tax } = batch
  if (batch.discountOn[d] === DISCOUNT_ON.grandTotal && (discounted || doc.discount_amount[d] !== 0 || doc.additional_discount_percentage[d] !== 0)) {
    for (let t = first; t < end; t++) {
      if (discounted) tax.tax_amount_after_discount_amount[t] = round(tax.tax_amount_after_discount_amount[t]!, places.tax_amount)
      cumulate(batch, settings, d, t)
    }
    if (!discounted) state.grandTotalForDistribution = tax.total[end - 1]!
    else {
      const expected = (state.grandTotalForDistribution ?? 0) - doc.discount_amount[d]! - tax.total[end - 1]!
      state.grandTotalDifference = round(expected, settings.precisions.document.grand_total)
    }
  }
  const rate = doc.conversion_rate[d]!
  for (let t = first; t < end; t++) {
    tax.tax_amount[t] = round(tax.tax_amount[t]!, places.tax_amount)
    tax.tax_amount_after_discount_amount[t] = round(tax.tax_amount_after_discount_amount[t]!, places.tax_amount)
    tax.base_tax_amount[t] = round(round(tax.tax_amount[t]!, places.tax_amount) * rate, places.base_tax_amount)
    tax.base_tax_amount_after_discount_amount[t] =
      round(round(tax.tax_amount_after_discount_amount[t]!, places.tax_amount_after_discount_amount) * rate, places.base_tax_amount_after_discount_amount)
    cumulate(batch, settings, d, t)
    tax.base_total[t] = round(round(tax.total[t]!, places.total) * rate, places.base_total)
  }
}

function taxItem(
  batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, i: number, discounted: boolean, details: Map<number, [number, number]>[],
): void {
  const { tax, document: doc } = batch, { round, precisions: { tax: places } } = settings
  const first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!, last = i === batch.itemStart[d + 1]! - 1
  const keepAmounts = discounted && batch.discountOn[d] === DISCOUNT_ON.grandTotal
  for (let t = first; t < end; t++) {
    const rate = rateFor(batch, settings, i, t)
    let amount = itemTax(batch, settings, state, d, i, t, rate)
    addDetail(details[t - first]!, batch.itemKey[i]!, rate, amount * doc.conversion_rate[d]!, settings)
    if (settings.roundRowWiseTax) amount = round(amount, places.tax_amount)
    if (batch.chargeType[t] === CHARGE.actual) {
      // What rounding left over of an actual amount goes to the last item.
      state.actualLeft[t]! -= amount
      if (last) amount += state.actualLeft[t]!
    } else if (!keepAmounts) tax.tax_amount[t]! += amount
    state.amount[t] = amount
    tax.tax_amount_after_discount_amount[t]! += amount
    amount = inTotal(batch, settings, t, amount)
    state.grandTotal[t] = t === first ? batch.item.net_amount[i]! + amount : state.grandTotal[t - 1]! + amount
  }
}

function itemTax(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, i: number, t: number, rate: number): number {
  const net = batch.item.net_amount[i]!, referred = batch.taxStart[d]! + batch.rowId[t]! - 1
  switch (batch.chargeType[t]) {
    case CHARGE.actual: {
      const actual = settings.round(batch.tax.tax_amount[t]!, settings.precisions.tax.tax_amount), total = batch.document.net_total[d]!
      return total !== 0 ? net * actual / total : 0
    }
    case CHARGE.onNetTotal: return (rate / 100) * net
    case CHARGE.onPreviousRowAmount: return (rate / 100) * state.amount[referred]!
    case CHARGE.onPreviousRowTotal: return (rate / 100) * state.grandTotal[referred]!
    case CHARGE.onItemQuantity: return rate * batch.item.qty[i]!
    default: return 0
  }
}

function addDetail(detail: Map<number, [number, number]>, key: number, rate: number, amount: number, { round, roundRowWiseTax, precisions: { tax: places } }: TotalsSettings): void {
  const before = detail.get(key)
  if (roundRowWiseTax) {
    const rounded = round(amount, places.tax_amount)
    detail.set(key, [rate, round(before ? rounded + round(before[1], places.tax_amount) : rounded, places.tax_amount)])
  } else detail.set(key, [rate, before ? amount + before[1] : amount])
}

function writeDetails(batch: TotalsBatch, first: number, details: Map<number, [number, number]>[]): void {
  details.forEach((detail, n) => {
    const parts: string[] = []
    for (const [key, [rate, amount]] of detail) parts.push(`${asciiJson(batch.itemKeys[key]!)}:[${floatRepr(rate)},${floatRepr(amount)}]`)
    batch.itemWiseTaxDetail[first + n] = `{${parts.join(',')}}`
  })
}

function cumulate(batch: TotalsBatch, settings: TotalsSettings, d: number, t: number): void {
  const { tax } = batch, amount = inTotal(batch, settings, t, tax.tax_amount_after_discount_amount[t]!)
  const before = t === batch.taxStart[d] ? batch.document.net_total[d]! : tax.total[t - 1]!
  tax.total[t] = settings.round(before + amount, settings.precisions.tax.total)
}

/** The cents between what customers were told (rates including tax) and the computed total. */
export function inclusiveDifference(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, discounted: boolean): void {
  const { tax, document: doc } = batch, { round, precisions } = settings, first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!
  if (!anyIncluded(batch, first, end)) return
  let outside = 0
  for (let t = first; t < end; t++) if (batch.included[t] === 0) outside += inTotal(batch, settings, t, tax.tax_amount_after_discount_amount[t]!)
  let difference = doc.total[d]! + outside - round(tax.total[end - 1]!, precisions.tax.total)
  if (discounted && doc.discount_amount[d] !== 0) difference -= doc.discount_amount[d]!
  difference = round(difference, precisions.document.rounding_adjustment)
  state.grandTotalDifference = difference !== 0 && Math.abs(difference) <= 5 / 10 ** precisions.tax.tax_amount ? difference : 0
}
