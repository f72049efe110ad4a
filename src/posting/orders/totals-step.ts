import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ColumnData } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import type { OrderKind } from './kind.ts'
import { readBatch, type OrderBatch } from './totals-read.ts'
import { calculateTotals } from './taxes-and-totals.ts'
import { moneyInWords, type Currency } from './money-in-words.ts'
import { fieldPrecision } from './precisions.ts'
import { taxBreakup } from './tax-breakup.ts'
import { CATEGORY, CRASH_MESSAGE, DOCUMENT_FIELDS, ITEM_FIELDS, MARGIN, TAX_FIELDS, type TotalsSettings } from './totals-batch.ts'

const BUYING_ONLY = /withholding|added|deducted/, SELLING_ONLY = /commission/

/** Runs the kernel over the batch and writes back what it computed, with amounts in words and the tax table. */
export async function calculateOrders(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const order = await readBatch(ctx, kind)
  const { batch, settings } = order
  calculateTotals(batch, settings)
  const firstMargin = batch.marginType.slice()
  secondPass(order, settings, kind)
  await report(ctx, order, kind)
  // The database writes the lines while the texts of the documents are made.
  const [texts] = await Promise.all([describeTotals(order), writeItems(ctx, kind, order, firstMargin), writeTaxes(ctx, order)])
  await writeDocuments(ctx, kind, order, texts)
}

/** What a submit computes anew: the document as the first validate left it is validated again. */
function secondPass(order: OrderBatch, settings: TotalsSettings, kind: OrderKind): void {
  const { batch } = order
  for (let i = 0; i < order.items.parent.length; i++) {
    const d = order.itemDocument[i]!
    if (order.submitted[d] === 0) continue
    const factor = order.items.sameUnit[i] === 1 ? 1 : settings.round(order.items.factor[i]!, order.factorPlaces), weight = settings.round(order.items.weight[i]!, order.weightPlaces)
    if (weight !== 0) batch.item.total_weight[i] = weight * (batch.item.qty[i]! * factor)
  }
  if (!kind.selling) {
    // Orders of services only: charges of valuation became charges of the total at the end of the first validate.
    for (let d = 0; d < batch.count; d++) {
      if (order.stocked[d] === 1) continue
      for (let t = batch.taxStart[d]!; t < batch.taxStart[d + 1]!; t++) if (batch.category[t] !== CATEGORY.none) order.categoryAfter[t] = CATEGORY.total
      if (order.submitted[d] === 1) for (let t = batch.taxStart[d]!; t < batch.taxStart[d + 1]!; t++) if (batch.category[t] !== CATEGORY.none) batch.category[t] = CATEGORY.total
    }
  }
  calculateTotals(batch, settings, order.submitted)
}

async function report(ctx: PostingContext, order: OrderBatch, kind: OrderKind): Promise<void> {
  const vanished: { id: number; idx: number }[] = []
  for (let i = 0; i < order.items.parent.length; i++) {
    if (order.batch.item.qty[i] === 0 && order.submitted[order.itemDocument[i]!] === 1 && order.returns[order.itemDocument[i]!] === 0) vanished.push({ id: order.items.parent[i]!, idx: order.items.idx[i]! })
  }
  await ctx.findAll({ type: 'InvalidQtyError', field: 'items.qty', message: 'The quantity is zero once it is rounded; the submit refuses it', hint: 'Give a larger quantity in a smaller unit.' }, vanished)
  const { batch } = order, crashed: { id: number }[] = [], empty: { id: number }[] = [], negative: { id: number; value: string }[] = []
  for (let d = 0; d < batch.count; d++) {
    const id = order.ids[d]!
    if (batch.itemStart[d] === batch.itemStart[d + 1]) empty.push({ id })
    else if (batch.crashed[d] === 1) crashed.push({ id })
    else if (batch.document.base_grand_total[d]! < 0 && order.returns[d] === 0) negative.push({ id, value: String(batch.document.base_grand_total[d]) })
  }
  await ctx.findAll({ type: 'TypeError', field: 'items', message: `The ${kind.invoice === undefined ? 'order' : 'invoice'} has no items; the site fails on its empty totals`, hint: 'Give it items, or leave it out.' }, empty)
  await ctx.findAll({ type: 'ZeroDivisionError', message: CRASH_MESSAGE, hint: 'Look at the tax rates and the conversion rate.' }, crashed)
  await ctx.findAll({ type: 'ValidationError', field: 'base_grand_total', message: 'Grand Total (Company Currency) must be >= 0', hint: 'Look at negative quantities and rates, and at the discount.' }, negative)
}

/** Frames computed columns of doubles for `push`. */
const doubles = (name: string, values: ArrayLike<number>): ColumnData => ({ name, kind: 'DOUBLE', values })
const texts = (name: string, values: (string | null)[]): ColumnData => ({ name, kind: 'VARCHAR', values })

interface TotalsTexts { inWords: (string | null)[]; baseInWords: (string | null)[]; taxed: number[]; tables: string[] }

/** Documents whose texts are made in one go, before others get their turn. */
const TEXTS_AT_ONCE = 500

/** Amounts in words and tax tables of all documents. */
async function describeTotals(order: OrderBatch): Promise<TotalsTexts> {
  const { batch, settings } = order, { document: doc } = batch, made: TotalsTexts = { inWords: [], baseInWords: [], taxed: [], tables: [] }
  for (let d = 0; d < batch.count; d++) {
    if (d % TEXTS_AT_ONCE === 0) await nextTurn()
    const plain = batch.roundedTotalDisabled[d] === 1, currency = order.currency(order.currencies[d]!), company = order.currency(order.companyCurrencies[d]!)
    const total = plain ? doc.grand_total[d]! : doc.rounded_total[d]!, baseTotal = plain ? doc.base_grand_total[d]! : doc.base_rounded_total[d]!
    const text = words(total, currency, order.format.format)
    made.inWords.push(text)
    made.baseInWords.push(company === currency && baseTotal === total ? text : words(baseTotal, company, order.format.format))
    const table = currency && Number.isFinite(doc.grand_total[d]!) ? taxBreakup(batch, settings, d, order.taxes.description, currency, order.format, order.returns[d] === 1) : null
    if (table === null) continue
    made.taxed.push(order.ids[d]!)
    made.tables.push(table)
  }
  return made
}

async function writeDocuments(ctx: PostingContext, kind: OrderKind, order: OrderBatch, made: TotalsTexts): Promise<void> {
  const { document: doc } = order.batch
  const fields = DOCUMENT_FIELDS.filter((field) => field !== 'conversion_rate' && !(kind.selling ? BUYING_ONLY : SELLING_ONLY).test(field))
  await ctx.push(ctx.doc, [{ name: '_id', kind: 'BIGINT', values: order.ids }], [
    ...fields.map((field) => doubles(field, doc[field])), texts('in_words', made.inWords), texts('base_in_words', made.baseInWords),
  ])
  const marked = order.taxes.parent.flatMap((id, t) => (/[<>]/.test(order.taxes.description[t]!) && order.submitted[order.ids.indexOf(id)] === 1 ? [{ id, idx: order.taxes.idx[t]!, text: order.taxes.description[t]! }] : []))
  taxTables.set(ctx, { ids: made.taxed, tables: made.tables, marked })
}

/** Tax tables wait until the documents are checked: the site's own markup needs no cleaning, and cleaning is slow. */
const taxTables = new WeakMap<PostingContext, { ids: number[]; tables: string[]; marked: { id: number; idx: number; text: string }[] }>()

/** Sets `other_charges_calculation`; for a stage after the checks. */
export async function writeTaxTables(ctx: PostingContext): Promise<void> {
  const made = taxTables.get(ctx)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET other_charges_calculation = NULL WHERE other_charges_calculation IS NOT NULL`)
  // The second validate of a submit heads the columns with descriptions that were cleaned meanwhile.
  for (const { id, idx, text } of made?.marked ?? []) {
    const row = await ctx.staging.one<{ description: string }>(`SELECT description FROM ${ctx.child('taxes')} WHERE _parent = ${id} AND _idx = ${idx}`), at = made!.ids.indexOf(id)
    if (row && at >= 0) made!.tables[at] = made!.tables[at]!.replaceAll(`>${text}</th>`, `>${row.description}</th>`)
  }
  if (made !== undefined) await ctx.push(ctx.doc, [{ name: '_id', kind: 'BIGINT', values: made.ids }], [texts('other_charges_calculation', made.tables)])
}

function words(amount: number, currency: Currency | undefined, format: string | null): string | null {
  return currency === undefined ? null : moneyInWords(Math.abs(amount), currency, format)
}

async function writeItems(ctx: PostingContext, kind: OrderKind, order: OrderBatch, firstMargin: Uint8Array): Promise<void> {
  const { batch, settings: { round }, items } = order, { item } = batch, count = items.parent.length, meta = ctx.site.doctype(`${kind.doctype} Item`)
  const places = (field: string) => fieldPrecision(ctx, meta, field)
  const factor = new Float64Array(count), stockQty = new Float64Array(count), stockRate = new Float64Array(count), profit = new Float64Array(count)
  const margin: (string | null)[] = new Array<string | null>(count), own = { weight_per_unit: items.weight, actual_qty: items.actual, ...items.rounded }
  for (let i = 0; i < count; i++) {
    const rounded = round(items.factor[i]!, order.factorPlaces), same = items.sameUnit[i] === 1
    // The factor of a line in its stock unit is put right only after the rate per stock unit was taken: the submit sees it right.
    stockRate[i] = item.rate[i]! / ((same && order.submitted[order.itemDocument[i]!] === 1 ? 1 : rounded) || 1)
    factor[i] = same ? 1 : rounded
    stockQty[i] = item.qty[i]! * factor[i]!
    if (order.roundStockQty) stockQty[i] = round(stockQty[i]!, places('stock_qty'))
    // A margin type that does not exist stays to be refused by the checks, which come between the two validates.
    margin[i] = batch.marginType[i] === MARGIN.amount && firstMargin[i] !== MARGIN.other ? 'Amount' : items.margin[i]!
    if (kind.selling) profit[i] = round((stockRate[i]! - round(items.valuation[i]!, places('valuation_rate'))) * stockQty[i]!, places('amount'))
  }
  for (const [field, values] of Object.entries(own)) for (let i = 0; i < count; i++) values[i] = round(values[i]!, places(field))
  await ctx.push(ctx.child('items'), [{ name: '_parent', kind: 'BIGINT', values: items.parent }, { name: '_idx', kind: 'BIGINT', values: items.idx }], [
    ...ITEM_FIELDS.map((field) => doubles(field, item[field])), ...Object.entries(own).map(([field, values]) => doubles(field, values)), doubles('conversion_factor', factor),
    doubles('stock_qty', stockQty), doubles('stock_uom_rate', stockRate), texts('margin_type', margin), ...(kind.selling ? [doubles('gross_profit', profit)] : []),
  ])
}

async function writeTaxes(ctx: PostingContext, order: OrderBatch): Promise<void> {
  const { batch, taxes } = order
  await ctx.push(ctx.child('taxes'), [{ name: '_parent', kind: 'BIGINT', values: taxes.parent }, { name: '_idx', kind: 'BIGINT', values: taxes.idx }], [
    ...TAX_FIELDS.map((field) => doubles(field, batch.tax[field])), texts('item_wise_tax_detail', batch.itemWiseTaxDetail),
    ...(order.settings.buying ? [texts('category', taxes.category.map((name, t) => (order.categoryAfter[t] === CATEGORY.total ? 'Total' : name)))] : []),
  ])
}
