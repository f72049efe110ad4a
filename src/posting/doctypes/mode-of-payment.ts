import type { PostingRule } from '../framework/rule.ts'
import { findRepeated } from './conditions.ts'

/** One default account per company, and of that company. */
export const rule: PostingRule = {
  doctype: 'Mode of Payment',
  reads: ['Account'],
  steps: [
    {
      stage: 'validate', id: 'accounts',
      async run(ctx) {
        if (ctx.childCount('accounts') === 0) return
        await ctx.find({
          type: 'ValidationError', field: 'accounts.default_account', hint: 'Name an account of the same company.',
          select: `SELECT c._parent AS id, c._idx AS idx, c.default_account AS "value", 'Account ' || COALESCE(c.default_account,
            'None') || ' does not match with Company ' || COALESCE(c.company, 'None') AS message
            FROM ${ctx.child('accounts')} c LEFT JOIN rows."tabAccount" a ON a.name = c.default_account WHERE a.company IS DISTINCT FROM c.company`,
        })
      },
    },
    {
      stage: 'validate', id: 'companies',
      run: (ctx) => findRepeated(ctx, 'accounts', ['company'], { type: 'ValidationError', message: 'Same Company is entered more than once',
        hint: 'Keep one account per company.' }),
    },
  ],
}
