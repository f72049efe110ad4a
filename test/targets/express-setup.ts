import mysql from 'mysql2/promise'
import { fixedClock } from '../../src/model/clock.ts'
import { draftRelation } from '../../src/model/draft.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Site } from '../../src/site/site.ts'
import { Staging, ident, literal } from '../../src/staging/staging.ts'
import { ExpressLane } from '../../src/targets/express/lane.ts'
import { expressOptions } from '../../src/targets/express/options.ts'
import type { Permits } from '../../src/targets/express/permits.ts'
import { storedText } from '../../src/targets/express/column-text.ts'
import type { LaneBatch, LaneDocument, UndoRequest } from '../../src/targets/lane.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'

export const site = Site.load()
export const clock = fixedClock('2026-11-22')
export const everything: Permits = { allowed: async (_doctype, from, to) => new Set(Array.from({ length: to - from + 1 }, (_, i) => from + i)) }

/** DocTypes of the tests with their child tables, and what they touch: a whole site has ten times the tables. */
export function testDoctypes(): string[] {
  const main = ['Customer', 'Contact', 'Address', 'Item', 'Item Price', 'Sales Order', 'Territory', 'Bin', 'Version', 'Comment', 'Payment Schedule', 'Packed Item']
  return [...new Set([...site.recordDoctypes(), ...main, ...main.flatMap((name) => site.doctype(name)?.tableFields().map((field) => field.options ?? '') ?? [])])]
}

/** Staging with posted drafts. */
export async function posted(drafts: string[], doctypes: string[]): Promise<{ staging: Staging; engine: PostingEngine }> {
  const staging = await Staging.open(':memory:', { memoryLimit: '1500MB' })
  const engine = await PostingEngine.open(staging, site, clock)
  for (const statement of drafts) await staging.run(statement)
  for (const doctype of doctypes) {
    const counts = await engine.post(doctype)
    if (counts.refused > 0) throw new RangeError(`${counts.refused} of ${doctype} refused: ${JSON.stringify(await staging.all(`SELECT * FROM ops.refused LIMIT 3`))}`)
  }
  return { staging, engine }
}

export function openLane(server: Pick<PrivateServer, 'host' | 'port' | 'user' | 'password'>, database: string, staging: Staging, more: Record<string, unknown> = {}, permits = everything): ExpressLane {
  const { host, port, user, password } = server
  return new ExpressLane(expressOptions.parse({ host, port, user, password, database, ...more }), { staging, site, baseFolder: '.', permits })
}

/** Batches of all documents with predicted rows. */
export async function batches(staging: Staging, doctype: string, size: number, run = 'r-1'): Promise<LaneBatch[]> {
  const documents = await staging.all<LaneDocument>(`SELECT d._id AS id, d._entity AS entity, d._key AS "key", r.name, r.docstatus FROM ${draftRelation(doctype)} d JOIN rows.${ident(`tab${doctype}`)} r ON r._draft = d._id AND r._doctype = ${literal(doctype)} ORDER BY d._id`)
  const found: LaneBatch[] = []
  for (let i = 0; i < documents.length; i += size) {
    const some = documents.slice(i, i + size).map((one) => ({ ...one, doc: {} })), from = some[0]!.id, to = some.at(-1)!.id
    found.push({ run, phase: 'p', wave: 1, doctype, batch: `${run}:${doctype}:${from}-${to}`, from, to, documents: some })
  }
  return found
}

/** Differences between `rows.*` and the site, over every column of every row of every table that posting wrote to; empty: equal. `ours`: only rows that drafts wrote. */
export async function differences(staging: Staging, engine: PostingEngine, connection: mysql.Connection, ours = false): Promise<string[]> {
  const found: string[] = []
  for (const table of engine.written()) {
    const columns = (await staging.columnsOf(`rows.${ident(table)}`)).filter(({ name }) => !name.startsWith('_d'))
    const predicted = await staging.all<Record<string, string | null>>(`SELECT ${columns.map(({ name, type }) => `CAST(${storedText(ident(name), type)} AS VARCHAR) AS ${ident(name)}`).join(', ')} FROM rows.${ident(table)} ${ours ? 'WHERE _draft IS NOT NULL' : ''}`)
    const [rows] = await connection.query({ sql: `SELECT ${columns.map(({ name }) => `\`${name}\``).join(', ')} FROM \`${table}\``, typeCast: (field: { string(): string | null }) => field.string() } as mysql.QueryOptions) as unknown as [Record<string, string | null>[]]
    if (!ours && rows.length !== predicted.length) found.push(`${table}: ${rows.length} rows instead of ${predicted.length}`)
    const site = new Map(rows.map((row) => [row['name'], row]))
    for (const row of predicted) {
      const other = site.get(row['name'] ?? '')
      if (other === undefined) found.push(`${table} ${row['name']} is missing`)
      else for (const { name } of columns) if (other[name] !== row[name]) found.push(`${table} ${row['name']}.${name}: ${JSON.stringify(other[name])} instead of ${JSON.stringify(row[name])}`)
    }
  }
  return found
}

export function connectTo(server: Pick<PrivateServer, 'host' | 'port' | 'user' | 'password'>, database?: string): Promise<mysql.Connection> {
  const { host, port, user, password } = server
  return mysql.createConnection({ host, port, user, password, database, charset: 'utf8mb4' })
}

/** SQL of drafts of `count` customers from id `first`. */
export function customers(count: number, first = 1): string {
  return `CREATE TABLE drafts."Customer" AS SELECT i AS _id, 'customers' AS _entity, 'K' || i AS _key, i AS _source_row, 'Customer ' || i AS customer_name, 'Company' AS customer_type, 'Commercial' AS customer_group,
    'United States' AS territory, CASE WHEN i % 3 = 0 THEN 'EUR' END AS default_currency, CASE WHEN i % 2 = 0 THEN 'x' || i || '@example.com' END AS email_id,
    CASE WHEN i % 4 = 0 THEN 'tab' || chr(9) || 'line' || chr(10) || 'back\\slash ''quote" \\N 😀 é' WHEN i % 4 = 1 THEN '' END AS customer_details FROM range(${first}, ${first + count}) t(i)`
}

/** SQL of drafts of masters and documents that refer to each other: items, addresses of customers, orders of 3 lines with taxes, territories in a tree. */
export function business(count: number, orders: number): string[] {
  const range = `range(1, ${count + 1}) t(i)`
  return [
    `CREATE TABLE drafts."Territory" AS SELECT i AS _id, 'regions' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Region ' || i AS territory_name, CASE WHEN i <= 3 THEN 'All Territories' ELSE 'Region ' || (i // 3) END AS parent_territory,
      CASE WHEN i <= 4 THEN 1 ELSE 0 END AS is_group FROM range(1, 13) t(i)`,
    customers(count),
    `CREATE TABLE drafts."Item" AS SELECT i AS _id, 'items' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'IT-' || i AS item_code, 'Item ' || i AS item_name, 'Products' AS item_group, 'Nos' AS stock_uom, 'Item number ' || i AS description FROM ${range}`,
    `CREATE TABLE drafts."Address" AS SELECT i AS _id, 'addresses' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Customer ' || i AS address_title, 'Billing' AS address_type, 'Street ' || i AS address_line1, 'Berlin' AS city, 'Germany' AS country FROM ${range}`,
    `CREATE TABLE drafts."Address.links" AS SELECT i AS _parent, 1 AS _idx, 'Customer' AS link_doctype, 'Customer ' || i AS link_name FROM ${range}`,
    ...salesOrders(orders),
  ]
}

export function salesOrders(orders: number, customer = `['Ana Trujillo', 'Alfreds Futterkiste', 'Terms Buyer'][1 + i % 3]`): string[] {
  return [
    `CREATE TABLE drafts."Sales Order" AS SELECT i AS _id, 'orders' AS _entity, CAST(i AS VARCHAR) AS _key, i AS _source_row, 'Northwind Traders' AS company, ${customer} AS customer, DATE '2025-01-01' + CAST(i % 300 AS INTEGER) AS transaction_date,
      DATE '2025-12-31' AS delivery_date, 1 AS docstatus FROM range(1, ${orders + 1}) t(i)`,
    `CREATE TABLE drafts."Sales Order.items" AS SELECT i AS _parent, n AS _idx, ['CHAI', 'CHANG', 'ANISEED', 'CONSULT', 'FREIGHT'][1 + (i + n) % 5] AS item_code, 1 + (i * n) % 40 AS qty,
      round(1 + (i * 7919 + n * 104729) % 90000 / 100.0, 2) AS rate FROM range(1, ${orders + 1}) t(i), range(1, 4) u(n) ORDER BY ALL`,
    `CREATE TABLE drafts."Sales Order.taxes" AS SELECT i AS _parent, 1 AS _idx, 'On Net Total' AS charge_type, 'Sales Tax - NT' AS account_head, 'Sales tax' AS description, 8.875 AS rate FROM range(1, ${orders + 1}) t(i)`,
  ]
}

/** What a run wrote, in the form undo takes, last first. */
export function everythingOf(all: readonly LaneBatch[], run = 'r-1'): UndoRequest {
  return { run, restore: [], documents: [...all].reverse().flatMap((batch) => [...batch.documents].reverse().map(({ name, docstatus }) => ({ doctype: batch.doctype, name, docstatus, batch: batch.batch, modified: null }))) }
}
