import type { PostingRule } from '../framework/rule.ts'
import { given } from './conditions.ts'

/** What ERPNext refuses of a Batch; how it makes one is not known. */
export const rule: PostingRule = {
  doctype: 'Batch', refusalsOnly: true, reads: ['Item'],
  steps: [{
    stage: 'validate', id: 'item-has-batches',
    run: async (ctx) => {
      await ctx.find({
        type: 'ValidationError', field: 'item', message: 'The selected item cannot have Batch', hint: 'Let the item have batches, or leave the batch out.',
        select: `SELECT d._id AS id, d.item AS "value" FROM ${ctx.doc} d JOIN rows."tabItem" i ON i.name = d.item WHERE ${given('d.batch_id')} AND COALESCE(i.has_batch_no, 0) = 0`,
      })
    },
  }],
}
