import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import type { Round } from '../orders/totals-batch.ts'
import { report } from './entry-rates.ts'
import { keepLedger } from './ledger-of.ts'
import type { Movement, Refusal, StockLedger, Voucher } from './ledger.ts'
import { postingMoment } from './posting-time.ts'
import { ledgerSettings, momentText, openLedger } from './shelves.ts'

interface Line {
  idx: number
  name: string
  item: string
  stocked: boolean
  warehouse: string
  rejectedWarehouse: string
  qty: number
  rejected: number
  factor: number
  net: number
  landed: number
  returned: string | null
  allowZero: boolean
  project: string | null
  tax: number
  valuation: number
  unitRate: number
}
/** Vouchers goods are received with: the column of their lines that names the line they return, and SQL over `d` that says whether they move stock. */
export interface ReceivingVoucher { returned: string; moves: string }
const RECEIPTS: ReceivingVoucher = { returned: 'purchase_receipt_item', moves: 'TRUE' }

interface Receipt { voucher: Voucher; submit: boolean; isReturn: boolean; taxes: number; lines: Line[] }

/**
 * What received goods are worth: their net amount and their share of the taxes that count for valuation; of submitted receipts the ledger entries. For the `named`
 * stage. Leaves the ledger to `ledgerOf`.
 */
export async function rateReceipts(ctx: PostingContext, way: ReceivingVoucher = RECEIPTS): Promise<void> {
  const documents = await readReceipts(ctx, way), refused: ({ id: number } & Refusal)[] = [], { round } = await ledgerSettings(ctx), meta = ctx.site.doctype(`${ctx.meta.name} Item`)
  const taxPlaces = fieldPrecision(ctx, meta, 'item_tax_amount'), qtyPlaces = fieldPrecision(ctx, meta, 'stock_qty'), unitPlaces = fieldPrecision(ctx, meta, 'stock_uom_rate'), items = ctx.child('items')
  const ledger = await openLedger(ctx, `SELECT i.item_code, w.warehouse FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent AND ${way.moves}, unnest([i.warehouse, i.rejected_warehouse]) w(warehouse) WHERE w.warehouse <> ''`, `SELECT min(${momentText(postingMoment('d'))}) FROM ${ctx.doc} d`)
  const before = await earlierReceipts(ctx)
  for (const document of documents) {
    value(document, round, taxPlaces)
    const refusal = document.submit ? enter(ledger, document, before, (qty) => round(qty, qtyPlaces)) : null
    if (refusal !== null) refused.push({ id: document.voucher.id, ...refusal })
  }
  await report(ctx, refused, 'on_submit')
  const all = documents.flatMap(({ voucher, lines }) => lines.map((line) => ({ parent: voucher.id, ...line })))
  const numbers = (name: string, values: number[]) => ({ name, kind: 'DOUBLE' as const, values }), keys = (name: string, values: number[]) => ({ name, kind: 'BIGINT' as const, values })
  await ctx.push(items, [keys('_parent', all.map((line) => line.parent)), keys('_idx', all.map((line) => line.idx))], [numbers('item_tax_amount', all.map((line) => line.tax)), numbers('valuation_rate', all.map((line) => line.valuation)),
    // On its way the site rounds every number of a line of stock to its field.
    numbers('stock_uom_rate', all.map((line) => (line.stocked && line.qty !== 0 ? round(line.unitRate, unitPlaces) : line.unitRate)))])
  keepLedger(ctx, ledger)
}

/** Taxes that count for valuation are spread over stock items by amount; the last takes what rounding left. */
function value({ lines, taxes }: Receipt, round: Round, places: number): void {
  const stocked = lines.filter((line) => line.stocked), qty = stocked.reduce((sum, line) => sum + line.qty, 0), amount = stocked.reduce((sum, line) => sum + line.net, 0), last = stocked.at(-1)
  let left = taxes
  for (const line of lines) {
    if (line.qty === 0 || !line.stocked) {
      line.valuation = 0
      continue
    }
    const share = amount !== 0 ? line.net / amount : line.qty / qty
    if (line === last) line.tax = round(left, places)
    else {
      line.tax = round(share * taxes, places)
      left -= line.tax
    }
    line.valuation = (line.net + line.tax + line.landed) / (line.qty * line.factor)
  }
}

function enter(ledger: StockLedger, { voucher, lines, isReturn }: Receipt, before: Map<string, number>, round: (qty: number) => number): Refusal | null {
  const movements: Movement[] = []
  for (const line of lines.filter(({ stocked }) => stocked)) {
    const common = { item: line.item, detail: line.name, allowZeroRate: line.allowZero, project: line.project }, qty = round(line.qty * line.factor)
    const returnedRate = before.get(`${line.returned}\u001f${line.warehouse}`) ?? ledger.posted.find(({ entry, movement }) => entry.detail === line.returned && movement.warehouse === line.warehouse)?.entry.incomingRate ?? 0
    if (line.warehouse !== '' && qty !== 0) movements.push({ ...common, warehouse: line.warehouse, actualQty: qty, ...(isReturn ? { incomingRate: 0, outgoingRate: returnedRate, recalculate: true } : { incomingRate: line.valuation }) })
    if (line.rejected !== 0) movements.push({ ...common, warehouse: line.rejectedWarehouse, actualQty: round(line.rejected * line.factor), incomingRate: 0 })
  }
  return movements.length > 0 ? ledger.post(voucher, movements) : null
}

/** Rates of the receipts that are taken back, by the name of their line and the warehouse. */
async function earlierReceipts(ctx: PostingContext): Promise<Map<string, number>> {
  if (!ctx.has('return_against')) return new Map()
  const rows = await ctx.staging.all<{ detail: string; warehouse: string; rate: number }>(`SELECT e.voucher_detail_no AS detail, e.warehouse, CAST(e.incoming_rate AS DOUBLE) AS rate FROM rows."tabStock Ledger Entry" e
    JOIN (SELECT DISTINCT return_against AS name FROM ${ctx.doc}) d ON d.name = e.voucher_no WHERE e.voucher_type = ${literal(ctx.meta.name)} AND COALESCE(e.is_cancelled, 0) = 0`)
  return new Map(rows.map((row) => [`${row.detail}\u001f${row.warehouse}`, row.rate]))
}

async function readReceipts(ctx: PostingContext, way: ReceivingVoucher): Promise<Receipt[]> {
  const documents = new Map<number, Receipt>()
  const taxes = `(SELECT _parent, SUM(base_tax_amount_after_discount_amount) AS amount FROM ${ctx.child('taxes')} WHERE category IN ('Valuation', 'Valuation and Total') GROUP BY _parent)`
  for await (const { count, columns } of ctx.staging.scan(`SELECT d._id, d.name, ${momentText(postingMoment('d'))}, d.company, d._submit AND ${way.moves}, COALESCE(d.is_return, 0) <> 0, COALESCE(t.amount, 0), i._idx, i.name, i.item_code, COALESCE(m.is_stock_item, 0) = 1, COALESCE(i.warehouse, ''),
      COALESCE(i.rejected_warehouse, ''), COALESCE(i.qty, 0), COALESCE(i.rejected_qty, 0), COALESCE(NULLIF(i.conversion_factor, 0), 1), COALESCE(i.base_net_amount, 0), COALESCE(i.landed_cost_voucher_amount, 0), NULLIF(i.${way.returned}, ''),
      COALESCE(i.allow_zero_valuation_rate, 0) <> 0, COALESCE(NULLIF(i.project, ''), NULLIF(d.project, '')), COALESCE(i.item_tax_amount, 0), COALESCE(i.stock_uom_rate, 0)
      FROM ${ctx.live} d JOIN ${ctx.child('items')} i ON i._parent = d._id LEFT JOIN rows."tabItem" m ON m.name = i.item_code LEFT JOIN ${taxes} t ON t._parent = d._id ORDER BY d._id, i._idx`)) {
    for (let r = 0; r < count; r++) {
      const at = (column: number) => columns[column]![r], id = Number(at(0)), text = (column: number) => at(column) as string | null
      let document = documents.get(id)
      if (document === undefined) {
        document = { voucher: { id, type: ctx.meta.name, name: String(at(1)), posting: String(at(2)), company: String(at(3)) }, submit: at(4) === true, isReturn: at(5) === true, taxes: Number(at(6)), lines: [] }
        documents.set(id, document)
      }
      document.lines.push({
        idx: Number(at(7)), name: String(at(8)), item: String(at(9)), stocked: at(10) === true, warehouse: String(at(11)), rejectedWarehouse: String(at(12)), qty: Number(at(13)), rejected: Number(at(14)), factor: Number(at(15)), net: Number(at(16)),
        landed: Number(at(17)), returned: text(18), allowZero: at(19) === true, project: text(20), tax: Number(at(21)), valuation: 0, unitRate: Number(at(22)),
      })
    }
  }
  return [...documents.values()]
}
