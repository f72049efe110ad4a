import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy, type OrderKind } from './kind.ts'
import { factKey } from './item-facts.ts'
import { scratchOf } from './item-details.ts'

/** A line's quantity may not be zero: the first thing an order is asked. */
export async function findZeroQuantity(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const setting = kind.selling ? ctx.site.single('Selling Settings')['allow_zero_qty_in_sales_order'] : ctx.site.single('Buying Settings')['allow_zero_qty_in_purchase_order']
  const from = `FROM ${ctx.child('items')} i WHERE COALESCE(i.qty, 0) = 0${kind.invoice === undefined ? '' : ` AND i._parent NOT IN (SELECT _id FROM ${ctx.doc} WHERE COALESCE(is_return, 0) <> 0)`}`
  if (kind.invoice === undefined && Number(setting ?? 0) !== 0) {
    await ctx.staging.run(`UPDATE ${ctx.doc} SET has_unit_price_items = CASE WHEN _id IN (SELECT i._parent ${from} AND ${filled('i.item_code')}) THEN 1 ELSE 0 END`)
    await ctx.find({
      type: 'unsupported', field: 'items.qty', message: 'Orders of unit prices (lines with quantity 0) are not predicted', hint: 'Load such orders through the site itself.', select: `SELECT i._parent AS id, i._idx AS idx ${from}`,
    })
    return
  }
  await ctx.find({
    type: 'InvalidQtyError', field: 'items.qty', hint: 'Give the quantity, or leave the line out.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row #' || i._idx || ': Quantity for Item ' || COALESCE(i.item_code, 'None') || ' cannot be zero.' AS message ${from}`,
  })
}

/** Before the totals: a supplier on hold. */
export async function findBlockedSupplier(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (kind.selling) return
  await ctx.find({
    type: 'ValidationError', field: 'supplier', causeByValue: true, hint: 'Release the supplier.',
    select: `SELECT d._id AS id, d.supplier AS "value", d.supplier || ' is blocked so this transaction cannot proceed' AS message FROM ${ctx.doc} d JOIN rows."tabSupplier" s ON s.name = d.supplier
      WHERE s.on_hold = 1 AND s.hold_type IN ('All', 'Invoices') AND (s.release_date IS NULL OR s.release_date >= DATE ${literal(ctx.today)})`,
  })
}

/** Amounts the site multiplies as they come: text makes it fail. */
async function findTextAmounts(ctx: PostingContext): Promise<void> {
  const given = (await ctx.staging.columnsOf(ctx.drafts)).filter(({ name, type }) => type === 'VARCHAR' && ['discount_amount', 'additional_discount_percentage'].includes(name))
  // A batch may hold its numbers as text; a single document's text is text.
  const byHand = given.length > 0 && Number((await ctx.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${ctx.doc}`))!.n) === 1 ? 'TRUE' : 'FALSE'
  for (const { name } of given) await ctx.find({
    type: 'TypeError', field: name, message: 'The discount is text; the site fails when it multiplies it', hint: 'Map it as a number.',
    select: `SELECT d._id AS id, r.${name} AS "value" FROM ${ctx.doc} d JOIN ${ctx.drafts} r ON r._id = d._id WHERE ${filled(`r.${name}`)}
      AND (${byHand} OR TRY_CAST(r.${name} AS DOUBLE) IS NULL)`,
  })
}

/** With the totals: a discount that says not on what, a commission out of range. */
export async function findBadDiscount(ctx: PostingContext, kind: OrderKind): Promise<void> {
  await findTextAmounts(ctx)
  await ctx.find({
    type: 'ValidationError', field: 'apply_discount_on', message: 'Please select Apply Discount On', hint: 'Grand Total or Net Total.',
    select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE ${truthy('d.discount_amount')} AND NOT ${filled('d.apply_discount_on')}`,
  })
  if (kind.selling) await ctx.find({
    type: 'ValidationError', field: 'commission_rate', message: 'Commission Rate must be between 0 and 100', hint: 'Correct the rate.',
    select: `SELECT d._id AS id, CAST(d.commission_rate AS VARCHAR) AS "value" FROM ${ctx.doc} d WHERE d.commission_rate < 0 OR d.commission_rate > 100`,
  })
}

/** Party, currency, company of dimensions, belonging of addresses and contacts. */
export async function findForeignParts(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const party = `rows."tab${kind.partyType}" p ON p.name = d.${kind.party}`
  await ctx.find({
    type: 'PartyDisabled', field: kind.party, causeByValue: true, hint: 'Enable the party.',
    select: `SELECT d._id AS id, d.${kind.party} AS "value", '${kind.partyType} ' || d.${kind.party} || ' is disabled' AS message FROM ${ctx.doc} d JOIN ${party} WHERE p.disabled = 1`,
  })
  await ctx.find({
    type: 'PartyFrozen', field: kind.party, causeByValue: true, hint: 'Unfreeze the party.',
    select: `SELECT d._id AS id, d.${kind.party} AS "value", '${kind.partyType} ' || d.${kind.party} || ' is frozen' AS message FROM ${ctx.doc} d JOIN ${party} WHERE p.is_frozen = 1 AND COALESCE(p.disabled, 0) = 0`,
  })
  await findWrongCurrency(ctx, kind)
  const dimensions = [['Project', 'project'], ['Cost Center', 'cost_center']] as const
  for (const [doctype, field] of dimensions) {
    for (const [relation, id, idx] of [[ctx.doc, '_id', 'NULL::BIGINT'], [ctx.child('items'), '_parent', 't._idx'], [ctx.child('taxes'), '_parent', 't._idx']] as const) {
      if (field === 'project' && relation === ctx.child('taxes')) continue
      await ctx.find({
        type: 'ValidationError', field, causeByValue: true, hint: 'Use one of the order\'s company.',
        select: `SELECT t.${id} AS id, ${idx} AS idx, t.${field} AS "value", '${doctype}: ' || t.${field} || ' does not belong to the Company' AS message FROM ${relation} t JOIN ${ctx.doc} d ON d._id = t.${id}
          JOIN rows."tab${doctype}" x ON x.name = t.${field} WHERE ${filled('x.company')} AND x.company <> d.company`,
      })
    }
  }
  const belongs = (field: string, parenttype: string) => `SELECT d._id AS id, d.${field} AS "value" FROM ${ctx.doc} d WHERE ${filled(`d.${field}`)} AND ${filled(`d.${kind.party}`)} AND NOT EXISTS (SELECT 1 FROM rows."tabDynamic Link" l
    WHERE l.parenttype = '${parenttype}' AND l.parent = d.${field} AND l.link_doctype = '${kind.partyType}' AND l.link_name = d.${kind.party})`
  for (const [field, parenttype, label] of [[`${kind.party}_address`, 'Address', 'Billing Address'], ...(kind.selling ? [['shipping_address_name', 'Address', 'Shipping Address']] : []), ['contact_person', 'Contact', 'Contact Person']] as [string, string, string][]) {
    await ctx.find({ type: 'ValidationError', field, message: `${label} does not belong to the ${kind.party}`, hint: 'Link it to the party first.', causeByValue: true, select: belongs(field, parenttype) })
  }
}

/** SQL: the account the party's ledger is kept in: its own, its group's, the company's. */
export function partyAccount(kind: OrderKind): string {
  const own = (parenttype: string, name: string) => `(SELECT any_value(NULLIF(a.account, '')) FROM rows."tabParty Account" a WHERE a.parenttype = '${parenttype}' AND a.parent = ${name} AND a.company = d.company)`
  return `COALESCE(${own(kind.partyType, `d.${kind.party}`)}, ${own(`${kind.partyType} Group`, `p.${kind.party}_group`)}, c.default_${kind.selling ? 'receivable' : 'payable'}_account)`
}

async function findWrongCurrency(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const accounts = ctx.scratch('party_accounts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${accounts.slice(5)} AS SELECT d.${kind.party} AS party, d.company, any_value(c.default_currency) AS company_currency, any_value(k.account_currency) AS currency
    FROM (SELECT DISTINCT ${kind.party}, company FROM ${ctx.doc} WHERE ${filled(kind.party)}) d JOIN rows."tab${kind.partyType}" p ON p.name = d.${kind.party} JOIN rows."tabCompany" c ON c.name = d.company
    LEFT JOIN rows."tabAccount" k ON k.name = ${partyAccount(kind)} GROUP BY ALL`)
  await ctx.find({
    type: 'InvalidCurrency', field: 'currency', hint: 'Use the currency of the party\'s account.',
    select: `SELECT d._id AS id, d.currency AS "value", 'Accounting Entry for ${kind.partyType}: ' || a.party || ' can only be made in currency: ' || a.currency AS message FROM ${ctx.doc} d
      JOIN ${accounts} a ON a.party = d.${kind.party} AND a.company = d.company WHERE a.currency <> a.company_currency AND d.currency <> a.currency`,
  })
  if (!kind.selling && kind.invoice === undefined) await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET party_account_currency = a.currency FROM ${accounts} a WHERE a.party = t.supplier AND a.company = t.company`)
}

/** Items and quantities, after the totals. */
export async function findBadLines(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const { facts } = scratchOf(ctx), items = ctx.child('items'), from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${facts} f ON f.fact = ${factKey('i.item_code', 'd.company')}`
  const word = kind.selling ? 'sales' : 'purchase'
  await ctx.find({
    type: 'ValidationError', field: 'items.item_code', causeByValue: true, hint: `Mark the item as a ${word} item.`,
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value", 'Following item ' || i.item_code || ' is not marked as ${word} item.' AS message ${from} WHERE COALESCE(f.is_${word}_item, 0) = 0`,
  })
  if (kind.selling) await findBadSales(ctx, from)
  else await ctx.find({
    type: 'ValidationError', field: 'items.from_warehouse', message: 'Accepted Warehouse and Supplier Warehouse cannot be same', hint: 'Leave from_warehouse out.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${filled('i.from_warehouse')} AND i.from_warehouse = i.warehouse`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'to_date', message: 'To Date cannot be before From Date', hint: 'Correct one of the dates.', select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE d.from_date > d.to_date`,
  })
}

async function findBadSales(ctx: PostingContext, from: string): Promise<void> {
  const selling = ctx.site.single('Selling Settings'), items = ctx.child('items')
  await ctx.find({
    type: 'ValidationError', field: 'items.discount_percentage', hint: 'Raise the item\'s max_discount, or lower the discount.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Maximum discount for Item ' || i.item_code || ' is ' || f.max_discount || '%' AS message ${from} WHERE f.max_discount > 0 AND i.discount_percentage > f.max_discount`,
  })
  if (Number(selling['validate_selling_price'] ?? 0) !== 0) await ctx.find({
    type: 'ValidationError', field: 'items.rate', message: 'Selling rate is lower than the last purchase rate or the valuation', hint: 'Switch off the validation of selling prices in Selling Settings for the migration.',
    select: `SELECT i._parent AS id, i._idx AS idx ${from} LEFT JOIN rows."tabBin" b ON b.item_code = i.item_code AND b.warehouse = i.warehouse AND b.valuation_rate > 0 WHERE COALESCE(i.is_free_item, 0) = 0
      AND (i.base_net_rate < f.last_purchase_rate * COALESCE(NULLIF(i.conversion_factor, 0), 1) OR (f.is_stock_item = 1 AND i.base_net_rate < b.valuation_rate * COALESCE(NULLIF(i.conversion_factor, 0), 1)))`,
  })
  if (Number(selling['allow_multiple_items'] ?? 0) === 0) await ctx.find({
    type: 'ValidationError', field: 'items.item_code', message: 'Item entered multiple times', hint: 'Allow it in Selling Settings, or merge the lines.',
    select: `SELECT i._parent AS id, i._idx AS idx, i.item_code AS "value" ${from} QUALIFY row_number() OVER (PARTITION BY i._parent, i.item_code, i.description, CASE WHEN f.is_stock_item = 1 THEN i.warehouse END ORDER BY i._idx) > 1`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.target_warehouse', message: 'Delivery Warehouse and Customer Warehouse can not be same', hint: 'Leave target_warehouse out.',
    select: `SELECT i._parent AS id, i._idx AS idx FROM ${items} i WHERE ${filled('i.target_warehouse')} AND i.target_warehouse = i.warehouse`,
  })
}

/** Whole units stay whole; `uoms` pairs of unit and quantity columns, in the site's order. */
export async function findFractions(ctx: PostingContext, pairs: readonly (readonly [uom: string, qty: string])[]): Promise<void> {
  for (const [uom, qty] of pairs) await ctx.find({
    type: 'UOMMustBeIntegerError', field: `items.${qty}`, hint: 'Allow fractions for the unit, or correct the quantity.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row ' || i._idx || ': Quantity (' || i.${qty} || ') cannot be a fraction. To allow this, disable ''Must be Whole Number'' in UOM ' || u.name || '.' AS message FROM ${ctx.child('items')} i JOIN rows."tabUOM" u ON u.name = i.${uom}
      WHERE u.must_be_whole_number = 1 AND abs(trunc(i.${qty}) - i.${qty}) > 0.0000001`,
  })
}

/** Warehouses that are disabled, of another company, or missing for a stock item. */
export async function findBadWarehouses(ctx: PostingContext, kind: OrderKind): Promise<void> {
  for (const column of kind.selling ? ['warehouse', 'target_warehouse'] : ['warehouse', 'from_warehouse']) {
    const from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabWarehouse" w ON w.name = i.${column}`
    await ctx.find({
      type: 'ValidationError', field: `items.${column}`, causeByValue: true, hint: 'Use another warehouse.',
      select: `SELECT i._parent AS id, i._idx AS idx, i.${column} AS "value", 'Disabled Warehouse ' || i.${column} || ' cannot be used for this transaction.' AS message ${from} WHERE w.disabled = 1`,
    })
    await ctx.find({
      type: 'InvalidWarehouseCompany', field: `items.${column}`, causeByValue: true, hint: 'Use a warehouse of the order\'s company.',
      select: `SELECT i._parent AS id, i._idx AS idx, i.${column} AS "value", 'Warehouse ' || i.${column} || ' does not belong to company ' || d.company AS message ${from} WHERE ${filled('w.company')} AND w.company <> d.company`,
    })
  }
}

/** A stock item of an order needs a warehouse. */
export async function findMissingWarehouse(ctx: PostingContext, kind: OrderKind): Promise<void> {
  await ctx.find({
    type: kind.selling ? 'WarehouseRequired' : 'ValidationError', field: 'items.warehouse', hint: 'Give a warehouse, or a default one to the item.',
    select: `SELECT i._parent AS id, i._idx AS idx, 'Row #' || i._idx || ': warehouse required for stock item ' || i.item_code AS message FROM ${ctx.child('items')} i JOIN rows."tabItem" m ON m.name = i.item_code
      WHERE m.is_stock_item = 1 AND NOT ${filled('i.warehouse')} AND NOT ${truthy('i.delivered_by_supplier')}${kind.selling ? '' : ' AND i.qty <> 0'}`,
  })
}
