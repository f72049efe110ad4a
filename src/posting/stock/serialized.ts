import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'

/** Lines with serial numbers or batches are said to be unpredicted. `moves`: SQL over documents `d`, those that move stock. */
export async function findSerialized(ctx: PostingContext, tableField: string, moves = 'TRUE'): Promise<void> {
  const items = `(SELECT t.* FROM ${ctx.child(tableField)} t JOIN ${ctx.doc} d ON d._id = t._parent AND ${moves})`
  await ctx.find({
    type: 'unsupported', field: `${tableField}.item_code`, causeByValue: true, message: 'Stock of items with serial numbers or batches is not predicted', hint: 'Load such documents through the site itself.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value" FROM ${items} i JOIN rows."tabItem" m ON m.name = i.item_code WHERE m.has_serial_no = 1 OR m.has_batch_no = 1`,
  })
  for (const field of ['serial_and_batch_bundle', 'serial_no', 'batch_no']) await ctx.find({
    type: 'unsupported', field: `${tableField}.${field}`, message: 'Serial numbers and batches of lines are not predicted', hint: 'Load such documents through the site itself.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${filled(`i.${field}`)}`,
  })
}
