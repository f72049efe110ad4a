/**
 * The calculation kernel works on many documents at once: one array per field, document `d` owning the item rows
 * `itemStart[d] .. itemStart[d + 1]` and the tax rows `taxStart[d] .. taxStart[d + 1]`. Numbers are doubles, as in the site.
 * The kernel changes the arrays in place, as validate() changes the document, so that running it again is the second validate of a submit.
 */

/** Rounds to `precision` decimals by the site's rounding method: Frappe's `flt`. */
export type Round = (value: number, precision: number) => number

export const CHARGE = { none: 0, actual: 1, onNetTotal: 2, onPreviousRowAmount: 3, onPreviousRowTotal: 4, onItemQuantity: 5, onPaidAmount: 6 } as const
export const CATEGORY = { none: 0, total: 1, valuation: 2, valuationAndTotal: 3 } as const
export const DISCOUNT_ON = { none: 0, grandTotal: 1, netTotal: 2 } as const
export const MARGIN = { none: 0, amount: 1, percentage: 2, other: 3 } as const

/** Finding of a document whose computation divides by zero. */
export const CRASH_MESSAGE = 'The calculation divides by zero; the site fails on this document'

export const CHARGE_TYPES: Record<string, number> = {
  Actual: CHARGE.actual, 'On Net Total': CHARGE.onNetTotal, 'On Previous Row Amount': CHARGE.onPreviousRowAmount,
  'On Previous Row Total': CHARGE.onPreviousRowTotal, 'On Item Quantity': CHARGE.onItemQuantity, 'On Paid Amount': CHARGE.onPaidAmount,
}
export const CATEGORIES: Record<string, number> = { Total: CATEGORY.total, Valuation: CATEGORY.valuation, 'Valuation and Total': CATEGORY.valuationAndTotal }

/** Fields of a document that the kernel reads (the first three) or computes. */
export const DOCUMENT_FIELDS = [
  'conversion_rate', 'additional_discount_percentage', 'discount_amount', 'commission_rate', 'base_discount_amount', 'total_qty', 'total', 'base_total',
  'net_total', 'base_net_total', 'tax_withholding_net_total', 'base_tax_withholding_net_total', 'total_taxes_and_charges',
  'base_total_taxes_and_charges', 'grand_total', 'base_grand_total', 'taxes_and_charges_added', 'taxes_and_charges_deducted',
  'base_taxes_and_charges_added', 'base_taxes_and_charges_deducted', 'rounded_total', 'base_rounded_total', 'rounding_adjustment',
  'base_rounding_adjustment', 'total_net_weight', 'amount_eligible_for_commission', 'total_commission',
] as const

export const ITEM_FIELDS = [
  'qty', 'rate', 'price_list_rate', 'discount_percentage', 'discount_amount', 'margin_rate_or_amount', 'rate_with_margin', 'total_weight',
  'base_rate_with_margin', 'distributed_discount_amount', 'net_rate', 'amount', 'net_amount', 'base_price_list_rate', 'base_rate',
  'base_net_rate', 'base_amount', 'base_net_amount',
] as const

export const TAX_FIELDS = [
  'rate', 'tax_amount', 'tax_amount_after_discount_amount', 'total', 'base_tax_amount', 'base_tax_amount_after_discount_amount', 'base_total',
] as const

export type DocumentField = (typeof DOCUMENT_FIELDS)[number]
export type ItemField = (typeof ITEM_FIELDS)[number]
export type TaxField = (typeof TAX_FIELDS)[number]

/** Decimals of each field, from the catalog (site/): currency precision, float precision, or the field's own. */
export interface Precisions {
  document: Record<DocumentField, number>
  item: Record<ItemField, number>
  tax: Record<TaxField, number>
}

export interface TotalsBatch {
  count: number
  itemStart: Int32Array
  taxStart: Int32Array
  document: Record<DocumentField, Float64Array>
  item: Record<ItemField, Float64Array>
  tax: Record<TaxField, Float64Array>
  /** DISCOUNT_ON of each document. */
  discountOn: Uint8Array
  roundedTotalDisabled: Uint8Array
  /** `smallest_currency_fraction_value` of the document's currency; 0 where it has none. */
  smallestFraction: Float64Array
  /** Index of the item's tax map in `taxMaps`, -1 for none. */
  itemTaxMap: Int32Array
  taxMaps: ReadonlyMap<number, number>[]
  /** Identity of the item code (or name) under which `item_wise_tax_detail` sums: index into `itemKeys`. */
  itemKey: Int32Array
  itemKeys: string[]
  marginType: Uint8Array
  /** `apply_tds`, `grant_commission`. */
  withheld: Uint8Array
  commissioned: Uint8Array
  chargeType: Uint8Array
  /** Row number from 1 the charge refers to; 0 for none. */
  rowId: Int32Array
  /** Identity of the account head, as in `taxMaps`. */
  account: Int32Array
  included: Uint8Array
  category: Uint8Array
  deducted: Uint8Array
  /** `item_wise_tax_detail` of each tax row, written by the kernel. */
  itemWiseTaxDetail: string[]
  /** Documents whose computation would divide by zero, which Python refuses. */
  crashed: Uint8Array
  /** 1: an invoice that gives back: a line without quantity gives back its rate. */
  givesBack: Uint8Array
}

export interface TotalsSettings {
  round: Round
  precisions: Precisions
  /** Buying documents: add and deduct, no commission. */
  buying: boolean
  /** Accounts Settings, `round_row_wise_tax`. */
  roundRowWiseTax: boolean
}

function columns<F extends string>(fields: readonly F[], length: number): Record<F, Float64Array> {
  return Object.fromEntries(fields.map((field) => [field, new Float64Array(length)])) as Record<F, Float64Array>
}

/** An empty batch for `count` documents with `items` item rows and `taxes` tax rows in all. */
export function newTotalsBatch(count: number, items: number, taxes: number): TotalsBatch {
  return {
    count, itemStart: new Int32Array(count + 1), taxStart: new Int32Array(count + 1), document: columns(DOCUMENT_FIELDS, count),
    item: columns(ITEM_FIELDS, items), tax: columns(TAX_FIELDS, taxes), discountOn: new Uint8Array(count), roundedTotalDisabled: new Uint8Array(count),
    smallestFraction: new Float64Array(count), itemTaxMap: new Int32Array(items).fill(-1), taxMaps: [], itemKey: new Int32Array(items), itemKeys: [],
    marginType: new Uint8Array(items), withheld: new Uint8Array(items), commissioned: new Uint8Array(items), chargeType: new Uint8Array(taxes),
    rowId: new Int32Array(taxes), account: new Int32Array(taxes), included: new Uint8Array(taxes), category: new Uint8Array(taxes),
    deducted: new Uint8Array(taxes), itemWiseTaxDetail: new Array<string>(taxes).fill(''), crashed: new Uint8Array(count), givesBack: new Uint8Array(count),
  }
}
