import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'
import type { Round } from '../orders/totals-batch.ts'
import { type Movement, type Refusal, StockLedger, type Voucher } from './ledger.ts'
import { keepLedger } from './ledger-of.ts'
import { momentText, openLedger } from './shelves.ts'
import { postingMoment } from './posting-time.ts'

interface Line {
  idx: number
  name: string
  item: string
  from: string | null
  to: string | null
  qty: number
  rate: number
  allowZero: boolean
  manual: boolean
  project: string | null
  amount: number
  extra: number
  total: number
  valuation: number
}

interface EntryDocument { voucher: Voucher; submit: boolean; costs: number; project: string | null; lines: Line[]; incoming: number; outgoing: number; sum: number }

interface Places { basic: number; amount: number }

/**
 * Rates of Stock Entries, one document after another, since what leaves is valued at what came in before: basic rates, additional costs, amounts and totals; of
 * submitted ones the ledger entries. For the `named` stage. Leaves the ledger to `ledgerOf`.
 */
export async function rateEntries(ctx: PostingContext): Promise<void> {
  const documents = await readDocuments(ctx), detail = ctx.site.doctype('Stock Entry Detail')
  const places: Places = { basic: fieldPrecision(ctx, detail, 'basic_amount'), amount: fieldPrecision(ctx, detail, 'amount') }
  const round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null)
  const pairs = `SELECT i.item_code, w.warehouse FROM ${ctx.child('items')} i, unnest([i.s_warehouse, i.t_warehouse]) w(warehouse) WHERE w.warehouse <> ''`
  const ledger = await openLedger(ctx, pairs, `SELECT min(${momentText(postingMoment('d'))}) FROM ${ctx.doc} d`)
  const validate: { id: number; message: string; type: string }[] = [], submit: typeof validate = []
  for (const document of documents) {
    const refusal = rate(ledger, document, round, places)
    if (refusal !== null) {
      validate.push({ id: document.voucher.id, ...refusal })
      continue
    }
    const late = document.submit ? ledger.post(document.voucher, movementsOf(document)) : null
    if (late !== null) submit.push({ id: document.voucher.id, ...late })
  }
  await report(ctx, validate, 'validate')
  await report(ctx, submit, 'on_submit')
  await writeRates(ctx, documents)
  keepLedger(ctx, ledger)
}

/** Findings of documents refused while they were posted one after another, by the site's type. */
export async function report(ctx: PostingContext, refused: { id: number; message: string; type: string }[], stage: 'validate' | 'on_submit'): Promise<void> {
  for (const type of new Set(refused.map((one) => one.type))) {
    await ctx.findAll({ type, stage, field: 'items', hint: type === 'NegativeStockError' ? 'Load what came in first, or allow negative stock for the migration.' : undefined }, refused.filter((one) => one.type === type))
  }
}

async function readDocuments(ctx: PostingContext): Promise<EntryDocument[]> {
  const costs = `(SELECT _parent, SUM(base_amount) AS amount FROM ${ctx.child('additional_costs')} GROUP BY _parent)`
  const documents = new Map<number, EntryDocument>()
  for await (const { count, columns } of ctx.staging.scan(`SELECT d._id, d.name, ${momentText(postingMoment('d'))}, d.company, d._submit, COALESCE(c.amount, 0), d.project, i._idx, i.name, i.item_code, NULLIF(i.s_warehouse, ''), NULLIF(i.t_warehouse, ''),
      COALESCE(i.transfer_qty, 0), COALESCE(i.basic_rate, 0), COALESCE(i.allow_zero_valuation_rate, 0) <> 0, COALESCE(i.set_basic_rate_manually, 0) <> 0, NULLIF(i.project, '')
      FROM ${ctx.live} d JOIN ${ctx.child('items')} i ON i._parent = d._id LEFT JOIN ${costs} c ON c._parent = d._id ORDER BY d._id, i._idx`)) {
    for (let r = 0; r < count; r++) {
      const at = (column: number) => columns[column]![r], id = Number(at(0)), text = (column: number) => at(column) as string | null
      let document = documents.get(id)
      if (document === undefined) {
        document = {
          voucher: { id, type: 'Stock Entry', name: String(at(1)), posting: String(at(2)), company: String(at(3)) }, submit: at(4) === true, costs: Number(at(5)), project: text(6), lines: [], incoming: 0, outgoing: 0, sum: 0,
        }
        documents.set(id, document)
      }
      document.lines.push({
        idx: Number(at(7)), name: String(at(8)), item: String(at(9)), from: text(10), to: text(11), qty: Number(at(12)), rate: Number(at(13)), allowZero: at(14) === true, manual: at(15) === true, project: text(16),
        amount: 0, extra: 0, total: 0, valuation: 0,
      })
    }
  }
  return [...documents.values()]
}

/** Rates and amounts of a document as validate leaves them; the refusal where a rate is needed and there is none. */
function rate(ledger: StockLedger, document: EntryDocument, round: Round, places: Places): Refusal | null {
  const { voucher, lines } = document
  for (const line of lines) {
    if (line.from === null) continue
    const found = ledger.incomingRate(line.item, line.from, -line.qty, voucher, line.allowZero, true)
    if (typeof found !== 'number') return found
    if (found >= 0) line.rate = found
    line.amount = round(line.qty * line.rate, places.basic)
  }
  for (const line of lines) {
    if (line.from !== null || line.manual) continue
    if (line.allowZero) line.rate = 0
    else if (line.rate === 0) {
      // The first save of a document asks for no rate; its submission does.
      const found = ledger.valuationRate(line.item, line.to ?? '', voucher, false, document.submit)
      if (typeof found !== 'number') return found
      line.rate = found
    }
    line.amount = round(line.qty * line.rate, places.basic)
  }
  distribute(document, round, places)
  return null
}

/** Additional costs go to what comes in, by its value. */
function distribute(document: EntryDocument, round: Round, places: Places): void {
  const { lines, costs } = document, incoming = lines.reduce((sum, line) => sum + (line.to === null ? 0 : line.amount), 0)
  for (const line of lines) {
    if (incoming !== 0) line.extra = line.to === null ? 0 : (line.amount / incoming) * costs
    line.total = round(line.amount + line.extra, places.amount)
    line.valuation = line.rate + line.extra / line.qty
    if (line.to !== null) document.incoming += line.total
    if (line.from !== null) document.outgoing += line.total
    document.sum += line.total
  }
}

/** What leaves comes before what arrives. */
function movementsOf({ lines, project }: EntryDocument): Movement[] {
  const common = (line: Line) => ({ item: line.item, detail: line.name, allowZeroRate: line.allowZero, project: line.project ?? project })
  return [
    ...lines.flatMap((line) => (line.from === null ? [] : [{ ...common(line), warehouse: line.from, actualQty: -line.qty, incomingRate: 0, ...(line.to === null ? {} : { dependant: line.name }) }])),
    ...lines.flatMap((line) => (line.to === null ? [] : [{ ...common(line), warehouse: line.to, actualQty: line.qty, incomingRate: line.valuation, recalculate: line.from !== null }])),
  ]
}

async function writeRates(ctx: PostingContext, documents: EntryDocument[]): Promise<void> {
  const lines = documents.flatMap((document) => document.lines.map((line) => ({ parent: document.voucher.id, ...line })))
  const numbers = (name: string, values: number[]) => ({ name, kind: 'DOUBLE' as const, values }), keys = (name: string, values: number[]) => ({ name, kind: 'BIGINT' as const, values })
  await ctx.push(ctx.child('items'), [keys('_parent', lines.map((line) => line.parent)), keys('_idx', lines.map((line) => line.idx))], [
    numbers('basic_rate', lines.map((line) => line.rate)), numbers('basic_amount', lines.map((line) => line.amount)), numbers('additional_cost', lines.map((line) => line.extra)), numbers('amount', lines.map((line) => line.total)),
    numbers('valuation_rate', lines.map((line) => line.valuation)),
  ])
  await ctx.push(ctx.doc, [keys('_id', documents.map((document) => document.voucher.id))], [
    numbers('total_incoming_value', documents.map((document) => document.incoming)), numbers('total_outgoing_value', documents.map((document) => document.outgoing)),
    numbers('value_difference', documents.map((document) => document.incoming - document.outgoing)), numbers('total_amount', documents.map((document) => document.sum)),
    numbers('total_additional_costs', documents.map((document) => document.costs)),
  ])
}
