import { ident, literal, type ColumnData } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { ledgerOf } from './ledger-of.ts'
import type { StockLedger } from './ledger.ts'
import { fiscalYear, postingMoment } from './posting-time.ts'

const texts = (name: string, values: (string | null)[]): ColumnData => ({ name, kind: 'VARCHAR', values })
const numbers = (name: string, values: (number | null)[]): ColumnData => ({ name, kind: 'DOUBLE', values })
const ids = (name: string, values: (number | null)[]): ColumnData => ({ name, kind: 'BIGINT', values })

/** A scratch relation of these columns. */
async function relation(ctx: PostingContext, name: string, columns: ColumnData[]): Promise<string> {
  const table = ctx.scratch(name)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} (${columns.map((column) => `${ident(column.name)} ${column.kind}`).join(', ')})`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, columns)
  return table
}

const stamp = (ctx: PostingContext, at = `TIMESTAMP ${literal(ctx.now)}`) => `${at} AS creation, ${at} AS modified, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, 0 AS idx`

/**
 * Makes the relation of the entries the batch's documents wrote: `_id`, `_seq` (in order), `detail` (name of the child row), `warehouse`, `difference`, `qty`, `project` and the rest of the row.
 * Null when there are none.
 */
export async function stockEntries(ctx: PostingContext): Promise<string | null> {
  const posted = ledgerOf(ctx)?.posted ?? []
  if (posted.length === 0) return null
  return relation(ctx, 'stock_entries', [
    ids('_id', posted.map(({ voucher }) => voucher.id)), ids('_seq', posted.map((_, i) => i)), texts('item_code', posted.map(({ movement }) => movement.item)), texts('warehouse', posted.map(({ movement }) => movement.warehouse)),
    texts('detail', posted.map(({ movement }) => movement.detail)), texts('dependant', posted.map(({ movement }) => movement.dependant ?? null)), ids('recalculate', posted.map(({ movement }) => (movement.recalculate === true ? 1 : 0))),
    ids('adjustment', posted.map(({ movement }) => (movement.adjustment === undefined ? 0 : 1))), texts('project', posted.map(({ movement }) => movement.project ?? null)), numbers('qty', posted.map(({ entry }) => entry.actualQty)),
    numbers('after', posted.map(({ entry }) => entry.qtyAfter)), numbers('incoming_rate', posted.map(({ entry }) => entry.incomingRate)), numbers('outgoing_rate', posted.map(({ entry }) => entry.outgoingRate)),
    numbers('rate', posted.map(({ entry }) => entry.valuationRate)), numbers('value', posted.map(({ entry }) => entry.stockValue)), numbers('difference', posted.map(({ entry }) => entry.difference)), texts('queue', posted.map(({ entry }) => entry.queue)),
  ])
}

/** Writes what the stock ledger of the batch became: its entries, the bins, quantities of later entries, and the orders to value those anew. For the stage on_submit. */
export async function writeStockLedger(ctx: PostingContext): Promise<void> {
  const entries = await stockEntries(ctx)
  if (entries === null) return
  const ledger = ledgerOf(ctx)!, before = await ctx.staging.one<{ n: number }>('SELECT COUNT(*) AS n FROM rows."tabStock Ledger Entry"')
  // Entries of one moment are told apart by when they were made: each gets a microsecond of its own.
  const made = `TIMESTAMP ${literal(ctx.now)} + to_microseconds(${before!.n} + e._seq)`
  await ctx.insertRows('tabStock Ledger Entry', `SELECT e._id AS _id, ${ctx.hash('Stock Ledger Entry', 'e._id', 'e._seq')} AS name, ${stamp(ctx, made)}, 1 AS docstatus, e.item_code, e.warehouse, d.posting_date, COALESCE(d.posting_time, TIME '00:00:00') AS posting_time,
    ${postingMoment('d')} AS posting_datetime, ${literal(ctx.meta.name)} AS voucher_type, d.name AS voucher_no, e.detail AS voucher_detail_no, e.dependant AS dependant_sle_voucher_detail_no, e.recalculate AS recalculate_rate,
    e.adjustment AS is_adjustment_entry, 0 AS auto_created_serial_and_batch_bundle, to_stored(e.qty) AS actual_qty, to_stored(e.after) AS qty_after_transaction, to_stored(e.incoming_rate) AS incoming_rate, to_stored(e.outgoing_rate) AS outgoing_rate,
    to_stored(e.rate) AS valuation_rate, to_stored(e.value) AS stock_value, to_stored(e.difference) AS stock_value_difference, e.queue AS stock_queue, d.company, m.stock_uom, e.project, ${fiscalYear('d')} AS fiscal_year,
    0 AS has_batch_no, 0 AS has_serial_no, 0 AS is_cancelled, 1 AS to_rename FROM ${entries} e JOIN ${ctx.live} d ON d._id = e._id JOIN rows."tabItem" m ON m.name = e.item_code ORDER BY e._seq`)
  await writeBins(ctx, ledger)
  await shiftEntries(ctx, ledger)
  await orderReposts(ctx, entries, ledger)
}

const OTHERS = ['ordered_qty', 'indented_qty', 'planned_qty', 'reserved_qty', 'reserved_qty_for_production', 'reserved_qty_for_sub_contract', 'reserved_qty_for_production_plan'] as const

async function writeBins(ctx: PostingContext, ledger: StockLedger): Promise<void> {
  const touched = [...ledger.shelves].filter((shelf) => shelf.touchedBy !== null)
  const bins = await relation(ctx, 'bins', [
    ids('_id', touched.map((shelf) => shelf.createdBy ?? shelf.touchedBy)), ids('last', touched.map((shelf) => shelf.touchedBy)), ids('nth', touched.map((_, i) => i)), texts('item_code', touched.map((shelf) => shelf.item.name)),
    texts('warehouse', touched.map((shelf) => shelf.warehouse)), numbers('actual_qty', touched.map((shelf) => shelf.bin.actualQty)), numbers('valuation_rate', touched.map((shelf) => shelf.bin.valuationRate)),
    numbers('stock_value', touched.map((shelf) => shelf.bin.stockValue)),
  ])
  const known = `FROM ${bins} s JOIN rows."tabBin" b ON b.item_code = s.item_code AND b.warehouse = s.warehouse`
  for (const column of ['actual_qty', 'valuation_rate', 'stock_value']) await ctx.updateRows('tabBin', column, `SELECT s.last AS id, b.name AS "key", to_stored(s.${column}) AS "after" ${known}`)
  const promised = OTHERS.map((field) => `${field.startsWith('reserved') ? '-' : '+'} COALESCE(b.${field}, 0)`).join(' ')
  await ctx.updateRows('tabBin', 'projected_qty', `SELECT s.last AS id, b.name AS "key", CAST(to_stored(s.actual_qty) ${promised} AS DECIMAL(21,9)) AS "after" ${known}`)
  await ctx.insertRows('tabBin', `SELECT s._id AS _id, ${ctx.hash('Bin', 's._id', 's.nth')} AS name, ${stamp(ctx)}, 0 AS docstatus, s.item_code, s.warehouse, m.stock_uom, to_stored(s.actual_qty) AS actual_qty, to_stored(s.actual_qty) AS projected_qty,
    to_stored(s.valuation_rate) AS valuation_rate, to_stored(s.stock_value) AS stock_value, ${OTHERS.map((field) => `0 AS ${field}`).join(', ')}, 0 AS reserved_stock
    FROM ${bins} s JOIN rows."tabItem" m ON m.name = s.item_code WHERE NOT EXISTS (SELECT 1 FROM rows."tabBin" b WHERE b.item_code = s.item_code AND b.warehouse = s.warehouse)`)
}

/** Later entries that were there carry the quantity on. */
async function shiftEntries(ctx: PostingContext, ledger: StockLedger): Promise<void> {
  const shifted = [...ledger.shelves].flatMap((shelf) => shelf.entries.filter((entry) => entry.changedBy !== null && entry.name !== null))
  if (shifted.length === 0) return
  const table = await relation(ctx, 'shifted', [ids('_id', shifted.map((entry) => entry.changedBy)), texts('name', shifted.map((entry) => entry.name)), numbers('after', shifted.map((entry) => entry.qtyAfter))])
  await ctx.updateRows('tabStock Ledger Entry', 'qty_after_transaction', `SELECT _id AS id, name AS "key", to_stored("after") AS "after" FROM ${table}`)
}

/** The site values later entries anew in the background; the order to do so is a document of its own: one for the voucher or, where the site says so, one for each item and warehouse it moved. */
async function orderReposts(ctx: PostingContext, entries: string, ledger: StockLedger): Promise<void> {
  if (ledger.reposts.length === 0) return
  const table = await relation(ctx, 'reposts', [ids('_id', ledger.reposts.map((voucher) => voucher.id))]), byItem = Number(ctx.site.single('Stock Reposting Settings')['item_based_reposting'] ?? 0) !== 0
  const about = byItem ? `'Item and Warehouse' AS based_on, r.item_code, r.warehouse, (SELECT w.company FROM rows."tabWarehouse" w WHERE w.name = r.warehouse) AS company` : `'Transaction' AS based_on, ${literal(ctx.meta.name)} AS voucher_type, d.name AS voucher_no, d.company`
  const orders = byItem ? `(SELECT o._id, e.item_code, e.warehouse, row_number() OVER (PARTITION BY o._id ORDER BY min(e._seq)) - 1 AS nth FROM ${table} o JOIN ${entries} e ON e._id = o._id GROUP BY o._id, e.item_code, e.warehouse)` : `(SELECT _id, 0 AS nth FROM ${table})`
  await ctx.insertRows('tabRepost Item Valuation', `SELECT d._id AS _id, ${ctx.hash('Repost Item Valuation', 'd._id', 'r.nth')} AS name, ${stamp(ctx)}, 1 AS docstatus, ${about},
    d.posting_date, COALESCE(d.posting_time, TIME '00:00:00') AS posting_time, 'Queued' AS status, 1 AS allow_negative_stock, 0 AS via_landed_cost_voucher, 0 AS allow_zero_rate, 0 AS recreate_stock_ledgers, 0 AS total_reposting_count,
    0 AS current_index, 0 AS gl_reposting_index FROM ${orders} r JOIN ${ctx.live} d ON d._id = r._id`)
}
