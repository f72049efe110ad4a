import type { PostingRule } from '../framework/rule.ts'
import { given } from './conditions.ts'

const abbreviations = new Map<string, string>()

/** Warehouses are called `name - abbreviation of the company`, unless the name ends so already; nothing else is checked. */
export const rule: PostingRule = {
  doctype: 'Warehouse',
  reads: ['Company', 'Warehouse'],
  tree: { parentField: 'parent_warehouse' },
  naming: {
    columns: ['warehouse_name', 'company'],
    async prepare(ctx) {
      abbreviations.clear()
      for (const row of await ctx.staging.all<{ name: string; abbr: string | null }>('SELECT name, abbr FROM rows."tabCompany"')) {
        if (row.abbr !== null) abbreviations.set(row.name, row.abbr)
      }
    },
    wish(values) {
      const name = values['warehouse_name'], company = String(values['company'] ?? '')
      if (typeof name !== 'string') return { name: null, error: { type: 'AttributeError', message: 'warehouse_name is missing, and the name is made of it' } }
      if (company === '') return { name, taken: 'refuse' }
      const suffix = ` - ${abbreviations.get(company) ?? ''}`
      return { name: name.endsWith(suffix) ? name : name + suffix, taken: 'refuse' }
    },
  },
  steps: [{
    stage: 'validate', id: 'warn-leaf-parent',
    async run(ctx) {
      await ctx.find({
        type: 'parent-is-no-group', severity: 'warning', field: 'parent_warehouse', causeByValue: true, hint: 'Make the parent a group.',
        message: 'The parent is not a group; the site accepts that, and stock can be kept in it',
        select: `SELECT d._id AS id, d.parent_warehouse AS "value" FROM ${ctx.doc} d JOIN rows."tabWarehouse" p ON p.name = d.parent_warehouse
          WHERE p.is_group = 0 AND ${given('d.parent_warehouse')}`,
      })
    },
  }],
}
