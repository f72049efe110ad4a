import type { PostingContext } from '../framework/rule.ts'
import { filled } from './kind.ts'

/** A project of another customer. */
export async function findForeignProject(ctx: PostingContext): Promise<void> {
  if (!ctx.has('project')) return
  await ctx.find({
    type: 'ValidationError', field: 'project', causeByValue: true, hint: 'Use a project of the customer, or of nobody.',
    select: `SELECT d._id AS id, d.project AS "value", 'Customer ' || d.customer || ' does not belong to project ' || d.project AS message FROM ${ctx.doc} d JOIN rows."tabProject" p ON p.name = d.project
      WHERE ${filled('d.customer_name')} AND ${filled('p.customer')} AND p.customer <> d.customer`,
  })
}
