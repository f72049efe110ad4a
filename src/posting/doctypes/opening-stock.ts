import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { findUnsupported, given, missing, on } from './conditions.ts'

const OPENING = `${on('opening_stock')} AND ${on('is_stock_item')} AND NOT ${on('has_serial_no')} AND NOT ${on('has_batch_no')}`
const RATE = `CASE WHEN ${on('d.valuation_rate')} THEN d.valuation_rate ELSE d.standard_rate END`

/** SQL: the site's rounding of halves to even at `places` decimals. */
const rounded = (value: string, places: number) => `flt(${value}, ${places})`

/** Refusals of the stock entry, and all that it depends on and that is not worked out here. */
async function findProblems(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'valuation_rate', message: 'Valuation Rate is mandatory if Opening Stock entered', hint: 'Give the valuation rate.',
    select: `SELECT _id AS id FROM ${ctx.live} live WHERE ${OPENING} AND NOT ${on('valuation_rate')} AND NOT ${on('standard_rate')}
      AND NOT ${on('is_customer_provided_item')}`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'opening_stock', message: 'The quantity of a stock entry must be a positive number',
      hint: 'Stock that is short cannot be opened with; load it by a stock reconciliation.',
    select: `SELECT _id AS id, CAST(opening_stock AS VARCHAR) AS "value" FROM ${ctx.live} live WHERE ${OPENING} AND opening_stock < 0`,
  })
  await ctx.find({
    type: 'UOMMustBeIntegerError', field: 'opening_stock', hint: 'Use a unit that can be divided.',
    select: `SELECT d._id AS id, CAST(d.opening_stock AS VARCHAR) AS "value",
      'Quantity (' || d.opening_stock || ') cannot be a fraction. To allow this, disable ''Must be Whole Number'' in UOM ' || u.name AS message
      FROM ${ctx.live} d JOIN rows.tabUOM u ON u.name = d.stock_uom WHERE ${OPENING} AND ${on('u.must_be_whole_number')}
        AND abs(d.opening_stock - trunc(d.opening_stock)) > 1e-7`,
  })
  const today = `DATE ${literal(ctx.today)}`
  await findUnsupported(ctx, `${OPENING} AND (COALESCE(valuation_rate, 0) < 0
    OR (NOT ${on('valuation_rate')} AND COALESCE(standard_rate, 0) <= 0) OR ${on('has_variants')} OR ${on('disabled')} OR end_of_life <= ${today}
    OR ${on('inspection_required_before_purchase')} OR ${given('image')} OR ${given('brand')})`,
      'the opening stock of such an item takes more into account than is worked out here', 'opening_stock')
}

/**
 * One stock entry per item and row of defaults, with all it needs: warehouse, accounts, cost center, quantity and value. Answers the relation, or
 * null when nothing is to be posted.
 */
async function gatherEntries(ctx: PostingContext): Promise<string | null> {
  const table = ctx.scratch('openings'), local = table.replace(/^temp\./, '')
  const fallback = literal(ctx.site.single('Stock Settings')['default_warehouse'] ?? null), company = literal(ctx.site.default('company'))
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${local} AS SELECT s.*, c.default_currency AS currency, c.default_inventory_account AS stock_account,
    c.stock_adjustment_account AS other_account, c.cost_center,
    ${on('c.enable_perpetual_inventory')} AS perpetual, ${rounded('s.qty', 3)} AS moved, ${rounded(`${rounded('s.qty', 3)} * s.rate`, 2)} AS amount,
    row_number() OVER (ORDER BY s._id, s.nth) AS number, ${ctx.hash('opening-row', 's._id', 's.nth')} AS row_name, ${ctx.hash('opening-comment', 's._id',
      's.nth')} AS comment_name
    FROM (SELECT d._id, d.name AS item_code, d.item_name, d.description, d.item_group, d.stock_uom, d.opening_stock AS qty, ${RATE} AS rate,
      d.valuation_method, d.allow_alternative_item,
      COALESCE(i._idx, 1) AS nth, CASE WHEN i._parent IS NULL THEN ${company} ELSE i.company END AS company, COALESCE(NULLIF(i.buying_cost_center, ''),
        NULLIF(i.selling_cost_center, '')) AS own_cost_center,
      COALESCE((SELECT first(w.name) FROM rows.tabWarehouse w WHERE w.name = COALESCE(NULLIF(i.default_warehouse, ''), ${fallback}) AND w.company = CASE
        WHEN i._parent IS NULL THEN ${company} ELSE i.company END),
        (SELECT first(w.name ORDER BY w.name) FROM rows.tabWarehouse w WHERE w.warehouse_name = 'Stores' AND w.company = CASE
          WHEN i._parent IS NULL THEN ${company} ELSE i.company END)) AS warehouse
      FROM ${ctx.live} d LEFT JOIN ${ctx.child('item_defaults')} i ON i._parent = d._id WHERE ${OPENING}) s JOIN rows.tabCompany c ON c.name = s.company
        WHERE s.warehouse IS NOT NULL`)
  const odd = `SELECT o._id FROM ${table} o JOIN rows.tabWarehouse w ON w.name = o.warehouse WHERE NOT o.perpetual OR ${missing('o.stock_account')}
    OR ${missing('o.other_account')} OR ${missing('o.cost_center')}
    OR COALESCE(o.own_cost_center, o.cost_center) <> o.cost_center OR ${on('w.is_group')} OR ${on('w.disabled')}
    OR EXISTS (SELECT 1 FROM rows.tabWarehouse a WHERE a.lft <= w.lft AND a.rgt >= w.rgt AND ${given('a.account')}) OR o.amount = 0
    OR EXISTS (SELECT 1 FROM rows.tabAccount a WHERE a.name IN (o.stock_account, o.other_account) AND a.account_currency <> o.currency)
    OR NOT EXISTS (SELECT 1 FROM rows."tabFiscal Year" y WHERE DATE ${literal(ctx.today)} BETWEEN y.year_start_date AND y.year_end_date)`
  await findUnsupported(ctx, `_id IN (${odd})`,
    'opening stock is worked out for companies with perpetual inventory and one inventory account, in their own currency', 'opening_stock')
  const count = await ctx.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE _id IN (SELECT _id FROM ${ctx.live})`)
  return count!.n === 0 ? null : table
}

/** Draws the numbers of the stock entries from their series. */
async function nameEntries(ctx: PostingContext, table: string, prefix: string): Promise<void> {
  const row = await ctx.staging.one<{ current: number }>(`SELECT "current" FROM rows."tabSeries" WHERE name = ${literal(prefix)}`)
  const local = table.replace(/^temp\./, '')
  await ctx.staging.run(`ALTER TABLE ${local} ADD COLUMN voucher VARCHAR; UPDATE ${table} AS t SET voucher = ${literal(prefix)} || CASE
    WHEN s.n < 100000 THEN lpad(CAST(s.n AS VARCHAR), 5, '0') ELSE CAST(s.n AS VARCHAR) END
    FROM (SELECT number, ${row?.current ?? 0} + row_number() OVER (ORDER BY number) AS n FROM ${table} WHERE _id IN (SELECT _id FROM ${ctx.live})) s
      WHERE s.number = t.number; DELETE FROM ${table} WHERE voucher IS NULL`)
  const last = `SELECT max(_id) AS _id, ${row?.current ?? 0} + COUNT(*) AS drawn FROM ${table}`
  if (row === undefined) await ctx.insertRows('tabSeries', `SELECT _id, ${literal(prefix)} AS name, drawn AS "current" FROM (${last})`)
  else await ctx.updateRows('tabSeries', 'current', `SELECT _id AS id, ${literal(prefix)} AS "key", drawn AS "after" FROM (${last})`)
}

/** The rows of a submitted Material Receipt of one item, as the site's stock and general ledgers keep it. */
async function writeEntries(ctx: PostingContext, table: string): Promise<void> {
  const stamp = `${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, TIMESTAMP ${literal(ctx.now)} AS creation,
    TIMESTAMP ${literal(ctx.now)} AS modified, 0 AS idx`
  const submitted = `${stamp}, 1 AS docstatus`, day = `DATE ${literal(ctx.today)}`, time = `TIME ${literal(ctx.now.slice(11))}`
  const zero = (...names: string[]) => names.map((name) => `0 AS ${name}`).join(', ')
  const name = (unit: string) => `${ctx.hash(unit, '_id', 'nth')} AS name`
  const year = `(SELECT first(y.name ORDER BY y.year_start_date DESC) FROM rows."tabFiscal Year" y WHERE ${day} BETWEEN y.year_start_date AND y.year_end_date)`
  const voucher = `'Stock Entry' AS voucher_type, voucher AS voucher_no`
  await ctx.insertRows('tabStock Entry', `SELECT _id, voucher AS name, ${submitted}, 'MAT-STE-.YYYY.-' AS naming_series,
    'Material Receipt' AS stock_entry_type, 'Material Receipt' AS purpose, company, ${day} AS posting_date, ${time} AS posting_time,
    1 AS set_posting_time, 1 AS use_multi_level_bom, amount AS total_incoming_value, amount AS value_difference, amount AS total_amount, 'No' AS is_opening,
    ${zero('add_to_transit', 'inspection_required', 'apply_putaway_rule', 'from_bom', 'fg_completed_qty', 'process_loss_percentage', 'process_loss_qty',
      'total_outgoing_value', 'total_additional_costs', 'per_transferred', 'is_return')},
    '[{"comment": "Opening Stock", "by": "' || ${literal(ctx.user)} || '", "name": "' || comment_name || '"}]' AS _comments FROM ${table}`)
  await ctx.insertRows('tabStock Entry Detail', `SELECT _id, row_name AS name, ${submitted.replace('0 AS idx', '1 AS idx')}, warehouse AS t_warehouse,
    item_code, item_name, description, item_group, qty, moved AS transfer_qty, stock_uom AS uom, stock_uom,
    1 AS conversion_factor, rate AS basic_rate, rate AS valuation_rate, amount AS basic_amount, amount, other_account AS expense_account, cost_center,
      allow_alternative_item, voucher AS parent, 'items' AS parentfield, 'Stock Entry' AS parenttype,
    ${zero('has_item_scanned', 'is_finished_item', 'is_scrap_item', 'retain_sample', 'sample_quantity', 'additional_cost', 'allow_zero_valuation_rate',
      'set_basic_rate_manually', 'use_serial_batch_fields', 'actual_qty', 'transferred_qty')} FROM ${table}`)
  const method = literal(ctx.site.single('Stock Settings')['valuation_method'] ?? 'FIFO')
  const decimal = (value: string) => `CASE WHEN ${value} = trunc(${value}) THEN CAST(CAST(${value} AS BIGINT) AS VARCHAR) || '.0'
    ELSE CAST(${value} AS VARCHAR) END`
  await ctx.insertRows('tabStock Ledger Entry', `SELECT _id, ${name('opening-sle')}, ${submitted}, item_code, warehouse, ${day} AS posting_date,
    ${time} AS posting_time, TIMESTAMP ${literal(ctx.now)} AS posting_datetime, ${voucher}, row_name AS voucher_detail_no,
    moved AS actual_qty, moved AS qty_after_transaction, rate AS incoming_rate, rate AS valuation_rate, amount AS stock_value, amount AS stock_value_difference,
    CASE WHEN COALESCE(NULLIF(valuation_method, ''), ${method}) = 'Moving Average' THEN '[]'
      ELSE '[[' || ${decimal('moved::DOUBLE')} || ', ' || ${decimal('rate::DOUBLE')} || ']]' END AS stock_queue, company, stock_uom, ${year} AS fiscal_year,
        1 AS to_rename,
    ${zero('is_adjustment_entry', 'auto_created_serial_and_batch_bundle', 'recalculate_rate', 'outgoing_rate', 'has_batch_no', 'has_serial_no',
      'is_cancelled')} FROM ${table}`)
  for (const [unit, account, against, debit] of [['opening-debit', 'stock_account', 'other_account', true], ['opening-credit', 'other_account',
    'stock_account', false]] as const) {
    const sides = ['', '_in_account_currency',
      '_in_transaction_currency'].map((kind) => `${debit ? 'amount' : '0'} AS debit${kind}, ${debit ? '0' : 'amount'} AS credit${kind}`).join(', ')
    await ctx.insertRows('tabGL Entry', `SELECT _id, ${name(unit)}, ${submitted}, ${day} AS posting_date, ${year} AS fiscal_year, ${account} AS account,
      currency AS account_currency, ${against} AS against, ${voucher}, 'Material Receipt' AS voucher_subtype,
      currency AS transaction_currency, 1 AS transaction_exchange_rate, ${sides}, cost_center, company, 'No' AS is_opening, 'No' AS is_advance,
        1 AS to_rename, 0 AS is_cancelled, 'Accounting Entry for Stock' AS remarks FROM ${table}`)
  }
  await ctx.insertRows('tabBin', `SELECT max(_id) AS _id, ${ctx.hash('opening-bin', 'max(_id)', 'max(nth)')} AS name, ${stamp}, 0 AS docstatus, item_code,
    warehouse, sum(moved) AS actual_qty, sum(moved) AS projected_qty, first(stock_uom) AS stock_uom, first(rate) AS valuation_rate,
    sum(amount) AS stock_value, ${zero('planned_qty', 'indented_qty', 'ordered_qty', 'reserved_qty', 'reserved_qty_for_production',
      'reserved_qty_for_sub_contract', 'reserved_qty_for_production_plan', 'reserved_stock')} FROM ${table} GROUP BY item_code, warehouse`)
  await ctx.insertRows('tabComment', `SELECT _id, comment_name AS name, ${stamp}, 0 AS docstatus, 'Comment' AS comment_type,
    ${literal(ctx.user)} AS comment_email, 0 AS published, 0 AS seen, 'Stock Entry' AS reference_doctype, voucher AS reference_name,
      'Opening Stock' AS content FROM ${table}`)
  await ctx.insertRows('tabVersion', `SELECT _id, ${name('opening-version')}, ${stamp}, 0 AS docstatus, 'Stock Entry' AS ref_doctype, voucher AS docname,
    '{"changed":[["docstatus",0,1]]}' AS data FROM ${table}`)
}

/** Documents of the batch that go on. */
export async function countLive(ctx: PostingContext): Promise<number> {
  return (await ctx.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${ctx.live}`))!.n
}

/**
 * Opening stock of a new item is a stock entry of today into its warehouse, at its valuation or standard rate. `live` is how many documents went
 * on when their rows had been written: where one has dropped out since, the batch is posted again, and no number must be drawn before that.
 */
export async function postOpeningStock(ctx: PostingContext, live: number): Promise<void> {
  if (!ctx.has('opening_stock')) return
  await findProblems(ctx)
  const series = (ctx.site.doctype('Stock Entry')?.field('naming_series')?.options ?? '').split('\n')[0]
  if (series !== 'MAT-STE-.YYYY.-') return findUnsupported(ctx, OPENING, 'stock entries of this site have a series of their own', 'opening_stock')
  const table = await gatherEntries(ctx)
  if (table === null || (await countLive(ctx)) < live) return
  await nameEntries(ctx, table, `MAT-STE-${ctx.today.slice(0, 4)}-`)
  await writeEntries(ctx, table)
}
