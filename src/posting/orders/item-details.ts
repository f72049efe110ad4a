import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, truthy, type OrderKind } from './kind.ts'
import { factKey, makeItemFacts, makeUnitFactors } from './item-facts.ts'
import { exchangeRate } from './party-details.ts'
import { makePrices } from './item-price.ts'

/** Scratch relations of a batch that later steps read again. */
export interface OrderScratch { facts: string; lines: string }
const scratches = new WeakMap<PostingContext, OrderScratch>()

/** The relations `takeItemDetails` made for this batch. */
export function scratchOf(ctx: PostingContext): OrderScratch {
  return scratches.get(ctx)!
}

/** SQL: the warehouse of a line that names none, after item, group and brand: the site's default, then the one of Stock Settings, if it is the company's. */
async function defaultWarehouse(ctx: PostingContext, company: string): Promise<string> {
  const names = [ctx.site.default('default_warehouse'), ctx.site.single('Stock Settings')['default_warehouse']].filter((name) => name !== null && name !== undefined && name !== '').map(String)
  if (names.length === 0) return 'NULL'
  const rows = await ctx.staging.all<{ name: string; company: string }>(`SELECT name, company FROM rows."tabWarehouse" WHERE name IN (${names.map((name) => literal(name)).join(', ')})`)
  const usable = names.map((name) => rows.find((row) => row.name === name)).filter((row) => row !== undefined)
  return usable.length === 0 ? 'NULL' : `CASE ${usable.map((row) => `WHEN ${company} = ${literal(row.company)} THEN ${literal(row.name)}`).join(' ')} END`
}

/** One row per line with what get_item_details answers for it; the raw material of the next steps. */
async function makeLines(ctx: PostingContext, kind: OrderKind, facts: string): Promise<string> {
  const lines = ctx.scratch('lines'), factors = await makeUnitFactors(ctx, facts)
  const uom = `COALESCE(${orNull('i.uom')}, f.order_uom)`
  const warehouse = `CASE WHEN ${filled('i.warehouse')} THEN i.warehouse ELSE COALESCE(${orNull('d.set_warehouse')}, f.warehouse, ${await defaultWarehouse(ctx, 'd.company')}) END`
  const center = `COALESCE(${orNull('pr.cost_center')}, f.cost_center, ${orNull('i.cost_center')}, co.cost_center)`
  const party = kind.selling ? 'd.customer' : 'd.supplier'
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i._parent, i._idx, i.item_code, f.variant_of, f.stock_uom, ${uom} AS uom, i.qty, COALESCE(i.rate, 0) AS rate, ${party} AS party,
    d.${kind.priceList} AS price_list, d.currency, d.transaction_date, d._submit AND NOT d._once AS submitted, COALESCE(i.price_list_rate, 0) AS given_price,
    CASE WHEN f.stock_uom = ${uom} THEN 1.0 WHEN ${truthy('i.conversion_factor')} THEN i.conversion_factor ELSE COALESCE(u.factor, 1.0) END AS factor,
    ${warehouse} AS warehouse, CASE WHEN cc.name IS NULL OR cc.company = d.company THEN ${center} ELSE co.cost_center END AS cost_center, co.default_currency AS company_currency,
    d.conversion_rate, d.plc_conversion_rate, NULL::DOUBLE AS price
    FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.fact = ${factKey('i.item_code', 'd.company')}
    LEFT JOIN ${factors} u ON u.item_code = i.item_code AND u.uom = ${uom} LEFT JOIN rows."tabCompany" co ON co.name = d.company
    LEFT JOIN rows."tabProject" pr ON pr.name = i.project LEFT JOIN rows."tabCost Center" cc ON cc.name = ${center} ORDER BY i._parent, i._idx`)
  return lines
}

/** SQL: the price of a line in the document's currency. A rate of 1 in a foreign currency makes the site look for the real one. */
function priceInCurrency(ctx: PostingContext): string {
  const rate = `CASE WHEN COALESCE(l.conversion_rate, 0) = 0 AND l.currency = l.company_currency THEN 1.0 WHEN l.conversion_rate = 1 AND l.currency <> l.company_currency
    THEN COALESCE(${exchangeRate(ctx, 'l.currency', 'l.company_currency', 'l.transaction_date', 'for_buying')}, 1.0) ELSE l.conversion_rate END`
  return `l.price * flt(l.plc_conversion_rate, 9) / NULLIF(flt(${rate}, 9), 0)`
}

/** Everything a line takes from its item where the draft does not say; some fields are the item's whatever the draft says. */
export async function takeItemDetails(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const facts = await makeItemFacts(ctx, kind)
  await findUnusableItems(ctx, facts)
  const lines = await makeLines(ctx, kind, facts)
  scratches.set(ctx, { facts, lines })
  await makePrices(ctx, kind, lines)
  const keep = (column: string, value: string) => `${column} = COALESCE(t.${column}, ${value})`
  const sets = [
    keep('item_name', 'f.item_name'), keep('description', 'f.description'), keep('image', 'f.image'), keep('uom', 'l.uom'), 'item_group = COALESCE(f.item_group, t.item_group)',
    'brand = COALESCE(f.brand, t.brand)', 'stock_uom = COALESCE(f.stock_uom, t.stock_uom)', keep('warehouse', 'l.warehouse'), `cost_center = COALESCE(${orNull('t.cost_center')}, l.cost_center)`,
    `conversion_factor = COALESCE(NULLIF(t.conversion_factor, 0), l.factor)`, keep('price_list_rate', 's.price'), `weight_per_unit = COALESCE(NULLIF(t.weight_per_unit, 0), f.weight_per_unit)`,
    `weight_uom = COALESCE(${orNull('t.weight_uom')}, f.weight_uom)`, `item_tax_rate = s.tax_map`, keep('actual_qty', 's.actual_qty'), ...(kind.selling
      ? [keep('customer_item_code', 's.party_code'), keep('supplier', 'f.supplier'), keep('bom_no', 'f.default_bom'), keep('grant_commission', 'f.grant_commission'), 'valuation_rate = s.valuation_rate']
      : [keep('supplier_part_no', 's.party_code'), keep('expense_account', `COALESCE(f.expense_account, s.company_expense)`), keep('company_total_stock', 's.company_stock'),
        keep('manufacturer', 'f.default_item_manufacturer'), keep('manufacturer_part_no', 'f.default_manufacturer_part_no'), 'is_fixed_asset = f.is_fixed_asset',
        keep('schedule_date', `CASE WHEN COALESCE(f.lead_time_days, 0) <> 0 THEN l.transaction_date + CAST(f.lead_time_days AS INTEGER) END`), 'fg_item = NULL', 'fg_item_qty = 0']),
  ]
  await ctx.staging.run(`UPDATE ${ctx.child('items')} AS t SET ${sets.join(', ')} FROM ${lines} l, ${facts} f, (${lineExtras(ctx, kind, lines, facts)}) s
    WHERE l._parent = t._parent AND l._idx = t._idx AND s._parent = t._parent AND s._idx = t._idx AND f.fact = s.fact`)
  await mapTaxesOfPlainLines(ctx)
}

/** SQL: what a tax template says of each account of a company: `parent` (the template), `company`, `tax_map`. */
const TAX_MAPS = `(SELECT t.parent, k.company, '{' || string_agg(to_json(t.tax_type) || ': ' || CASE WHEN t.tax_rate = trunc(t.tax_rate) THEN CAST(CAST(t.tax_rate AS BIGINT) AS VARCHAR) || '.0'
  ELSE CAST(CAST(t.tax_rate AS DOUBLE) AS VARCHAR) END, ', ' ORDER BY t.idx) || '}' AS tax_map FROM rows."tabItem Tax Template Detail" t JOIN rows."tabAccount" k ON k.name = t.tax_type GROUP BY ALL)`

/** Lines of invoices that name no item have nothing to take, but get the map of their tax template like all others. */
async function mapTaxesOfPlainLines(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.child('items')} AS t SET item_tax_rate = COALESCE(s.tax_map, '{}') FROM (SELECT i._parent, i._idx, tm.tax_map FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent
    LEFT JOIN ${TAX_MAPS} tm ON tm.parent = i.item_tax_template AND tm.company = d.company WHERE NOT ${filled('i.item_code')}) s WHERE s._parent = t._parent AND s._idx = t._idx`)
}

/** Per line: price, stock figures, tax map and the party's own code for the item. */
function lineExtras(ctx: PostingContext, kind: OrderKind, lines: string, facts: string): string {
  const below = `(SELECT w.name AS warehouse, b.item_code, SUM(b.actual_qty) AS actual_qty FROM rows."tabWarehouse" w JOIN rows."tabWarehouse" k ON k.lft >= w.lft AND k.rgt <= w.rgt
    JOIN rows."tabBin" b ON b.warehouse = k.name GROUP BY ALL)`
  const code = kind.selling
    ? `(SELECT c.parent AS item_code, c.customer_name AS party, arg_min(c.ref_code, c.idx) AS code FROM rows."tabItem Customer Detail" c WHERE ${filled('c.customer_name')} GROUP BY ALL)`
    : `(SELECT c.parent AS item_code, c.supplier AS party, arg_min(c.supplier_part_no, c.idx) AS code FROM rows."tabItem Supplier" c GROUP BY ALL)`
  const group = kind.selling
    ? `LEFT JOIN rows."tabCustomer" cu ON cu.name = l.party LEFT JOIN (SELECT parent, customer_group, arg_min(CASE WHEN ${filled('customer_name')} THEN NULL ELSE ref_code END, idx) AS code
        FROM rows."tabItem Customer Detail" GROUP BY ALL) cg ON cg.parent = l.item_code AND cg.customer_group = cu.customer_group`
    : ''
  return `SELECT l._parent, l._idx, f.fact, ${priceInCurrency(ctx)} AS price, CASE WHEN f.is_stock_item = 1 AND ${filled('l.warehouse')} THEN CAST(COALESCE(b.actual_qty, 0) AS DOUBLE) END AS actual_qty,
    COALESCE(tm.tax_map, '{}') AS tax_map, ${kind.selling ? 'COALESCE(pc.code, cg.code)' : 'pc.code'} AS party_code,
    ${kind.selling ? `CASE WHEN w.is_group = 1 THEN 0 WHEN f.is_stock_item = 1 THEN CAST(COALESCE(o.valuation_rate, 0) AS DOUBLE) ELSE COALESCE(f.spent_rate, 0) END` : 'NULL'} AS valuation_rate,
    ${kind.selling ? 'NULL' : `co.default_expense_account`} AS company_expense, ${kind.selling ? 'NULL' : `CASE WHEN f.is_stock_item = 1 AND ${filled('l.warehouse')} THEN CAST(cs.qty AS DOUBLE) END`} AS company_stock
    FROM ${lines} l JOIN ${ctx.doc} d ON d._id = l._parent JOIN ${ctx.child('items')} i ON i._parent = l._parent AND i._idx = l._idx
    JOIN ${facts} f ON f.fact = ${factKey('l.item_code', 'd.company')} LEFT JOIN ${below} b ON b.warehouse = l.warehouse AND b.item_code = l.item_code
    LEFT JOIN ${TAX_MAPS} tm ON tm.parent = i.item_tax_template AND tm.company = d.company LEFT JOIN ${code} pc ON pc.item_code = l.item_code AND pc.party = l.party ${group}
    LEFT JOIN rows."tabWarehouse" w ON w.name = l.warehouse LEFT JOIN rows."tabBin" o ON o.item_code = l.item_code AND o.warehouse = l.warehouse
    ${kind.selling ? '' : `LEFT JOIN rows."tabCompany" co ON co.name = d.company LEFT JOIN (SELECT wh.company, bn.item_code, SUM(bn.actual_qty) AS qty FROM rows."tabBin" bn JOIN rows."tabWarehouse" wh ON wh.name = bn.warehouse GROUP BY ALL) cs
      ON cs.company = d.company AND cs.item_code = l.item_code`}`
}

/** Lines whose item cannot be ordered at all; the site finds out while it looks for their details. */
async function findUnusableItems(ctx: PostingContext, facts: string): Promise<void> {
  const from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.fact = ${factKey('i.item_code', 'd.company')}`
  await ctx.find({
    type: 'ValidationError', field: 'company', message: 'Please specify Company', hint: 'Give the company.',
    select: `SELECT i._parent AS id ${from} WHERE f.found IS NOT NULL AND NOT ${filled('d.company')}`,
  })
  await ctx.find({
    type: 'DoesNotExistError', field: 'items.item_code', causeByValue: true, hint: 'Load the item first, or correct the code.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", 'Item ' || i.item_code || ' not found' AS message ${from} WHERE f.found IS NULL`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'Enable the item, or order another.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", 'Item ' || i.item_code || CASE WHEN f.disabled = 1 THEN ' is disabled' WHEN f.has_variants = 1 THEN ' is a template, please select one of its variants'
      ELSE ' has reached its end of life' END AS message ${from} WHERE f.found IS NOT NULL AND (f.disabled = 1 OR f.has_variants = 1 OR f.end_of_life <= DATE ${literal(ctx.today)})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'conversion_rate', message: 'Exchange Rate is mandatory. Maybe Currency Exchange record is not created for the two currencies.', hint: 'Give conversion_rate, or load Currency Exchange.',
    select: `SELECT d._id AS id, d.currency AS "value" FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company WHERE COALESCE(d.conversion_rate, 0) = 0 AND d.currency <> c.default_currency
      AND EXISTS (SELECT 1 FROM ${ctx.child('items')} i WHERE i._parent = d._id)`,
  })
}
