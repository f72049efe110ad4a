import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { roundColumn } from './round-column.ts'

/** Additional costs of entries: currency of the account, rate and amounts in the company's currency. Costs on entries nothing comes in with are dropped. */
export async function settleAdditionalCosts(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('additional_costs') === 0) return
  const costs = ctx.child('additional_costs'), { staging } = ctx
  await staging.run(`UPDATE ${costs} AS t SET account_currency = COALESCE(NULLIF(t.account_currency, ''), k.account_currency, c.default_currency) FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company, ${costs} s
    LEFT JOIN rows."tabAccount" k ON k.name = s.expense_account WHERE d._id = t._parent AND s._parent = t._parent AND s._idx = t._idx`)
  await ctx.find({
    type: 'unsupported', field: 'additional_costs.account_currency', message: 'Additional costs in a foreign currency are not predicted', hint: 'Load such documents through the site itself.',
    select: `SELECT t._parent AS id, t._idx AS idx FROM ${costs} t JOIN ${ctx.doc} d ON d._id = t._parent JOIN rows."tabCompany" c ON c.name = d.company WHERE ${filled('t.account_currency')} AND t.account_currency <> c.default_currency`,
  })
  await staging.run(`UPDATE ${costs} SET exchange_rate = 1`)
  await roundColumn(ctx, 'additional_costs', 'amount', 'i.amount')
  await roundColumn(ctx, 'additional_costs', 'base_amount', 'i.amount')
  await staging.run(`DELETE FROM ${costs} WHERE _parent NOT IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${filled('t_warehouse')})`)
  await ctx.recount('additional_costs')
}
