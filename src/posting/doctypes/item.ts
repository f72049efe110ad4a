import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { given, missing, on } from './conditions.ts'
import { cleanDescriptions } from './item-description.ts'
import { DEFAULTS_READ, findForeignDefaults, findRepeatedTaxes } from './item-defaults.ts'
import { addStockUnit, findWrongUnits, takeKnownFactors } from './item-units.ts'
import { fillGroupDefaults, findRepeatedCompanies } from './item-group-defaults.ts'
import { checkBarcodes, checkReorderLevels } from './item-tables.ts'
import { checkVariantAttributes, findTwinVariants } from './item-variants.ts'
import { insertPrices } from './item-standard-price.ts'
import { countLive, postOpeningStock } from './opening-stock.ts'

/** U+FEFF and U+200B are taken out anywhere, white space at the ends. */
const STRIPPED = `trim(replace(replace(COALESCE(item_code, ''), '\ufeff', ''), '\u200b', ''), E' \\t\\n\\r\\f\u00a0')`

async function fillNames(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET item_name = item_code WHERE ${missing('item_name')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET description = item_name
    WHERE ${missing(`trim(regexp_replace(COALESCE(description, ''), '(<!--.*?-->|<[^>]*>)', '', 'g'), E' \\t\\n\\r')`)}`)
}

async function findOtherUnit(ctx: PostingContext): Promise<void> {
  if (!ctx.has('variant_of')) return
  await ctx.find({
    type: 'ValidationError', field: 'stock_uom', hint: 'Give the variant the unit of its template.',
    select: `SELECT d._id AS id, d.stock_uom AS "value", 'Default Unit of Measure for Variant ' || COALESCE(d.stock_uom,
      'None') || ' must be same as in Template ' || COALESCE(t.stock_uom, 'None') AS message
      FROM ${ctx.doc} d LEFT JOIN rows.tabItem t ON t.name = d.variant_of WHERE ${given('d.variant_of')} AND t.stock_uom IS DISTINCT FROM d.stock_uom`,
  })
}

async function checkSeries(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'has_serial_no', message: "'Has Serial No' can not be 'Yes' for non-stock item",
      hint: 'Make it a stock item, or leave serial numbers out.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE has_serial_no = 1 AND is_stock_item = 0 AND NOT ${on('is_fixed_asset')}`,
  })
  if (ctx.has('serial_no_series')) await ctx.staging.run(`UPDATE ${ctx.doc} SET serial_no_series = NULL WHERE has_serial_no = 0`)
  for (const field of ['serial_no_series', 'batch_number_series']) if (ctx.has(field)) await ctx.find({
    type: 'ValidationError', field, message: `Invalid naming series (. missing) for ${ctx.meta.field(field)?.label ?? field}`,
      hint: 'Put a point before the #, as in SN-.####',
    select: `SELECT _id AS id, ${field} AS "value" FROM ${ctx.doc} WHERE contains(${field}, '#') AND NOT contains(${field}, '.')`,
  })
  if (ctx.has('default_bom')) await ctx.find({
    type: 'ValidationError', field: 'default_bom', hint: 'Name a bill of materials of this item.',
    select: `SELECT d._id AS id, d.default_bom AS "value", 'Default BOM (' || COALESCE(b.item,
      'None') || ') must be active for this item or its template' AS message
      FROM ${ctx.doc} d LEFT JOIN rows.tabBOM b ON b.name = d.default_bom WHERE ${given('d.default_bom')} AND b.item IS DISTINCT FROM d.item_code
        AND b.item IS DISTINCT FROM d.variant_of`,
  })
}

/** The codes customers know the item by, joined; a row without one breaks the site's own code. */
async function joinCustomerCodes(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET customer_code = ''`)
  if (ctx.childCount('customer_items') === 0) return
  await ctx.find({
    type: 'TypeError', field: 'customer_items.ref_code', message: 'A row without a reference code breaks the site', hint: 'Give every row a reference code.',
    select: `SELECT _parent AS id, _idx AS idx FROM ${ctx.child('customer_items')} WHERE ref_code IS NULL`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET customer_code = s.codes FROM (SELECT _parent, string_agg(ref_code, ',' ORDER BY first_idx) AS codes
    FROM (SELECT _parent, ref_code, min(_idx) AS first_idx FROM ${ctx.child('customer_items')} GROUP BY _parent, ref_code) GROUP BY _parent) s
      WHERE s._parent = t._id`)
}

async function checkVariants(ctx: PostingContext): Promise<void> {
  const variants = `(${on('has_variants')} OR ${given('variant_of')})`, table = ctx.child('attributes')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET variant_based_on = 'Item Attribute' WHERE ${variants} AND ${missing('variant_based_on')}`)
  const byAttribute = `${variants} AND variant_based_on = 'Item Attribute'`
  await ctx.find({
    type: 'ValidationError', field: 'attributes', message: 'Attribute table is mandatory', hint: 'List the attributes the variants differ in.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${byAttribute} AND _id NOT IN (SELECT _parent FROM ${table})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'attributes.attribute', hint: 'Keep one row per attribute.',
    select: `SELECT _parent AS id, _idx AS idx, attribute AS "value", 'Attribute ' || COALESCE(attribute,
      'None') || ' selected multiple times in Attributes Table' AS message FROM ${table}
      WHERE _parent IN (SELECT _id FROM ${ctx.doc} WHERE ${byAttribute}) QUALIFY row_number() OVER (PARTITION BY _parent, attribute ORDER BY _idx) > 1`,
  })
}

async function checkKinds(ctx: PostingContext): Promise<void> {
  const refuse = (field: string, message: string, where: string, hint: string) => ctx.find({ type: 'ValidationError', field, message, hint,
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${where}` })
  await refuse('is_fixed_asset', 'Fixed Asset Item must be a non-stock item.', `${on('is_fixed_asset')} AND ${on('is_stock_item')}`, 'Set is_stock_item to 0.')
  await refuse('asset_category', 'Asset Category is mandatory for Fixed Asset item', `${on('is_fixed_asset')} AND ${missing('asset_category')}`,
    'Give the asset category.')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET retain_sample = CASE WHEN ${on('has_batch_no')} THEN retain_sample ELSE 0 END`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET sample_quantity = 0 WHERE NOT ${on('retain_sample')}`)
  if (!ctx.site.single('Stock Settings')['sample_retention_warehouse']) {
    await refuse('retain_sample', 'Please select Sample Retention Warehouse in Stock Settings first', on('retain_sample'),
      'Set the warehouse in Stock Settings, or leave samples out.')
  }
}

async function checkCustomerProvided(ctx: PostingContext): Promise<void> {
  const provided = on('is_customer_provided_item')
  await ctx.find({
    type: 'ValidationError', field: 'is_customer_provided_item', hint: 'Set is_purchase_item to 0 and leave the valuation rate out.',
    select: `SELECT _id AS id, CASE WHEN ${on('is_purchase_item')} THEN '"Customer Provided Item" cannot be Purchase Item also'
      ELSE '"Customer Provided Item" cannot have Valuation Rate' END AS message
      FROM ${ctx.doc} WHERE ${provided} AND (${on('is_purchase_item')} OR ${on('valuation_rate')})`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET default_material_request_type = 'Customer Provided' WHERE ${provided}`)
}

async function findTaxRanges(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('taxes') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'taxes.maximum_net_rate', hint: 'Swap the two rates.',
    select: `SELECT _parent AS id, _idx AS idx, CAST(maximum_net_rate AS VARCHAR) AS "value",
      'Taxes row #' || _idx || ': Maximum Net Rate cannot be smaller than Minimum Net Rate' AS message
      FROM ${ctx.child('taxes')} WHERE COALESCE(maximum_net_rate, 0) < COALESCE(minimum_net_rate, 0)`,
  })
}

/** Items: names, units, defaults by company, tables without repetitions; a standard rate becomes a price. */
export const rule: PostingRule = {
  doctype: 'Item',
  reads: ['Item', 'Item Price', 'UOM Conversion Factor', 'BOM', 'Item Default', 'Item Barcode', 'Item Attribute Value', 'Item Variant Attribute', ...DEFAULTS_READ],
  writes: ['Item Price', 'Stock Entry', 'Stock Entry Detail', 'Stock Ledger Entry', 'GL Entry', 'Bin', 'Comment', 'Version'],
  naming: {
    columns: ['item_code', 'naming_series', 'variant_of'],
    wish: (values, ctx) => {
      const series = values['naming_series'] as string | null
      if (ctx.site.default('item_naming_by') === 'Naming Series' && !values['variant_of']) return { name: null,
        series: series || (ctx.meta.field('naming_series')?.options ?? '').split('\n')[0] || null }
      return { name: values['item_code'] as string | null, taken: 'refuse' }
    },
  },
  replaced: { description: 'TRUE' },
  texts: {
    autoname: [{ field: 'item_code', call: 'replace', zero: true }],
    validate: [{ field: 'barcodes.barcode', error: { type: 'TypeError', message: "object of type 'int' has no len()" } }],
  },
  steps: [
    { stage: 'before_validate', id: 'code', run: async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.doc} SET item_code = ${STRIPPED}`) } },
    { stage: 'validate', id: 'names', run: fillNames },
    { stage: 'validate', id: 'template-unit', run: findOtherUnit },
    { stage: 'validate', id: 'description', run: cleanDescriptions },
    { stage: 'validate', id: 'stock-unit', run: addStockUnit },
    { stage: 'validate', id: 'units', run: findWrongUnits },
    { stage: 'validate', id: 'series', run: checkSeries },
    { stage: 'validate', id: 'customer-codes', run: joinCustomerCodes },
    { stage: 'validate', id: 'taxes', run: findRepeatedTaxes },
    { stage: 'validate', id: 'barcodes', run: checkBarcodes },
    { stage: 'validate', id: 'reorder-levels', run: checkReorderLevels },
    { stage: 'validate', id: 'variants', run: checkVariants },
    { stage: 'validate', id: 'variant-attributes', pass: 'insert', run: checkVariantAttributes },
    { stage: 'validate', id: 'kinds', run: checkKinds },
    { stage: 'validate', id: 'factors', run: takeKnownFactors },
    { stage: 'validate', id: 'customer-provided', run: checkCustomerProvided },
    { stage: 'validate', id: 'group-defaults', run: fillGroupDefaults },
    { stage: 'validate', id: 'companies', run: findRepeatedCompanies },
    { stage: 'validate', id: 'foreign-defaults', run: (ctx) => findForeignDefaults(ctx, 'item_defaults') },
    { stage: 'validate', id: 'tax-ranges', run: findTaxRanges },
    { stage: 'named', id: 'variant-twins', run: findTwinVariants },
    {
      stage: 'after_insert', id: 'price-and-stock',
      async run(ctx) {
        const live = ctx.has('opening_stock') ? await countLive(ctx) : 0
        await insertPrices(ctx)
        await postOpeningStock(ctx, live)
      },
    },
  ],
}
