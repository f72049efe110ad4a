import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'

/** Sets a column of a child table to a value (SQL over the row `i` and its document `d`) rounded by the site's method to the field's precision. */
export async function roundColumn(ctx: PostingContext, tableField: string, column: string, value: string): Promise<void> {
  const round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), places = fieldPrecision(ctx, ctx.site.doctype(ctx.meta.field(tableField)?.options ?? ''), column)
  const parents: number[] = [], rows: number[] = [], values: number[] = [], table = ctx.child(tableField)
  for await (const { count, columns } of ctx.staging.scan(`SELECT i._parent, i._idx, COALESCE(${value}, 0) FROM ${table} i JOIN ${ctx.doc} d ON d._id = i._parent ORDER BY i.rowid`)) {
    for (let r = 0; r < count; r++) {
      parents.push(Number(columns[0]![r]))
      rows.push(Number(columns[1]![r]))
      values.push(round(Number(columns[2]![r]), places))
    }
  }
  await ctx.push(table, [{ name: '_parent', kind: 'BIGINT', values: parents }, { name: '_idx', kind: 'BIGINT', values: rows }], [{ name: column, kind: 'DOUBLE', values }])
}
