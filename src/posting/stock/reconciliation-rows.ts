import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { report } from './entry-rates.ts'
import { keepLedger } from './ledger-of.ts'
import type { Movement, Refusal, StockLedger, Voucher } from './ledger.ts'
import { postingMoment } from './posting-time.ts'
import { ledgerSettings, momentText, openLedger } from './shelves.ts'

interface Row {
  idx: number
  name: string
  item: string
  warehouse: string
  /** null: not given, the stock's own stays. */
  qty: number | null
  rate: number | null
  allowZero: boolean
  provided: boolean
  currentQty: number
  currentRate: number
  amount: number
  currentAmount: number
  kept: boolean
}

interface Reconciliation { voucher: Voucher; submit: boolean; opening: boolean; expense: boolean; rows: Row[]; difference: number }

interface Arithmetic { qty: (value: number) => number; rate: (value: number) => number; currentQty: (value: number) => number; currentRate: (value: number) => number }

/**
 * Compares what reconciliations found with the stock at their moment, one document after another: rows without a change drop out, missing values are the stock's own;
 * of submitted ones the ledger entries. For the `named` stage. Leaves the ledger to `ledgerOf`.
 */
export async function reconcile(ctx: PostingContext): Promise<void> {
  const documents = await readDocuments(ctx), { round } = await ledgerSettings(ctx), meta = ctx.site.doctype('Stock Reconciliation Item')
  const rounded = (field: string) => { const places = fieldPrecision(ctx, meta, field); return (value: number) => round(value, places) }
  const math: Arithmetic = { qty: rounded('qty'), rate: rounded('valuation_rate'), currentQty: rounded('current_qty'), currentRate: rounded('current_valuation_rate') }
  const ledger = await openLedger(ctx, `SELECT item_code, warehouse FROM ${ctx.child('items')}`, `SELECT min(${momentText(postingMoment('d'))}) FROM ${ctx.doc} d`)
  const first = await ctx.staging.one('SELECT 1 FROM rows."tabStock Ledger Entry" LIMIT 1') === undefined
  const validate: ({ id: number } & Refusal)[] = [], submit: typeof validate = []
  for (const document of documents) {
    const refusal = compare(ledger, document, math, first && ledger.posted.length === 0)
    if (refusal !== null) {
      validate.push({ id: document.voucher.id, ...refusal })
      continue
    }
    const late = document.submit ? enter(ledger, document, math) : null
    if (late !== null) submit.push({ id: document.voucher.id, ...late })
  }
  await report(ctx, validate, 'validate')
  await report(ctx, submit, 'on_submit')
  await writeRows(ctx, documents)
  keepLedger(ctx, ledger)
}

async function readDocuments(ctx: PostingContext): Promise<Reconciliation[]> {
  const documents = new Map<number, Reconciliation>()
  for await (const { count, columns } of ctx.staging.scan(`SELECT d._id, d.name, ${momentText(postingMoment('d'))}, d.company, d._submit, d.purpose = 'Opening Stock', COALESCE(k.report_type = 'Profit and Loss', FALSE), i._idx, i.name, i.item_code, i.warehouse, i.qty,
      i.valuation_rate, COALESCE(i.allow_zero_valuation_rate, 0) <> 0, COALESCE(m.is_customer_provided_item, 0) <> 0, COALESCE(i.current_qty, 0), COALESCE(i.current_valuation_rate, 0) FROM ${ctx.live} d JOIN ${ctx.child('items')} i ON i._parent = d._id
      LEFT JOIN rows."tabItem" m ON m.name = i.item_code LEFT JOIN rows."tabAccount" k ON k.name = d.expense_account ORDER BY d._id, i._idx`)) {
    for (let r = 0; r < count; r++) {
      const at = (column: number) => columns[column]![r], id = Number(at(0)), number = (column: number) => (at(column) === null ? null : Number(at(column)))
      let document = documents.get(id)
      if (document === undefined) {
        document = {
          voucher: { id, type: 'Stock Reconciliation', name: String(at(1)), posting: String(at(2)), company: String(at(3)) }, submit: at(4) === true, opening: at(5) === true, expense: at(6) === true, rows: [], difference: 0,
        }
        documents.set(id, document)
      }
      document.rows.push({
        idx: Number(at(7)), name: String(at(8)), item: String(at(9)), warehouse: String(at(10)), qty: number(11), rate: number(12), allowZero: at(13) === true || at(14) === true, provided: at(14) === true,
        currentQty: Number(at(15)), currentRate: Number(at(16)), amount: 0, currentAmount: 0, kept: true,
      })
    }
  }
  return [...documents.values()]
}

function compare(ledger: StockLedger, document: Reconciliation, math: Arithmetic, first: boolean): Refusal | null {
  const { voucher, rows } = document
  for (const row of rows) {
    const was = ledger.previous(row.item, row.warehouse, voucher.posting), stock = { qty: was?.qtyAfter ?? 0, rate: was?.valuationRate ?? 0 }
    if (stock.qty === 0 && !row.qty && !row.rate && row.currentQty === 0 && Math.abs(ledger.valueMoved(row.item, row.warehouse, voucher)) > 0) continue
    row.kept = !((row.qty === null || row.qty === stock.qty) && (row.rate === null || row.rate === stock.rate))
    if (!row.kept) continue
    row.qty ??= stock.qty
    row.rate ??= stock.rate
    row.currentQty = stock.qty
    row.currentRate = stock.rate
    document.difference += math.qty(row.qty) * math.rate(row.rate !== 0 ? row.rate : stock.rate) - math.qty(stock.qty) * math.rate(stock.rate)
  }
  if (!rows.some((row) => row.kept)) return { type: 'EmptyStockReconciliationItemsError', message: 'None of the items have any change in quantity or value.' }
  if ((document.opening || first) && document.expense) {
    return { type: 'OpeningEntryAccountError', message: 'Difference Account must be a Asset/Liability type account, since this Stock Reconciliation is an Opening Entry' }
  }
  for (const row of rows) {
    if (row.provided) row.rate = 0
    row.amount = math.qty(row.qty ?? 0) * math.rate(row.rate ?? 0)
    row.currentAmount = math.currentQty(row.currentQty) * math.currentRate(row.currentRate)
  }
  return null
}

/** The ledger entries of a submitted reconciliation: balances, not movements. */
function enter(ledger: StockLedger, { voucher, rows }: Reconciliation, math: Arithmetic): Refusal | null {
  const movements: Movement[] = []
  for (const row of rows.filter(({ kept }) => kept)) {
    const common = { item: row.item, warehouse: row.warehouse, detail: row.name, actualQty: 0, incomingRate: 0, balance: { qty: math.qty(row.qty ?? 0), rate: math.rate(row.rate ?? 0) } }
    if (!row.qty && !row.rate && row.currentQty === 0) {
      const value = ledger.valueMoved(row.item, row.warehouse, voucher)
      if (value !== 0) movements.push({ ...common, adjustment: -value })
      continue
    }
    const was = ledger.previous(row.item, row.warehouse, voucher.posting)
    if (row.qty && !row.rate && !row.allowZero) return { type: 'ValidationError', message: `Valuation Rate required for Item ${row.item} at row ${row.idx}` }
    if (was === undefined ? !row.qty : row.qty === was.qtyAfter && (row.rate === was.valuationRate || row.qty === 0)) continue
    movements.push(common)
  }
  if (movements.length === 0) return { type: 'ValidationError', message: 'No stock ledger entries were created. Please set the quantity or valuation rate for the items properly and try again.' }
  return ledger.post(voucher, movements)
}

async function writeRows(ctx: PostingContext, documents: Reconciliation[]): Promise<void> {
  const items = ctx.child('items'), rows = documents.flatMap(({ voucher, rows: list }) => {
    let place = 0
    return list.map((row) => ({ parent: voucher.id, place: row.kept ? ++place : 0, ...row }))
  })
  const numbers = (name: string, values: (number | null)[]) => ({ name, kind: 'DOUBLE' as const, values }), keys = (name: string, values: number[]) => ({ name, kind: 'BIGINT' as const, values })
  await ctx.push(items, [keys('_parent', rows.map((row) => row.parent)), keys('_idx', rows.map((row) => row.idx))], [
    keys('idx', rows.map((row) => row.place)), numbers('qty', rows.map((row) => row.qty)), numbers('valuation_rate', rows.map((row) => row.rate)), numbers('amount', rows.map((row) => row.amount)),
    numbers('current_qty', rows.map((row) => row.currentQty)), numbers('current_valuation_rate', rows.map((row) => row.currentRate)), numbers('current_amount', rows.map((row) => row.currentAmount)),
    numbers('amount_difference', rows.map((row) => row.amount - row.currentAmount)), { name: 'quantity_difference', kind: 'VARCHAR', values: rows.map((row) => String((row.qty ?? 0) - row.currentQty)) },
    keys('allow_zero_valuation_rate', rows.map((row) => (row.allowZero ? 1 : 0))),
  ])
  await ctx.staging.run(`DELETE FROM ${items} WHERE idx = 0`)
  await ctx.recount('items')
  await ctx.push(ctx.doc, [keys('_id', documents.map((document) => document.voucher.id))], [numbers('difference_amount', documents.map((document) => document.difference))])
}
