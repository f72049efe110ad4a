import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { fiscalYear } from './posting-time.ts'

/** What a stock ledger entry is refused for, whatever it moves. `moved` is a SELECT of `id`, `line`, `item_code`, `warehouse` of submitted documents. For the `named` stage. */
export async function checkStockEntries(ctx: PostingContext, moved: string): Promise<void> {
  const at = { stage: 'on_submit' as const, causeByValue: true }, from = `FROM (${moved}) s JOIN rows."tabWarehouse" w ON w.name = s.warehouse JOIN ${ctx.live} d ON d._id = s.id`
  await ctx.find({
    ...at, type: 'FiscalYearError', field: 'posting_date', hint: 'Create the fiscal year first.',
    select: `SELECT d._id AS id, CAST(d.posting_date AS VARCHAR) AS "value", 'Date ' || d.posting_date || ' is not in any active Fiscal Year for ' || d.company AS message FROM ${ctx.live} d WHERE d._submit AND ${fiscalYear('d')} IS NULL`,
  })
  await ctx.find({
    ...at, type: 'ValidationError', field: 'items.warehouse', hint: 'Enable the warehouse for the migration.',
    select: `SELECT s.id AS id, s.line AS idx, s.warehouse AS "value", 'Disabled Warehouse ' || s.warehouse || ' cannot be used for this transaction.' AS message ${from} WHERE w.disabled = 1`,
  })
  await ctx.find({
    ...at, type: 'InvalidWarehouseCompany', field: 'items.warehouse', hint: 'Use a warehouse of the document\'s company.',
    select: `SELECT s.id AS id, s.line AS idx, s.warehouse AS "value", 'Warehouse ' || s.warehouse || ' does not belong to company ' || d.company AS message ${from} WHERE ${filled('w.company')} AND w.company <> d.company`,
  })
  await ctx.find({
    ...at, type: 'ValidationError', field: 'items.warehouse', hint: 'Use a warehouse below the group.', message: 'Group node warehouse is not allowed to select for transactions',
    select: `SELECT s.id AS id, s.line AS idx, s.warehouse AS "value" ${from} WHERE w.is_group = 1`,
  })
  await ctx.find({
    ...at, type: 'ItemTemplateCannotHaveStock', field: 'items.item_code', hint: 'Move the variants.',
    select: `SELECT s.id AS id, s.line AS idx, s.item_code AS "value", 'Stock cannot exist for Item ' || s.item_code || ' since has variants' AS message FROM (${moved}) s JOIN rows."tabItem" m ON m.name = s.item_code WHERE m.has_variants = 1`,
  })
  await checkFrozen(ctx)
  await findUnpredicted(ctx, moved)
}

async function checkFrozen(ctx: PostingContext): Promise<void> {
  const settings = ctx.site.single('Stock Settings'), upto = settings['stock_frozen_upto'], days = Number(settings['stock_frozen_upto_days'] ?? 0), role = settings['stock_auth_role']
  if (role) return
  const spec = { stage: 'on_submit' as const, type: 'StockFreezeError', field: 'posting_date', hint: 'Clear the freezing of stock in Stock Settings for the migration.' }
  if (upto) await ctx.find({ ...spec, message: `Stock transactions before ${String(upto)} are frozen`, select: `SELECT _id AS id FROM ${ctx.live} d WHERE _submit AND posting_date <= DATE ${literal(upto as string)}` })
  if (days !== 0) await ctx.find({
    ...spec, message: `Not allowed to update stock transactions older than ${days}`, select: `SELECT _id AS id FROM ${ctx.live} d WHERE _submit AND posting_date + ${days} <= DATE ${literal(ctx.today)}`,
  })
}

/** Features of the site that change what the stock ledger holds: said, not guessed. */
async function findUnpredicted(ctx: PostingContext, moved: string): Promise<void> {
  const settings = ctx.site.single('Stock Settings'), submitted = `SELECT _id AS id FROM ${ctx.live} d WHERE _submit`
  const unsupported = (message: string, select: string) => ctx.find({ type: 'unsupported', stage: 'on_submit', message, hint: 'Load such documents through the site itself.', select })
  if (settings['role_allowed_to_create_edit_back_dated_transactions']) await unsupported('Who may post to earlier dates is limited by a role', submitted)
  for (const [table, reason] of [['Inventory Dimension', 'The site has Inventory Dimensions'], ['Putaway Rule', 'Putaway Rules limit what warehouses hold']] as const) {
    if (ctx.site.doctype(table) !== undefined && await ctx.staging.exists(`rows."tab${table}"`) && await ctx.staging.one(`SELECT 1 FROM rows."tab${table}" LIMIT 1`) !== undefined) await unsupported(reason, submitted)
  }
  if (await ctx.staging.exists('rows."tabStock Reservation Entry"') && await ctx.staging.one('SELECT 1 FROM rows."tabStock Reservation Entry" WHERE docstatus = 1 LIMIT 1') !== undefined) await unsupported('Stock is reserved by Stock Reservation Entries', submitted)
  await unsupported('Entries of serial numbers and batches are not predicted', `SELECT DISTINCT s.id AS id FROM (${moved}) s JOIN rows."tabStock Ledger Entry" e ON e.item_code = s.item_code AND e.warehouse = s.warehouse WHERE ${filled('e.serial_and_batch_bundle')} OR ${filled('e.serial_no')} OR ${filled('e.batch_no')}`)
}
