import { literal } from '../../staging/staging.ts'
import { checkLedger } from '../accounts/gl-checks.ts'
import { hasLedger, makeLedger, writeLedger } from '../accounts/gl-map.ts'
import { leaveVersion } from '../accounts/traces.ts'
import type { PostingContext, Step } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { stockEntries, writeStockLedger } from './write-ledger.ts'

/** How a kind of voucher tells the general ledger what its stock entries are about. */
export interface StockVoucher {
  /** SQL over the child row `i` and its document `d`. */
  expense: string
  center: string
  project: string
  opening: string
  subtype: string
  remarks: string
  transactionCurrency?: string
  transactionRate?: string
  /** SELECTs of the lines of a voucher that says itself what its stock entries (a relation as of `stockEntries`, null: none) are worth. */
  lines?: (ctx: PostingContext, entries: string | null) => string[]
  /** SELECT of further ledger lines (columns of `makeLedger`), for rows `i` that have no stock of their own. `_seq` from 1,000,000 on. */
  further?: (ctx: PostingContext) => string | null
}

/** SQL: relation of warehouses with their account: their own, that of the nearest group above, the company's. */
export const WAREHOUSE_ACCOUNTS = `(SELECT w.name, w.company, COALESCE((SELECT arg_max(a.account, a.lft) FROM rows."tabWarehouse" a WHERE a.lft <= w.lft AND a.rgt >= w.rgt AND COALESCE(a.account, '') <> '' AND a.company = w.company),
  NULLIF(w.account, ''), NULLIF(c.default_inventory_account, ''), (SELECT min(k.name) FROM rows."tabAccount" k WHERE k.account_type = 'Stock' AND k.is_group = 0 AND k.company = w.company)) AS account FROM rows."tabWarehouse" w
  LEFT JOIN rows."tabCompany" c ON c.name = w.company)`

/** SQL: condition on the document `d` that its company values stock in the general ledger. */
export const PERPETUAL = `d.company IN (SELECT name FROM rows."tabCompany" WHERE enable_perpetual_inventory = 1)`

/** The amounts of a ledger line whose signed amount is `debit`, in the company's currency only. */
export function sides(debit: string, credit: string, rate: string): string {
  return `${debit} AS debit, ${credit} AS credit, ${debit} AS debit_in_account_currency, ${credit} AS credit_in_account_currency, (${debit}) / ${rate} AS debit_in_transaction_currency, (${credit}) / ${rate} AS credit_in_transaction_currency`
}

/** What stock is worth more or less, against the lines' accounts. For the `named` stage, after the stock ledger was worked out. */
export async function makeStockLedger(ctx: PostingContext, voucher: StockVoucher): Promise<void> {
  const entries = await stockEntries(ctx), further = voucher.further?.(ctx) ?? null
  if (entries === null && further === null) return
  const lines: string[] = voucher.lines?.(ctx, entries) ?? []
  if (entries !== null) await findAccountsMissing(ctx, entries, voucher)
  if (entries !== null && voucher.lines === undefined) lines.push(...stockLines(ctx, entries, voucher))
  if (further !== null) lines.push(further)
  await makeLedger(ctx, lines.join(' UNION ALL BY NAME '), { merge: true, strict: false })
  await checkLedger(ctx)
}

/** SELECTs of two ledger lines per stock entry: the warehouse's account and the line's. */
export function stockLines(ctx: PostingContext, entries: string, voucher: StockVoucher): string[] {
  const rate = voucher.transactionRate ?? '1', lines: string[] = []
  const common = `d._id, ${voucher.center} AS cost_center, ${voucher.opening} AS is_opening, ${voucher.subtype} AS voucher_subtype, ${voucher.remarks} AS remarks, ${voucher.transactionCurrency ?? 'c.default_currency'} AS transaction_currency, ${rate} AS transaction_exchange_rate`
  const places = fieldPrecision(ctx, ctx.site.doctype('GL Entry'), 'debit_in_account_currency'), amount = `flt(e.difference, ${places})`
  const from = `FROM (SELECT *, row_number() OVER (PARTITION BY _id, detail ORDER BY _seq) - 1 AS nth FROM ${entries}) e JOIN ${ctx.doc} d ON d._id = e._id JOIN ${ctx.child('items')} i ON i._parent = d._id AND i.name = e.detail JOIN rows."tabCompany" c ON c.name = d.company JOIN ${WAREHOUSE_ACCOUNTS} w ON w.name = e.warehouse WHERE ${PERPETUAL}`
  const project = `COALESCE(e.project, ${voucher.project})`
  // What the stock gains is a credit of the other account: negative ones turn to debits when all lines of an account are added up.
  for (const [nth, account, against, debit, credit] of [[0, 'w.account', voucher.expense, amount, '0'], [1, voucher.expense, 'w.account', '0', amount]] as const) {
    lines.push(`SELECT ${common}, i._idx * 8 + e.nth * 2 + ${nth} AS _seq, ${account} AS account, (SELECT k.account_currency FROM rows."tabAccount" k WHERE k.name = ${account}) AS account_currency, ${against} AS against, ${project} AS project, ${sides(debit, credit, rate)} ${from}`)
  }
  return lines
}

export async function findAccountsMissing(ctx: PostingContext, entries: string, voucher: StockVoucher): Promise<void> {
  const from = `FROM ${entries} e JOIN ${ctx.live} d ON d._id = e._id JOIN ${ctx.child('items')} i ON i._parent = d._id AND i.name = e.detail JOIN rows."tabCompany" c ON c.name = d.company LEFT JOIN ${WAREHOUSE_ACCOUNTS} w ON w.name = e.warehouse`
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'items.warehouse', causeByValue: true, hint: 'Give the company a default inventory account.',
    select: `SELECT d._id AS id, e.warehouse AS "value", 'Please set Account in Warehouse ' || e.warehouse || ' or Default Inventory Account in Company ' || d.company AS message ${from} WHERE ${PERPETUAL} AND w.account IS NULL`,
  })
  await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: 'items.expense_account', hint: 'Give the item or the company an account.',
    select: `SELECT d._id AS id, i._idx AS idx, 'Row #' || i._idx || ': Expense Account not set for the Item ' || e.item_code AS message ${from} WHERE ${PERPETUAL} AND NOT ${filled(voucher.expense)}`,
  })
  await ctx.find({
    type: 'unsupported', stage: 'on_submit', field: 'items.warehouse', message: 'Stock kept in accounts of a foreign currency is not predicted', hint: 'Load such documents through the site itself.',
    select: `SELECT d._id AS id ${from} JOIN rows."tabAccount" k ON k.name IN (w.account, ${voucher.expense}) WHERE ${PERPETUAL} AND k.account_currency <> c.default_currency`,
  })
}

/** Steps of a submitted stock document: both ledgers. */
export function stockLedgerSteps(voucher: StockVoucher): Step[] {
  return [
    { stage: 'named', id: 'general-ledger', run: (ctx) => makeStockLedger(ctx, voucher) },
    { stage: 'on_submit', id: 'stock-ledger', run: writeStockLedger },
    { stage: 'on_submit', id: 'general-ledger', run: async (ctx) => { if (hasLedger(ctx)) await writeLedger(ctx) } },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ]
}

/** SQL: remarks of the document, or what the site says instead. */
export const remarks = (column: string): string => `COALESCE(NULLIF(${column}, ''), ${literal('Accounting Entry for Stock')})`
