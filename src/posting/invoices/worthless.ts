import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { commentStatuses } from '../orders/submit-effects.ts'

/** A document that invoices bill: the column of their lines that names it, its status as SQL over it as `o` and the bill as `b` (percent), and the column that says it in words. */
export interface Billable { doctype: string; reference: string; status: string; words: string | null }

/** Of documents that are worth nothing quantities say what is billed, in whole per cent (`safe_div` of Frappe keeps two decimals of the share). For the stage on_submit, after all other billing. */
export async function billWorthless(ctx: PostingContext, { doctype, reference, status, words }: Billable): Promise<void> {
  const bills = ctx.scratch(`worthless_${reference}`), quantity = (table: string, column: string) => `(SELECT COALESCE(CAST(SUM(x.qty) AS DOUBLE), 0) FROM rows."tab${table} Item" x WHERE x.${column} = t.name AND x.docstatus = 1)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${bills.slice(5)} AS SELECT *, COALESCE(flt(LEAST(there, billed) / NULLIF(there, 0), 2) * 100, 0) AS percent FROM (SELECT t.*, ${quantity(doctype, 'parent')} AS there, ${quantity(ctx.meta.name, reference)} AS billed
    FROM (SELECT i.${reference} AS name, max(d._id) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND NOT ${truthy('d.is_return')} AND ${filled(`i.${reference}`)} GROUP BY i.${reference}) t JOIN rows."tab${doctype}" o ON o.name = t.name AND o.docstatus = 1 AND o.base_net_total = 0)`)
  if (await ctx.staging.one(`SELECT 1 FROM ${bills} LIMIT 1`) === undefined) return
  const changed = `FROM ${bills} b JOIN rows."tab${doctype}" o ON o.name = b.name`
  await commentStatuses(ctx, doctype, `Worthless ${doctype} Comment`, `SELECT b.id, b.name, ${status} AS status ${changed} WHERE ${status} <> o.status`)
  await ctx.updateRows(`tab${doctype}`, 'status', `SELECT b.id, b.name AS "key", ${status} AS "after" ${changed}`)
  await ctx.updateRows(`tab${doctype}`, 'per_billed', `SELECT id, name AS "key", to_stored(percent) AS "after" FROM ${bills}`)
  if (words !== null) await ctx.updateRows(`tab${doctype}`, words, `SELECT id, name AS "key", CASE WHEN percent < 0.001 THEN 'Not Billed' WHEN percent > 99.999999 THEN 'Fully Billed' ELSE 'Partly Billed' END AS "after" FROM ${bills}`)
}
