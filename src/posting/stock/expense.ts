import type { PostingContext } from '../framework/rule.ts'

/** Goods that go out cost something of the profit: lines of stock items name an account of it. `moves`: SQL over documents `d`. For the `named` stage. */
export async function findWrongExpense(ctx: PostingContext, moves = 'TRUE'): Promise<void> {
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'items.expense_account', hint: 'Map an expense account.', causeByValue: true,
    select: `SELECT i._parent AS id, i._idx AS idx, k.name AS "value", 'Expense / Difference account (' || k.name || ') must be a ''Profit or Loss'' account' AS message FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent
      JOIN rows."tabAccount" k ON k.name = i.expense_account JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 WHERE d._submit AND ${moves} AND k.report_type <> 'Profit and Loss'
      AND d.company IN (SELECT name FROM rows."tabCompany" WHERE enable_perpetual_inventory = 1)`,
  })
}
