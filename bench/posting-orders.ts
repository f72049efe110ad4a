import { Staging } from '../src/staging/staging.ts'
import { Site } from '../src/site/site.ts'
import { PostingEngine } from '../src/posting/engine.ts'
import { fixedClock } from '../src/model/clock.ts'

/** Posts generated Sales Orders of 3 lines and prints documents a second: `posting-orders.ts [documents]`. */
export async function benchOrders(documents: number): Promise<{ documents: number; seconds: number; perSecond: number }> {
  const clock = fixedClock('2026-11-22'), staging = await Staging.open(':memory:', { memoryLimit: '4GB' })
  const engine = await PostingEngine.open(staging, Site.load(), clock)
  await staging.run(`CREATE TABLE drafts."Sales Order" AS SELECT i AS _id, 'orders' AS _entity, CAST(i AS VARCHAR) AS _key, 'Northwind Traders' AS company,
    ['Ana Trujillo', 'Alfreds Futterkiste', 'Terms Buyer'][1 + i % 3] AS customer, DATE '2025-01-01' + CAST(i % 300 AS INTEGER) AS transaction_date, DATE '2025-12-31' AS delivery_date, 1 AS docstatus FROM range(1, ${documents + 1}) t(i)`)
  await staging.run(`CREATE TABLE drafts."Sales Order.items" AS SELECT i AS _parent, n AS _idx, ['CHAI', 'CHANG', 'ANISEED', 'CONSULT', 'FREIGHT'][1 + (i + n) % 5] AS item_code, 1 + (i * n) % 40 AS qty,
    round(1 + (i * 7919 + n * 104729) % 90000 / 100.0, 2) AS rate FROM range(1, ${documents + 1}) t(i), range(1, 4) u(n) ORDER BY ALL`)
  await staging.run(`CREATE TABLE drafts."Sales Order.taxes" AS SELECT i AS _parent, 1 AS _idx, 'On Net Total' AS charge_type, 'Sales Tax - NT' AS account_head, 'Sales tax' AS description, 8.875 AS rate FROM range(1, ${documents + 1}) t(i)`)
  const start = clock.elapsed(), counts = await engine.post('Sales Order'), seconds = (clock.elapsed() - start) / 1000
  await staging.close()
  if (counts.posted !== documents) throw new RangeError(`Only ${counts.posted} of ${documents} orders were posted`)
  return { documents, seconds, perSecond: documents / seconds }
}

if (process.argv[1]?.endsWith('posting-orders.ts')) {
  const { documents, seconds, perSecond } = await benchOrders(Number(process.argv[2] ?? 20_000))
  process.stdout.write(`${documents} sales orders of 3 lines posted in ${seconds.toFixed(1)} s: ${Math.round(perSecond)} documents/s\n`)
}
