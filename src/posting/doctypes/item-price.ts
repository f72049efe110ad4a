import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findReversedDates, given, on } from './conditions.ts'

/** What makes two prices the same price; an absent value, '' and 0 are alike. */
const IDENTITY = ['uom', 'valid_from', 'valid_upto', 'customer', 'supplier', 'batch_no', 'packing_unit'] as const
const DUPLICATE = 'Item Price appears multiple times based on Price List, Supplier/Customer, Currency, Item, Batch, UOM, Qty, and Dates.'

/** The comparable form of a column of `alias`. */
function part(alias: string, column: (typeof IDENTITY)[number]): string {
  const value = `${alias}."${column}"`
  if (column === 'packing_unit') return `COALESCE(${value}, 0)`
  return column.startsWith('valid_') ? `COALESCE(CAST(${value} AS VARCHAR), '')` : `COALESCE(${value}, '')`
}

async function findUnknownItem(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'item_code', causeByValue: true, hint: 'Load the item first, or correct the code.',
    select: `SELECT d._id AS id, d.item_code AS "value", 'Item ' || COALESCE(d.item_code, 'None') || ' not found.' AS message
      FROM ${ctx.doc} d WHERE NOT EXISTS (SELECT 1 FROM rows."tabItem" i WHERE i.name = d.item_code)`,
  })
}

async function takeFromPriceList(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'price_list', causeByValue: true, hint: 'Enable the price list.',
    select: `SELECT d._id AS id, d.price_list AS "value", 'The price list ' || d.price_list || ' does not exist or is disabled' AS message
      FROM ${ctx.doc} d WHERE ${given('d.price_list')} AND NOT EXISTS (SELECT 1 FROM rows."tabPrice List" p WHERE p.name = d.price_list AND p.enabled = 1)`,
  })
  if (ctx.has('currency')) await ctx.find({
    type: 'currency-overwritten', severity: 'warning', field: 'currency', message: 'The site sets the currency of the price list, whatever is given',
      hint: 'Use a price list in that currency.',
    select: `SELECT d._id AS id, d.currency AS "value" FROM ${ctx.doc} d JOIN rows."tabPrice List" p ON p.name = d.price_list WHERE ${given('d.currency')}
      AND p.currency <> d.currency`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET buying = p.buying, selling = p.selling, currency = p.currency FROM rows."tabPrice List" p
    WHERE p.name = t.price_list AND p.enabled = 1`)
}

async function findTaken(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ItemPriceDuplicateItem', field: 'item_code', message: DUPLICATE, hint: 'Keep one of the prices, or tell them apart by unit, party or dates.',
    select: `SELECT DISTINCT d._id AS id, d.item_code AS "value" FROM ${ctx.doc} d JOIN rows."tabItem Price" r ON r.item_code = d.item_code
      AND r.price_list = d.price_list
      WHERE ${IDENTITY.map((column) => `${part('d', column)} = ${part('r', column)}`).join(' AND ')}`,
  })
}

/** Batches in which a party was taken away from some price: the relation that remembers who it was. */
const dropped = new WeakMap<PostingContext, string>()

/** Of equal prices of the batch the first that is accepted stays. A price is compared as it was given with what others became. */
async function findTwins(ctx: PostingContext): Promise<void> {
  const memory = dropped.get(ctx)
  const others = memory === undefined ? '' : `LEFT JOIN ${memory} m ON m.id = l._id`
  const lost = memory === undefined ? 'TRUE' : 'm.id IS NULL'
  await ctx.find({
    type: 'ItemPriceDuplicateItem', field: 'item_code', message: DUPLICATE, stage: 'validate',
      hint: 'Keep one of the prices, or tell them apart by unit, party or dates.',
    select: `SELECT id AS id, item_code AS "value" FROM (SELECT l._id AS id, l.item_code, ${lost} AS as_given,
      row_number() OVER (PARTITION BY l.item_code, l.price_list, ${IDENTITY.map((column) => part('l', column)).join(', ')} ORDER BY l._id) AS nth
        FROM ${ctx.live} l ${others}) WHERE nth > 1 AND as_given`,
  })
}

async function keepFittingParty(ctx: PostingContext): Promise<void> {
  const sellingOnly = `${on('selling')} AND NOT ${on('buying')}`, buyingOnly = `${on('buying')} AND NOT ${on('selling')}`
  for (const [field, where, kind] of [['supplier', sellingOnly, 'selling'], ['customer', buyingOnly, 'buying']] as const) {
    if (!ctx.has(field)) continue
    await ctx.find({
      type: 'party-dropped', severity: 'warning', field, message: `The site drops the ${field} of a price in a ${kind} price list`,
        hint: 'Use a price list of the other kind.',
      select: `SELECT _id AS id, ${field} AS "value" FROM ${ctx.doc} WHERE ${given(field)} AND ${where}`,
    })
  }
  if (ctx.has('supplier') || ctx.has('customer')) {
    const memory = ctx.scratch('dropped')
    await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${memory.replace(/^temp\./, '')} AS SELECT _id AS id FROM ${ctx.doc}
      WHERE (${given('supplier')} AND ${sellingOnly}) OR (${given('customer')} AND ${buyingOnly})`)
    dropped.set(ctx, memory)
  }
  await ctx.staging.run(`UPDATE ${ctx.doc} SET reference = CASE WHEN ${on('buying')} THEN supplier WHEN ${on('selling')} THEN customer ELSE reference END,
    supplier = CASE WHEN ${sellingOnly} THEN NULL ELSE supplier END, customer = CASE WHEN ${buyingOnly} THEN NULL ELSE customer END`)
}

/** One price of an item in a price list: takes kind and currency from the list, name and description from the item, and may not be there already. */
export const rule: PostingRule = {
  doctype: 'Item Price',
  reads: ['Item', 'Price List'],
  steps: [
    { stage: 'validate', id: 'item', run: findUnknownItem },
    { stage: 'validate', id: 'dates', run: (ctx) => findReversedDates(ctx, [['valid_from', 'valid_upto']]) },
    { stage: 'validate', id: 'price-list', run: takeFromPriceList },
    {
      stage: 'validate', id: 'item-details',
      async run(ctx) {
        await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET item_name = i.item_name, item_description = i.description FROM rows."tabItem" i
          WHERE i.name = t.item_code`)
      },
    },
    { stage: 'validate', id: 'taken', run: findTaken },
    {
      stage: 'validate', id: 'template',
      async run(ctx) {
        await ctx.find({
          type: 'ValidationError', field: 'item_code', causeByValue: true, hint: 'Give prices to the variants.',
          select: `SELECT d._id AS id, d.item_code AS "value", ${literal('Item Price cannot be created for the template item ')} || d.item_code AS message
            FROM ${ctx.doc} d JOIN rows."tabItem" i ON i.name = d.item_code WHERE ${on('i.has_variants')}`,
        })
      },
    },
    { stage: 'before_save', id: 'party', run: keepFittingParty },
    { stage: 'named', id: 'twins', run: findTwins },
  ],
}
