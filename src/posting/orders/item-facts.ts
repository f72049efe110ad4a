import type { PostingContext } from '../framework/rule.ts'
import { orNull, type OrderKind } from './kind.ts'

/** Fields of an Item Default row that orders read. */
const DEFAULTS = ['default_warehouse', 'selling_cost_center', 'buying_cost_center', 'default_supplier', 'expense_account', 'income_account'] as const

function defaultsOf(parenttype: string, last: boolean): string {
  const pick = DEFAULTS.map((field) => `${field} := NULLIF(${field}, '')`).join(', ')
  return `SELECT parent, company, ${last ? 'arg_max' : 'arg_min'}(struct_pack(${pick}), idx) AS v FROM rows."tabItem Default" WHERE parenttype = '${parenttype}' GROUP BY ALL`
}

/**
 * SQL: the key of the row of item facts for an item in a company. One expression over both, so that facts are joined to lines and never to documents:
 * there may be one company for all of them.
 */
export function factKey(item: string, company: string): string {
  return `(${item} || chr(31) || COALESCE(${company}, ''))`
}

/** SQL: the cost center of an item: the side's own of item, group and brand when both of these have defaults for the company, else the first level with any, be it the other side's. */
function centerOf(kind: OrderKind): string {
  const [own, other] = kind.selling ? ['selling_cost_center', 'buying_cost_center'] : ['buying_cost_center', 'selling_cost_center'], levels = ['i_d', 'g_d', 'b_d']
  return `CASE WHEN g_d.v IS NOT NULL AND b_d.v IS NOT NULL THEN COALESCE(${levels.map((level) => `${level}.v.${own}`).join(', ')}) ELSE COALESCE(${levels.map((level) => `${level}.v.${own}, ${level}.v.${other}`).join(', ')}) END`
}

/**
 * Makes a small relation with what the site knows about each item of the batch: `fact` (see `factKey`), `item_code`, `company` and the item's own values,
 * defaults resolved from item, group and brand (warehouse, cost center, supplier, expense account). Answers its name.
 */
export async function makeItemFacts(ctx: PostingContext, kind: OrderKind): Promise<string> {
  const facts = ctx.scratch('item_facts'), resolved = (field: string) => `COALESCE(i_d.v.${field}, g_d.v.${field}, b_d.v.${field})`
  const spent = kind.selling
    ? `LEFT JOIN (SELECT item_code, CAST(SUM(base_net_amount) AS DOUBLE) / NULLIF(CAST(SUM(qty * conversion_factor) AS DOUBLE), 0) AS rate FROM rows."tabPurchase Invoice Item"
        WHERE docstatus = 1 GROUP BY item_code) spent ON spent.item_code = m.name`
    : ''
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${facts.slice(5)} AS
    WITH used AS (SELECT DISTINCT i.item_code, d.company FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE i.item_code <> ''),
      item_default AS (${defaultsOf('Item', true)}), group_default AS (${defaultsOf('Item Group', false)}), brand_default AS (${defaultsOf('Brand', false)})
    SELECT ${factKey('u.item_code', 'u.company')} AS fact, u.item_code, u.company, m.name AS found, m.item_name, trim(COALESCE(m.description, ''), ' ' || chr(9) || chr(10) || chr(13)) AS description, trim(COALESCE(m.image, '')) AS image,
      m.item_group, m.brand, m.stock_uom, COALESCE(m.is_stock_item, 0) AS is_stock_item, COALESCE(${orNull(kind.selling ? 'm.sales_uom' : 'm.purchase_uom')}, m.stock_uom) AS order_uom,
      CAST(m.weight_per_unit AS DOUBLE) AS weight_per_unit, m.weight_uom, m.grant_commission, m.is_fixed_asset, m.end_of_life, m.disabled, m.has_variants, m.variant_of,
      m.delivered_by_supplier, m.lead_time_days, CAST(m.max_discount AS DOUBLE) AS max_discount, CAST(m.min_order_qty AS DOUBLE) AS min_order_qty, m.is_sales_item, m.is_purchase_item,
      CAST(m.last_purchase_rate AS DOUBLE) AS last_purchase_rate, m.default_bom, m.default_item_manufacturer, m.default_manufacturer_part_no, m.has_serial_no, m.is_sub_contracted_item,
      COALESCE(m.enable_deferred_revenue, 0) + COALESCE(m.enable_deferred_expense, 0) AS deferred,
      ${resolved('default_warehouse')} AS warehouse, ${centerOf(kind)} AS cost_center, ${resolved('default_supplier')} AS supplier,
      ${resolved('expense_account')} AS expense_account, ${resolved('income_account')} AS income_account, ${kind.selling ? 'spent.rate' : 'NULL::DOUBLE'} AS spent_rate
    FROM used u LEFT JOIN rows."tabItem" m ON m.name = u.item_code
    LEFT JOIN item_default i_d ON i_d.parent = m.name AND i_d.company = u.company LEFT JOIN group_default g_d ON g_d.parent = m.item_group AND g_d.company = u.company
    LEFT JOIN brand_default b_d ON b_d.parent = m.brand AND b_d.company = u.company ${spent}`)
  return facts
}

/** Makes a relation `item_code`, `uom`, `factor`: how many stock units a unit is, for the pairs of the batch that differ from the stock unit. */
export async function makeUnitFactors(ctx: PostingContext, facts: string): Promise<string> {
  const factors = ctx.scratch('unit_factors')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${factors.slice(5)} AS
    WITH pairs AS (SELECT DISTINCT f.item_code, f.variant_of, f.stock_uom, COALESCE(NULLIF(i.uom, ''), f.order_uom) AS uom FROM ${ctx.child('items')} i JOIN ${facts} f ON f.item_code = i.item_code
        WHERE COALESCE(NULLIF(i.uom, ''), f.order_uom) <> f.stock_uom),
      own AS (SELECT p.item_code, p.uom, arg_min(CAST(u.conversion_factor AS DOUBLE), u.parent <> p.item_code) AS v
        FROM (SELECT *, item_code AS holder FROM pairs UNION SELECT *, variant_of FROM pairs WHERE variant_of IS NOT NULL) p JOIN rows."tabUOM Conversion Detail" u ON u.uom = p.uom AND u.parent = p.holder GROUP BY ALL),
      direct AS (SELECT from_uom, to_uom, any_value(CAST(value AS DOUBLE)) AS v FROM rows."tabUOM Conversion Factor" GROUP BY ALL),
      between_units AS (SELECT p.item_code, p.uom, any_value(a.v / b.v) AS v FROM pairs p JOIN direct a ON a.to_uom = p.stock_uom JOIN direct b ON b.from_uom = a.from_uom AND b.to_uom = p.uom GROUP BY ALL)
    SELECT p.item_code, p.uom, COALESCE(NULLIF(COALESCE(NULLIF(own.v, 0), exact.v, 1 / NULLIF(inverse.v, 0), between_units.v), 0), 1.0) AS factor
    FROM pairs p LEFT JOIN own ON own.item_code = p.item_code AND own.uom = p.uom LEFT JOIN direct exact ON exact.from_uom = p.uom AND exact.to_uom = p.stock_uom
    LEFT JOIN direct inverse ON inverse.from_uom = p.stock_uom AND inverse.to_uom = p.uom LEFT JOIN between_units ON between_units.item_code = p.item_code AND between_units.uom = p.uom`)
  return factors
}
