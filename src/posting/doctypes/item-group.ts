import type { PostingRule } from '../framework/rule.ts'
import { given, missing } from './conditions.ts'
import { DEFAULTS_READ, findForeignDefaults, findRepeatedTaxes } from './item-defaults.ts'

const ROOT = 'All Item Groups'

/** A group without a parent goes below the root where there is one; only one root may be. */
export const rule: PostingRule = {
  doctype: 'Item Group',
  reads: ['Item Group', ...DEFAULTS_READ],
  tree: { parentField: 'parent_item_group', oneRoot: true },
  steps: [
    {
      stage: 'validate', id: 'parent',
      async run(ctx) {
        await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET parent_item_group = '${ROOT}' WHERE ${missing('t.parent_item_group')} AND (
          EXISTS (SELECT 1 FROM rows."tabItem Group" WHERE name = '${ROOT}') OR EXISTS (SELECT 1 FROM ${ctx.doc} b WHERE b.item_group_name = '${ROOT}'
            AND b._id < t._id))`)
      },
    },
    { stage: 'validate', id: 'defaults', run: (ctx) => findForeignDefaults(ctx, 'item_group_defaults') },
    { stage: 'validate', id: 'taxes', run: (ctx) => findRepeatedTaxes(ctx) },
    {
      stage: 'validate', id: 'warn-leaf-parent',
      async run(ctx) {
        await ctx.find({
          type: 'parent-is-no-group', severity: 'warning', field: 'parent_item_group', causeByValue: true, hint: 'Make the parent a group.',
          message: 'The parent is not a group; the site accepts that and shows the tree wrongly',
          select: `SELECT d._id AS id, d.parent_item_group AS "value" FROM ${ctx.doc} d JOIN rows."tabItem Group" p ON p.name = d.parent_item_group
            WHERE p.is_group = 0 AND ${given('d.parent_item_group')}`,
        })
      },
    },
  ],
}
