import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { countBins } from '../orders/bins.ts'
import { filled, PURCHASE_ORDER, SALES_ORDER, type OrderKind } from '../orders/kind.ts'

/** How a kind of note tells orders what of them is fulfilled. */
export interface Fulfilment {
  kind: OrderKind
  note: 'Delivery Note' | 'Purchase Receipt'
  invoice: 'Sales Invoice' | 'Purchase Invoice'
  /** Columns of the note's lines: the order's line, the order, the quantity that counts. */
  line: string
  order: string
  quantity: string
  /** Column of the invoice's lines that names the order's line. */
  invoiceLine: string
  /** Columns of the order's lines and of the order. */
  field: string
  percent: string
  verb: string
  /** Column of the order with the status in words. */
  words: string | null
}

export const DELIVERY: Fulfilment = {
  kind: SALES_ORDER, note: 'Delivery Note', invoice: 'Sales Invoice', line: 'so_detail', order: 'against_sales_order', quantity: 'qty', invoiceLine: 'so_detail', field: 'delivered_qty', percent: 'per_delivered', verb: 'Deliver', words: 'delivery_status',
}
export const RECEIPT: Fulfilment = {
  kind: PURCHASE_ORDER, note: 'Purchase Receipt', invoice: 'Purchase Invoice', line: 'purchase_order_item', order: 'purchase_order', quantity: 'received_qty', invoiceLine: 'po_detail', field: 'received_qty', percent: 'per_received', verb: 'Receive', words: null,
}

/** SELECT `line`, `quantity`: what submitted notes and invoices that move stock have fulfilled of the orders' lines. */
function fulfilled(way: Fulfilment): string {
  return `SELECT line, CAST(SUM(quantity) AS DOUBLE) AS quantity FROM (SELECT n.${way.line} AS line, n.${way.quantity} AS quantity FROM rows."tab${way.note} Item" n WHERE n.docstatus = 1 AND ${filled(`n.${way.line}`)}
    UNION ALL SELECT n.${way.invoiceLine}, n.${way.quantity} FROM rows."tab${way.invoice} Item" n JOIN rows."tab${way.invoice}" v ON v.name = n.parent AND v.update_stock = 1 WHERE n.docstatus = 1 AND ${filled(`n.${way.invoiceLine}`)}) GROUP BY line`
}

/** Any line of the batch that fulfils an order. */
export async function anyFulfilled(ctx: PostingContext, way: Fulfilment): Promise<boolean> {
  return (await ctx.staging.one(`SELECT 1 FROM ${ctx.child('items')} WHERE ${filled(way.line)} LIMIT 1`)) !== undefined
}

/** Lines agree with the order's lines they name; neither reference stands alone; the order is open. `compare` are pairs of columns of order and order line. For the stage validate. */
export async function checkReferences(ctx: PostingContext, way: Fulfilment, compare: { order: readonly string[]; line: readonly string[] }): Promise<void> {
  const items = ctx.child('items'), base = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent`
  if (way.kind.selling) await ctx.find({
    type: 'ValidationError', field: `items.${way.line}`, hint: 'Map both the order and its line, or neither.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'The field ' || CASE WHEN ${filled(`i.${way.order}`)} THEN '${way.line}' ELSE '${way.order}' END || ' in row ' || i._idx || ' is not set' AS message ${base} WHERE (${filled(`i.${way.order}`)}) <> (${filled(`i.${way.line}`)})`,
  })
  const orders = `${base} JOIN rows."tab${way.kind.doctype}" o ON o.name = i.${way.order}`, lines = `${base} JOIN rows."tab${way.kind.doctype} Item" o ON o.name = i.${way.line}`
  await ctx.find({
    type: 'ValidationError', field: `items.${way.order}`, causeByValue: true, hint: 'Open the order for the migration.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.${way.order} AS "value", '${way.kind.doctype} ' || i.${way.order} || ' is ' || o.status AS message ${orders} WHERE o.status IN ('Closed', 'On Hold') AND COALESCE(d.is_return, 0) = 0`,
  })
  const units = new Set(['conversion_factor', 'uom'])
  const differ = (field: string, own: string) => (field === 'conversion_factor' ? `CAST(o.${field} AS DOUBLE) IS DISTINCT FROM ${own}.${field}` : `(COALESCE(o.${field}, '') <> '' AND o.${field} IS DISTINCT FROM ${own}.${field})`) + (units.has(field) ? ' AND COALESCE(d.is_return, 0) = 0' : '')
  const pairs = [...compare.order.map((field) => [orders, field, 'd'] as const), ...compare.line.map((field) => [lines, field, 'i'] as const)]
  for (const [from, field, own] of pairs) await ctx.find({
    type: 'ValidationError', field: own === 'd' ? field : `items.${field}`, hint: 'Make note and order agree.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(${own}.${field} AS VARCHAR) AS "value", 'Row ' || i._idx || ': ${field} does not match with ${way.kind.doctype}' AS message ${from} WHERE ${differ(field, own)}`,
  })
  await ctx.find({
    type: 'ValidationError', field: `items.${way.line}`, causeByValue: true, hint: 'Load the order first.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.${way.line} AS "value", 'Invalid reference ${way.kind.doctype} Item ' || i.${way.line} AS message ${base} WHERE ${filled(`i.${way.line}`)} AND i.${way.line} NOT IN (SELECT name FROM rows."tab${way.kind.doctype} Item")`,
  })
}

/** No more may be fulfilled than was ordered, beyond the allowance; notes earlier in the batch count. For the `named` stage. */
export async function findOverfulfilled(ctx: PostingContext, way: Fulfilment): Promise<void> {
  if (!await anyFulfilled(ctx, way)) return
  const stock = ctx.site.single('Stock Settings'), general = Number(stock['over_delivery_receipt_allowance'] ?? 0), role = stock['role_allowed_to_over_deliver_receive']
  const rows = await ctx.staging.all<{ id: number; line: string; quantity: number; ordered: number; before: number; allowance: number; item: string; submit: boolean }>(
    `SELECT i._parent AS id, i.${way.line} AS line, COALESCE(i.${way.quantity}, 0) AS quantity, CAST(o.qty AS DOUBLE) AS ordered, COALESCE(f.quantity, 0) AS before, o.item_code AS item,
       CAST(COALESCE(NULLIF(m.over_delivery_receipt_allowance, 0), ${general}) AS DOUBLE) AS allowance FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tab${way.kind.doctype} Item" o ON o.name = i.${way.line}
       LEFT JOIN (${fulfilled(way)}) f ON f.line = i.${way.line} LEFT JOIN rows."tabItem" m ON m.name = o.item_code WHERE d._submit ORDER BY i._parent, i._idx`)
  const done = new Map<string, number>(), found: { id: number; message: string; value: string }[] = []
  for (let from = 0; from < rows.length;) {
    let to = from
    while (to < rows.length && rows[to]!.id === rows[from]!.id) to++
    const own = rows.slice(from, to), sums = new Map<string, number>()
    for (const row of own) sums.set(row.line, (sums.get(row.line) ?? done.get(row.line) ?? row.before) + row.quantity)
    const over = own.find((row) => row.ordered !== 0 && sums.get(row.line)! > row.ordered && ((sums.get(row.line)! - row.ordered) / row.ordered) * 100 - row.allowance > 0.01)
    if (over !== undefined) found.push({ id: over.id, value: over.item, message: `This document is over limit by Qty ${sums.get(over.line)! - over.ordered} for item ${over.item}.` })
    else for (const [line, sum] of sums) done.set(line, sum)
    from = to
  }
  await ctx.findAll({ type: role ? 'unsupported' : 'OverAllowanceError', stage: 'on_submit', field: 'items.qty', hint: 'Raise the allowance, or leave the reference out.' }, found)
}

/** Orders know what of them is fulfilled: their lines, percentage, status (a comment names a new one), and the bins what is still open. For the stage on_submit. */
export async function updateOrders(ctx: PostingContext, way: Fulfilment): Promise<void> {
  if (!await anyFulfilled(ctx, way)) return
  const lines = ctx.scratch('fulfilled_lines'), orders = ctx.scratch('fulfilled_orders'), order = way.kind.doctype
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i.${way.line} AS line, any_value(o.parent) AS parent, max(i._parent) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent
    JOIN rows."tab${order} Item" o ON o.name = i.${way.line} WHERE d._submit GROUP BY i.${way.line}`)
  await ctx.updateRows(`tab${order} Item`, way.field, `SELECT l.id, l.line AS "key", CAST(f.quantity AS DECIMAL(21,9)) AS "after" FROM ${lines} l JOIN (${fulfilled(way)}) f ON f.line = l.line`)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${orders.slice(5)} AS SELECT p.*, o.status AS before, CASE WHEN o.status IN ('On Hold', 'Closed', 'Delivered') THEN o.status WHEN p.percent >= 100 AND o.per_billed >= 100 THEN 'Completed' WHEN p.percent >= 100 THEN 'To Bill'
      WHEN o.per_billed >= 100 THEN 'To ${way.verb}' ELSE 'To ${way.verb} and Bill' END AS status FROM (SELECT t.parent AS name, max(t.id) AS id,
      round(CAST(COALESCE(SUM(LEAST(abs(i.qty), abs(i.${way.field}))), 0) AS DOUBLE) / NULLIF(CAST(SUM(abs(i.qty)) AS DOUBLE), 0) * 100, 6) AS percent
      FROM (SELECT parent, max(id) AS id FROM ${lines} GROUP BY parent) t JOIN rows."tab${order} Item" i ON i.parent = t.parent AND i.parenttype = '${order}' GROUP BY t.parent) p JOIN rows."tab${order}" o ON o.name = p.name`)
  await ctx.updateRows(`tab${order}`, way.percent, `SELECT id, name AS "key", CAST(COALESCE(percent, 0) AS DECIMAL(21,9)) AS "after" FROM ${orders}`)
  if (way.words !== null) await ctx.updateRows(`tab${order}`, way.words, `SELECT id, name AS "key", CASE WHEN COALESCE(percent, 0) < 0.001 THEN 'Not ' WHEN percent >= 99.999999 THEN 'Fully ' ELSE 'Partly ' END || '${way.verb}ed' AS "after" FROM ${orders}`)
  await ctx.updateRows(`tab${order}`, 'status', `SELECT id, name AS "key", status AS "after" FROM ${orders}`)
  await ctx.insertRows('tabComment', `SELECT id AS _id, ${ctx.hash('Order Comment', 'id', 'nth')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by,
    0 AS docstatus, 0 AS idx, 'Label' AS comment_type, ${literal(ctx.user)} AS comment_email, 0 AS published, 0 AS seen, '${order}' AS reference_doctype, name AS reference_name, status AS content
    FROM (SELECT *, name AS reference, row_number() OVER (PARTITION BY id ORDER BY name) AS nth FROM ${orders}) WHERE status <> before`)
  const touched = ctx.scratch('fulfilled_bins')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${touched.slice(5)} AS SELECT o.item_code, o.warehouse, min(l.id) AS first_id, 0 AS first_idx, max(l.id) AS last_id, any_value(m.stock_uom) AS stock_uom FROM ${lines} l JOIN rows."tab${order} Item" o ON o.name = l.line
    JOIN rows."tabItem" m ON m.name = o.item_code AND m.is_stock_item = 1 WHERE ${filled('o.warehouse')} GROUP BY o.item_code, o.warehouse`)
  await countBins(ctx, way.kind, touched)
}
