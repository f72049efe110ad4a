import type { PostingContext } from '../framework/rule.ts'
import { keepStatus } from '../orders/submit-effects.ts'

/** Status of a submitted note from what of it was billed and returned before. A note inserted as submitted counts as new and stays a draft by its status. */
export async function setNoteStatus(ctx: PostingContext): Promise<void> {
  await keepStatus(ctx)
  const n = (column: string) => `COALESCE(${column}, 0)`, receipt = ctx.meta.name === 'Purchase Receipt'
  const completed = receipt ? `(${n('per_billed')} = 100 OR (${n('grand_total')} = 0 AND ${n('per_returned')} <> 100 AND ${n('is_return')} = 0))` : `${n('per_billed')} = 100`
  const returned = `${n('per_returned')} = 100`
  await ctx.staging.run(`UPDATE ${ctx.doc} SET status = CASE WHEN status = 'Closed' THEN status ${receipt ? `WHEN ${completed} THEN 'Completed' WHEN ${returned} THEN 'Return Issued'` : `WHEN ${returned} THEN 'Return Issued' WHEN ${completed} THEN 'Completed'`}
    ${receipt ? `WHEN ${n('per_billed')} > 0 AND ${n('per_billed')} < 100 THEN 'Partly Billed'` : ''} ELSE 'To Bill' END WHERE _submit AND NOT _once`)
}
