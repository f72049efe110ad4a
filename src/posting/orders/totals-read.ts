import type { PostingContext } from '../framework/rule.ts'
import type { OrderKind } from './kind.ts'
import type { Currency, MoneyFormat } from './money-in-words.ts'
import { fieldPrecision, precisionsOf } from './precisions.ts'
import { roundingFor } from './rounding.ts'
import { discountOnCode } from './taxes-and-totals.ts'
import { CATEGORIES, CHARGE_TYPES, MARGIN, newTotalsBatch, type TotalsBatch, type TotalsSettings } from './totals-batch.ts'
import { truthy } from './kind.ts'

/** A batch of orders in the kernel's form, with what is needed to write it back. */
export interface OrderBatch {
  batch: TotalsBatch
  settings: TotalsSettings
  ids: number[]
  currencies: string[]
  companyCurrencies: string[]
  /** 1: the document is submitted after its insert, so validated twice. */
  submitted: Uint8Array
  /** 1: an invoice that gives back. */
  returns: Uint8Array
  /** 1: some item is a stock item or a fixed asset. */
  stocked: Uint8Array
  itemDocument: Int32Array
  items: {
    parent: number[]; idx: number[]; factor: Float64Array; weight: Float64Array; actual: Float64Array; valuation: Float64Array; sameUnit: Uint8Array; margin: (string | null)[]
    /** Further amounts that are only rounded: field to values. */
    rounded: Record<string, Float64Array>
  }
  taxes: { parent: number[]; idx: number[]; description: string[]; category: (string | null)[] }
  /** CATEGORY a tax row ends with, where it changes. */
  categoryAfter: Uint8Array
  factorPlaces: number
  weightPlaces: number
  roundStockQty: boolean
  format: MoneyFormat
  currency(name: string): Currency | undefined
}

/** Numbers by name, in order of first sight. */
class Names {
  readonly all: string[] = []
  readonly #index = new Map<string, number>()
  of(name: string): number {
    let index = this.#index.get(name)
    if (index === undefined) {
      index = this.all.push(name) - 1
      this.#index.set(name, index)
    }
    return index
  }
}

async function count(ctx: PostingContext, relation: string): Promise<number> {
  return Number((await ctx.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${relation}`))!.n)
}

/** Reads the working tables of the batch into columns. */
export async function readBatch(ctx: PostingContext, kind: OrderKind): Promise<OrderBatch> {
  const documents = await count(ctx, ctx.doc), items = await count(ctx, ctx.child('items')), taxes = await count(ctx, ctx.child('taxes'))
  const batch = newTotalsBatch(documents, items, taxes), currencies = await readCurrencies(ctx), column = () => new Float64Array(items)
  const accounts = ctx.site.single('Accounts Settings'), stock = ctx.site.single('Stock Settings')
  const order: OrderBatch = {
    batch, ids: [], currencies: [], companyCurrencies: [], submitted: new Uint8Array(documents), returns: new Uint8Array(documents), stocked: new Uint8Array(documents), itemDocument: new Int32Array(items),
    settings: {
      round: roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), precisions: precisionsOf(ctx), buying: !kind.selling,
      roundRowWiseTax: Number(accounts['round_row_wise_tax'] ?? 0) !== 0,
    },
    items: {
      parent: [], idx: [], factor: column(), weight: column(), actual: column(), valuation: column(), sameUnit: new Uint8Array(items), margin: [],
      rounded: kind.selling ? {} : { company_total_stock: column(), last_purchase_rate: column() },
    },
    taxes: { parent: [], idx: [], description: [], category: [] }, categoryAfter: new Uint8Array(taxes),
    factorPlaces: fieldPrecision(ctx, ctx.site.doctype(`${kind.doctype} Item`), 'conversion_factor'), weightPlaces: fieldPrecision(ctx, ctx.site.doctype(`${kind.doctype} Item`), 'weight_per_unit'),
    roundStockQty: Number(stock[`allow_to_edit_stock_uom_qty_for_${kind.selling ? 'sales' : 'purchase'}`] ?? 0) !== 0,
    format: {
      format: ctx.site.default('number_format'), currencyPrecision: Number(ctx.site.default('currency_precision') ?? 0) || 0, hideSymbol: ctx.site.default('hide_currency_symbol') === 'Yes',
    },
    currency: (name) => currencies.get(name),
  }
  const accountNames = new Names()
  await readDocuments(ctx, kind, order, currencies)
  await readItems(ctx, kind, order, accountNames)
  await readTaxes(ctx, kind, order, accountNames)
  return order
}

async function readCurrencies(ctx: PostingContext): Promise<Map<string, Currency>> {
  const rows = await ctx.staging.all<{ name: string; fraction: string | null; units: number | null; smallest: number | null; symbol: string | null; onright: number | null; format: string | null }>(
    `SELECT name, fraction, fraction_units AS units, CAST(smallest_currency_fraction_value AS DOUBLE) AS smallest, symbol, symbol_on_right AS onright, number_format AS format FROM rows."tabCurrency"`)
  return new Map(rows.map((row) => [row.name, {
    name: row.name, fraction: row.fraction, fractionUnits: row.units, smallestFraction: row.smallest ?? 0, symbol: row.symbol, symbolOnRight: Number(row.onright ?? 0) !== 0, numberFormat: row.format,
  }]))
}

async function readDocuments(ctx: PostingContext, kind: OrderKind, order: OrderBatch, currencies: Map<string, Currency>): Promise<void> {
  const { batch } = order
  let d = 0
  const commission = kind.selling ? 'COALESCE(d.commission_rate, 0)' : '0'
  for await (const { count: rows, columns: [id, rate, percentage, discount, commissionRate, on, disabled, currency, company, submitted, returned] } of ctx.staging.scan(
    `SELECT d._id, COALESCE(d.conversion_rate, 0), COALESCE(d.additional_discount_percentage, 0), COALESCE(d.discount_amount, 0), ${commission}, d.apply_discount_on, ${truthy('d.disable_rounded_total')},
     d.currency, c.default_currency, d._submit AND NOT d._once, ${ctx.meta.column('is_return') === undefined ? 'FALSE' : truthy('d.is_return')} FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company ORDER BY d._id`)) {
    for (let r = 0; r < rows; r++, d++) {
      order.ids.push(Number(id![r]))
      batch.document.conversion_rate[d] = Number(rate![r])
      batch.document.additional_discount_percentage[d] = Number(percentage![r])
      batch.document.discount_amount[d] = Number(discount![r])
      batch.document.commission_rate[d] = Number(commissionRate![r])
      batch.discountOn[d] = discountOnCode(on![r] as string | null)
      batch.roundedTotalDisabled[d] = disabled![r] ? 1 : 0
      order.currencies.push((currency![r] as string | null) ?? '')
      order.companyCurrencies.push((company![r] as string | null) ?? '')
      batch.smallestFraction[d] = currencies.get(order.currencies[d]!)?.smallestFraction ?? 0
      order.submitted[d] = submitted![r] ? 1 : 0
      order.returns[d] = returned![r] ? 1 : 0
      batch.givesBack[d] = kind.doctype === 'Purchase Receipt' ? 0 : order.returns[d]!
    }
  }
}

const ITEM_NUMBERS = ['qty', 'rate', 'price_list_rate', 'discount_percentage', 'discount_amount', 'margin_rate_or_amount', 'rate_with_margin', 'base_rate_with_margin', 'distributed_discount_amount'] as const

async function readItems(ctx: PostingContext, kind: OrderKind, order: OrderBatch, accounts: Names): Promise<void> {
  const { batch, items } = order, keys = new Names(), maps = new Map<string, number>()
  const flags = kind.selling ? `${truthy('i.grant_commission')} AS flag, i.valuation_rate AS valuation, 0 AS c1, 0 AS c2` : `${truthy('i.apply_tds')} AS flag, 0 AS valuation, i.company_total_stock AS c1, i.last_purchase_rate AS c2`
  let i = 0, d = 0
  for await (const { count: rows, columns } of ctx.staging.scan(
    `SELECT i._parent, i._idx, COALESCE(NULLIF(i.item_code, ''), i.item_name, ''), i.margin_type, i.item_tax_rate, COALESCE(i.uom = i.stock_uom, FALSE), COALESCE(m.is_stock_item, 0) + COALESCE(m.is_fixed_asset, 0),
     COALESCE(i.conversion_factor, 0), COALESCE(i.weight_per_unit, 0), COALESCE(i.total_weight, 0), COALESCE(i.actual_qty, 0), ${flags}, ${ITEM_NUMBERS.map((field) => `COALESCE(i.${field}, 0)`).join(', ')}
     FROM ${ctx.child('items')} i LEFT JOIN rows."tabItem" m ON m.name = i.item_code ORDER BY i._parent, i._idx`)) {
    const [parent, idx, key, margin, taxRate, same, stocked, factor, weight, totalWeight, actual, flag, valuation, c1, c2] = columns
    for (let r = 0; r < rows; r++, i++) {
      const owner = Number(parent![r])
      while (order.ids[d]! < owner) batch.itemStart[++d] = i
      order.itemDocument[i] = d
      items.parent.push(owner)
      items.idx.push(Number(idx![r]))
      batch.itemKey[i] = keys.of(key![r] as string)
      items.margin.push(margin![r] as string | null)
      batch.marginType[i] = margin![r] === 'Amount' ? MARGIN.amount : margin![r] === 'Percentage' ? MARGIN.percentage : margin![r] ? MARGIN.other : MARGIN.none
      batch.itemTaxMap[i] = taxMap(taxRate![r] as string | null, batch, maps, accounts)
      items.sameUnit[i] = same![r] ? 1 : 0
      if (Number(stocked![r]) !== 0) order.stocked[d] = 1
      items.factor[i] = Number(factor![r])
      items.weight[i] = Number(weight![r])
      ITEM_NUMBERS.forEach((field, n) => { batch.item[field][i] = Number(columns[15 + n]![r]) })
      batch.item.total_weight[i] = items.weight[i] !== 0 ? items.weight[i]! * (batch.item.qty[i]! * (items.sameUnit[i] === 1 ? 1 : items.factor[i]!)) : Number(totalWeight![r])
      items.actual[i] = Number(actual![r])
      items.valuation[i] = Number(valuation![r])
      if (kind.selling) batch.commissioned[i] = flag![r] ? 1 : 0
      else {
        batch.withheld[i] = flag![r] ? 1 : 0
        items.rounded['company_total_stock']![i] = Number(c1![r])
        items.rounded['last_purchase_rate']![i] = Number(c2![r])
      }
    }
  }
  while (d < batch.count) batch.itemStart[++d] = i
  batch.itemKeys = keys.all
}

function taxMap(text: string | null, batch: TotalsBatch, known: Map<string, number>, accounts: Names): number {
  if (text === null || text === '' || text === '{}') return -1
  let index = known.get(text)
  if (index === undefined) {
    index = batch.taxMaps.push(new Map(Object.entries(JSON.parse(text) as Record<string, number>).map(([account, rate]) => [accounts.of(account), rate]))) - 1
    known.set(text, index)
  }
  return index
}

async function readTaxes(ctx: PostingContext, kind: OrderKind, order: OrderBatch, accounts: Names): Promise<void> {
  const { batch, taxes } = order, buying = kind.selling ? `NULL, FALSE` : `t.category, t.add_deduct_tax = 'Deduct'`
  let t = 0, d = 0
  for await (const { count: rows, columns: [parent, idx, charge, row, account, rate, amount, included, description, category, deducted] } of ctx.staging.scan(
    `SELECT t._parent, t._idx, t.charge_type, t.row_id, COALESCE(t.account_head, ''), COALESCE(t.rate, 0), COALESCE(t.tax_amount, 0), ${truthy('t.included_in_print_rate')}, COALESCE(t.description, ''), ${buying}
     FROM ${ctx.child('taxes')} t ORDER BY t._parent, t._idx`)) {
    for (let r = 0; r < rows; r++, t++) {
      const owner = Number(parent![r])
      while (order.ids[d]! < owner) batch.taxStart[++d] = t
      taxes.parent.push(owner)
      taxes.idx.push(Number(idx![r]))
      taxes.description.push(description![r] as string)
      taxes.category.push(category![r] as string | null)
      batch.chargeType[t] = CHARGE_TYPES[(charge![r] as string | null) ?? ''] ?? 0
      batch.rowId[t] = Math.trunc(Number(row![r] ?? 0)) || 0
      batch.account[t] = accounts.of(account![r] as string)
      batch.tax.rate[t] = Number(rate![r])
      batch.tax.tax_amount[t] = Number(amount![r])
      batch.included[t] = included![r] ? 1 : 0
      batch.category[t] = CATEGORIES[(category![r] as string | null) ?? ''] ?? 0
      batch.deducted[t] = deducted![r] ? 1 : 0
    }
  }
  while (d < batch.count) batch.taxStart[++d] = t
  wrapRows(batch)
}

/** A reference to row 0 or less counts from the end, as Python's lists do. */
function wrapRows(batch: TotalsBatch): void {
  for (let d = 0; d < batch.count; d++) {
    const first = batch.taxStart[d]!, size = batch.taxStart[d + 1]! - first
    for (let t = first; t < first + size; t++) {
      const charge = batch.chargeType[t]
      if ((charge === CHARGE_TYPES['On Previous Row Amount'] || charge === CHARGE_TYPES['On Previous Row Total']) && batch.rowId[t]! <= 0) batch.rowId[t]! += size
    }
  }
}
