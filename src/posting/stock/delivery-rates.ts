import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { report } from './entry-rates.ts'
import { keepLedger } from './ledger-of.ts'
import type { Movement, Refusal, Voucher } from './ledger.ts'
import { postingMoment } from './posting-time.ts'
import { ledgerSettings, momentText, openLedger } from './shelves.ts'

interface Line { idx: number; name: string; item: string; warehouse: string; qty: number; given: number; rate: number; allowZero: boolean; returned: string | null; project: string | null; incoming: number; actual: number; fallback: number }
interface Delivery { voucher: Voucher; submit: boolean; moves: boolean; isReturn: boolean; against: string | null; lines: Line[] }

/** How a kind of document delivers: SQL over documents `d`, whether it moves stock; SQL over lines `i`, the line it takes back; the rate a return costs where nothing else is known. */
export interface DeliveryKind { moves: string; returned: string; given: string }
const NOTES: DeliveryKind = { moves: 'TRUE', returned: 'i.dn_detail', given: 'i.rate' }

/**
 * What deliveries cost, one document after another: each line's rate from the stock at its moment (a return's from the delivery it takes back), and the stock
 * there was; of submitted ones the ledger entries. For the `named` stage. Leaves the ledger to `ledgerOf`.
 */
export async function rateDeliveries(ctx: PostingContext, kind: DeliveryKind = NOTES): Promise<void> {
  const documents = await readDeliveries(ctx, kind), refused: ({ id: number } & Refusal)[] = []
  const ledger = await openLedger(ctx, `SELECT i.item_code, i.warehouse FROM ${ctx.child('items')} i UNION SELECT e.item_code, e.warehouse FROM ${ctx.doc} d JOIN rows."tabStock Ledger Entry" e ON e.voucher_no = d.return_against`,
    `SELECT min(${momentText(postingMoment('d'))}) FROM ${ctx.doc} d`)
  const before = await earlierDeliveries(ctx), { round } = await ledgerSettings(ctx), places = fieldPrecision(ctx, ctx.site.doctype(`${ctx.meta.name} Item`), 'incoming_rate')
  for (const { voucher, isReturn, against, lines, submit, moves } of documents) {
    for (const line of lines) {
      const shelf = ledger.shelf(line.item, line.warehouse)
      line.actual = shelf === undefined || (shelf.bin.name === null && shelf.createdBy === null) ? 0 : shelf.bin.actualQty
      const average = shelf?.item.method === 'Moving Average'
      if (against === null || (average && isReturn)) {
        if (line.incoming === 0 || (average && isReturn)) {
          const found = shelf === undefined ? line.fallback : ledger.incomingRate(line.item, line.warehouse, isReturn ? line.qty : -line.qty, voucher, line.allowZero, false)
          line.incoming = typeof found === 'number' ? found : 0
        }
        if (line.incoming === 0 && isReturn && against === null && !line.allowZero) line.incoming = line.given
      } else {
        line.incoming = line.returned === null ? 0 : Math.abs(before.get(line.returned) ?? rateOf(ledger.posted.find(({ entry }) => entry.detail === line.returned)?.entry) ?? 0)
      }
      // The totals, calculated after the rates, round every amount of a line to its field.
      line.incoming = round(line.incoming, places)
    }
    if (!submit || !moves) continue
    const movements: Movement[] = lines.filter((line) => line.qty !== 0).map((line) => ({
      item: line.item, warehouse: line.warehouse, detail: line.name, actualQty: -line.qty, incomingRate: line.incoming, recalculate: isReturn, allowZeroRate: line.allowZero, project: line.project,
    }))
    const refusal = movements.length > 0 ? ledger.post(voucher, movements) : null
    if (refusal !== null) refused.push({ id: voucher.id, ...refusal })
  }
  await report(ctx, refused, 'on_submit')
  const all = documents.flatMap(({ voucher, lines, moves }) => lines.map((line) => ({ parent: voucher.id, moves, ...line }))), moving = all.filter((line) => line.moves)
  const numbers = (name: string, values: number[]) => ({ name, kind: 'DOUBLE' as const, values }), keys = (name: string, values: number[]) => ({ name, kind: 'BIGINT' as const, values })
  await ctx.push(ctx.child('items'), [keys('_parent', all.map((line) => line.parent)), keys('_idx', all.map((line) => line.idx))], [numbers('incoming_rate', all.map((line) => line.incoming))])
  await ctx.push(ctx.child('items'), [keys('_parent', moving.map((line) => line.parent)), keys('_idx', moving.map((line) => line.idx))], [numbers('actual_qty', moving.map((line) => line.actual))])
  keepLedger(ctx, ledger)
}

const rateOf = (entry: { difference: number; actualQty: number } | undefined) => (entry === undefined ? undefined : entry.difference / entry.actualQty)

/** Cost per unit of the deliveries that are taken back, by the name of their line. */
async function earlierDeliveries(ctx: PostingContext): Promise<Map<string, number>> {
  if (!ctx.has('return_against')) return new Map()
  const rows = await ctx.staging.all<{ detail: string; rate: number }>(`SELECT e.voucher_detail_no AS detail, CAST(any_value(e.stock_value_difference) AS DOUBLE) / CAST(any_value(e.actual_qty) AS DOUBLE) AS rate FROM rows."tabStock Ledger Entry" e
    JOIN (SELECT DISTINCT return_against AS name FROM ${ctx.doc}) d ON d.name = e.voucher_no WHERE e.voucher_type = ${literal(ctx.meta.name)} AND COALESCE(e.is_cancelled, 0) = 0 AND e.actual_qty <> 0 GROUP BY e.voucher_detail_no`)
  return new Map(rows.map((row) => [row.detail, row.rate]))
}

async function readDeliveries(ctx: PostingContext, kind: DeliveryKind): Promise<Delivery[]> {
  const documents = new Map<number, Delivery>()
  for await (const { count, columns } of ctx.staging.scan(`SELECT d._id, d.name, ${momentText(postingMoment('d'))}, d.company, d._submit, COALESCE(d.is_return, 0) <> 0, NULLIF(d.return_against, ''), i._idx, i.name, i.item_code, COALESCE(i.warehouse, ''),
      COALESCE(i.stock_qty, 0), COALESCE(${kind.given}, 0), COALESCE(i.allow_zero_valuation_rate, 0) <> 0, NULLIF(${kind.returned}, ''), NULLIF(d.project, ''), COALESCE(i.incoming_rate, 0), ${kind.moves}, COALESCE(NULLIF(CAST(m.valuation_rate AS DOUBLE), 0), NULLIF(CAST(m.standard_rate AS DOUBLE), 0), p.rate, 0)
      FROM ${ctx.live} d JOIN ${ctx.child('items')} i ON i._parent = d._id JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1
      LEFT JOIN (SELECT item_code, any_value(CAST(price_list_rate AS DOUBLE)) AS rate FROM rows."tabItem Price" WHERE buying = 1 GROUP BY item_code) p ON p.item_code = i.item_code ORDER BY d._id, i._idx`)) {
    for (let r = 0; r < count; r++) {
      const at = (column: number) => columns[column]![r], id = Number(at(0)), text = (column: number) => at(column) as string | null
      let document = documents.get(id)
      if (document === undefined) {
        document = { voucher: { id, type: ctx.meta.name, name: String(at(1)), posting: String(at(2)), company: String(at(3)) }, submit: at(4) === true, moves: at(17) === true, isReturn: at(5) === true, against: text(6), lines: [] }
        documents.set(id, document)
      }
      document.lines.push({
        idx: Number(at(7)), name: String(at(8)), item: String(at(9)), warehouse: String(at(10)), qty: Number(at(11)), given: Number(at(12)), rate: 0, allowZero: at(13) === true, returned: text(14), project: text(15), incoming: Number(at(16)), actual: 0, fallback: Number(at(18)),
      })
    }
  }
  return [...documents.values()]
}
