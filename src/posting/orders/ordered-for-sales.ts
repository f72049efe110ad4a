import type { PostingContext } from '../framework/rule.ts'
import { filled } from './kind.ts'

/** SQL: lines of the batch's submitted purchase orders that are bought for lines of sales orders. The site looks at them when any line of the order names a sales order. */
function boughtLines(ctx: PostingContext): string {
  return `SELECT i._parent AS id, i._idx AS idx, i.item_code, i.sales_order_item AS line, COALESCE(i.stock_qty, 0) AS quantity FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent
    WHERE d._submit AND ${filled('i.sales_order_item')} AND d._id IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${filled('sales_order')})`
}

async function anyBought(ctx: PostingContext): Promise<boolean> {
  return (await ctx.staging.one(`SELECT 1 FROM ${ctx.child('items')} WHERE ${filled('sales_order_item')} LIMIT 1`)) !== undefined
}

const ORDERED = `SELECT sales_order_item AS line, CAST(SUM(stock_qty) AS DOUBLE) AS quantity FROM rows."tabPurchase Order Item" WHERE docstatus = 1 AND ${filled('sales_order_item')} GROUP BY sales_order_item`

/** More may not be bought for a line than was sold, beyond the allowance of the item or of the site; orders earlier in the batch count. For the `named` stage. */
export async function findOverbought(ctx: PostingContext): Promise<void> {
  if (!await anyBought(ctx)) return
  const stock = ctx.site.single('Stock Settings'), general = Number(stock['over_delivery_receipt_allowance'] ?? 0)
  const lines = await ctx.staging.all<{ id: number; idx: number; line: string; quantity: number; sold: number; before: number; allowance: number; item: string }>(
    `SELECT b.id, b.idx, b.line, b.quantity, s.item_code AS item, CAST(s.stock_qty AS DOUBLE) AS sold, COALESCE(o.quantity, 0) AS before, CAST(COALESCE(NULLIF(m.over_delivery_receipt_allowance, 0), ${general}) AS DOUBLE) AS allowance
     FROM (${boughtLines(ctx)}) b JOIN rows."tabSales Order Item" s ON s.name = b.line AND s.docstatus = 1 LEFT JOIN (${ORDERED}) o ON o.line = b.line LEFT JOIN rows."tabItem" m ON m.name = s.item_code ORDER BY b.id, b.idx`)
  const bought = new Map<string, number>(), found: { id: number; idx: number; message: string; value: string }[] = []
  for (let from = 0; from < lines.length;) {
    let to = from
    while (to < lines.length && lines[to]!.id === lines[from]!.id) to++
    const own = lines.slice(from, to), sums = new Map<string, number>()
    for (const line of own) sums.set(line.line, (sums.get(line.line) ?? bought.get(line.line) ?? line.before) + line.quantity)
    const over = own.find((line) => line.sold !== 0 && sums.get(line.line)! > line.sold && ((sums.get(line.line)! - line.sold) / line.sold) * 100 - line.allowance > 0.01)
    if (over !== undefined) found.push({ id: over.id, idx: over.idx, value: over.item, message: `This document is over limit by Qty ${sums.get(over.line)! - over.sold} for item ${over.item}. Are you making another Purchase Order against the same Sales Order Item?` })
    else for (const [line, sum] of sums) bought.set(line, sum)
    from = to
  }
  const role = stock['role_allowed_to_over_deliver_receive']
  await ctx.findAll({ type: role ? 'unsupported' : 'OverAllowanceError', stage: 'on_submit', field: 'items.qty', hint: 'Buy less for the sales order, raise the allowance, or leave the reference out.' },
    role ? found.map((one) => ({ ...one, message: 'Who may order more than was sold depends on the roles of the user; that is not predicted' })) : found)
}

/** Lines of sales orders know how much was ordered for them. */
export async function updateOrderedForSales(ctx: PostingContext): Promise<void> {
  if (!await anyBought(ctx)) return
  await ctx.updateRows('tabSales Order Item', 'ordered_qty', `SELECT b.id, b.line AS "key", CAST(o.quantity AS DECIMAL(21,9)) AS "after" FROM (SELECT line, max(id) AS id FROM (${boughtLines(ctx)}) GROUP BY line) b JOIN (${ORDERED}) o ON o.line = b.line`)
}
