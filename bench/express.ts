import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { PostingEngine } from '../src/posting/engine.ts'
import { Site } from '../src/site/site.ts'
import { Staging, ident } from '../src/staging/staging.ts'
import { fixedClock } from '../src/model/clock.ts'
import { draftRelation } from '../src/model/draft.ts'
import { bareTables, loadBare } from '../src/targets/express/bare-load.ts'
import { connect, tick } from '../src/targets/express/connection.ts'
import { ExpressLane } from '../src/targets/express/lane.ts'
import { expressOptions } from '../src/targets/express/options.ts'
import type { LaneBatch, LaneDocument } from '../src/targets/lane.ts'
import { createMariadbSite } from '../src/testing/mariadb-site.ts'
import { startMariadb } from '../src/testing/servers/mariadb.ts'

/**
 * The express lane against LOAD DATA of the same rows: text made beforehand, one statement a table and batch, no ledger, no checks. Both write with the durability the server has
 * (`--durable` makes it flush at each commit). `--customers N` (50,000), `--orders N` of 3 lines (10,000), `--batch N` documents (10,000), `--statements` for multi-row INSERT too, `--json`.
 */
const { values } = parseArgs({ options: {
  customers: { type: 'string', default: '50000' }, orders: { type: 'string', default: '10000' }, batch: { type: 'string', default: '10000' }, durable: { type: 'boolean', default: false }, statements: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} })
const size = Number(values.batch), site = Site.load(), database = 'site'
const server = await startMariadb({ 'local-infile': '1', 'innodb-buffer-pool-size': '512M', 'innodb-log-file-size': '256M', ...(values.durable ? { 'innodb-flush-log-at-trx-commit': '1', 'innodb-doublewrite': '1' } : {}) })
await createMariadbSite(server, database, site)
const staging = await Staging.open(':memory:', { memoryLimit: '2GB' })
const engine = await PostingEngine.open(staging, site, fixedClock('2026-11-22'))
const options = { host: server.host, port: server.port, user: server.user, password: server.password, database }

/** Processor seconds of this process and the server together: on a machine that others use too, the fairer measure. */
function processorSeconds(): number {
  const own = process.cpuUsage(), stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (own.user + own.system) / 1e6 + (Number(fields[11]) + Number(fields[12])) / 100
}

interface Span { seconds: number; processor: number }
async function timed(body: () => Promise<void>): Promise<Span> {
  const began = performance.now(), processor = processorSeconds()
  await body()
  return { seconds: (performance.now() - began) / 1000, processor: processorSeconds() - processor }
}
const best = (spans: Span[]): Span => ({ seconds: Math.min(...spans.map((span) => span.seconds)), processor: Math.min(...spans.map((span) => span.processor)) })

const DRAFTS: Record<string, { count: number; statements: string[] }> = {
  Customer: { count: Number(values.customers), statements: [`CREATE TABLE drafts."Customer" AS SELECT i AS _id, 'customers' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Customer ' || i AS customer_name, 'Company' AS customer_type,
    'Commercial' AS customer_group, 'United States' AS territory, CASE WHEN i % 3 = 0 THEN 'EUR' END AS default_currency FROM range(1, ${Number(values.customers) + 1}) t(i)`] },
  'Sales Order': { count: Number(values.orders), statements: [
    `CREATE TABLE drafts."Sales Order" AS SELECT i AS _id, 'orders' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Northwind Traders' AS company, ['Ana Trujillo', 'Alfreds Futterkiste', 'Terms Buyer'][1 + i % 3] AS customer,
      DATE '2025-01-01' + CAST(i % 300 AS INTEGER) AS transaction_date, DATE '2025-12-31' AS delivery_date, 1 AS docstatus FROM range(1, ${Number(values.orders) + 1}) t(i)`,
    `CREATE TABLE drafts."Sales Order.items" AS SELECT i AS _parent, n AS _idx, ['CHAI', 'CHANG', 'ANISEED', 'CONSULT', 'FREIGHT'][1 + (i + n) % 5] AS item_code, 1 + (i * n) % 40 AS qty, round(1 + (i * 7919 + n * 104729) % 90000 / 100.0, 2) AS rate
      FROM range(1, ${Number(values.orders) + 1}) t(i), range(1, 4) u(n) ORDER BY ALL`,
    `CREATE TABLE drafts."Sales Order.taxes" AS SELECT i AS _parent, 1 AS _idx, 'On Net Total' AS charge_type, 'Sales Tax - NT' AS account_head, 'Sales tax' AS description, 8.875 AS rate FROM range(1, ${Number(values.orders) + 1}) t(i)`,
  ] },
}

async function batchesOf(doctype: string): Promise<LaneBatch[]> {
  const documents = await staging.all<LaneDocument>(`SELECT d._id AS id, d._entity AS entity, d._key AS "key", r.name, r.docstatus FROM ${draftRelation(doctype)} d JOIN rows.${ident(`tab${doctype}`)} r ON r._draft = d._id ORDER BY d._id`)
  const found: LaneBatch[] = []
  for (let i = 0; i < documents.length; i += size) {
    const some = documents.slice(i, i + size).map((one) => ({ ...one, doc: {} }))
    found.push({ run: 'bench', phase: 'p', wave: 1, doctype, batch: `bench:${doctype}:${i}`, from: some[0]!.id, to: some.at(-1)!.id, documents: some })
  }
  return found
}

/** The floor: whole rows, every column, as text that is made already, into the same tables, a transaction a batch. */
async function loadAlone(doctype: string, batches: LaneBatch[]): Promise<Span> {
  const link = await connect(expressOptions.parse(options), '.')
  const total: Span = { seconds: 0, processor: 0 }
  for (const batch of batches) {
    const work = await bareTables(staging, engine.written().filter((name) => name !== 'tabSeries'), `r._doctype = '${doctype}' AND r._draft BETWEEN ${batch.from} AND ${batch.to}`)
    const span = await timed(() => loadBare(link, work))
    total.seconds += span.seconds
    total.processor += span.processor
  }
  link.close()
  return total
}

async function express(doctype: string, batches: LaneBatch[], bulk: 'infile' | 'insert'): Promise<{ load: Span; undo: Span }> {
  const lane = new ExpressLane(expressOptions.parse({ ...options, bulk }), { staging, site, baseFolder: '.', permits: { allowed: async (_doctype, from, to) => new Set(Array.from({ length: to - from + 1 }, (_, i) => from + i)) } })
  await lane.prepare([doctype])
  const load = await timed(async () => {
    for (const batch of batches) if ((await lane.write(batch)).some((one) => one.status !== 'loaded')) throw new RangeError('a document was not loaded')
  })
  const undo = await timed(async () => {
    await lane.undo({ run: 'bench', restore: [], documents: batches.flatMap((batch) => batch.documents.map(({ name, docstatus }) => ({ doctype, name, docstatus, batch: batch.batch, modified: null }))).reverse() })
  })
  await lane.close()
  return { load, undo }
}

async function removeAll(): Promise<void> {
  const link = await connect(expressOptions.parse(options), '.')
  for (const table of engine.written().filter((name) => name !== 'tabSeries')) await link.run(`DELETE FROM ${tick(table)} WHERE name LIKE 'z%' OR name LIKE 'Customer %' OR name LIKE 'SAL-ORD-%'`)
  link.close()
}

interface Result { doctype: string; documents: number; lane: string; perSecond: number; loadPerSecond: number; ratio: number; processorRatio: number; undoPerSecond: number }
const results: Result[] = []
for (const [doctype, { count, statements }] of Object.entries(DRAFTS)) {
  for (const statement of statements) await staging.run(statement)
  const counts = await engine.post(doctype)
  if (counts.posted !== count) throw new RangeError(`only ${counts.posted} of ${count} were posted`)
  const batches = await batchesOf(doctype)
  // Taken in turns, three times each, and the better counts: neither profits from pages the other warmed, and a disturbed run counts for neither.
  const runs: { load: Span; undo: Span }[] = [], floors: Span[] = []
  for (let i = 0; i < 3; i++) {
    runs.push(await express(doctype, batches, 'infile'))
    floors.push(await loadAlone(doctype, batches))
    await removeAll()
  }
  const alone = best(floors)
  const note = (lane: string, some: { load: Span; undo: Span }[]) => {
    const load = best(some.map((run) => run.load)), undo = best(some.map((run) => run.undo))
    results.push({ doctype, documents: count, lane, perSecond: Math.round(count / load.seconds), loadPerSecond: Math.round(count / alone.seconds), ratio: alone.seconds / load.seconds, processorRatio: alone.processor / load.processor, undoPerSecond: Math.round(count / undo.seconds) })
  }
  note('infile', runs)
  if (values.statements) note('insert', [await express(doctype, batches, 'insert')])
}
await staging.close()
await server.stop()
if (values.json) console.log(JSON.stringify(results))
else {
  console.log('express                  documents/s    LOAD DATA alone/s    ratio    by processor    undo/s')
  for (const r of results) console.log(`  ${`${r.doctype}, ${r.lane}`.padEnd(22)} ${r.perSecond.toLocaleString('en-US').padStart(11)} ${r.loadPerSecond.toLocaleString('en-US').padStart(20)} ${r.ratio.toFixed(2).padStart(8)} ${r.processorRatio.toFixed(2).padStart(15)} ${r.undoPerSecond.toLocaleString('en-US').padStart(9)}`)
}
