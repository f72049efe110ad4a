import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'

/** Projects and cost centers, of the document and its rows, are the company's. */
export async function findForeign(ctx: PostingContext): Promise<void> {
  const tables = ctx.meta.tableFields().filter((field) => ctx.childCount(field.fieldname) > 0)
  for (const [doctype, field] of [['Project', 'project'], ['Cost Center', 'cost_center']] as const) {
    const find = (from: string, id: string, path: string, idx: string) => ctx.find({
      type: 'ValidationError', field: path, causeByValue: true, hint: 'Use one of the document\'s company.',
      select: `SELECT ${id} AS id, ${idx} AS idx, x.name AS "value", '${doctype}: ' || x.name || ' does not belong to the Company: ' || d.company AS message ${from} WHERE ${filled('x.company')} AND x.company <> d.company`,
    })
    if (ctx.meta.column(field) !== undefined && ctx.has(field)) await find(`FROM ${ctx.doc} d JOIN rows."tab${doctype}" x ON x.name = d.${field}`, 'd._id', field, 'NULL::BIGINT')
    for (const table of tables) {
      if (ctx.site.doctype(table.options ?? '')?.column(field) === undefined) continue
      await find(`FROM ${ctx.child(table.fieldname)} t JOIN ${ctx.doc} d ON d._id = t._parent JOIN rows."tab${doctype}" x ON x.name = t.${field}`, 't._parent', `${table.fieldname}.${field}`, 't._idx')
    }
  }
}
