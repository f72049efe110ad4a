import type { PostingContext, PostingRule, Step } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { findFractions } from '../orders/order-checks.ts'
import { checkDifferenceAccounts, resetHeaderWarehouse, settleTransferQuantity, settleWarehouses, takeEntryItems } from '../stock/entry-items.ts'
import { settleAdditionalCosts } from '../stock/entry-costs.ts'
import { remarks, stockLedgerSteps } from '../stock/general-ledger.ts'
import { rateEntries } from '../stock/entry-rates.ts'
import { settlePostingTime } from '../stock/posting-time.ts'
import { checkStockEntries } from '../stock/submit-checks.ts'
import { findSerialized } from '../stock/serialized.ts'
import { additionalCostLines } from '../stock/entry-cost-lines.ts'
import { findForeign } from '../stock/foreign.ts'
import { findUnsupported } from './conditions.ts'

const PURPOSES = ['Material Issue', 'Material Receipt', 'Material Transfer', 'Material Transfer for Manufacture', 'Manufacture', 'Repack', 'Send to Subcontractor', 'Material Consumption for Manufacture', 'Disassemble']
const LINKED = ['work_order', 'job_card', 'purchase_order', 'subcontracting_order', 'pick_list', 'asset_repair', 'outgoing_stock_entry', 'bom_no'] as const
const LINKED_LINES = ['material_request', 'material_request_item', 'against_stock_entry', 'ste_detail', 'bom_no', 'quality_inspection', 'original_item', 'putaway_rule', 'job_card_item', 'po_detail', 'sco_rm_detail'] as const

async function findOtherKinds(ctx: PostingContext): Promise<void> {
  await findUnsupported(ctx, `COALESCE(purpose, '') IN (${PURPOSES.slice(3).map((purpose) => `'${purpose}'`).join(', ')})`, 'manufacture, repacking and subcontracting are not predicted', 'purpose')
  for (const field of LINKED) if (ctx.has(field)) await findUnsupported(ctx, filled(field), `entries for a ${ctx.meta.field(field)?.label ?? field} are not predicted`, field)
  for (const field of ['inspection_required', 'apply_putaway_rule', 'is_return', 'from_bom']) if (ctx.has(field)) await findUnsupported(ctx, truthy(field), `what ${ctx.meta.field(field)?.label ?? field} asks for is not predicted`, field)
  if (ctx.has('project')) await findUnsupported(ctx, `${filled('project')} AND purpose = 'Material Issue' AND _submit`, 'the material consumed by a project is not predicted', 'project')
  for (const field of LINKED_LINES) await findUnsupported(ctx, `_id IN (SELECT _parent FROM ${ctx.child('items')} WHERE ${filled(field)})`, `lines for a ${field.replaceAll('_', ' ')} are not predicted`, `items.${field}`)
}

async function findBadPurpose(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'purpose', message: `Purpose must be one of ${PURPOSES.join(', ')}`, hint: 'Map the stock entry type.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE COALESCE(purpose, '') NOT IN (${PURPOSES.map((purpose) => `'${purpose}'`).join(', ')})`,
  })
}

const validate = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
const MOVED = (ctx: PostingContext) => `SELECT i._parent AS id, i._idx AS line, i.item_code, w.warehouse FROM ${ctx.child('items')} i, unnest([i.s_warehouse, i.t_warehouse]) w(warehouse) JOIN ${ctx.doc} d ON d._id = i._parent WHERE d._submit AND w.warehouse <> ''`

/** Stock Entry: receipts, issues and transfers; what leaves at the rate it came in, additional costs on what arrives; on submit stock and general ledger. */
export const rule: PostingRule = {
  doctype: 'Stock Entry',
  reads: [
    'Item', 'Item Default', 'Item Group', 'Brand', 'Item Barcode', 'Item Price', 'UOM', 'UOM Conversion Detail', 'UOM Conversion Factor', 'Warehouse', 'Bin', 'Company', 'Account', 'Cost Center', 'Project', 'Fiscal Year', 'Fiscal Year Company',
    'Stock Ledger Entry', 'Stock Entry Type', 'Stock Reservation Entry', 'Inventory Dimension', 'Putaway Rule',
  ],
  writes: ['tabStock Ledger Entry', 'tabBin', 'tabGL Entry', 'tabRepost Item Valuation', 'tabVersion'],
  steps: [
    { stage: 'before_validate', pass: 'insert', id: 'kinds', run: findOtherKinds },
    validate('posting-time', settlePostingTime),
    validate('purpose', findBadPurpose),
    validate('serialized', (ctx) => findSerialized(ctx, 'items')),
    validate('items', takeEntryItems),
    validate('quantity', settleTransferQuantity),
    validate('whole-units', (ctx) => findFractions(ctx, [['uom', 'qty'], ['stock_uom', 'transfer_qty']])),
    validate('warehouses', settleWarehouses),
    validate('same-warehouse', async (ctx) => { await ctx.find({
      type: 'ValidationError', field: 'items.t_warehouse', hint: 'Correct one of the warehouses.',
      select: `SELECT i._parent AS id, i._idx AS idx, 'Source and target warehouse cannot be same for row ' || i._idx AS message FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE COALESCE(i.s_warehouse, '') = COALESCE(i.t_warehouse, '')
        AND d.purpose <> 'Material Transfer'`,
    }) }),
    validate('foreign', findForeign),
    validate('difference-accounts', checkDifferenceAccounts),
    validate('fields', async (ctx) => { await ctx.staging.run(`UPDATE ${ctx.doc} SET work_order = CASE WHEN purpose = 'Material Transfer' THEN work_order END, fg_completed_qty = CASE WHEN ${truthy('from_bom')} THEN fg_completed_qty ELSE 0 END`) }),
    validate('additional-costs', settleAdditionalCosts),
    validate('from-warehouse', (ctx) => resetHeaderWarehouse(ctx, 'from_warehouse', 's_warehouse')),
    validate('to-warehouse', (ctx) => resetHeaderWarehouse(ctx, 'to_warehouse', 't_warehouse')),
    { stage: 'named', id: 'submit-checks', run: (ctx) => checkStockEntries(ctx, MOVED(ctx)) },
    { stage: 'named', id: 'rates', run: rateEntries },
    ...stockLedgerSteps({
      expense: 'i.expense_account', center: 'i.cost_center', project: `COALESCE(NULLIF(i.project, ''), NULLIF(d.project, ''))`, opening: `COALESCE(NULLIF(d.is_opening, ''), 'No')`, subtype: 'd.stock_entry_type', remarks: remarks('d.remarks'),
      further: additionalCostLines,
    }),
  ],
}
