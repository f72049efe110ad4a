import { ident } from '../../staging/staging.ts'
import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { given, missing } from './conditions.ts'

/** A group without a parent goes below the root. */
export async function rootAsParent(ctx: PostingContext, parentField: string): Promise<void> {
  const table = `rows.${ident(ctx.meta.table)}`
  const root = `(SELECT first(t.name) FROM ${table} t WHERE t.rgt > t.lft AND NOT EXISTS (SELECT 1 FROM ${table} u WHERE u.lft < t.lft AND u.rgt > t.rgt))`
  await ctx.staging.run(`UPDATE ${ctx.doc} SET ${ident(parentField)} = ${root} WHERE ${missing(ident(parentField))} AND ${ctx.scope}`)
}

/** The site does not mind a parent that is no group, but its trees look wrong then. */
export async function warnLeafParent(ctx: PostingContext, parentField: string): Promise<void> {
  const parent = ident(parentField)
  await ctx.find({
    type: 'parent-is-no-group', severity: 'warning', field: parentField, causeByValue: true, hint: 'Make the parent a group.', message: 'The parent is not a group; the site accepts that and shows the tree wrongly',
    select: `SELECT d._id AS id, d.${parent} AS "value" FROM ${ctx.doc} d JOIN rows.${ident(ctx.meta.table)} p ON p.name = d.${parent} WHERE p.is_group = 0`,
  })
}

/** Receivable or payable and advance account of a row must have one currency. */
async function sameCurrency(ctx: PostingContext, what: string): Promise<void> {
  if (ctx.childCount('accounts') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'accounts.advance_account',
    select: `SELECT a._parent AS id, a.idx AS idx, 'Both ${what} Account: ' || a.account || ' and Advance Account: ' || a.advance_account || ' must be of same currency for company: ' || COALESCE(a.company, 'None') AS message ` +
      `FROM ${ctx.child('accounts')} a JOIN rows."tabAccount" r ON r.name = a.account JOIN rows."tabAccount" v ON v.name = a.advance_account WHERE ${given('r.account_currency')} AND ${given('v.account_currency')} AND r.account_currency <> v.account_currency`,
  })
}

function groupRule(doctype: string, parentField: string, further: Step[], reads: string[]): PostingRule {
  return {
    doctype,
    reads: [doctype, ...reads],
    tree: { parentField, oneRoot: true },
    steps: [
      { stage: 'validate', id: 'parent', pass: 'insert', run: (ctx) => rootAsParent(ctx, parentField) },
      ...further,
      { stage: 'validate', id: 'leaf-parent', pass: 'insert', run: (ctx) => warnLeafParent(ctx, parentField) },
    ],
  }
}

export const customerGroup = groupRule('Customer Group', 'parent_customer_group', [{ stage: 'validate', id: 'accounts', pass: 'insert', run: (ctx) => sameCurrency(ctx, 'Receivable') }], ['Account'])

export const supplierGroup = groupRule('Supplier Group', 'parent_supplier_group', [{ stage: 'validate', id: 'accounts', pass: 'insert', run: (ctx) => sameCurrency(ctx, 'Payable') }], ['Account'])

export const territory = groupRule('Territory', 'parent_territory', [{
  stage: 'validate', id: 'targets', pass: 'insert',
  async run(ctx) {
    if (ctx.childCount('targets') === 0) return
    await ctx.find({
      type: 'ValidationError', field: 'targets', message: 'Either target qty or target amount is mandatory',
      select: `SELECT _parent AS id, idx AS idx FROM ${ctx.child('targets')} WHERE COALESCE(target_qty, 0) = 0 AND COALESCE(target_amount, 0) = 0`,
    })
  },
}], [])
