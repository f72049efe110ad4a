import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fixedClock } from '../../src/model/clock.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'
import { openTarget } from '../../src/targets/registry.ts'
import type { LoadBatch, Target } from '../../src/targets/target.ts'

let folder: string, staging: Staging, target: Target
const site = Site.load()
const clock = fixedClock('2026-11-22')
vi.setConfig({ testTimeout: 240_000 })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-target-'))
  staging = await Staging.open(join(folder, 'staging.duckdb'))
  await staging.run('CREATE TABLE ops.updates (seq BIGINT, doctype VARCHAR, id BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, "before" VARCHAR, "after" VARCHAR)')
  await site.createTables(staging, 'rows', ['Customer', 'Note', 'Contact'])
  target = await openTarget('rehearsal', { staging, site, sitePath: join(folder, 'site.duckdb'), clock })
})
afterEach(async () => {
  await staging.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Drafts and predicted rows of `count` customers from id `first`, each with a contact written by the same draft. */
async function customers(count: number, first = 1): Promise<void> {
  await staging.run(`CREATE TABLE IF NOT EXISTS drafts."Customer" (_id BIGINT, _entity VARCHAR, _key VARCHAR, _source_row BIGINT, customer_name VARCHAR)`)
  await staging.run(`INSERT INTO drafts."Customer" SELECT i, 'customers', 'K' || i, i, 'Customer ' || i FROM range(${first}, ${first + count}) t(i)`)
  await staging.run(`INSERT INTO rows."tabCustomer" (name, customer_name, docstatus, _draft, _doctype) SELECT 'Customer ' || i, 'Customer ' || i, 0, i, 'Customer' FROM range(${first}, ${first + count}) t(i)`)
  await staging.run(`INSERT INTO rows."tabContact" (name, first_name, _draft, _doctype) SELECT 'Contact ' || i, 'C' || i, i, 'Customer' FROM range(${first}, ${first + count}) t(i)`)
}
function batch(from: number, to: number, run = 'r-1'): LoadBatch {
  return { run, phase: 'master', wave: 1, doctype: 'Customer', batch: `${run}:Customer:${from}`, from, to }
}
/** Rows on the fixture's own records do not count. */
const mine = (table: string) => table === 'tabCustomer' || table === 'tabContact' ? ` WHERE name LIKE 'C% _'` : ''
async function count(table: string): Promise<number> {
  return Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM site.main."${table}"${mine(table)}`))?.n)
}

test('the site begins with what the description holds', async () => {
  expect(await count('tabCompany')).toBe(site.records('Company').length)
  expect((await target.describe()).apps['erpnext']).toMatch(/^15\./)
})

test('a batch writes rows of all tables with their ledger, and once only', async () => {
  await customers(5)
  const first = await target.write(batch(1, 3))
  expect(first.map((outcome) => [outcome.id, outcome.status, outcome.name])).toEqual([[1, 'loaded', 'Customer 1'], [2, 'loaded', 'Customer 2'], [3, 'loaded', 'Customer 3']])
  expect([await count('tabCustomer'), await count('tabContact')]).toEqual([3, 3])
  expect((await target.write(batch(1, 3))).map((outcome) => outcome.status)).toEqual(['unchanged', 'unchanged', 'unchanged'])
  expect(await count('tabCustomer')).toBe(3)
  const again = await openSecond('r-2', 1, 5)
  expect(again).toEqual(['unchanged', 'unchanged', 'unchanged', 'loaded', 'loaded'])
  expect([await count('tabCustomer'), await count('tabContact')]).toEqual([5, 5])
})

async function openSecond(run: string, from: number, to: number): Promise<string[]> {
  await target.close()
  target = await openTarget('rehearsal', { staging, site, sitePath: join(folder, 'site.duckdb'), clock })
  return (await target.write(batch(from, to, run))).map((outcome) => outcome.status)
}

test('a name that somebody else took is refused, never overwritten', async () => {
  await customers(2)
  await staging.run(`INSERT INTO site.main."tabCustomer" (name, customer_name) VALUES ('customer 2', 'native')`)
  const outcomes = await target.write(batch(1, 2))
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['loaded', 'refused'])
  expect(outcomes[1]?.reason).toMatchObject({ type: 'DuplicateEntryError' })
  expect(await staging.all(`SELECT name, customer_name FROM site.main."tabCustomer" WHERE name ILIKE 'customer _' ORDER BY name`)).toEqual([{ name: 'Customer 1', customer_name: 'Customer 1' }, { name: 'customer 2', customer_name: 'native' }])
  expect(await count('tabContact')).toBe(1)
})

test('changes of older rows keep their image, and undo gives every table back as it was', async () => {
  await customers(4)
  await staging.run(`INSERT INTO ops.updates VALUES (1, 'Customer', 1, 'tabCompany', 'Northwind Traders', 'phone_no', 'null', '"1"'), (2, 'Customer', 2, 'tabCompany', 'Northwind Traders', 'phone_no', '"1"', '"2"'),
    (3, 'Customer', 4, 'tabCompany', 'Northwind Traders', 'phone_no', '"2"', '"4"'), (4, 'Customer', 4, 'tabContact', 'Contact 1', 'first_name', '"C1"', '"late"'), (5, 'Note', 1, 'tabCompany', 'Northwind Traders', 'email', 'null', '"x"')`)
  await staging.run('CREATE TABLE drafts."Note" (_id BIGINT, _entity VARCHAR, _key VARCHAR, _source_row BIGINT, title VARCHAR)')
  await staging.run(`INSERT INTO drafts."Note" VALUES (1, 'notes', 'N1', 1, 'n')`)
  await staging.run(`INSERT INTO rows."tabNote" (name, title, _draft, _doctype) VALUES ('note-1', 'n', 1, 'Note')`)
  await staging.run(`UPDATE rows."tabContact" SET first_name = 'late' WHERE name = 'Contact 1'`)
  const before = await target.mark('r-1', 'start')
  await target.write(batch(1, 2))
  const phone = async () => (await staging.one(`SELECT phone_no FROM site.main."tabCompany"`))?.['phone_no']
  const contact = async () => (await staging.one(`SELECT first_name FROM site.main."tabContact" WHERE name = 'Contact 1'`))?.['first_name']
  expect([await phone(), await contact()]).toEqual(['2', 'C1'])
  const middle = await target.mark('r-1', 'master')
  await target.write(batch(3, 4))
  expect([await phone(), await contact()]).toEqual(['4', 'late'])
  await target.write({ ...batch(1, 1), doctype: 'Note', batch: 'r-1:Note:1' })
  expect((await staging.one(`SELECT email FROM site.main."tabCompany"`))?.['email']).toBe('x')
  expect(await target.undo('r-1', 'master')).toEqual({ removed: 5, restored: 3, kept: [] })
  expect(await target.checksums()).toEqual(middle.checksums)
  expect(await target.undo('r-1', null)).toEqual({ removed: 4, restored: 1, kept: [] })
  expect(await target.checksums()).toEqual(before.checksums)
  expect(await target.runs()).toEqual([])
})

test('an earlier run cannot be taken back from under a later one', async () => {
  await customers(2)
  await target.write(batch(1, 1))
  await target.write(batch(2, 2, 'r-2'))
  await expect(target.undo('r-1', null)).rejects.toMatchObject({ code: 'target-changed' })
  expect(await count('tabCustomer')).toBe(2)
})
