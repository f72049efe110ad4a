import { literal } from '../../staging/staging.ts'
import type { PostingRule } from '../framework/rule.ts'
import { given } from './conditions.ts'

/** A serial number by hand: its stock comes with stock documents; warranty and maintenance contract say how it is looked after. */
export const rule: PostingRule = {
  doctype: 'Serial No', reads: ['Item'], dates: ['warranty_expiry_date', 'amc_expiry_date'],
  steps: [{
    stage: 'validate', id: 'warehouse',
    run: async (ctx) => {
      await ctx.find({
        type: 'SerialNoCannotCreateDirectError', field: 'warehouse', message: 'New Serial No cannot have Warehouse. Warehouse must be set by Stock Entry or Purchase Receipt', hint: 'Leave the warehouse out, and load its stock.',
        select: `SELECT _id AS id, warehouse AS "value" FROM ${ctx.doc} WHERE ${given('warehouse')}`,
      })
    },
  }, {
    stage: 'validate', id: 'maintenance',
    run: async (ctx) => {
      const today = `DATE ${literal(ctx.today)}`
      await ctx.staging.run(`UPDATE ${ctx.doc} SET maintenance_status = CASE WHEN warranty_expiry_date >= ${today} THEN 'Under Warranty' WHEN amc_expiry_date >= ${today} THEN 'Under AMC' WHEN amc_expiry_date < ${today} THEN 'Out of AMC' WHEN warranty_expiry_date < ${today} THEN 'Out of Warranty' END`)
    },
  }],
}
