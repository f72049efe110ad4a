import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, orNull, truthy } from '../orders/kind.ts'
import { makeUnitFactors } from '../orders/item-facts.ts'
import { roundColumn } from './round-column.ts'

const SOURCE = `('Material Issue', 'Material Transfer')`
const TARGET = `('Material Receipt', 'Material Transfer')`

/** One row per item and company of the batch: `item_code`, `company`, the item's own values, account and cost center by default. */
async function makeFacts(ctx: PostingContext): Promise<string> {
  const facts = ctx.scratch('entry_facts'), of = (type: string) => `(SELECT parent, company, arg_min(struct_pack(expense := NULLIF(expense_account, ''), center := NULLIF(buying_cost_center, '')), idx) AS v FROM rows."tabItem Default" WHERE parenttype = '${type}' GROUP BY ALL)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${facts.slice(5)} AS WITH used AS (SELECT DISTINCT i.item_code, d.company FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${filled('i.item_code')})
    SELECT u.item_code, u.company, m.variant_of, m.stock_uom, m.stock_uom AS order_uom, m.item_name, m.description, COALESCE(i_d.v.expense, g_d.v.expense, co.stock_adjustment_account) AS expense_account,
      CASE WHEN cc.company IS NOT NULL AND cc.company <> u.company THEN co.cost_center ELSE COALESCE(i_d.v.center, g_d.v.center, b_d.v.center, co.cost_center) END AS cost_center, b.barcode
    FROM used u JOIN rows."tabItem" m ON m.name = u.item_code LEFT JOIN rows."tabCompany" co ON co.name = u.company LEFT JOIN ${of('Item')} i_d ON i_d.parent = m.name AND i_d.company = u.company
    LEFT JOIN ${of('Item Group')} g_d ON g_d.parent = m.item_group AND g_d.company = u.company LEFT JOIN ${of('Brand')} b_d ON b_d.parent = m.brand AND b_d.company = u.company
    LEFT JOIN rows."tabCost Center" cc ON cc.name = COALESCE(i_d.v.center, g_d.v.center, b_d.v.center)
    LEFT JOIN (SELECT parent, any_value(barcode) AS barcode FROM rows."tabItem Barcode" GROUP BY parent HAVING COUNT(*) = 1) b ON b.parent = m.name`)
  return facts
}

/** Items that cannot be moved: no stock items, disabled, past their end of life; then everything a line takes from its item. */
export async function takeEntryItems(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), joined = `FROM ${items} i LEFT JOIN rows."tabItem" m ON m.name = i.item_code`
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', hint: 'Turn the sign: the purpose says where stock goes.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(i.qty AS VARCHAR) AS "value", 'Row ' || i._idx || ': The item ' || COALESCE(i.item_code, 'None') || ', quantity must be positive number' AS message FROM ${items} i WHERE i.qty < 0`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'Leave services out of stock documents, or make it a stock item.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", COALESCE(i.item_code, 'None') || ' is not a stock Item' AS message ${joined} WHERE COALESCE(m.is_stock_item, 0) <> 1`,
  })
  await findDeadItems(ctx, joined, (item) => `'Item ' || ${item} || ' is not active or end of life has been reached'`)
  const facts = await makeFacts(ctx), factors = await makeUnitFactors(ctx, facts)
  const uom = `COALESCE(${orNull('t.uom')}, f.stock_uom)`
  await ctx.staging.run(`UPDATE ${items} AS t SET stock_uom = f.stock_uom, item_name = f.item_name, uom = ${uom}, description = COALESCE(${orNull('t.description')}, f.description),
    expense_account = COALESCE(${orNull('t.expense_account')}, f.expense_account), cost_center = COALESCE(${orNull('t.cost_center')}, f.cost_center), barcode = COALESCE(${orNull('t.barcode')}, f.barcode),
    conversion_factor = CASE WHEN ${uom} = f.stock_uom THEN 1.0 ELSE COALESCE(NULLIF(t.conversion_factor, 0), f.factor, 1.0) END
    FROM (SELECT i._parent, i._idx, f.*, u.factor FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.item_code = i.item_code AND f.company IS NOT DISTINCT FROM d.company
      LEFT JOIN ${factors} u ON u.item_code = i.item_code AND u.uom = i.uom) f WHERE f._parent = t._parent AND f._idx = t._idx`)
}

/** Items that are disabled or past their end of life; `message` is SQL made of the item's. */
export async function findDeadItems(ctx: PostingContext, joined: string, message: (item: string) => string): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'Enable the item for the migration.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", ${message('i.item_code')} AS message ${joined} WHERE m.disabled = 1 OR (m.end_of_life >= DATE '1900-01-01' AND m.end_of_life <= DATE ${literal(ctx.today)})`,
  })
}

/** Quantity in the stock unit, and quantities that are none. */
export async function settleTransferQuantity(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${items} AS t SET allow_zero_valuation_rate = 1 FROM rows."tabItem" m WHERE m.name = t.item_code AND m.is_customer_provided_item = 1`)
  await ctx.find({
    type: 'InvalidQtyError', field: 'items.qty', hint: 'Leave lines without quantity out.',
    select: `SELECT _parent AS id, _idx AS idx, 'Row #' || _idx || ': Quantity for Item ' || item_code || ' cannot be zero.' AS message FROM ${items} WHERE NOT ${truthy('qty')}`,
  })
  await roundColumn(ctx, 'items', 'transfer_qty', 'i.qty * i.conversion_factor')
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', hint: 'Leave the line out, or use a smaller unit.',
    select: `SELECT _parent AS id, _idx AS idx, 'Row ' || _idx || ': Qty in Stock UOM can not be zero.' AS message FROM ${items} WHERE ${truthy('qty')} AND NOT ${truthy('transfer_qty')}`,
  })
}

/** The purpose decides which warehouses a line has; those of the document step in for missing ones. */
export async function settleWarehouses(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), { staging } = ctx
  await staging.run(`UPDATE ${ctx.doc} SET to_warehouse = NULL WHERE purpose = 'Material Issue'; UPDATE ${ctx.doc} SET from_warehouse = NULL WHERE purpose = 'Material Receipt'`)
  await staging.run(`UPDATE ${items} AS t SET s_warehouse = CASE WHEN d.purpose = 'Material Receipt' THEN NULL WHEN ${filled('t.s_warehouse')} THEN t.s_warehouse WHEN d.purpose IN ${SOURCE} THEN d.from_warehouse ELSE t.s_warehouse END,
    t_warehouse = CASE WHEN d.purpose = 'Material Issue' THEN NULL WHEN ${filled('t.t_warehouse')} THEN t.t_warehouse WHEN d.purpose IN ${TARGET} THEN d.to_warehouse ELSE t.t_warehouse END FROM ${ctx.doc} d WHERE d._id = t._parent`)
  for (const [column, word, purposes] of [['s_warehouse', 'Source', SOURCE], ['t_warehouse', 'Target', TARGET]] as const) await ctx.find({
    type: 'ValidationError', field: `items.${column}`, hint: 'Map the warehouse.',
    select: `SELECT i._parent AS id, i._idx AS idx, '${word} warehouse is mandatory for row ' || i._idx AS message FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE d.purpose IN ${purposes} AND NOT ${filled(`i.${column}`)}`,
  })
}

/** The difference account: there, of no opening expense, and no stock account itself. */
export async function checkDifferenceAccounts(ctx: PostingContext): Promise<void> {
  const from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabCompany" c ON c.name = d.company AND c.enable_perpetual_inventory = 1 LEFT JOIN rows."tabAccount" k ON k.name = i.expense_account`
  await ctx.find({
    type: 'ValidationError', field: 'items.expense_account', hint: 'Give the company a Stock Adjustment Account.', message: 'Please enter Difference Account or set default Stock Adjustment Account for the company',
    select: `SELECT i._parent AS id, i._idx AS idx ${from} WHERE NOT ${filled('i.expense_account')}`,
  })
  await ctx.find({
    type: 'OpeningEntryAccountError', field: 'items.expense_account', hint: 'Map a Temporary Opening account.', message: 'Difference Account must be a Asset/Liability type account (Temporary Opening), since this Stock Entry is an Opening Entry',
    select: `SELECT i._parent AS id, i._idx AS idx, i.expense_account AS "value" ${from} WHERE d.is_opening = 'Yes' AND k.report_type = 'Profit and Loss'`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.expense_account', hint: 'Use another account.', causeByValue: true,
    select: `SELECT i._parent AS id, i._idx AS idx, i.expense_account AS "value", 'At row #' || i._idx || ': the Difference Account must not be a Stock type account' AS message ${from} WHERE k.account_type = 'Stock'`,
  })
}

/** A warehouse of the document that does not hold for all of its lines is taken out. */
export async function resetHeaderWarehouse(ctx: PostingContext, header: string, column: string): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET ${header} = NULL WHERE ${header} IS NOT NULL AND _id IN (SELECT _parent FROM ${ctx.child('items')} GROUP BY _parent HAVING COUNT(DISTINCT COALESCE(${column}, chr(0))) > 1)`)
}
