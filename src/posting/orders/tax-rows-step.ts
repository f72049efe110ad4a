import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { appendJoin, appendTemplate } from './item-tax-templates.ts'
import { filled, type OrderKind } from './kind.ts'

/**
 * Orders without tax rows get one per account of their items' tax templates, at rate 0: the template's own rates apply item by item
 * (Accounts Settings, add_taxes_from_item_tax_template). The rows come too late for defaults and fetched values.
 */
export async function appendItemTaxRows(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const accounts = ctx.site.single('Accounts Settings')
  if (Number(accounts['add_taxes_from_taxes_and_charges_template'] ?? 0) !== 0) await appendTemplateRows(ctx, kind)
  if (Number(accounts['add_taxes_from_item_tax_template'] ?? 0) !== 0) await appendAccountRows(ctx, kind)
  await ctx.recount('taxes')
}

async function appendAccountRows(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const taxes = ctx.child('taxes'), purchase = kind.selling ? '' : `, category, add_deduct_tax, is_tax_withholding_account`
  await ctx.staging.run(`INSERT INTO ${taxes} (_parent, _idx, idx, name, creation, modified, owner, modified_by, docstatus, parenttype, parentfield, charge_type, account_head, rate, description${purchase})
    SELECT _parent, nth, nth, ${ctx.hash('taxes', '_parent', 'nth')}, TIMESTAMP ${literal(ctx.now)}, TIMESTAMP ${literal(ctx.now)}, ${literal(ctx.user)}, ${literal(ctx.user)}, 0, ${literal(kind.doctype)}, 'taxes',
      'On Net Total', account, 0, account${kind.selling ? '' : `, 'Total', 'Add', 0`}
    FROM (SELECT _parent, account, row_number() OVER (PARTITION BY _parent ORDER BY MIN(_idx), MIN(pos)) AS nth
      FROM (SELECT i._parent, i._idx, t.tax_type AS account, t.idx AS pos FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent
        ${appendJoin(ctx)} JOIN rows."tabItem Tax Template Detail" t ON t.parent = ${appendTemplate(ctx)} JOIN rows."tabAccount" k ON k.name = t.tax_type AND k.company = d.company
        WHERE ${filled(appendTemplate(ctx))} AND NOT EXISTS (SELECT 1 FROM ${taxes} x WHERE x._parent = i._parent)) GROUP BY _parent, account)`)
}

async function appendTemplateRows(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const side = kind.selling ? 'Sales' : 'Purchase', child = ctx.site.doctype(`${side} Taxes and Charges`)!
  const copied = child.fields.filter((field) => child.column(field.fieldname) !== undefined).map((field) => ident(field.fieldname))
  const taxes = ctx.child('taxes')
  await ctx.staging.run(`INSERT INTO ${taxes} (_parent, _idx, idx, name, creation, modified, owner, modified_by, docstatus, parenttype, parentfield, ${copied.join(', ')})
    SELECT d._id, t.idx, t.idx, ${ctx.hash('taxes', 'd._id', 't.idx')}, TIMESTAMP ${literal(ctx.now)}, TIMESTAMP ${literal(ctx.now)}, ${literal(ctx.user)}, ${literal(ctx.user)}, 0, ${literal(kind.doctype)}, 'taxes',
      ${copied.map((column) => `t.${column}`).join(', ')} FROM ${ctx.doc} d JOIN rows.${ident(child.table)} t ON t.parent = d.taxes_and_charges AND t.parenttype = '${side} Taxes and Charges Template'
    WHERE NOT EXISTS (SELECT 1 FROM ${taxes} x WHERE x._parent = d._id)`)
}

/** Refusals the site meets while it looks at tax rows, in its order: accounts first, then for each row what it refers to and what it includes. */
export async function findBadTaxes(ctx: PostingContext, kind: OrderKind): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'taxes_and_charges', causeByValue: true, hint: 'Enable the template, or use another.',
    select: `SELECT d._id AS id, d.taxes_and_charges AS "value", 'Taxes and Charges Template ' || d.taxes_and_charges || ' is disabled' AS message FROM ${ctx.doc} d
      JOIN rows."tab${kind.selling ? 'Sales' : 'Purchase'} Taxes and Charges Template" t ON t.name = d.taxes_and_charges WHERE t.disabled = 1`,
  })
  const taxes = ctx.child('taxes')
  if ((await ctx.staging.one(`SELECT 1 FROM ${taxes} LIMIT 1`)) === undefined) return
  await ctx.find({
    type: 'ValidationError', field: 'taxes.account_head', causeByValue: true, hint: 'Use an account of the order\'s company.',
    select: `SELECT t._parent AS id, t._idx AS idx, t.account_head AS "value", 'Row #' || t._idx || ': Account ' || t.account_head || ' does not belong to company ' || d.company AS message
      FROM ${taxes} t JOIN ${ctx.doc} d ON d._id = t._parent LEFT JOIN rows."tabAccount" k ON k.name = t.account_head WHERE ${filled('t.account_head')} AND k.company IS DISTINCT FROM d.company`,
  })
}

/** Refusals of the calculation itself, before it starts. */
export async function findBadCharges(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const taxes = ctx.child('taxes')
  if ((await ctx.staging.one(`SELECT 1 FROM ${taxes} LIMIT 1`)) === undefined) return
  const number = `COALESCE(TRY_CAST(t.row_id AS BIGINT), 0)`, previous = `t.charge_type IN ('On Previous Row Amount', 'On Previous Row Total')`
  await ctx.find({
    type: 'ValidationError', field: 'taxes.row_id', message: 'The row a charge refers to does not fit its charge type', hint: 'Only charges on a previous row refer to one, and it must come before them.',
    select: `SELECT t._parent AS id, t._idx AS idx, t.row_id AS "value" FROM ${taxes} t WHERE (t.charge_type IN ('Actual', 'On Net Total', 'On Paid Amount') AND ${filled('t.row_id')})
      OR (${previous} AND (t.idx = 1 OR NOT ${filled('t.row_id')} OR ${number} >= t.idx))`,
  })
  await ctx.find({
    type: 'TypeError', field: 'taxes.included_in_print_rate', message: 'A rate may include a charge on a previous row total only when all rows before are included (the site fails while saying so)',
    hint: 'Include the rows before as well.',
    select: `SELECT t._parent AS id, t._idx AS idx FROM ${taxes} t WHERE t.included_in_print_rate = 1 AND t.charge_type = 'On Previous Row Total'
      AND EXISTS (SELECT 1 FROM ${taxes} o WHERE o._parent = t._parent AND o._idx <= ${number} - 1 AND COALESCE(o.included_in_print_rate, 0) = 0)`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'taxes.included_in_print_rate', message: 'This charge cannot be included in the rate', hint: 'Actual and valuation charges cannot; a charge on another row only when that row is included.',
    select: `SELECT t._parent AS id, t._idx AS idx FROM ${taxes} t WHERE t.included_in_print_rate = 1 AND (t.charge_type = 'Actual' OR (t.charge_type = 'On Previous Row Amount'
      AND EXISTS (SELECT 1 FROM ${taxes} o WHERE o._parent = t._parent AND o._idx = ${number} AND COALESCE(o.included_in_print_rate, 0) = 0))${kind.selling ? '' : ` OR (t.category = 'Valuation' AND t.charge_type NOT LIKE 'On Previous%')`})`,
  })
}
