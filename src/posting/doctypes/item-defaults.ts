import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { findRepeated, given } from './conditions.ts'

/** DocTypes whose company a row of Item Default must share, with the field that links to them. */
const OWNED = [
  ['Warehouse', 'default_warehouse'], ['Cost Center', 'buying_cost_center'], ['Cost Center', 'selling_cost_center'], ['Account', 'expense_account'],
    ['Account', 'income_account'],
] as const

/** DocTypes `findForeignDefaults` reads. */
export const DEFAULTS_READ = ['Warehouse', 'Cost Center', 'Account']

/** Finds rows of Item Default that name a warehouse, cost center or account of another company. */
export async function findForeignDefaults(ctx: PostingContext, tableField: string): Promise<void> {
  if (ctx.childCount(tableField) === 0) return
  const checks = OWNED.map(([doctype, field]) =>
    `SELECT c._parent AS id, c._idx AS idx, c.${ident(field)} AS "value",
      ${literal(`${doctype} `)} || c.${ident(field)} || ' doesn''t belong to Company ' || COALESCE(c.company, 'None') AS message ` +
    `FROM ${ctx.child(tableField)} c JOIN rows.${ident(`tab${doctype}`)} t ON t.name = c.${ident(field)} WHERE ${given('t.company')}
      AND t.company IS DISTINCT FROM c.company`)
  await ctx.find({ type: 'ValidationError', field: tableField, select: checks.join(' UNION ALL '),
    hint: 'Name a warehouse, cost center or account of the same company.' })
}

/** Finds an item tax template given twice for one tax category. */
export async function findRepeatedTaxes(ctx: PostingContext): Promise<void> {
  await findRepeated(ctx, 'taxes', ['item_tax_template', 'tax_category'], {
    type: 'ValidationError', message: 'The same Item Tax Template is entered twice for one tax category', where: given('item_tax_template'),
  })
}
