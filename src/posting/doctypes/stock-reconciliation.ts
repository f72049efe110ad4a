import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { findDeadItems } from '../stock/entry-items.ts'
import { remarks, stockLedgerSteps } from '../stock/general-ledger.ts'
import { settlePostingTime } from '../stock/posting-time.ts'
import { reconcile } from '../stock/reconciliation-rows.ts'
import { findSerialized } from '../stock/serialized.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'

/** More rows than these are submitted in the background, some time after the document. */
const AT_ONCE = 100

async function findMissingItems(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'Load the item first.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", 'Items ' || COALESCE(i.item_code, 'None') || ' do not exist in the Item master.' AS message FROM ${ctx.child('items')} i LEFT JOIN rows."tabItem" m ON m.name = i.item_code WHERE m.name IS NULL`,
  })
}

async function takeAccounts(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET expense_account = COALESCE(NULLIF(t.expense_account, ''), c.stock_adjustment_account), cost_center = COALESCE(NULLIF(t.cost_center, ''), c.cost_center) FROM rows."tabCompany" c WHERE c.name = t.company`)
}

async function findBadRows(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), row = `'Row # ' || i._idx || ': '`
  await ctx.find({
    type: 'EmptyStockReconciliationItemsError', field: 'items', message: 'None of the items have any change in quantity or value.', hint: 'Leave reconciliations without rows out.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d._id NOT IN (SELECT _parent FROM ${items})`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', hint: 'Keep one row per item and warehouse.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", ${row} || 'Same item and warehouse combination already entered.' AS message FROM ${items} i QUALIFY row_number() OVER (PARTITION BY i._parent, i.item_code, i.warehouse ORDER BY i._idx) > 1`,
  })
  const joined = `FROM ${items} i JOIN rows."tabItem" m ON m.name = i.item_code`
  await findDeadItems(ctx, joined, (item) => `${row} || 'Item ' || ${item} || ' is disabled or has reached its end of life'`)
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'Leave services out of stock documents, or make it a stock item.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", ${row} || 'Item ' || i.item_code || ' is not a stock Item' AS message ${joined} WHERE COALESCE(m.is_stock_item, 0) <> 1`,
  })
  for (const [field, word] of [['qty', 'Quantity'], ['valuation_rate', 'Valuation Rate']] as const) await ctx.find({
    type: 'ValidationError', field: `items.${field}`, hint: 'Stock cannot be opened with less than nothing.',
    select: `SELECT i._parent AS id, i._idx AS idx, CAST(i.${field} AS VARCHAR) AS "value", ${row} || 'Negative ${word} is not allowed' AS message FROM ${items} i WHERE i.${field} < 0`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'expense_account', message: 'Please enter Expense Account', hint: 'Give the company a Stock Adjustment Account.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company WHERE c.enable_perpetual_inventory = 1 AND NOT ${filled('d.expense_account')}`,
  })
}

async function findLongOnes(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'unsupported', field: 'items', message: `A reconciliation of more than ${AT_ONCE} rows is submitted in the background`, hint: `Make it several of up to ${AT_ONCE} rows.`,
    select: `SELECT d._id AS id FROM ${ctx.live} d WHERE d._saved AND (SELECT COUNT(*) FROM ${ctx.child('items')} i WHERE i._parent = d._id) > ${AT_ONCE}`,
  })
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
const MOVED = (ctx: PostingContext) => `SELECT i._parent AS id, i._idx AS line, i.item_code, i.warehouse FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE d._submit`

/** Stock Reconciliation: what was counted against what the ledger says, for openings and later; on submit stock and general ledger. */
export const rule: PostingRule = {
  doctype: 'Stock Reconciliation',
  reads: ['Item', 'Item Price', 'Warehouse', 'Bin', 'Company', 'Account', 'Cost Center', 'Fiscal Year', 'Fiscal Year Company', 'Stock Ledger Entry', 'Stock Reservation Entry', 'Inventory Dimension', 'Putaway Rule'],
  writes: ['tabStock Ledger Entry', 'tabBin', 'tabGL Entry', 'tabRepost Item Valuation', 'tabVersion'],
  steps: [
    validate('items', findMissingItems),
    validate('accounts', takeAccounts),
    validate('posting-time', settlePostingTime),
    validate('serialized', (ctx) => findSerialized(ctx, 'items')),
    validate('rows', findBadRows),
    { stage: 'named', id: 'submit-checks', run: (ctx) => checkStockEntries(ctx, MOVED(ctx)) },
    { stage: 'named', id: 'long', run: findLongOnes },
    { stage: 'named', id: 'reconcile', run: reconcile },
    ...stockLedgerSteps({
      expense: 'd.expense_account', center: 'd.cost_center', project: 'NULL', opening: `CASE WHEN d.purpose = 'Opening Stock' THEN 'Yes' ELSE 'No' END`, subtype: `'Stock Reconciliation'`, remarks: remarks('NULL'),
    }),
  ],
}
