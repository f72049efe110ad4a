import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { given, missing } from './conditions.ts'
import { noteOnRecords } from './comments.ts'

async function author(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET comment_email = ${literal(ctx.user)} WHERE ${missing('comment_email')}`)
}

/** Comment: cleaned, and noted in `_comments` of the record it is about. */
export const rule: PostingRule = {
  doctype: 'Comment',
  reads: [],
  steps: [
    { stage: 'validate', id: 'author', run: author },
    { stage: 'on_update', id: 'on-record', run: (ctx) => noteOnRecords(ctx, `comment_type = 'Comment' AND ${given('content')}`, 'comment_email') },
  ],
}
