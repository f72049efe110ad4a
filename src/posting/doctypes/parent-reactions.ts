import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import { findUnsupported, given } from './conditions.ts'

/** DocTypes the batch's messages are about, and which messages those are. */
async function parents(ctx: PostingContext): Promise<{ meta: DocTypeMeta; where: string }[]> {
  if (!ctx.has('reference_name')) return []
  const rows = await ctx.staging.all<{ d: string }>(`SELECT DISTINCT reference_doctype AS d FROM ${ctx.live} WHERE ${given('reference_doctype')} AND ${given('reference_name')}`)
  return rows.flatMap(({ d }) => {
    const meta = ctx.site.doctype(d)
    return meta === undefined || meta.issingle || meta.columns.length === 0 ? [] : [{ meta, where: `reference_doctype = ${literal(d)} AND ${given('reference_name')}` }]
  })
}

const opens = (meta: DocTypeMeta) => meta.column('status') !== undefined && (meta.field('status')?.options ?? '').split('\n').includes('Open')

/** What a message does to its record beyond its status: times of the answers, links to a Prospect, rules that assign. */
export async function findReactions(ctx: PostingContext): Promise<void> {
  for (const { meta, where } of await parents(ctx)) {
    if (meta.column('first_response_time') !== undefined || meta.column('avg_response_time') !== undefined) {
      await findUnsupported(ctx, `${where} AND sent_or_received = 'Sent' AND COALESCE(communication_type, '') <> 'Comment'`, `an answer sets the response times of ${meta.name} records, which is not predicted`, 'reference_name')
    }
    const prospect = meta.name === 'Lead' ? ['Prospect Lead', 'lead'] : meta.name === 'Opportunity' ? ['Prospect Opportunity', 'opportunity'] : null
    if (prospect !== null) await findUnsupported(ctx, `${where} AND reference_name IN (SELECT ${prospect[1]} FROM rows.${ident(`tab${prospect[0]}`)})`, 'the message would be linked to a Prospect', 'reference_name')
    if (opens(meta) && ctx.site.doctype('Assignment Rule') !== undefined) {
      await findUnsupported(ctx, `${where} AND sent_or_received = 'Received' AND EXISTS (SELECT 1 FROM rows."tabAssignment Rule" WHERE COALESCE(disabled, 0) = 0 AND document_type = ${literal(meta.name)})`, 'Assignment Rules look at the record again', 'reference_name')
    }
    if (meta.column('service_level_agreement') !== undefined) {
      await findUnsupported(ctx, `${where} AND reference_name IN (SELECT name FROM rows.${ident(meta.table)} WHERE ${given('service_level_agreement')})
        AND EXISTS (SELECT 1 FROM rows."tabService Level Agreement" WHERE enabled = 1)`, 'a Service Level Agreement counts its time anew', 'reference_name')
    }
  }
}

/** A message that comes in opens the record again that was answered; an Issue whatever its status. */
export async function reopen(ctx: PostingContext): Promise<void> {
  for (const { meta, where } of await parents(ctx)) {
    if (!opens(meta)) continue
    await ctx.updateRows(meta.table, 'status', `SELECT l._id AS id, t.name AS "key", 'Open' AS "after" FROM ${ctx.live} l JOIN rows.${ident(meta.table)} t ON t.name = l.reference_name
      WHERE ${where.replaceAll('reference_', 'l.reference_')} AND l.sent_or_received = 'Received' AND COALESCE(l.communication_type, '') <> 'Comment'${meta.name === 'Issue' ? '' : ` AND t.status = 'Replied'`}`)
  }
}
