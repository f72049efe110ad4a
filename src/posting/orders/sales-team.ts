import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from './precisions.ts'
import { roundingFor } from './rounding.ts'

/** Shares of the sales team in what is eligible for commission; they must add up to the whole. */
export async function shareCommission(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('sales_team') === 0) return
  const round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), meta = ctx.site.doctype('Sales Team'), team = ctx.child('sales_team')
  const places = (field: string) => fieldPrecision(ctx, meta, field)
  await ctx.find({
    type: 'ValidationError', field: 'sales_team.sales_person', hint: 'Enable the sales person.', causeByValue: true,
    select: `SELECT t._parent AS id, t._idx AS idx, t.sales_person AS "value", 'Sales Person ' || t.sales_person || ' is disabled.' AS message FROM ${team} t JOIN rows."tabSales Person" p ON p.name = t.sales_person WHERE COALESCE(p.enabled, 0) = 0`,
  })
  const rows = await ctx.staging.all<{ parent: number; idx: number; share: number; rate: number; eligible: number }>(`SELECT t._parent AS parent, t._idx AS idx, COALESCE(t.allocated_percentage, 0) AS share,
    COALESCE(TRY_CAST(t.commission_rate AS DOUBLE), 0) AS rate, COALESCE(d.amount_eligible_for_commission, 0) AS eligible FROM ${team} t JOIN ${ctx.doc} d ON d._id = t._parent ORDER BY t._parent, t._idx`)
  const totals = new Map<number, number>(), shares: number[] = [], amounts: number[] = [], incentives: number[] = []
  for (const row of rows) {
    const share = round(row.share, places('allocated_percentage')), amount = round(row.eligible * share / 100, places('allocated_amount'))
    shares.push(share)
    amounts.push(amount)
    incentives.push(row.rate !== 0 ? round(amount * row.rate / 100, places('incentives')) : 0)
    totals.set(row.parent, (totals.get(row.parent) ?? 0) + share)
  }
  await ctx.push(team, [{ name: '_parent', kind: 'BIGINT', values: rows.map((row) => row.parent) }, { name: '_idx', kind: 'BIGINT', values: rows.map((row) => row.idx) }], [
    { name: 'allocated_percentage', kind: 'DOUBLE', values: shares }, { name: 'allocated_amount', kind: 'DOUBLE', values: amounts }, { name: 'incentives', kind: 'DOUBLE', values: incentives },
  ])
  await ctx.findAll({ type: 'ValidationError', field: 'sales_team', message: 'Total allocated percentage for sales team should be 100', hint: 'Make the shares add up to 100.' },
    [...totals].filter(([, total]) => total !== 100).map(([id]) => ({ id })))
}
