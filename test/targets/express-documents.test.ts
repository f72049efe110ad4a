import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { PostingEngine } from '../../src/posting/engine.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import type { Staging } from '../../src/staging/staging.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import type { ExpressLane } from '../../src/targets/express/lane.ts'
import { permitsOf } from '../../src/targets/express/permits.ts'
import type { LaneBatch } from '../../src/targets/lane.ts'
import type { TableSums } from '../../src/targets/target.ts'
import { batches, business, connectTo, customers, differences, everythingOf, openLane, posted, salesOrders, site, testDoctypes } from './express-setup.ts'

let server: PrivateServer, connection: mysql.Connection, staging: Staging, engine: PostingEngine, lane: ExpressLane, untouched: TableSums
let native: string[] = []
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

beforeAll(async () => {
  server = await startMariadb({ 'local-infile': '1' })
  await createMariadbSite(server, 'site', site, testDoctypes())
  connection = await connectTo(server, 'site')
})
afterAll(async () => {
  await connection?.end()
  await server?.stop()
})
beforeEach(() => { native = [] })
afterEach(async () => {
  for (const statement of native) await connection.query(statement)
  await lane.close()
  await staging.close()
})

async function open(drafts: string[], doctypes: string[], more: Record<string, unknown> = {}): Promise<void> {
  ({ staging, engine } = await posted(drafts, doctypes))
  lane = openLane(server, 'site', staging, more)
  await lane.prepare(doctypes)
  untouched = await lane.checksums()
}
const statuses = async (batch: LaneBatch) => (await lane.write(batch)).map((one) => one.status)
const changed = async () => changedTables(untouched, await lane.checksums())
/** Somebody at work on the site; `back` takes it away after the test. */
async function atWork(statement: string, back?: string): Promise<void> {
  await connection.query(statement)
  if (back !== undefined) native.push(back)
}

test('masters, a tree and submitted orders arrive in batches as predicted, and every table is as before after undo', async () => {
  const doctypes = ['Territory', 'Customer', 'Item', 'Address', 'Sales Order']
  await open(business(40, 30), doctypes)
  const all = (await Promise.all(doctypes.map((doctype) => batches(staging, doctype, 7)))).flat()
  for (const batch of all) expect(new Set(await statuses(batch))).toEqual(new Set(['loaded']))
  expect(await differences(staging, engine, connection)).toEqual([])
  const undone = await lane.undo(everythingOf(all))
  expect(undone).toMatchObject({ removed: 12 + 40 + 40 + 40 + 30, kept: [] })
  expect(await changed()).toEqual([])
})

test('numbers are reserved with the first batch, so that people may go on working between two', async () => {
  await open(salesOrders(10), ['Sales Order'])
  const all = await batches(staging, 'Sales Order', 4)
  await lane.write(all[0]!)
  const [[series]] = await connection.query(`SELECT name, current FROM tabSeries WHERE name LIKE 'SAL-ORD%' ORDER BY current DESC`) as unknown as [[{ name: string; current: number }]]
  expect(all.at(-1)!.documents.at(-1)!.name.endsWith(String(series.current).padStart(5, '0'))).toBe(true)
  await atWork(`UPDATE tabSeries SET current = current + 1 WHERE name = '${series.name}'`)
  for (const batch of all.slice(1)) expect(new Set(await statuses(batch))).toEqual(new Set(['loaded']))
  const undone = await lane.undo(everythingOf(all))
  expect(undone.kept).toEqual([{ doctype: 'Series', name: series.name, reason: `current is ${series.current + 1} by now` }])
  expect(await changed()).toEqual(['tabSeries'])
  await connection.query(untouched['tabSeries']!.rows === 0 ? 'DELETE FROM tabSeries' : `DELETE FROM tabSeries WHERE name = '${series.name}'`)
  const old = site.series[series.name]
  if (old !== undefined) await connection.query(`INSERT INTO tabSeries VALUES ('${series.name}', ${old})`)
  expect(await changed()).toEqual([])
})

test('a series that moved refuses the batch before anything is written', async () => {
  await open(salesOrders(5), ['Sales Order'])
  const [batch] = await batches(staging, 'Sales Order', 5)
  const name = batch!.documents[0]!.name.replace(/\d{5}$/, ''), old = site.series[name]
  await atWork(old === undefined ? `INSERT INTO tabSeries VALUES ('${name}', 2)` : `UPDATE tabSeries SET current = current + 2 WHERE name = '${name}'`, old === undefined ? `DELETE FROM tabSeries WHERE name = '${name}'` : `UPDATE tabSeries SET current = ${old} WHERE name = '${name}'`)
  await expect(lane.write(batch!)).rejects.toMatchObject({ code: 'target-changed', message: expect.stringContaining('Series moved') as string, hint: expect.stringContaining('predict again') as string })
  expect(await changed()).toEqual(['tabSeries'])
  expect((await connection.query('SELECT * FROM __landfall_express_batches'))[0]).toEqual([])
})

test('a tree that changed refuses the batch', async () => {
  await open(business(1, 1), ['Territory'])
  const [batch] = await batches(staging, 'Territory', 50)
  await atWork(`UPDATE tabTerritory SET rgt = rgt + 2 WHERE name = 'All Territories'`, `UPDATE tabTerritory SET rgt = rgt - 2 WHERE name = 'All Territories'`)
  await expect(lane.write(batch!)).rejects.toMatchObject({ code: 'target-changed', message: expect.stringContaining('All Territories') as string })
  expect(await changed()).toEqual(['tabTerritory'])
})

test('a taken name refuses its document and those that link to it, and the others are loaded', async () => {
  await open([customers(6), ...salesOrders(4, `'Customer ' || i`)], ['Customer', 'Sales Order'])
  await atWork(`INSERT INTO tabCustomer (name, customer_name) VALUES ('CUSTOMER 2', 'native')`, `DELETE FROM tabCustomer WHERE name = 'CUSTOMER 2'`)
  const [people] = await batches(staging, 'Customer', 10), [orders] = await batches(staging, 'Sales Order', 10)
  const outcomes = await lane.write(people!)
  expect(outcomes.map((one) => one.status)).toEqual(['loaded', 'refused', 'loaded', 'loaded', 'loaded', 'loaded'])
  expect(outcomes[1]!.reason).toEqual({ type: 'DuplicateEntryError', message: 'Customer CUSTOMER 2 is on the site already and was not written by this run' })
  const ordered = await lane.write(orders!)
  expect(ordered.map((one) => one.status)).toEqual(['loaded', 'refused', 'loaded', 'loaded'])
  expect(ordered[1]!.reason).toMatchObject({ type: 'LinkValidationError' })
  expect((await lane.write(people!)).map((one) => one.status)).toEqual(['unchanged', 'refused', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
  await lane.undo(everythingOf([people!, orders!]))
  expect(await changed()).toEqual(['tabCustomer'])
})

test('an older row that somebody changed refuses the documents that would change it', async () => {
  await open([customers(3)], ['Customer'])
  await staging.run(`INSERT INTO ops.updates SELECT 1000 + i, 'Customer', i, 'tabCompany', 'Northwind Traders', CASE WHEN i < 3 THEN 'phone_no' ELSE 'fax' END, CASE i WHEN 2 THEN '"1"' ELSE 'null' END, to_json(i::VARCHAR)::VARCHAR FROM range(1, 4) t(i)`)
  const [batch] = await batches(staging, 'Customer', 10)
  await atWork(`UPDATE tabCompany SET phone_no = '42'`, `UPDATE tabCompany SET phone_no = NULL`)
  const outcomes = await lane.write(batch!)
  expect(outcomes.map((one) => one.status)).toEqual(['refused', 'refused', 'loaded'])
  expect(outcomes[0]!.reason).toEqual({ type: 'target-changed', message: 'tabCompany "Northwind Traders" holds "42" in phone_no where nothing was predicted' })
  expect((await connection.query('SELECT phone_no, fax FROM tabCompany'))[0]).toEqual([{ phone_no: '42', fax: '3' }])
  await connection.query(`UPDATE tabCompany SET phone_no = NULL`)
  await lane.undo(everythingOf([batch!]))
  expect(await changed()).toEqual([])
})

test('a table that is not as described refuses the batch before anything is written', async () => {
  await open([customers(3)], ['Customer'])
  const [batch] = await batches(staging, 'Customer', 10)
  const fresh = openLane(server, 'site', staging)
  await atWork('ALTER TABLE tabCustomer CHANGE market_segment segment varchar(140), MODIFY industry varchar(20)', 'ALTER TABLE tabCustomer CHANGE segment market_segment varchar(140), MODIFY industry varchar(140)')
  await expect(fresh.write(batch!)).rejects.toMatchObject({ code: 'target-changed', message: expect.stringMatching(/tabCustomer.market_segment is missing; tabCustomer.industry is varchar\(20\) instead of varchar\(140\); tabCustomer.segment is not in the description/) as string })
  expect((await connection.query(`SELECT count(*) AS n FROM tabCustomer WHERE name LIKE 'Customer %'`))[0]).toEqual([{ n: 0 }])
  await fresh.close()
})

test('documents of shapes that no canary proved are refused, by id', async () => {
  await open([customers(4)], ['Customer'])
  const proven = openLane(server, 'site', staging, {}, permitsOf({ Customer: [1, 3] }))
  const [batch] = await batches(staging, 'Customer', 10)
  const outcomes = await proven.write(batch!)
  expect(outcomes.map((one) => [one.status, one.reason?.type])).toEqual([['loaded', undefined], ['refused', 'unproven-shape'], ['loaded', undefined], ['refused', 'unproven-shape']])
  await proven.undo(everythingOf([batch!]))
  await proven.close()
  expect(await changed()).toEqual([])
})

test('what people changed since is kept by undo and named, the rest goes', async () => {
  await open(business(4, 1), ['Territory', 'Customer'])
  const all = [...await batches(staging, 'Territory', 50), ...await batches(staging, 'Customer', 50)]
  for (const batch of all) await lane.write(batch)
  await connection.query(`UPDATE tabCustomer SET website = 'x', modified = '2027-01-01 00:00:00.000001' WHERE name = 'Customer 3'`)
  const undone = await lane.undo(everythingOf(all))
  expect(undone).toMatchObject({ removed: 12 + 3, kept: [{ doctype: 'Customer', name: 'Customer 3', reason: 'Customer Customer 3 was changed at 2027-01-01 00:00:00.000001' }] })
  expect((await connection.query(`SELECT name FROM tabCustomer WHERE name LIKE 'Customer _'`))[0]).toEqual([{ name: 'Customer 3' }])
  await connection.query(`UPDATE tabCustomer SET modified = creation WHERE name = 'Customer 3'`)
  expect(await lane.undo(everythingOf(all))).toMatchObject({ removed: 1, kept: [] })
  expect(await changed()).toEqual([])
})

test('a second run finds what the first one loaded', async () => {
  await open([customers(5)], ['Customer'])
  const [few] = await batches(staging, 'Customer', 3), [again] = await batches(staging, 'Customer', 10, 'r-2')
  await lane.write(few!)
  expect(await statuses(again!)).toEqual(['unchanged', 'unchanged', 'unchanged', 'loaded', 'loaded'])
  await lane.undo(everythingOf([again!], 'r-2'))
  await lane.undo(everythingOf([few!]))
  expect(await changed()).toEqual([])
})

test('a lock that somebody holds is waited for, and the whole transaction done again', async () => {
  await open(salesOrders(3), ['Sales Order'], { lockWaitSeconds: 1 })
  const [batch] = await batches(staging, 'Sales Order', 10)
  const other = await connectTo(server, 'site')
  await other.query('START TRANSACTION')
  await other.query('SELECT * FROM tabSeries FOR UPDATE')
  const release = setTimeout(() => { void other.query('ROLLBACK') }, 1500)
  expect(await statuses(batch!)).toEqual(['loaded', 'loaded', 'loaded'])
  clearTimeout(release)
  await other.end()
  await lane.undo(everythingOf([batch!]))
  expect(await changed()).toEqual([])
})
