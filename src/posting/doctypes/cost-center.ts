import type { PostingRule } from '../framework/rule.ts'
import { given, missing, on } from './conditions.ts'
import { numberedNaming } from './numbered-name.ts'

/** Only the center called like the company is a root; every other one needs a group above it. */
export const rule: PostingRule = {
  doctype: 'Cost Center',
  reads: ['Company', 'Cost Center'],
  naming: numberedNaming('cost_center_number', 'cost_center_name'),
  tree: { parentField: 'parent_cost_center' },
  steps: [
    {
      stage: 'validate', id: 'parent',
      async run(ctx) {
        await ctx.find({
          type: 'ValidationError', field: 'parent_cost_center', message: 'Please enter parent cost center',
            hint: 'Put it below the company\'s root cost center.',
          select: `SELECT _id AS id FROM ${ctx.doc} WHERE cost_center_name IS DISTINCT FROM company AND ${missing('parent_cost_center')}`,
        })
        await ctx.find({
          type: 'ValidationError', field: 'parent_cost_center', message: 'Root cannot have a parent cost center',
            hint: 'Leave the parent out, or call it something else than the company.',
          select: `SELECT _id AS id, parent_cost_center AS "value" FROM ${ctx.doc} WHERE cost_center_name IS NOT DISTINCT FROM company
            AND ${given('parent_cost_center')}`,
        })
      },
    },
    {
      stage: 'validate', id: 'parent-is-group',
      async run(ctx) {
        await ctx.find({
          type: 'ValidationError', field: 'parent_cost_center', causeByValue: true, hint: 'Make the parent a group, or name another one.',
          select: `SELECT d._id AS id, d.parent_cost_center AS "value",
            d.parent_cost_center || ' is not a group node. Please select a group node as parent cost center' AS message
            FROM ${ctx.doc} d JOIN rows."tabCost Center" p ON p.name = d.parent_cost_center WHERE NOT ${on('p.is_group')}`,
        })
      },
    },
  ],
}
