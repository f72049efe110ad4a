import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy, type OrderKind } from './kind.ts'

/** SQL: what a row of `tabBin` promises to be there, with `field` replaced by `value`. */
function projected(alias: string, field: string, value: string): string {
  const part = (name: string) => (name === field ? value : `COALESCE(${alias}.${name}, 0)`)
  return `${part('actual_qty')} + ${part('ordered_qty')} + ${part('indented_qty')} + ${part('planned_qty')} - ${part('reserved_qty')} - ${part('reserved_qty_for_production')}
    - ${part('reserved_qty_for_sub_contract')} - ${part('reserved_qty_for_production_plan')}`
}

/** SQL: item, warehouse and quantity still open, of every submitted order the rows hold, for the pairs in `touched`. */
function openQuantity(ctx: PostingContext, kind: OrderKind, touched: string): string {
  const back = Number(ctx.site.single('Selling Settings')['dont_reserve_sales_order_qty_on_sales_return'] ?? 0) !== 0 ? ' - i.returned_qty' : ''
  const quantity = kind.selling
    ? `CASE WHEN i.delivered_qty = 0${back === '' ? '' : ' AND i.returned_qty = 0'} THEN i.stock_qty ELSE CAST(i.stock_qty AS DOUBLE) * CAST(i.qty - i.delivered_qty${back} AS DOUBLE) / CAST(i.qty AS DOUBLE) END`
    : `(i.qty - i.received_qty) * CAST(i.conversion_factor AS DOUBLE)`
  const open = kind.selling ? `i.qty >= i.delivered_qty AND d.status NOT IN ('On Hold', 'Closed')` : `i.qty > i.received_qty AND d.status NOT IN ('Closed', 'Delivered')`
  return `SELECT i.item_code, i.warehouse, SUM(CAST(${quantity} AS DOUBLE)) AS quantity FROM rows."tab${kind.doctype} Item" i JOIN rows."tab${kind.doctype}" d ON d.name = i.parent
    JOIN ${touched} b ON b.item_code = i.item_code AND b.warehouse = i.warehouse WHERE d.docstatus = 1 AND NOT ${truthy('i.delivered_by_supplier')} AND ${open} GROUP BY ALL`
}

/** Submitted orders reserve or announce stock: the bins of their stock items are made where missing and counted anew. */
export async function updateBins(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const touched = ctx.scratch('bins')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${touched.slice(5)} AS SELECT i.item_code, i.warehouse, arg_min(i._parent, (i._parent, i._idx)) AS first_id, arg_min(i._idx, (i._parent, i._idx)) AS first_idx, max(i._parent) AS last_id,
      any_value(m.stock_uom) AS stock_uom FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1
      WHERE d._submit AND ${filled('i.warehouse')} AND NOT ${truthy('i.delivered_by_supplier')} GROUP BY i.item_code, i.warehouse`)
  await countBins(ctx, kind, touched)
}

/** Counts anew what orders of `kind` reserve or announce, for the pairs of `touched`: `item_code`, `warehouse`, `stock_uom`, the first and last document (`first_id`, `first_idx`, `last_id`) that touch them. */
export async function countBins(ctx: PostingContext, kind: OrderKind, touched: string): Promise<void> {
  if ((await ctx.staging.one(`SELECT 1 FROM ${touched} LIMIT 1`)) === undefined) return
  const figures = ctx.scratch('bin_figures')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${figures.slice(5)} AS SELECT t.*, b.name AS bin, COALESCE(o.quantity, 0) AS quantity, ${projected('b', kind.binField, 'COALESCE(o.quantity, 0)')} AS projected
    FROM ${touched} t LEFT JOIN (${openQuantity(ctx, kind, touched)}) o ON o.item_code = t.item_code AND o.warehouse = t.warehouse LEFT JOIN rows."tabBin" b ON b.item_code = t.item_code AND b.warehouse = t.warehouse`)
  await ctx.updateRows('tabBin', kind.binField, `SELECT last_id AS id, bin AS "key", CAST(quantity AS DECIMAL(21,9)) AS "after" FROM ${figures} WHERE bin IS NOT NULL`)
  await ctx.updateRows('tabBin', 'projected_qty', `SELECT last_id AS id, bin AS "key", CAST(projected AS DECIMAL(21,9)) AS "after" FROM ${figures} WHERE bin IS NOT NULL`)
  const zeros = ['actual_qty', 'planned_qty', 'indented_qty', 'ordered_qty', 'reserved_qty', 'reserved_qty_for_production', 'reserved_qty_for_sub_contract', 'reserved_qty_for_production_plan', 'reserved_stock', 'valuation_rate', 'stock_value']
  await ctx.insertRows('tabBin', `SELECT first_id AS _id, ${ctx.hash('Bin', 'first_id', 'first_idx')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner,
    ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 0 AS idx, item_code, warehouse, stock_uom, ${zeros.map((field) => `${field === kind.binField ? 'CAST(quantity AS DECIMAL(21,9))' : '0'} AS ${field}`).join(', ')},
    CAST(projected AS DECIMAL(21,9)) AS projected_qty FROM ${figures} WHERE bin IS NULL`)
}

/**
 * `projected_qty` of sales lines: what the bin promises at that moment, which orders submitted earlier in the same batch have lowered.
 * For the `named` stage, when it is known who is left.
 */
export async function takeProjectedQuantity(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${items} AS t SET projected_qty = s.projected FROM (SELECT i._parent, i._idx, COALESCE(CAST(b.projected_qty AS DOUBLE), 0) - COALESCE(SUM(CASE WHEN d._submit AND m.is_stock_item = 1
      AND NOT ${truthy('i.delivered_by_supplier')} THEN i.stock_qty ELSE 0 END) OVER (PARTITION BY i.item_code, i.warehouse ORDER BY i._parent RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS projected
    FROM ${items} i JOIN ${ctx.live} d ON d._id = i._parent LEFT JOIN rows."tabItem" m ON m.name = i.item_code LEFT JOIN rows."tabBin" b ON b.item_code = i.item_code AND b.warehouse = i.warehouse) s
    WHERE s._parent = t._parent AND s._idx = t._idx`)
}
