import { ident } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

/** SQL: Python's truth of a text, neither None nor ''. */
export const given = (text: string) => `COALESCE(${text}, '') <> ''`

/** SQL: Python's falsehood of a text. */
export const missing = (text: string) => `COALESCE(${text}, '') = ''`

/** SQL: Python's truth of a number or Check. */
export const on = (number: string) => `COALESCE(${number}, 0) <> 0`

/** Finds documents whose second date lies before the first, for each pair in turn (Document.validate_from_to_dates). */
export async function findReversedDates(ctx: PostingContext, pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [from, to] of pairs) {
    if (!ctx.has(from) && !ctx.has(to)) continue
    const labels = [to, from].map((name) => ctx.meta.field(name)?.label ?? name)
    await ctx.find({
      type: 'InvalidDates', field: to, message: `${labels[0]} must be after ${labels[1]}`, hint: `Correct one of the two dates.`,
      select: `SELECT _id AS id, CAST(${ident(to)} AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE ${ctx.scope}
        AND CAST(${ident(from)} AS DATE) > CAST(${ident(to)} AS DATE)`,
    })
  }
}

/**
 * Finds documents that would do something the engine cannot predict: nothing is guessed. `where` is a condition on the working table. Only documents
 * that go on are looked at: found late, a document is taken out and the batch posted again.
 */
export async function findUnsupported(ctx: PostingContext, where: string, reason: string, field?: string): Promise<void> {
  await ctx.find({
    type: 'unsupported', field, message: `${ctx.meta.name}: ${reason}`,
      hint: 'Load such documents through the site itself, or leave the field out and set it afterwards.',
    select: `SELECT _id AS id FROM ${ctx.live} live WHERE ${ctx.scope} AND (${where})`,
  })
}

/** Finds rows of a child table that repeat an earlier row of the same document in `columns` (absent values are alike). */
export async function findRepeated(ctx: PostingContext, tableField: string, columns: readonly string[],
  spec: { type: string; message: string; where?: string; hint?: string }): Promise<void> {
  if (ctx.childCount(tableField) < 2) return
  await ctx.find({
    type: spec.type, field: `${tableField}.${columns[0]}`, message: spec.message, hint: spec.hint,
    select: `SELECT _parent AS id, _idx AS idx, CAST(${ident(columns[0]!)} AS VARCHAR) AS "value" FROM ${ctx.child(tableField)}
      WHERE ${spec.where ?? 'TRUE'} ` +
      `QUALIFY row_number() OVER (PARTITION BY _parent, ${columns.map(ident).join(', ')} ORDER BY _idx) > 1`,
  })
}
