import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { commentStatuses } from '../orders/submit-effects.ts'

/** The column of a note's lines that names the line they return. */
export type ReturnedLine = 'dn_detail' | 'purchase_receipt_item'

/** A return fits the note it takes back: party, rate, moment, items, quantities. For the stage validate. */
export async function checkReturns(ctx: PostingContext, line: ReturnedLine): Promise<void> {
  if (!ctx.has('is_return')) return
  const own = ctx.meta.name, party = line === 'dn_detail' ? 'customer' : 'supplier', items = ctx.child('items'), table = `rows."tab${own}"`
  const note = `FROM ${ctx.doc} d JOIN ${table} o ON o.name = d.return_against WHERE ${truthy('d.is_return')} AND ${filled('d.return_against')}`
  await ctx.find({
    type: 'DoesNotExistError', field: 'return_against', message: `${own} None not found`, hint: 'Name the note that is taken back.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${truthy('d.is_return')} AND NOT ${filled('d.return_against')}`,
  })
  const find = (type: string, field: string, message: string, where: string) => ctx.find({ type, field, message, hint: 'Make the return agree with the note it takes back.', select: `SELECT d._id AS id ${note} AND ${where}` })
  await find('ValidationError', party, `The ${party} does not match with that of the note`, `o.${party} IS DISTINCT FROM d.${party}`)
  await find('ValidationError', 'posting_date', 'Posting timestamp must be after that of the note', `o.docstatus = 1 AND o.company = d.company AND (d.posting_date + COALESCE(d.posting_time, TIME '00:00:00')) < (o.posting_date + COALESCE(o.posting_time, TIME '00:00:00'))`)
  const lines = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${truthy('d.is_return')} AND ${filled('d.return_against')} JOIN rows."tab${own} Item" o ON o.name = i.${line} AND o.parent = d.return_against AND o.item_code = i.item_code
    LEFT JOIN (SELECT r.${line} AS line, SUM(abs(r.qty)) AS qty FROM rows."tab${own} Item" r JOIN ${table} p ON p.name = r.parent AND p.docstatus = 1 AND p.is_return = 1 GROUP BY r.${line}) before ON before.line = i.${line}`
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', hint: 'Turn the sign of returned quantities.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Stock Qty must be negative in return document' AS message ${lines} WHERE i.qty > 0`,
  })
  await ctx.find({
    type: 'StockOverReturnError', field: 'items.qty', hint: 'Return no more than was moved.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row # ' || i._idx || ': Cannot return more than ' || (o.qty - COALESCE(before.qty, 0)) || ' for Item ' || i.item_code AS message ${lines} WHERE abs(i.qty) > round(o.qty - COALESCE(before.qty, 0), 3)`,
  })
  // The site asks for the valuation method of no item at all, which is that of Stock Settings.
  if (line === 'dn_detail' && ctx.site.single('Stock Settings')['valuation_method'] !== 'Moving Average') await ctx.find({
    type: 'ValidationError', field: 'items.rate', hint: 'Return at the rate of the delivery.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row # ' || i._idx || ': Rate cannot be greater than the rate used in ' || d.return_against AS message ${lines} WHERE o.rate <> 0 AND i.rate > o.rate`,
  })
  await ctx.find({
    type: 'unsupported', field: 'items', message: 'Returns whose lines do not name the lines they take back are not predicted', hint: `Map ${line}.`,
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tab${own} Item" o ON o.name = i.${line} AND o.parent = d.return_against AND o.item_code = i.item_code
      WHERE ${truthy('d.is_return')} AND ${filled('d.return_against')} AND o.name IS NULL`,
  })
  await ctx.find({
    type: 'unsupported', field: 'items', message: 'Returns of what was ordered change the order again, which is not predicted', hint: 'Load such documents through the site itself.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${truthy('d.is_return')} AND ${filled(line === 'dn_detail' ? 'i.so_detail' : 'i.purchase_order_item')}`,
  })
}

/** Notes know what of them is returned: their lines, the percentage, the status (a comment names a new one). For the stage on_submit. */
export async function updateReturned(ctx: PostingContext, line: ReturnedLine): Promise<void> {
  if (!ctx.has('return_against')) return
  const own = ctx.meta.name, lines = ctx.scratch('returned_lines'), notes = ctx.scratch('returned_notes')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i.${line} AS line, d.return_against AS parent, max(i._parent) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent
    WHERE d._submit AND ${truthy('d.is_return')} AND ${filled('d.return_against')} AND ${filled(`i.${line}`)} GROUP BY ALL`)
  if (await ctx.staging.one(`SELECT 1 FROM ${lines} LIMIT 1`) === undefined) return
  const quantity = line === 'dn_detail' ? 'stock_qty' : 'received_stock_qty'
  await ctx.updateRows(`tab${own} Item`, 'returned_qty', `SELECT l.id, l.line AS "key", CAST(r.qty AS DECIMAL(21,9)) AS "after" FROM ${lines} l JOIN (SELECT i.${line} AS line, SUM(-1 * i.${quantity}) AS qty FROM rows."tab${own} Item" i WHERE i.docstatus = 1 GROUP BY i.${line}) r ON r.line = l.line`)
  // What is billed whole comes first for receipts, what went back whole for deliveries (StatusUpdater's lists, read from their ends).
  const issued = `WHEN p.percent = 100 THEN 'Return Issued'`, status = own === 'Purchase Receipt' ? `WHEN o.per_billed = 100 OR (o.grand_total = 0 AND p.percent IS DISTINCT FROM 100 AND o.is_return = 0) THEN 'Completed' ${issued}` : `${issued} WHEN o.per_billed = 100 THEN 'Completed'`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${notes.slice(5)} AS SELECT p.*, o.status AS before, CASE WHEN o.status = 'Closed' THEN o.status ${status} ELSE o.status END AS status FROM (SELECT t.parent AS name, max(t.id) AS id,
      round(CAST(COALESCE(SUM(LEAST(abs(i.${quantity}), abs(i.returned_qty))), 0) AS DOUBLE) / NULLIF(CAST(SUM(abs(i.${quantity})) AS DOUBLE), 0) * 100, 6) AS percent
      FROM (SELECT parent, max(id) AS id FROM ${lines} GROUP BY parent) t JOIN rows."tab${own} Item" i ON i.parent = t.parent GROUP BY t.parent) p JOIN ${`rows."tab${own}"`} o ON o.name = p.name`)
  await ctx.updateRows(`tab${own}`, 'per_returned', `SELECT id, name AS "key", CAST(COALESCE(percent, 0) AS DECIMAL(21,9)) AS "after" FROM ${notes}`)
  await ctx.updateRows(`tab${own}`, 'status', `SELECT id, name AS "key", status AS "after" FROM ${notes}`)
  await commentStatuses(ctx, own, 'Return Comment', `SELECT id, name, status FROM ${notes} WHERE status <> before`)
}
