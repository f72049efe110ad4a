import { ident } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

const TYPES: Record<string, string> = { Currency: 'DOUBLE', Float: 'DOUBLE', Percent: 'DOUBLE', Check: 'BIGINT', Int: 'BIGINT', Date: 'DATE', Datetime: 'TIMESTAMP', Time: 'TIME' }

/**
 * The steps of orders serve notes as well: columns of the order that the note does not have are added to the working tables, where they stand in and are
 * never written. The day of the order is the day of posting.
 */
export async function addStandIns(ctx: PostingContext, order: 'Sales Order' | 'Purchase Order'): Promise<void> {
  const statements: string[] = []
  for (const [table, doctype, own] of [[ctx.doc, order, ctx.meta.name], [ctx.child('items'), `${order} Item`, `${ctx.meta.name} Item`]] as const) {
    const meta = ctx.site.doctype(doctype), has = ctx.site.doctype(own)
    for (const { name } of meta?.columns ?? []) {
      if (has?.column(name) !== undefined) continue
      statements.push(`ALTER TABLE ${table} ADD COLUMN ${ident(name)} ${TYPES[meta!.field(name)?.fieldtype ?? ''] ?? 'VARCHAR'}`)
    }
  }
  statements.push(`UPDATE ${ctx.doc} SET transaction_date = posting_date`)
  await ctx.staging.run(statements.join(';\n'))
}
