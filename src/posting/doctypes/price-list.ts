import type { PostingRule } from '../framework/rule.ts'
import { findUnsupported, on } from './conditions.ts'

/** A price list serves buying or selling or both. The first of its kind becomes the site's default, which rewrites a settings document: not predicted. */
export const rule: PostingRule = {
  doctype: 'Price List',
  reads: [],
  counted: ['buying', 'selling'],
  steps: [
    {
      stage: 'validate', id: 'kind',
      async run(ctx) {
        await ctx.find({
          type: 'ValidationError', field: 'buying', message: 'Price List must be applicable for Buying or Selling', hint: 'Set buying or selling to 1.',
          select: `SELECT _id AS id FROM ${ctx.doc} WHERE NOT ${on('buying')} AND NOT ${on('selling')}`,
        })
      },
    },
    {
      stage: 'on_update', id: 'default',
      async run(ctx) {
        const reason = 'the first price list of its kind becomes the default in the settings, which is not predicted'
        if (!ctx.site.single('Selling Settings')['selling_price_list']) await findUnsupported(ctx, on('selling'), reason, 'selling')
        if (!ctx.site.single('Buying Settings')['buying_price_list']) await findUnsupported(ctx, `${on('buying')} AND NOT ${on('selling')}`, reason, 'buying')
      },
    },
  ],
}
