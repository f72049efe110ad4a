import { ident, literal } from '../../staging/staging.ts'
import { duckType } from '../../site/tables.ts'
import type { PostingContext } from '../framework/rule.ts'
import type { OrderKind } from '../orders/kind.ts'
import { settlePostingTime } from '../stock/posting-time.ts'

/** Working types of columns, as the framework computes with them. */
const computing = (stored: string) => (stored.startsWith('DECIMAL') ? 'DOUBLE' : stored)

/**
 * Invoices are priced, taxed and scheduled as orders of their posting date: the working tables get the columns orders have and invoices lack. Only columns of the
 * invoice's own tables are written.
 */
export async function borrowColumns(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const order = kind.selling ? 'Sales Order' : 'Purchase Order', statements: string[] = []
  for (const [relation, own, other] of [[ctx.doc, kind.doctype, order], [ctx.child('items'), `${kind.doctype} Item`, `${order} Item`]] as const) {
    const mine = ctx.site.doctype(own)!, borrowed = ctx.site.doctype(other)!.columns.filter((column) => mine.column(column.name) === undefined)
    for (const column of borrowed) statements.push(`ALTER TABLE ${relation} ADD COLUMN ${ident(column.name)} ${computing(duckType(column.type))}`)
  }
  await ctx.staging.run(statements.join(';'))
  await settlePostingTime(ctx)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET posting_time = CAST(TIMESTAMP ${literal(ctx.now)} AS TIME) WHERE posting_time IS NULL; UPDATE ${ctx.doc} SET transaction_date = posting_date`)
}
