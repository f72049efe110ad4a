import type { PostingContext } from '../framework/rule.ts'
import { countBins } from '../orders/bins.ts'
import { filled, PURCHASE_ORDER, SALES_ORDER, type OrderKind } from '../orders/kind.ts'
import { commentStatuses } from '../orders/submit-effects.ts'

/** How a kind of document tells orders what of them is fulfilled: delivered, received, billed. */
export interface Fulfilment {
  kind: OrderKind
  /** SELECT of `line` (the order's) and `quantity` of every submitted line that fulfils one. */
  done: string
  /** Columns of the document's lines: the order's line, the order, the quantity that counts. */
  line: string
  order: string
  quantity: string
  /** SQL over documents `d`: those that tell. */
  where?: string
  /** Columns of the order's lines and of the order. `of` is what `field` is compared with. */
  field: string
  of: 'qty' | 'amount'
  percent: string
  /** Column of the order with the status in words, and the word. */
  words: { column: string; word: string } | null
}

const fulfilled = (doctype: string, line: string, quantity: string, where = '') => `SELECT n.${line} AS line, n.${quantity} AS quantity FROM rows."tab${doctype} Item" n WHERE n.docstatus = 1 AND ${filled(`n.${line}`)}${where}`
const moved = (invoice: string) => ` AND n.parent IN (SELECT v.name FROM rows."tab${invoice}" v WHERE v.update_stock = 1)`

export const DELIVERY: Fulfilment = {
  kind: SALES_ORDER, done: `${fulfilled('Delivery Note', 'so_detail', 'qty')} UNION ALL ${fulfilled('Sales Invoice', 'so_detail', 'qty', moved('Sales Invoice'))}`,
  line: 'so_detail', order: 'against_sales_order', quantity: 'qty', field: 'delivered_qty', of: 'qty', percent: 'per_delivered', words: { column: 'delivery_status', word: 'Delivered' },
}
export const RECEIPT: Fulfilment = {
  kind: PURCHASE_ORDER, done: `${fulfilled('Purchase Receipt', 'purchase_order_item', 'received_qty')} UNION ALL ${fulfilled('Purchase Invoice', 'po_detail', 'received_qty', moved('Purchase Invoice'))}`,
  line: 'purchase_order_item', order: 'purchase_order', quantity: 'received_qty', field: 'received_qty', of: 'qty', percent: 'per_received', words: null,
}
/** Invoices that move stock deliver as well. */
export const DELIVERY_BY_INVOICE: Fulfilment = { ...DELIVERY, order: 'sales_order', where: 'COALESCE(d.update_stock, 0) <> 0' }
/** A return gives back what was billed only where it says so. */
export const SALES_BILLING: Fulfilment = {
  kind: SALES_ORDER, done: fulfilled('Sales Invoice', 'so_detail', 'amount'), line: 'so_detail', order: 'sales_order', quantity: 'amount', where: '(COALESCE(d.is_return, 0) = 0 OR COALESCE(d.update_billed_amount_in_sales_order, 0) <> 0)',
  field: 'billed_amt', of: 'amount', percent: 'per_billed', words: { column: 'billing_status', word: 'Billed' },
}

/** SELECT `line`, `quantity`: what submitted documents have fulfilled of the orders' lines. */
const sums = (way: Fulfilment) => `SELECT line, CAST(SUM(quantity) AS DOUBLE) AS quantity FROM (${way.done}) GROUP BY line`

/** Any line of the batch that fulfils an order. */
export async function anyFulfilled(ctx: PostingContext, way: Fulfilment): Promise<boolean> {
  return (await ctx.staging.one(`SELECT 1 FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${filled(`i.${way.line}`)} AND ${way.where ?? 'TRUE'} LIMIT 1`)) !== undefined
}

/** Columns by which lines name another document and its line. */
export interface Reference { kind: { doctype: string; selling: boolean }; line: string; order: string }
export interface Compared { order: readonly string[]; line: readonly string[]; /** Neither column may stand alone. */ paired: boolean; /** A closed document takes no more. */ open: boolean }

/** Lines agree with the lines they name, their documents with the documents; neither reference stands alone; the order is open. `compare` are columns of both. For the stage validate. */
export async function checkReferences(ctx: PostingContext, way: Reference, { order, line, paired = way.kind.selling, open = true }: Partial<Compared> & Pick<Compared, 'order' | 'line'>): Promise<void> {
  const items = ctx.child('items'), base = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent`
  if (paired) await ctx.find({
    type: 'ValidationError', field: `items.${way.line}`, hint: 'Map both the order and its line, or neither.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'The field ' || CASE WHEN ${filled(`i.${way.order}`)} THEN '${way.line}' ELSE '${way.order}' END || ' in row ' || i._idx || ' is not set' AS message ${base} WHERE (${filled(`i.${way.order}`)}) <> (${filled(`i.${way.line}`)})`,
  })
  const orders = `${base} JOIN rows."tab${way.kind.doctype}" o ON o.name = i.${way.order}`, lines = `${base} JOIN rows."tab${way.kind.doctype} Item" o ON o.name = i.${way.line}`
  if (open) await ctx.find({
    type: 'ValidationError', field: `items.${way.order}`, causeByValue: true, hint: 'Open the order for the migration.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.${way.order} AS "value", '${way.kind.doctype} ' || i.${way.order} || ' is ' || o.status AS message ${orders} WHERE o.status IN ('Closed', 'On Hold') AND COALESCE(d.is_return, 0) = 0`,
  })
  const units = new Set(['conversion_factor', 'uom'])
  const differ = (field: string, own: string) => (field === 'conversion_factor' ? `CAST(o.${field} AS DOUBLE) IS DISTINCT FROM ${own}.${field}` : `(COALESCE(o.${field}, '') <> '' AND o.${field} IS DISTINCT FROM ${own}.${field})`) + (units.has(field) ? ' AND COALESCE(d.is_return, 0) = 0' : '')
  const pairs = [...order.map((field) => [orders, field, 'd'] as const), ...line.map((field) => [lines, field, 'i'] as const)]
  for (const [from, field, own] of pairs) await ctx.find({
    type: 'ValidationError', field: own === 'd' ? field : `items.${field}`, hint: 'Make the two documents agree.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(${own}.${field} AS VARCHAR) AS "value", 'Row ' || i._idx || ': ${field} does not match with ${way.kind.doctype}' AS message ${from} WHERE ${differ(field, own)}`,
  })
  await ctx.find({
    type: 'ValidationError', field: `items.${way.line}`, causeByValue: true, hint: `Load the ${way.kind.doctype} first.`,
    select: `SELECT i._parent AS id, i._idx AS idx, i.${way.line} AS "value", 'Invalid reference ${way.kind.doctype} Item ' || i.${way.line} AS message ${base} WHERE ${filled(`i.${way.line}`)} AND i.${way.line} NOT IN (SELECT name FROM rows."tab${way.kind.doctype} Item")`,
  })
}

/** No more may be fulfilled than was ordered, beyond the allowance; documents earlier in the batch count. For the `named` stage. */
export async function findOverfulfilled(ctx: PostingContext, way: Fulfilment): Promise<void> {
  if (!await anyFulfilled(ctx, way)) return
  const stock = ctx.site.single('Stock Settings'), accounts = ctx.site.single('Accounts Settings'), bills = way.of === 'amount'
  const allowance = bills ? 'over_billing_allowance' : 'over_delivery_receipt_allowance', general = Number((bills ? accounts : stock)[allowance] ?? 0), role = bills ? accounts['role_allowed_to_over_bill'] : stock['role_allowed_to_over_deliver_receive']
  const rows = await ctx.staging.all<{ id: number; line: string; quantity: number; ordered: number; before: number; allowance: number; item: string; submit: boolean }>(
    `SELECT i._parent AS id, i.${way.line} AS line, COALESCE(i.${way.quantity}, 0) AS quantity, CAST(o.${way.of} AS DOUBLE) AS ordered, COALESCE(f.quantity, 0) AS before, o.item_code AS item,
       CAST(COALESCE(NULLIF(m.${allowance}, 0), ${general}) AS DOUBLE) AS allowance FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tab${way.kind.doctype} Item" o ON o.name = i.${way.line}
       LEFT JOIN (${sums(way)}) f ON f.line = i.${way.line} LEFT JOIN rows."tabItem" m ON m.name = o.item_code WHERE d._submit AND ${way.where ?? 'TRUE'} ORDER BY i._parent, i._idx`)
  const done = new Map<string, number>(), found: { id: number; message: string; value: string }[] = []
  for (let from = 0; from < rows.length;) {
    let to = from
    while (to < rows.length && rows[to]!.id === rows[from]!.id) to++
    const own = rows.slice(from, to), sums = new Map<string, number>()
    for (const row of own) sums.set(row.line, (sums.get(row.line) ?? done.get(row.line) ?? row.before) + row.quantity)
    const over = own.find((row) => row.ordered !== 0 && sums.get(row.line)! > row.ordered && ((sums.get(row.line)! - row.ordered) / row.ordered) * 100 - row.allowance > 0.01)
    if (over !== undefined) found.push({ id: over.id, value: over.item, message: `This document is over limit by ${bills ? 'Amount' : 'Qty'} ${sums.get(over.line)! - over.ordered * (100 + over.allowance) / 100} for item ${over.item}.` })
    else for (const [line, sum] of sums) done.set(line, sum)
    from = to
  }
  await ctx.findAll({ type: role ? 'unsupported' : 'OverAllowanceError', stage: 'on_submit', field: `items.${way.of}`, hint: 'Raise the allowance, or leave the reference out.' }, found)
}

/** SQL over the order `o`: its status when `way` stands at `percent`. */
export function orderStatus(way: Fulfilment, percent: string): string {
  const { selling } = way.kind, verb = selling ? 'Deliver' : 'Receive', other = (column: string) => (way.percent === column ? percent : `CAST(COALESCE(o.${column}, 0) AS DOUBLE)`)
  const moved = other(selling ? 'per_delivered' : 'per_received'), billed = other('per_billed'), done = `(${moved} >= 100${selling ? ' OR COALESCE(o.skip_delivery_note, 0) <> 0' : ''})`
  return `CASE WHEN o.status IN ('On Hold', 'Closed', 'Delivered') THEN o.status WHEN ${done} AND ${billed} >= 100 THEN 'Completed' WHEN ${done} THEN 'To Bill' WHEN ${billed} >= 100 THEN 'To ${verb}' ELSE 'To ${verb} and Bill' END`
}

/** Orders know what of them is fulfilled: their lines, percentage, status (a comment names a new one), and the bins what is still open. For the stage on_submit. */
export async function updateOrders(ctx: PostingContext, way: Fulfilment): Promise<void> {
  if (!await anyFulfilled(ctx, way)) return
  const lines = ctx.scratch('fulfilled_lines'), orders = ctx.scratch('fulfilled_orders'), order = way.kind.doctype
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i.${way.line} AS line, max(i._parent) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent
    JOIN rows."tab${order} Item" o ON o.name = i.${way.line} WHERE d._submit AND ${way.where ?? 'TRUE'} GROUP BY i.${way.line}`)
  await ctx.updateRows(`tab${order} Item`, way.field, `SELECT l.id, l.line AS "key", CAST(f.quantity AS DECIMAL(21,9)) AS "after" FROM ${lines} l JOIN (${sums(way)}) f ON f.line = l.line`)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${orders.slice(5)} AS SELECT p.*, o.status AS before, ${orderStatus(way, 'COALESCE(p.percent, 0)')} AS status FROM (SELECT t.parent AS name, max(t.id) AS id,
      round(CAST(COALESCE(SUM(LEAST(abs(i.${way.of}), abs(i.${way.field}))), 0) AS DOUBLE) / NULLIF(CAST(SUM(abs(i.${way.of})) AS DOUBLE), 0) * 100, 6) AS percent
      FROM (SELECT i.${way.order} AS parent, max(d._id) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND ${filled(`i.${way.order}`)} AND ${way.where ?? 'TRUE'} GROUP BY i.${way.order}) t JOIN rows."tab${order} Item" i ON i.parent = t.parent AND i.parenttype = '${order}' GROUP BY t.parent) p JOIN rows."tab${order}" o ON o.name = p.name`)
  await ctx.updateRows(`tab${order}`, way.percent, `SELECT id, name AS "key", CAST(COALESCE(percent, 0) AS DECIMAL(21,9)) AS "after" FROM ${orders}`)
  if (way.words !== null) await ctx.updateRows(`tab${order}`, way.words.column, `SELECT id, name AS "key", CASE WHEN COALESCE(percent, 0) < 0.001 THEN 'Not ' WHEN percent >= 99.999999 THEN 'Fully ' ELSE 'Partly ' END || '${way.words.word}' AS "after" FROM ${orders}`)
  await ctx.updateRows(`tab${order}`, 'status', `SELECT id, name AS "key", status AS "after" FROM ${orders}`)
  await commentStatuses(ctx, order, `Order Comment ${way.percent}`, `SELECT id, name, status FROM ${orders} WHERE status <> before`)
  if (way.of !== 'qty') return
  const touched = ctx.scratch('fulfilled_bins')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${touched.slice(5)} AS SELECT o.item_code, o.warehouse, min(l.id) AS first_id, 0 AS first_idx, max(l.id) AS last_id, any_value(m.stock_uom) AS stock_uom FROM ${lines} l JOIN rows."tab${order} Item" o ON o.name = l.line
    JOIN rows."tabItem" m ON m.name = o.item_code AND m.is_stock_item = 1 WHERE ${filled('o.warehouse')} GROUP BY o.item_code, o.warehouse`)
  await countBins(ctx, way.kind, touched)
}
