import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { settleQuantities } from '../stock/accepted-quantities.ts'
import { findSerialized } from '../stock/serialized.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'

/** SQL over documents `d`: invoices that receive what they bill. */
export const MOVES = truthy('d.update_stock')

/** Invoices that move stock receive it: accepted and rejected quantities, warehouses, no receipt beside. For the stage validate. */
export async function checkPurchaseStock(ctx: PostingContext): Promise<void> {
  if (!ctx.has('update_stock')) return
  const line = `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value"`, from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${MOVES}`, stock = `JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1`
  await ctx.find({ type: 'ValidationError', field: 'items.item_code', hint: 'Only items have stock: map one, or clear update_stock.', select: `${line}, 'Item Code required at Row No ' || i._idx AS message ${from} WHERE NOT ${filled('i.item_code')}` })
  await ctx.find({
    type: 'WarehouseMissingError', field: 'items.warehouse', hint: 'Give a warehouse, or a default one to the item.', select: `${line}, 'Row No ' || i._idx || ': Warehouse is required. Please set a Default Warehouse for Item ' || i.item_code || ' and Company ' || d.company AS message ${from} ${stock} WHERE NOT ${filled('i.warehouse')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.purchase_receipt', hint: 'Clear update_stock: the receipt moved the stock.', select: `${line}, 'Stock cannot be updated against Purchase Receipt ' || i.purchase_receipt AS message ${from} WHERE ${filled('i.purchase_receipt')}`,
  })
  await settleQuantities(ctx, MOVES)
  await findSerialized(ctx, 'items', MOVES)
  const find = (reason: string, where: string) => ctx.find({ type: 'unsupported', field: 'items', message: reason, hint: 'Load such invoices through the site itself.', select: `${line} ${from} JOIN rows."tabItem" m ON m.name = i.item_code WHERE ${where}` })
  await find('Quality inspections are not predicted', `${filled('i.quality_inspection')} OR (m.inspection_required_before_purchase = 1 AND NOT ${truthy('d.is_return')})`)
  await find('What stock costs that is sent back without its invoice and without a rate is not predicted', `${truthy('d.is_return')} AND NOT ${filled('d.return_against')} AND i.rate <= 0`)
  await find('What stock costs that is sent back without the line it came with is not predicted', `${truthy('d.is_return')} AND ${filled('d.return_against')} AND NOT ${filled('i.purchase_invoice_item')}`)
  if (Number(ctx.site.single('Buying Settings')['set_valuation_rate_for_rejected_materials'] ?? 0) !== 0) await find('The value of rejected materials is not predicted', truthy('i.rejected_qty'))
  if (Number(ctx.site.single('Buying Settings')['allow_multiple_items'] ?? 0) === 0) await ctx.find({
    type: 'ValidationError', field: 'items.item_code', message: 'Same item cannot be entered multiple times.', hint: 'Allow it in Buying Settings, or merge the lines.', select: `${line} ${from} WHERE ${filled('i.item_code')} QUALIFY row_number() OVER (PARTITION BY i._parent, i.item_code ORDER BY i._idx) > 1`,
  })
}

/** What stock ledger entries of submitted invoices are refused for. For the `named` stage. */
export async function checkPurchaseEntries(ctx: PostingContext): Promise<void> {
  const moved = `SELECT i._parent AS id, i._idx AS line, i.item_code, w.warehouse FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${MOVES}, unnest([i.warehouse, CASE WHEN ${truthy('i.rejected_qty')} THEN i.rejected_warehouse END]) w(warehouse)
    JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE d._submit AND w.warehouse <> ''`
  if (await ctx.staging.one(`SELECT 1 FROM (${moved}) LIMIT 1`) !== undefined) await checkStockEntries(ctx, moved)
}
