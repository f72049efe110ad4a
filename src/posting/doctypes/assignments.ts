import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { given } from './conditions.ts'

const referred = `${given('d.reference_type')} AND ${given('d.reference_name')}`

/** The comment "X assigned Y: what" on the record a ToDo is about. */
export async function assignmentComments(ctx: PostingContext): Promise<void> {
  if (!ctx.has('reference_name')) return
  const full = (user: string) => `COALESCE((SELECT any_value(COALESCE(NULLIF(u.full_name, ''), u.name)) FROM rows."tabUser" u WHERE u.name = ${user}), ${user}, 'None')`
  await ctx.post({
    doctype: 'Comment',
    documents: `SELECT d._id AS _id, d._id AS _root, 'Assigned' AS comment_type, d.reference_type AS reference_doctype, d.reference_name AS reference_name, ${literal(ctx.user)} AS comment_email, ${full(literal(ctx.user))} AS comment_by, ` +
      `CASE WHEN d.assigned_by IS NOT DISTINCT FROM d.allocated_to THEN ${full('d.assigned_by')} || ' self assigned this task: ' ELSE ${full('d.assigned_by')} || ' assigned ' || ${full('d.allocated_to')} || ': ' END || COALESCE(d.description, 'None') AS content ` +
      `FROM ${ctx.live} d WHERE ${referred}`,
  })
}

/** `_assign` of the record: users of its open ToDos. */
export async function assignments(ctx: PostingContext): Promise<void> {
  if (!ctx.has('reference_name')) return
  for (const { t } of await ctx.staging.all<{ t: string }>(`SELECT DISTINCT d.reference_type AS t FROM ${ctx.live} d WHERE ${referred}`)) {
    const meta = ctx.site.doctype(t)
    if (meta === undefined || meta.column('_assign') === undefined) continue
    const users = `(SELECT list(x.allocated_to ORDER BY x.creation, x.name) FROM rows."tabToDo" x WHERE x.reference_type = ${literal(t)} AND x.reference_name = d.reference_name AND x.status NOT IN ('Cancelled', 'Closed') AND ${given('x.allocated_to')})`
    const json = `CASE WHEN len(COALESCE(${users}, [])) = 0 THEN '' ELSE '[' || array_to_string(list_transform(${users}, lambda u: '"' || u || '"'), ', ') || ']' END`
    await ctx.updateRows(`tab${t}`, '_assign', `SELECT d._id AS id, d.reference_name AS "key", ${json} AS "after" FROM ${ctx.live} d WHERE ${referred} AND d.reference_type = ${literal(t)}`)
  }
}
