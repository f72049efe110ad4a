import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'

/** What is left of a project's billings after what was spent on it. `touched`: SELECT of `id` (document) and `project`. */
export async function updateGrossMargin(ctx: PostingContext, touched: string): Promise<void> {
  const spent = ['total_costing_amount', 'total_purchase_cost', 'total_consumed_material_cost'].map((column) => `COALESCE(CAST(p.${column} AS DOUBLE), 0)`).join(' + ')
  const margin = `SELECT t.id, t.project AS "key", CAST(p.total_billed_amount AS DOUBLE) AS billed, CAST(p.total_billed_amount AS DOUBLE) - (${spent}) AS margin, p.per_gross_margin AS per FROM (${touched}) t JOIN rows."tabProject" p ON p.name = t.project`
  await ctx.updateRows('tabProject', 'gross_margin', `SELECT id, "key", to_stored(margin) AS "after" FROM (${margin})`)
  await ctx.updateRows('tabProject', 'per_gross_margin', `SELECT id, "key", CASE WHEN billed <> 0 THEN to_stored(margin / billed * 100) ELSE per END AS "after" FROM (${margin})`)
}

/** Projects of submitted lines know what was bought for them (Buying Settings, project update frequency). */
export async function updatePurchaseCost(ctx: PostingContext): Promise<void> {
  if (ctx.site.single('Buying Settings')['project_update_frequency'] !== 'Each Transaction') return
  const touched = `SELECT max(i._parent) AS id, i.project, CAST(SUM(i.base_net_amount) AS DOUBLE) AS amount FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND ${filled('i.project')} GROUP BY i.project`
  if (await ctx.staging.one(`${touched} LIMIT 1`) === undefined) return
  await ctx.updateRows('tabProject', 'total_purchase_cost', `SELECT t.id, t.project AS "key", to_stored(CAST(p.total_purchase_cost AS DOUBLE) + t.amount) AS "after" FROM (${touched}) t JOIN rows."tabProject" p ON p.name = t.project`)
  await updateGrossMargin(ctx, `SELECT id, project FROM (${touched})`)
}
