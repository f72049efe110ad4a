import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'
import { StockLedger, type Entry, type LedgerSettings, type Shelf, type StockItem } from './ledger.ts'
import type { ValuationMethod } from './queue.ts'

/** SQL: a moment as text that sorts like it. */
export const momentText = (moment: string): string => `strftime(${moment}, '%Y-%m-%d %H:%M:%S.%f')`

const flag = (value: unknown): boolean => Number(value ?? 0) !== 0

/** What of the site's settings bears on the stock ledger. */
export async function ledgerSettings(ctx: PostingContext): Promise<LedgerSettings> {
  const entry = ctx.site.doctype('Stock Ledger Entry'), places = Number(ctx.site.default('float_precision') ?? 0) || 2
  const accounts = ctx.site.single('Accounts Settings'), frozen = accounts['acc_frozen_upto'] as string | undefined, modifier = accounts['frozen_accounts_modifier']
  const companies = await ctx.staging.all<{ name: string }>('SELECT name FROM rows."tabCompany" WHERE enable_perpetual_inventory = 1'), perpetual = new Set(companies.map((company) => company.name))
  return {
    round: roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), qtyPlaces: places, valuePlaces: fieldPrecision(ctx, entry, 'stock_value'),
    negative: flag(ctx.site.single('Stock Settings')['allow_negative_stock']), perpetual: (company) => perpetual.has(company),
    repostRefusal: (posting) => {
      // The site's own code reads these two settings as a pair and fails where neither was ever saved.
      if (accounts['acc_frozen_upto'] === undefined && modifier === undefined) return { type: 'AttributeError', message: "'NoneType' object has no attribute 'acc_frozen_upto': entries dated back need Accounts Settings that were saved once" }
      return frozen && !modifier && posting.slice(0, 10) <= frozen ? { type: 'ValidationError', message: `You cannot repost item valuation before ${frozen}` } : null
    },
  }
}

/**
 * Opens the stock ledger for the items and warehouses of `pairs` (SELECT of `item_code`, `warehouse`), with the entries from the earliest moment the batch posts at
 * (`earliest`, SQL of a text) on, and the last one before of each pair.
 */
export async function openLedger(ctx: PostingContext, pairs: string, earliest: string): Promise<StockLedger> {
  const touched = ctx.scratch('shelves')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${touched.slice(5)} AS SELECT DISTINCT m.name AS item_code, w.name AS warehouse FROM (${pairs}) p JOIN rows."tabItem" m ON m.name = p.item_code JOIN rows."tabWarehouse" w ON w.name = p.warehouse`)
  const items = await readItems(ctx, touched), shelves = new Map<string, Shelf>()
  for (const row of await ctx.staging.all<{ item: string; warehouse: string; bin: string | null; qty: number; rate: number; value: number }>(`SELECT t.item_code AS item, t.warehouse, b.name AS bin, CAST(COALESCE(b.actual_qty, 0) AS DOUBLE) AS qty,
      CAST(COALESCE(b.valuation_rate, 0) AS DOUBLE) AS rate, CAST(COALESCE(b.stock_value, 0) AS DOUBLE) AS value FROM ${touched} t LEFT JOIN rows."tabBin" b ON b.item_code = t.item_code AND b.warehouse = t.warehouse ORDER BY ALL`)) {
    shelves.set(`${row.item}\u001f${row.warehouse}`, {
      item: items.get(row.item)!, warehouse: row.warehouse, entries: [], before: 0, bin: { name: row.bin, actualQty: row.qty, valuationRate: row.rate, stockValue: row.value }, touchedBy: null, createdBy: null,
    })
  }
  await readEntries(ctx, touched, earliest, shelves)
  return new StockLedger(await ledgerSettings(ctx), shelves.values())
}

async function readItems(ctx: PostingContext, touched: string): Promise<Map<string, StockItem>> {
  const fallback = literal(ctx.site.single('Stock Settings')['valuation_method'] || 'FIFO'), currency = literal(ctx.site.default('currency'))
  const rows = await ctx.staging.all<{ name: string; item_name: string; method: string; negative: number; valuation: number; standard: number; buying: number }>(`SELECT m.name, m.item_name, COALESCE(NULLIF(m.valuation_method, ''), ${fallback}) AS method,
    COALESCE(m.allow_negative_stock, 0) AS negative, CAST(COALESCE(m.valuation_rate, 0) AS DOUBLE) AS valuation, CAST(COALESCE(m.standard_rate, 0) AS DOUBLE) AS standard, CAST(COALESCE(p.rate, 0) AS DOUBLE) AS buying
    FROM rows."tabItem" m LEFT JOIN (SELECT item_code, first(price_list_rate ORDER BY modified DESC, rowid DESC) AS rate FROM rows."tabItem Price" WHERE buying = 1 AND currency = ${currency} GROUP BY item_code) p ON p.item_code = m.name
    WHERE m.name IN (SELECT item_code FROM ${touched})`)
  return new Map(rows.map((row) => [row.name, {
    name: row.name, itemName: row.item_name, method: row.method as ValuationMethod, negative: row.negative !== 0, valuationRate: row.valuation, standardRate: row.standard, buyingRate: row.buying,
  }]))
}

async function readEntries(ctx: PostingContext, touched: string, earliest: string, shelves: Map<string, Shelf>): Promise<void> {
  const number = (column: string) => `CAST(COALESCE(e.${column}, 0) AS DOUBLE)`
  const rows = `SELECT e.*, e.rowid AS at, ${momentText('e.posting_datetime')} AS moment, row_number() OVER (PARTITION BY e.item_code, e.warehouse ORDER BY e.posting_datetime DESC, e.creation DESC, e.rowid DESC) AS back,
    COUNT(*) FILTER (${momentText('e.posting_datetime')} >= (${earliest})) OVER (PARTITION BY e.item_code, e.warehouse) AS later
    FROM rows."tabStock Ledger Entry" e JOIN ${touched} t ON t.item_code = e.item_code AND t.warehouse = e.warehouse WHERE COALESCE(e.is_cancelled, 0) = 0`
  for await (const { count, columns } of ctx.staging.scan(`SELECT e.item_code, e.warehouse, e.voucher_type, e.voucher_no, COALESCE(e.voucher_detail_no, ''), e.moment, ${number('actual_qty')}, ${number('qty_after_transaction')}, ${number('incoming_rate')},
      ${number('outgoing_rate')}, ${number('valuation_rate')}, ${number('stock_value')}, ${number('stock_value_difference')}, e.stock_queue, e.name, e.back > e.later + 1 FROM (${rows}) e ORDER BY e.posting_datetime, e.creation, e.at`)) {
    for (let r = 0; r < count; r++) {
      const shelf = shelves.get(`${String(columns[0]![r])}\u001f${String(columns[1]![r])}`)!, at = (column: number) => Number(columns[column]![r])
      if (columns[15]![r] === true) {
        shelf.before += at(12)
        continue
      }
      const entry: Entry = {
        voucherType: String(columns[2]![r]), voucher: String(columns[3]![r]), detail: String(columns[4]![r]), posting: String(columns[5]![r]), actualQty: at(6), qtyAfter: at(7), incomingRate: at(8), outgoingRate: at(9),
        valuationRate: at(10), stockValue: at(11), difference: at(12), queue: columns[13]![r] as string | null, name: String(columns[14]![r]), changedBy: null,
      }
      shelf.entries.push(entry)
    }
  }
}
