import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findUnsupported, given, missing } from './conditions.ts'

const RATES = ['hour_rate_labour', 'hour_rate_electricity', 'hour_rate_consumable', 'hour_rate_rent'] as const

async function settleRates(ctx: PostingContext): Promise<void> {
  await findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('working_hours')})`, 'working hours are not predicted', 'working_hours')
  const taken = RATES.map((field) => `${field} = COALESCE(NULLIF(d.${field}, 0), t.${field})`).join(', ')
  if (ctx.has('workstation_type')) await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET ${taken}, description = CASE WHEN ${given('d.description')} THEN d.description ELSE COALESCE(NULLIF(t.description, ''), d.description) END FROM rows."tabWorkstation Type" t WHERE t.name = d.workstation_type`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET hour_rate = ${RATES.map((field) => `COALESCE(${field}, 0)`).join(' + ')}, total_working_hours = 0`)
}

/** Workstation: an hour costs what its parts cost. */
export const workstation: PostingRule = {
  doctype: 'Workstation', reads: ['Workstation Type'], steps: [{ stage: 'before_save', id: 'rates', pass: 'insert', run: settleRates }],
}

/** Operation: described by its name where nothing else is said. */
export const operation: PostingRule = {
  doctype: 'Operation', reads: [],
  steps: [
    { stage: 'validate', id: 'parts', pass: 'insert', run: (ctx) => findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('sub_operations')})`, 'operations made of others are not predicted', 'sub_operations') },
    { stage: 'named', id: 'description', run: async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.doc} SET description = CASE WHEN ${missing('description')} THEN name ELSE description END, total_operation_time = 0`) } },
  ],
}
