import { factKey } from './item-facts.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy, type OrderKind } from './kind.ts'

async function present(ctx: PostingContext, from: string): Promise<boolean> {
  return (await ctx.staging.one(`SELECT 1 FROM ${from} LIMIT 1`)) !== undefined
}

async function findUnsupported(ctx: PostingContext, reason: string, select: string, field?: string): Promise<void> {
  await ctx.find({ type: 'unsupported', field, message: reason, hint: 'Load such orders through the site itself.', select })
}

/** Features of the site that every order would meet: rules the engine does not know. */
async function findSiteFeatures(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const side = kind.selling ? 'selling' : 'buying', all = `SELECT d._id AS id FROM ${ctx.doc} d`
  const features: [from: string, reason: string, where?: string][] = [
    [`rows."tabPricing Rule" WHERE disable = 0 AND ${side} = 1`, 'Pricing Rules are active on the site', '(d.ignore_pricing_rule IS NULL OR d.ignore_pricing_rule = 0)'],
    ['rows."tabTax Rule"', 'Tax Rules choose taxes on the site'],
    ['rows."tabAccounting Dimension" WHERE COALESCE(disabled, 0) = 0', 'The site has Accounting Dimensions of its own'],
    ['rows."tabAuthorization Rule"', 'Authorization Rules limit who may submit', 'd._submit'],
    ...(kind.selling ? [] : [['rows."tabBudget" WHERE docstatus = 1', 'Budgets are checked on submit', 'd._submit'] as [string, string, string]]),
    [`rows."tabService Level Agreement" WHERE enabled = 1 AND document_type = '${kind.doctype}'`, 'A Service Level Agreement applies'],
    [`rows."tabWorkflow" WHERE is_active = 1 AND document_type = '${kind.doctype}'`, 'A Workflow applies'],
  ]
  for (const [from, reason, where] of features) if (await present(ctx, from)) await findUnsupported(ctx, reason, `${all}${where === undefined ? '' : ` WHERE ${where}`}`)
  if (Number(ctx.site.single('Stock Settings')['update_existing_price_list_rate'] ?? 0) !== 0) await findUnsupported(ctx, 'Orders change prices in price lists (Stock Settings)', all)
  if ((ctx.site.default('lang') ?? ctx.site.default('language') ?? 'en') !== 'en') await findUnsupported(ctx, 'The site writes amounts in words in a language other than English', all)
}

/** Fields whose use makes an order special; a truthy value is use. */
const SELLING_FIELDS: [field: string, reason: string][] = [
  ['coupon_code', 'coupon codes'], ['inter_company_order_reference', 'orders between companies'], ['shipping_rule', 'shipping rules'], ['amended_from', 'amendments'], ['is_internal_customer', 'internal customers'],
]
const BUYING_FIELDS: [field: string, reason: string][] = [
  ['inter_company_order_reference', 'orders between companies'], ['shipping_rule', 'shipping rules'], ['amended_from', 'amendments'], ['is_internal_supplier', 'internal suppliers'], ['is_subcontracted', 'subcontracting'],
  ['is_old_subcontracting_flow', 'subcontracting'],
]
const SELLING_ITEM_FIELDS = ['quotation_item', 'prevdoc_docname', 'blanket_order', 'material_request', 'purchase_order', 'pricing_rules']
const BUYING_ITEM_FIELDS = ['material_request', 'material_request_item', 'supplier_quotation', 'supplier_quotation_item', 'sales_order_packed_item', 'blanket_order', 'production_plan', 'pricing_rules', 'delivered_by_supplier']
const CHECKS = new Set(['is_internal_customer', 'is_internal_supplier', 'is_subcontracted', 'is_old_subcontracting_flow', 'delivered_by_supplier', 'against_blanket_order'])

/** Fields of invoices that the controllers of all selling documents read, whether the DocType has them or not. */
const STRAYS: [field: string, tableField: string | undefined, reason: string][] = [
  ['is_cash_or_non_trade_discount', undefined, 'A discount that is no discount of trade is not spread over the lines, which is not predicted for orders'],
  ['income_account', 'items', 'An income account of a line is written to the item\'s defaults, which is not predicted for orders'],
]

/** Nothing is guessed: what the draft or the site uses and these steps do not cover is refused with its reason. */
export async function findUnsupportedOrders(ctx: PostingContext, kind: OrderKind): Promise<void> {
  await findSiteFeatures(ctx, kind)
  if (!kind.selling && ctx.has('is_subcontracted')) await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: 'A subcontracted order lists services.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", 'Item ' || i.item_code || ' must be a Non-Stock Item' AS message FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent
      JOIN rows."tabItem" m ON m.name = i.item_code WHERE ${truthy('d.is_subcontracted')} AND NOT (${truthy('d.is_old_subcontracting_flow')}) AND m.is_stock_item = 1`,
  })
  const used = (alias: string, field: string) => (CHECKS.has(field) ? truthy(`${alias}.${field}`) : filled(`${alias}.${field}`))
  for (const [field, reason] of kind.selling ? SELLING_FIELDS : BUYING_FIELDS) {
    if (ctx.has(field)) await findUnsupported(ctx, `${kind.doctype}s with ${reason} are not predicted`, `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${used('d', field)}`, field)
  }
  for (const [field, table, reason] of kind.invoice === undefined ? STRAYS : []) {
    const select = table === undefined || kind.selling ? ctx.stray(field, table) : null
    if (select !== null) await findUnsupported(ctx, reason, select, table === undefined ? field : `${table}.${field}`)
  }
  await findUnknownRules(ctx)
  const items = ctx.child('items'), fields = kind.selling ? SELLING_ITEM_FIELDS : BUYING_ITEM_FIELDS
  await findUnsupported(ctx, 'Lines that refer to other documents, pricing rules or blanket orders are not predicted', `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${fields.map((field) => used('i', field)).join(' OR ')}`, 'items')
  for (const table of ['packed_items', 'pricing_rules', 'supplied_items']) {
    if (ctx.childCount(table) > 0) await findUnsupported(ctx, `${kind.doctype}s with rows in ${table} are not predicted`, `SELECT DISTINCT t._parent AS id FROM ${ctx.child(table)} t`, table)
  }
  if (await present(ctx, 'rows."tabBlanket Order" WHERE docstatus = 1')) {
    await findUnsupported(ctx, 'Lines of blanket orders are not predicted', `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${truthy('i.against_blanket_order')}`, 'items.against_blanket_order')
  }
  if (!kind.selling) await findUnsupported(ctx, 'Tax withholding is not predicted', `SELECT d._id AS id FROM ${ctx.doc} d LEFT JOIN rows."tabSupplier" s ON s.name = d.supplier
    WHERE ${truthy('d.apply_tds')} AND (${filled('d.tax_withholding_category')} OR ${filled('s.tax_withholding_category')})`, 'apply_tds')
  await findSpecialTaxes(ctx, kind)
}

/** Pricing Rules a line says were applied are looked up to be taken back. */
async function findUnknownRules(ctx: PostingContext): Promise<void> {
  if (!await present(ctx, `${ctx.child('items')} WHERE ${filled('pricing_rules')}`)) return
  await ctx.find({
    type: 'DoesNotExistError', field: 'items.pricing_rules', causeByValue: true, hint: 'Leave pricing_rules out.',
    select: `SELECT r.id AS id, r.idx AS idx, r.rule AS "value", 'Pricing Rule ' || r.rule || ' not found' AS message FROM (SELECT i._parent AS id, i._idx AS idx, unnest(from_json(i.pricing_rules, '["VARCHAR"]')) AS rule
      FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${filled('i.pricing_rules')} AND json_valid(i.pricing_rules) AND json_type(i.pricing_rules) = 'ARRAY' AND NOT ${truthy('d.ignore_pricing_rule')}) r
      WHERE ${filled('r.rule')} AND r.rule NOT IN (SELECT name FROM rows."tabPricing Rule")`,
  })
}

async function findSpecialTaxes(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (ctx.childCount('taxes') === 0) return
  const taxes = ctx.child('taxes')
  await findUnsupported(ctx, 'Tax rows that are not recomputed, or withheld, are not predicted',
    `SELECT t._parent AS id, t._idx AS idx FROM ${taxes} t WHERE ${truthy(kind.selling ? 't.dont_recompute_tax' : 't.is_tax_withholding_account')}`, 'taxes')
  await findUnsupported(ctx, 'A discount on an order whose tax rows refer to no real row is not predicted',
    `SELECT t._parent AS id, t._idx AS idx FROM ${taxes} t JOIN ${ctx.doc} d ON d._id = t._parent WHERE t.charge_type LIKE 'On Previous%' AND COALESCE(TRY_CAST(t.row_id AS BIGINT), 0) < 1 AND ${filled('t.row_id')}
     AND (${truthy('d.discount_amount')} OR ${truthy('d.additional_discount_percentage')})`, 'taxes.row_id')
}

/** Items whose details the site gets in ways not covered: bundles, deferred accounting. `facts`: see item-facts.ts. */
export async function findUnsupportedItems(ctx: PostingContext, kind: OrderKind, facts: string): Promise<void> {
  const from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.fact = ${factKey('i.item_code', 'd.company')}`
  const line = `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value" ${from}`
  if (kind.selling && await present(ctx, 'rows."tabProduct Bundle" WHERE COALESCE(disabled, 0) = 0')) {
    await findUnsupported(ctx, 'Product bundles are not predicted', `${line} WHERE i.item_code IN (SELECT new_item_code FROM rows."tabProduct Bundle" WHERE COALESCE(disabled, 0) = 0)`, 'items.item_code')
  }
  await findUnsupported(ctx, 'Items with deferred accounting are not predicted', `${line} WHERE f.deferred <> 0`, 'items.item_code')
}
