import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'

/** A document that invoices bill: the column of their lines that names it, its status as SQL over it as `o` and the bill as `b` (percent), and the column that says it in words. */
export interface Billable { doctype: string; reference: string; status: string; words: string | null }

/** Of documents that are worth nothing quantities say what is billed, in whole per cent (`safe_div` of Frappe keeps two decimals of the share). For the stage on_submit, after all other billing. */
export async function billWorthless(ctx: PostingContext, { doctype, reference, status, words }: Billable): Promise<void> {
  const bills = ctx.scratch(`worthless_${reference}`), quantity = (table: string, column: string) => `(SELECT COALESCE(CAST(SUM(x.qty) AS DOUBLE), 0) FROM rows."tab${table} Item" x WHERE x.${column} = t.name AND x.docstatus = 1)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${bills.slice(5)} AS SELECT *, COALESCE(flt(LEAST(there, billed) / NULLIF(there, 0), 2) * 100, 0) AS percent FROM (SELECT t.*, ${quantity(doctype, 'parent')} AS there, ${quantity(ctx.meta.name, reference)} AS billed
    FROM (SELECT i.${reference} AS name, max(d._id) AS id FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND NOT ${truthy('d.is_return')} AND ${filled(`i.${reference}`)} GROUP BY i.${reference}) t JOIN rows."tab${doctype}" o ON o.name = t.name AND o.docstatus = 1 AND o.base_net_total = 0)`)
  if (await ctx.staging.one(`SELECT 1 FROM ${bills} LIMIT 1`) === undefined) return
  const changed = `FROM ${bills} b JOIN rows."tab${doctype}" o ON o.name = b.name`
  await ctx.insertRows('tabComment', `SELECT b.id AS _id, ${ctx.hash(`Worthless ${doctype} Comment`, 'b.id', 'row_number() OVER (PARTITION BY b.id ORDER BY b.name)')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by,
    0 AS docstatus, 0 AS idx, 'Label' AS comment_type, ${literal(ctx.user)} AS comment_email, 0 AS published, 0 AS seen, '${doctype}' AS reference_doctype, b.name AS reference_name, ${status} AS content ${changed} WHERE ${status} <> o.status`)
  await ctx.updateRows(`tab${doctype}`, 'status', `SELECT b.id, b.name AS "key", ${status} AS "after" ${changed}`)
  await ctx.updateRows(`tab${doctype}`, 'per_billed', `SELECT id, name AS "key", to_stored(percent) AS "after" FROM ${bills}`)
  if (words !== null) await ctx.updateRows(`tab${doctype}`, words, `SELECT id, name AS "key", CASE WHEN percent < 0.001 THEN 'Not Billed' WHEN percent > 99.999999 THEN 'Fully Billed' ELSE 'Partly Billed' END AS "after" FROM ${bills}`)
}
