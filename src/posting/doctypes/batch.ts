import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { given, on } from './conditions.ts'

async function checkItem(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'item', message: 'The selected item cannot have Batch', hint: 'Let the item have batches, or leave the batch out.',
    select: `SELECT d._id AS id, d.item AS "value" FROM ${ctx.doc} d JOIN rows."tabItem" i ON i.name = d.item WHERE COALESCE(i.has_batch_no, 0) = 0`,
  })
  const stock = ctx.site.single('Stock Settings'), average = Number(stock['do_not_use_batchwise_valuation'] ?? 0) !== 0
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET use_batchwise_valuation = CASE WHEN ${average ? 'TRUE' : 'FALSE'} AND COALESCE((SELECT NULLIF(i.valuation_method, '') FROM rows."tabItem" i WHERE i.name = d.item), ${literal(stock['valuation_method'] || 'FIFO')}) = 'Moving Average' THEN 0 ELSE 1 END`)
}

/** An item whose batches expire says after how many days; else the batch says when. */
async function settleExpiry(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'TypeError', field: 'item', causeByValue: true, message: 'The site fails on an item it does not have', hint: 'Load the item first.', select: `SELECT d._id AS id, d.item AS "value" FROM ${ctx.doc} d WHERE ${given('d.item')} AND d.item NOT IN (SELECT name FROM rows."tabItem")`,
  })
  const life = `i.name = d.item AND ${on('i.has_expiry_date')} AND ${on('i.shelf_life_in_days')}`
  for (const doctype of ['Stock Entry', 'Purchase Receipt', 'Purchase Invoice']) if (ctx.has('reference_name')) await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET manufacturing_date = r.posting_date FROM rows."tab${doctype}" r, rows."tabItem" i WHERE ${life} AND d.expiry_date IS NULL AND d.manufacturing_date IS NULL
    AND d.reference_doctype = ${literal(doctype)} AND r.name = d.reference_name`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET expiry_date = d.manufacturing_date + CAST(i.shelf_life_in_days AS INTEGER) FROM rows."tabItem" i WHERE ${life} AND d.expiry_date IS NULL AND d.manufacturing_date IS NOT NULL`)
  await ctx.find({
    type: 'ValidationError', field: 'expiry_date', message: 'Please set Shelf Life in Days for Batched Item, which is used to set Batch Expiry Date on Submit.', hint: 'Map the date the batch expires.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tabItem" i ON i.name = d.item WHERE ${on('i.has_expiry_date')} AND d.expiry_date IS NULL`,
  })
}

/** A batch of an item that has batches: how its stock is valued, and when it expires. */
export const rule: PostingRule = {
  doctype: 'Batch', reads: ['Item', 'Stock Entry', 'Purchase Receipt', 'Purchase Invoice'],
  steps: [
    {
      stage: 'before_insert', id: 'batch-id',
      run: async (ctx) => {
        const unnamed = `FROM ${ctx.doc} d JOIN rows."tabItem" i ON i.name = d.item WHERE NOT ${given('d.batch_id')} AND`
        await ctx.find({ type: 'MandatoryError', field: 'batch_id', message: 'Batch ID is mandatory', hint: 'Map the batch\'s number.', select: `SELECT d._id AS id ${unnamed} NOT ${on('i.create_new_batch')}` })
        await ctx.find({ type: 'unsupported', field: 'batch_id', message: 'Batches that the site numbers itself are not predicted', hint: 'Map the batch\'s number.', select: `SELECT d._id AS id ${unnamed} ${on('i.create_new_batch')}` })
      },
    },
    { stage: 'validate', id: 'item', pass: 'insert', run: checkItem },
    { stage: 'before_save', id: 'expiry', run: settleExpiry },
  ],
}
