import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

/** A submit leaves a version of the document. */
export async function leaveVersion(ctx: PostingContext): Promise<void> {
  if (!ctx.meta.track_changes) return
  await ctx.insertRows('tabVersion', `SELECT d._id AS _id, ${ctx.hash('Version', 'd._id', '0')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner,
    ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 0 AS idx, ${literal(ctx.meta.name)} AS ref_doctype, d.name AS docname, '{"changed": [["docstatus", 0, 1]]}' AS data FROM ${ctx.live} d WHERE d._saved`)
}
