import { itemValues, roundItems } from './item-values.ts'
import { applyDiscount, discountAmount } from './discount.ts'
import { calculateTaxes, exclusiveRates, initializeTaxes, inclusiveDifference, newTaxState, type TaxState } from './tax-rows.ts'
import { floorRemainder } from './python-number.ts'
import { CATEGORY, DISCOUNT_ON, type DocumentField, type Round, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'

/**
 * Rates, amounts, taxes, document discount and totals of every document of the batch, in place, in the site's order of operations.
 * The caller has set `conversion_rate` (1 in company currency) and has refused documents whose tax rows refer to rows that are not there.
 * `only` restricts the work to some documents (the second validate of those that are submitted).
 */
export function calculateTotals(batch: TotalsBatch, settings: TotalsSettings, only?: Uint8Array): void {
  const state = newTaxState(batch.account.length)
  for (let d = 0; d < batch.count; d++) {
    if (only && only[d] === 0) continue
    calculateDocument(batch, settings, state, d)
  }
}

function calculateDocument(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number): void {
  if (batch.itemStart[d] === batch.itemStart[d + 1]) return
  state.grandTotalDifference = 0
  roundItems(batch, settings, d)
  itemValues(batch, settings, d)
  calculate(batch, settings, state, d, false)
  discountAmount(batch, settings, d)
  if (applyDiscount(batch, settings, state, d)) calculate(batch, settings, state, d, true)
  if (!settings.buying) commission(batch, settings, d)
  const net = batch.document.net_total[d]!, grand = batch.document.grand_total[d]!
  if (!Number.isFinite(net) || !Number.isFinite(grand)) batch.crashed[d] = 1
}

function calculate(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number, discounted: boolean): void {
  initializeTaxes(batch, settings, state, d, discounted)
  exclusiveRates(batch, settings, state, d, discounted)
  netTotal(batch, settings, d)
  calculateTaxes(batch, settings, state, d, discounted)
  inclusiveDifference(batch, settings, state, d, discounted)
  totals(batch, settings, state, d)
  netWeight(batch, d)
}

/** Writes `base_<field>`: the rounded value times the conversion rate, rounded again. */
function toCompanyCurrency(batch: TotalsBatch, settings: TotalsSettings, d: number, field: DocumentField, base: DocumentField): void {
  const { round, precisions: { document: places } } = settings, doc = batch.document
  doc[base][d] = round(round(doc[field][d]!, places[field]) * doc.conversion_rate[d]!, places[base])
}

function netTotal(batch: TotalsBatch, settings: TotalsSettings, d: number): void {
  const { item, document: doc } = batch, { round, precisions: { document: places } } = settings
  let quantity = 0, total = 0, baseTotal = 0, net = 0, baseNet = 0, withheld = 0, baseWithheld = 0
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) {
    total += item.amount[i]!
    quantity += item.qty[i]!
    baseTotal += item.base_amount[i]!
    net += item.net_amount[i]!
    baseNet += item.base_net_amount[i]!
    if (batch.withheld[i] === 1) {
      withheld += item.net_amount[i]!
      baseWithheld += item.base_net_amount[i]!
    }
  }
  doc.total_qty[d] = quantity
  doc.total[d] = round(total, places.total)
  doc.base_total[d] = round(baseTotal, places.base_total)
  doc.net_total[d] = round(net, places.net_total)
  doc.base_net_total[d] = round(baseNet, places.base_net_total)
  doc.tax_withholding_net_total[d] = withheld
  doc.base_tax_withholding_net_total[d] = baseWithheld
}

function totals(batch: TotalsBatch, settings: TotalsSettings, state: TaxState, d: number): void {
  const { document: doc, tax } = batch, { round, precisions: { document: places } } = settings
  const first = batch.taxStart[d]!, end = batch.taxStart[d + 1]!, taxed = end > first, difference = state.grandTotalDifference
  doc.grand_total[d] = taxed ? tax.total[end - 1]! + difference : doc.net_total[d]!
  doc.total_taxes_and_charges[d] = taxed ? round(doc.grand_total[d]! - doc.net_total[d]! - difference, places.total_taxes_and_charges) : 0
  toCompanyCurrency(batch, settings, d, 'total_taxes_and_charges', 'base_total_taxes_and_charges')
  const converted = doc.grand_total[d]! * doc.conversion_rate[d]!
  if (settings.buying) {
    addedAndDeducted(batch, settings, d)
    const charged = doc.taxes_and_charges_added[d] !== 0 || doc.taxes_and_charges_deducted[d] !== 0
    doc.base_grand_total[d] = charged ? converted : doc.base_net_total[d]!
    toCompanyCurrency(batch, settings, d, 'taxes_and_charges_added', 'base_taxes_and_charges_added')
    toCompanyCurrency(batch, settings, d, 'taxes_and_charges_deducted', 'base_taxes_and_charges_deducted')
  } else {
    doc.base_grand_total[d] = doc.total_taxes_and_charges[d] !== 0 ? round(converted, places.base_grand_total) : doc.base_net_total[d]!
  }
  doc.grand_total[d] = round(doc.grand_total[d]!, places.grand_total)
  doc.base_grand_total[d] = round(doc.base_grand_total[d]!, places.base_grand_total)
  roundedTotal(batch, settings, d)
}

function addedAndDeducted(batch: TotalsBatch, settings: TotalsSettings, d: number): void {
  const { document: doc, tax } = batch, { round, precisions: { document: places } } = settings
  let added = 0, deducted = 0
  for (let t = batch.taxStart[d]!; t < batch.taxStart[d + 1]!; t++) {
    const category = batch.category[t]
    if (category !== CATEGORY.total && category !== CATEGORY.valuationAndTotal) continue
    if (batch.deducted[t] === 0) added += tax.tax_amount_after_discount_amount[t]!
    else deducted += tax.tax_amount_after_discount_amount[t]!
  }
  doc.taxes_and_charges_added[d] = round(added, places.taxes_and_charges_added)
  doc.taxes_and_charges_deducted[d] = round(deducted, places.taxes_and_charges_deducted)
}

function roundedTotal(batch: TotalsBatch, settings: TotalsSettings, d: number): void {
  const { document: doc } = batch, { round, precisions: { document: places } } = settings
  if (batch.roundedTotalDisabled[d] === 1) {
    doc.rounded_total[d] = doc.base_rounded_total[d] = doc.rounding_adjustment[d] = 0
    return
  }
  doc.rounded_total[d] = roundToFraction(doc.grand_total[d]!, batch.smallestFraction[d]!, places.rounded_total, round)
  doc.rounding_adjustment[d] = round(doc.rounded_total[d]! - doc.grand_total[d]!, places.rounding_adjustment)
  toCompanyCurrency(batch, settings, d, 'rounding_adjustment', 'base_rounding_adjustment')
  toCompanyCurrency(batch, settings, d, 'rounded_total', 'base_rounded_total')
}

/** To the nearest multiple of a currency's smallest fraction (0: to a whole number); a half goes down. */
export function roundToFraction(value: number, fraction: number, places: number, round: Round): number {
  if (fraction === 0) return round(round(value, 0), places)
  const scale = 10 ** places
  const rest = round(places > 0 ? floorRemainder(value * scale, fraction * scale) / scale : floorRemainder(value, fraction), places)
  return round(rest > fraction / 2 ? value + (fraction - rest) : value - rest, places)
}

function netWeight(batch: TotalsBatch, d: number): void {
  let weight = 0
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) weight += batch.item.total_weight[i]!
  batch.document.total_net_weight[d] = weight
}

function commission(batch: TotalsBatch, settings: TotalsSettings, d: number): void {
  const { document: doc } = batch, { round, precisions: { document: places } } = settings
  doc.commission_rate[d] = round(doc.commission_rate[d]!, places.commission_rate)
  let eligible = 0
  for (let i = batch.itemStart[d]!; i < batch.itemStart[d + 1]!; i++) if (batch.commissioned[i] === 1) eligible += batch.item.base_net_amount[i]!
  doc.amount_eligible_for_commission[d] = eligible
  doc.total_commission[d] = round(eligible * doc.commission_rate[d]! / 100, places.total_commission)
}

/** `apply_discount_on` as the kernel's code; text other than the two choices is none. */
export function discountOnCode(text: string | null): number {
  return text === 'Grand Total' ? DISCOUNT_ON.grandTotal : text === 'Net Total' ? DISCOUNT_ON.netTotal : DISCOUNT_ON.none
}
