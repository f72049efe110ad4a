import { Staging } from '../src/staging/staging.ts'
import { Site } from '../src/site/site.ts'
import { PostingEngine } from '../src/posting/engine.ts'
import { fixedClock } from '../src/model/clock.ts'

/** What is posted, with its goal in documents a second on 2 cores. */
export const LEDGER_GOALS = { 'Sales Invoice': 10_000, 'Journal Entry': 33_333, 'Stock Entry': 10_000 } as const
export type LedgerDoctype = keyof typeof LEDGER_GOALS

const DRAFTS: Record<LedgerDoctype, (documents: number) => string[]> = {
  // Five lines with a tax of 8.875 per cent.
  'Sales Invoice': (documents) => [
    `CREATE TABLE drafts."Sales Invoice" AS SELECT i AS _id, 'invoices' AS _entity, CAST(i AS VARCHAR) AS _key, 'Northwind Traders' AS company, ['Ana Trujillo', 'Alfreds Futterkiste'][1 + i % 2] AS customer, 1 AS set_posting_time,
      DATE '2025-01-01' + CAST(i % 300 AS INTEGER) AS posting_date, DATE '2025-12-31' AS due_date, 1 AS docstatus FROM range(1, ${documents + 1}) t(i)`,
    `CREATE TABLE drafts."Sales Invoice.items" AS SELECT i AS _parent, n AS _idx, ['CHAI', 'CHANG', 'ANISEED', 'CONSULT', 'FREIGHT'][1 + (i + n) % 5] AS item_code, 1 + (i * n) % 40 AS qty, round(1 + (i * 7919 + n * 104729) % 90000 / 100.0, 2) AS rate
      FROM range(1, ${documents + 1}) t(i), range(1, 6) u(n) ORDER BY ALL`,
    `CREATE TABLE drafts."Sales Invoice.taxes" AS SELECT i AS _parent, 1 AS _idx, 'On Net Total' AS charge_type, 'Sales Tax - NT' AS account_head, 'Sales tax' AS description, 8.875 AS rate FROM range(1, ${documents + 1}) t(i)`,
  ],
  'Journal Entry': (documents) => [
    `CREATE TABLE drafts."Journal Entry" AS SELECT i AS _id, 'journals' AS _entity, CAST(i AS VARCHAR) AS _key, 'Northwind Traders' AS company, DATE '2025-01-01' + CAST(i % 300 AS INTEGER) AS posting_date, 1 AS docstatus FROM range(1, ${documents + 1}) t(i)`,
    `CREATE TABLE drafts."Journal Entry.accounts" AS SELECT i AS _parent, n AS _idx, ['Cash - NT', 'Sales - NT'][n] AS account, CASE n WHEN 1 THEN round(1 + i % 90000 / 100.0, 2) END AS debit_in_account_currency, CASE n WHEN 2 THEN round(1 + i % 90000 / 100.0, 2) END AS credit_in_account_currency,
      'Main - NT' AS cost_center FROM range(1, ${documents + 1}) t(i), range(1, 3) u(n) ORDER BY ALL`,
  ],
  // Two receipts for every issue, over 500 items; what is issued was received before, a minute apart, so that nothing is dated back.
  'Stock Entry': (documents) => [
    `CREATE TABLE drafts."Stock Entry" AS SELECT i AS _id, 'moves' AS _entity, CAST(i AS VARCHAR) AS _key, 'Northwind Traders' AS company, CASE WHEN i % 3 = 2 THEN 'Material Issue' ELSE 'Material Receipt' END AS stock_entry_type, 1 AS set_posting_time,
      CAST(TIMESTAMP '2025-01-01 06:00:00' + to_minutes(i) AS DATE) AS posting_date, strftime(TIMESTAMP '2025-01-01 06:00:00' + to_minutes(i), '%H:%M:%S') AS posting_time, 1 AS docstatus FROM range(1, ${documents + 1}) t(i)`,
    `CREATE TABLE drafts."Stock Entry.items" AS SELECT i AS _parent, 1 AS _idx, 'BENCH-' || (i // 3) % 500 AS item_code, CASE WHEN i % 3 = 2 THEN 1 ELSE 3 END AS qty, CASE WHEN i % 3 <> 2 THEN 'Stores - NT' END AS t_warehouse, CASE WHEN i % 3 = 2 THEN 'Stores - NT' END AS s_warehouse,
      CASE WHEN i % 3 <> 2 THEN round(1 + i % 900 / 100.0, 2) END AS basic_rate FROM range(1, ${documents + 1}) t(i)`,
  ],
}

/** Predicts submitted documents with their ledgers: `posting-ledgers.ts [documents] [DocType]`. */
export async function benchLedger(doctype: LedgerDoctype, documents: number): Promise<{ documents: number; seconds: number; perSecond: number; refused: number }> {
  const clock = fixedClock('2026-11-22'), staging = await Staging.open(':memory:', { memoryLimit: '2GB' })
  const engine = await PostingEngine.open(staging, Site.load(), clock)
  if (doctype === 'Stock Entry') {
    await staging.run(`CREATE TABLE drafts."Item" AS SELECT i + 1 AS _id, 'items' AS _entity, CAST(i AS VARCHAR) AS _key, 'BENCH-' || i AS item_code, 'Products' AS item_group, 'Nos' AS stock_uom, 1 AS is_stock_item FROM range(500) t(i)`)
    await engine.post('Item')
  }
  for (const statement of DRAFTS[doctype](documents)) await staging.run(statement)
  const start = clock.elapsed(), counts = await engine.post(doctype), seconds = (clock.elapsed() - start) / 1000
  await staging.close()
  return { documents, seconds, perSecond: documents / seconds, refused: documents - counts.posted }
}

if (process.argv[1]?.endsWith('posting-ledgers.ts')) {
  const wanted = process.argv[3]
  for (const doctype of Object.keys(LEDGER_GOALS) as LedgerDoctype[]) {
    if (wanted !== undefined && wanted !== doctype) continue
    const { documents, seconds, perSecond, refused } = await benchLedger(doctype, Number(process.argv[2] ?? 20_000))
    process.stdout.write(`${doctype}: ${documents} submitted in ${seconds.toFixed(1)} s: ${Math.round(perSecond)} documents/s (goal ${LEDGER_GOALS[doctype]})${refused === 0 ? '' : `, ${refused} refused`}\n`)
  }
}
