import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { PERPETUAL, WAREHOUSE_ACCOUNTS } from '../stock/general-ledger.ts'

/** Lines without an item: their unit. */
export async function settleFreeLines(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), free = `NOT ${filled('i.item_code')}`
  if (await ctx.staging.one(`SELECT 1 FROM ${items} i WHERE ${free} LIMIT 1`) === undefined) return
  await ctx.find({
    type: 'unsupported', field: 'items.uom', message: 'Lines without an item in two units are not predicted', hint: 'Give the stock unit alone.', select: `SELECT i._parent AS id, i._idx AS idx, i.uom AS "value" FROM ${items} i WHERE ${free} AND ${filled('i.uom')} AND ${filled('i.stock_uom')} AND i.uom <> i.stock_uom`,
  })
  await ctx.staging.run(`UPDATE ${items} AS i SET uom = COALESCE(NULLIF(i.uom, ''), i.stock_uom), stock_uom = COALESCE(NULLIF(i.stock_uom, ''), i.uom), conversion_factor = 1 WHERE ${free}`)
}

/**
 * Accounts of the lines. With perpetual inventory a stock item is booked on its warehouse when the invoice moves stock, else on what is received and not billed: always without a
 * receipt, and with one when the receipt used that account. Everything else keeps the account it has from the draft or the item.
 */
export async function takeExpenseAccounts(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), lines = ctx.scratch('expense_accounts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT i._parent, i._idx, CASE WHEN ${truthy('d.update_stock')} AND ${filled('i.warehouse')} AND NOT ${filled('i.from_warehouse')} THEN w.account
      WHEN NOT ${filled('i.purchase_receipt')} OR EXISTS (SELECT 1 FROM rows."tabGL Entry" g WHERE g.voucher_type = 'Purchase Receipt' AND g.voucher_no = i.purchase_receipt AND g.account = c.stock_received_but_not_billed) THEN c.stock_received_but_not_billed ELSE i.expense_account END AS account
    FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabCompany" c ON c.name = d.company JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 LEFT JOIN ${WAREHOUSE_ACCOUNTS} w ON w.name = i.warehouse
    LEFT JOIN rows."tabPurchase Order Item" o ON o.name = i.po_detail WHERE ${PERPETUAL} AND COALESCE(d.is_opening, 'No') = 'No' AND NOT ${truthy('i.is_fixed_asset')} AND NOT ${truthy('o.delivered_by_supplier')}`)
  await ctx.find({
    type: 'ValidationError', field: 'company', message: 'Please set default Stock Received But Not Billed in Company', hint: 'Company, Stock Received But Not Billed.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company WHERE ${PERPETUAL} AND NOT ${filled('c.stock_received_but_not_billed')}`,
  })
  await ctx.staging.run(`UPDATE ${items} AS i SET expense_account = s.account FROM ${lines} s WHERE s._parent = i._parent AND s._idx = i._idx`)
  const line = `SELECT i._parent AS id, i._idx AS idx, i.expense_account AS "value"`, from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent`
  await ctx.find({
    type: 'ValidationError', field: 'items.expense_account', hint: 'Map an expense account, or give the company a default one.',
    select: `${line}, 'Expense account is mandatory for item ' || COALESCE(i.item_code, i.item_name, '') AS message ${from} WHERE NOT ${filled('i.expense_account')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.expense_account', causeByValue: true, hint: 'Use another account than the supplier\'s.',
    select: `${line}, 'Row ' || i._idx || ': Expense Account ' || i.expense_account || ' cannot be same as Credit To (Party Account) ' || d.credit_to AS message ${from} WHERE i.expense_account = d.credit_to`,
  })
}

/** The lines' accounts are ledger accounts of the company; then the list of them the supplier's ledger line is against. */
export async function checkExpenseAccounts(ctx: PostingContext): Promise<void> {
  const items = ctx.child('items'), from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabAccount" k ON k.name = i.expense_account`
  await ctx.find({
    type: 'ValidationError', field: 'items.expense_account', causeByValue: true, hint: 'Use a ledger account of the company.', select: `SELECT i._parent AS id, i._idx AS idx, i.expense_account AS "value", CASE WHEN k.company <> d.company
      THEN 'Row ' || i._idx || ': Expense Account ' || k.name || ' does not belong to Company ' || d.company ELSE 'Row ' || i._idx || ': The account ' || k.name || ' is a group' END AS message ${from} WHERE k.company IS DISTINCT FROM d.company OR k.is_group = 1`,
  })
  const accounts = `SELECT _parent, string_agg(account, ',' ORDER BY first) AS accounts FROM (SELECT _parent, expense_account AS account, min(_idx) AS first FROM ${items} WHERE ${filled('expense_account')} GROUP BY ALL) GROUP BY _parent`
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET against_expense_account = COALESCE((SELECT s.accounts FROM (${accounts}) s WHERE s._parent = d._id), '')`)
}
