import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'

/** What was received is what was accepted and what was rejected. `moves`: SQL over documents `d`, those that receive. */
export async function settleQuantities(ctx: PostingContext, moves = 'TRUE'): Promise<void> {
  const items = ctx.child('items'), stored = ctx.site.doctype(ctx.meta.field('items')?.options ?? '')?.column('received_stock_qty') !== undefined, line = `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value"`, from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${moves}`
  await ctx.find({
    type: 'ValidationError', field: 'items.rejected_warehouse', hint: 'Map the warehouse rejected goods go to.',
    select: `${line}, 'Row #' || i._idx || ': Rejected Warehouse is mandatory against rejected Item ' || i.item_code AS message ${from} WHERE ${truthy('i.rejected_qty')} AND NOT ${filled('i.rejected_warehouse')} AND NOT ${filled('d.rejected_warehouse')}`,
  })
  // The stock quantity is taken before what was received is added up: only a submit, the second validate, sees the sum.
  await ctx.staging.run(`UPDATE ${items} AS t SET landed_cost_voucher_amount = 0${!stored ? '' : `, received_stock_qty = COALESCE(CASE WHEN d._submit AND NOT d._once AND NOT ${truthy('t.received_qty')} THEN COALESCE(t.qty, 0) + COALESCE(t.rejected_qty, 0) ELSE t.received_qty END, 0) * COALESCE(NULLIF(t.conversion_factor, 0), 1)`}
    FROM ${ctx.doc} d WHERE d._id = t._parent AND ${moves}`)
  await ctx.staging.run(`UPDATE ${items} AS t SET rejected_warehouse = COALESCE(NULLIF(t.rejected_warehouse, ''), CASE WHEN ${truthy('t.rejected_qty')} THEN d.rejected_warehouse END),
    received_qty = CASE WHEN ${truthy('t.received_qty')} THEN t.received_qty ELSE COALESCE(t.qty, 0) + COALESCE(t.rejected_qty, 0) END FROM ${ctx.doc} d WHERE d._id = t._parent AND ${moves}`)
  await ctx.find({
    type: 'ValidationError', field: 'items.rejected_warehouse', hint: 'Use another warehouse for rejected goods.',
    select: `${line}, 'Row #' || i._idx || ': Accepted Warehouse and Rejected Warehouse cannot be same' AS message ${from} WHERE ${truthy('i.rejected_qty')} AND i.rejected_warehouse = i.warehouse`,
  })
  for (const field of ['received_qty', 'qty', 'rejected_qty']) await ctx.find({
    type: 'ValidationError', field: `items.${field}`, hint: 'Load returns with is_return.', select: `${line}, 'Row #' || i._idx || ': ${field} can not be negative for item ' || i.item_code AS message ${from} WHERE NOT ${truthy('d.is_return')} AND i.${field} < 0`,
  })
  await ctx.find({
    type: 'QtyMismatchError', field: 'items.received_qty', hint: 'Map accepted and rejected quantities.',
    select: `${line}, 'Row #' || i._idx || ': Received Qty must be equal to Accepted + Rejected Qty for Item ' || i.item_code AS message ${from} WHERE round(COALESCE(i.qty, 0) + COALESCE(i.rejected_qty, 0), 3) <> round(i.received_qty, 3)`,
  })
}
