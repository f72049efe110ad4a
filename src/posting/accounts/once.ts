import type { PostingContext } from '../framework/rule.ts'

/**
 * Vouchers inserted as submitted are validated once, as submitted: what that refuses is what a submit refuses, what it writes is not predicted. The finding comes after every refusal, so that the site's own
 * is told where there is one. The last step of the `named` stage.
 */
export async function findOnce(ctx: PostingContext, vouchers: string): Promise<void> {
  await ctx.find({
    type: 'unsupported', stage: 'on_change', field: 'docstatus', message: `What ${vouchers} inserted as submitted write is not predicted`, hint: 'Insert them as drafts, then submit them.', select: `SELECT _id AS id FROM ${ctx.doc} WHERE _once`,
  })
}
