import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { groupFindings } from '../../src/phases/preflight.ts'
import { rollback } from '../../src/phases/rollback.ts'
import { makeContext } from '../../src/run/context.ts'
import { runMigration } from '../../src/run/engine.ts'
import { runsOf } from '../../src/run/history.ts'
import { faultsOf, openBusiness, refusedBrands, type Opened } from './business.ts'

const size = { brands: 300, notes: 200, batchRows: 70, loadBatch: 60 }
vi.setConfig({ testTimeout: 240_000 })
let folder: string, business: Opened
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-run-')) })
afterEach(async () => {
  await business.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a run loads what can be loaded, refuses the rest with its cause, and a second run writes nothing', async () => {
  business = await openBusiness(folder, size)
  const facts = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
  expect(facts.status).toBe('done')
  expect(facts.extracted?.entities.map((entity) => [entity.entity, entity.read, entity.staged, entity.counted])).toEqual([['brands', 300, 300, 300], ['notes', 200, 200, 200]])
  expect(facts.outcomes).toEqual({ loaded: 497, unchanged: 0, refused: refusedBrands(300), skipped: 0 })
  expect(await faultsOf(business, size)).toEqual([])
  const causes = await groupFindings(business.staging, { severity: 'blocking' })
  expect(causes.map((group) => [group.doctype, group.documents])).toContainEqual(['Brand', 3])
  expect(causes.every((group) => group.doctype === 'Brand' && /^[0-9a-f]{8}$/.test(group.id) && group.examples.length === 3)).toBe(true)
  expect(await business.staging.all(`SELECT status, count(*) AS n FROM ops.outcomes GROUP BY status ORDER BY status`)).toEqual([{ status: 'loaded', n: 497 }, { status: 'refused', n: 3 }])
  const sums = await business.target.checksums()
  const again = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
  expect(again.outcomes).toMatchObject({ loaded: 0, unchanged: 497 })
  expect(await business.target.checksums()).toEqual(sums)
})

test('nothing is loaded while a blocking finding is open, unless the policy says so', async () => {
  business = await openBusiness(folder, size, { onBlocking: 'stop' })
  const before = await business.target.checksums()
  const facts = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
  expect([facts.status, facts.findings?.refusedDocuments, facts.outcomes]).toEqual(['blocked', 3, null])
  expect(await business.target.checksums()).toEqual(before)
  business.migration.onBlocking = 'skip_documents'
  const resumed = await runMigration(business.migration, business.ports, { resume: true, until: 'end' })
  expect([resumed.run, resumed.status, resumed.outcomes?.loaded]).toEqual([facts.run, 'done', 497])
})

test('a rollback gives every table back as it was, and proves it', async () => {
  business = await openBusiness(folder, size)
  const before = await business.target.checksums()
  const facts = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
  const proof = await rollback(makeContext(business.ports, facts.run), business.target, facts.run, 'start')
  expect(proof).toMatchObject({ removed: 497, to: 'start' })
  expect(await business.target.checksums()).toEqual(before)
  expect(runsOf(business.journal.replay()).at(-1)?.status).toBe('rolled-back')
  await expect(rollback(makeContext(business.ports, facts.run), business.target, facts.run, 'master')).rejects.toMatchObject({ code: 'usage' })
})

test('a stop ends after the batch at hand, and resuming completes the run', async () => {
  const stop = new AbortController()
  let seen = 0
  business = await openBusiness(folder, size, { signal: stop.signal, reached: (point) => { if (point.startsWith('loaded') && ++seen === 2) stop.abort() } })
  await expect(runMigration(business.migration, business.ports, { resume: false, until: 'end' })).rejects.toMatchObject({ code: 'interrupted' })
  expect(await business.staging.one(`SELECT count(*) AS n FROM site.ledger.documents`)).toEqual({ n: 120 - 1 })
  await business.close()
  business = await openBusiness(folder, size)
  const facts = await runMigration(business.migration, business.ports, { resume: true, until: 'end' })
  expect(facts.status).toBe('done')
  expect(await faultsOf(business, size)).toEqual([])
  // A run may be killed after its last step and before its report: going on with it again changes nothing and tells the same.
  const again = await runMigration(business.migration, business.ports, { resume: true, until: 'end' })
  expect([again.run, again.status, again.outcomes?.loaded]).toEqual([facts.run, 'done', facts.outcomes?.loaded])
  expect(await faultsOf(business, size)).toEqual([])
})

test('going on where nothing was begun begins', async () => {
  business = await openBusiness(folder, size)
  const facts = await runMigration(business.migration, business.ports, { resume: true, until: 'end' })
  expect([facts.status, facts.outcomes?.loaded]).toEqual(['done', 497])
})

test('staging that is lost in the middle of a load is rebuilt from source, ledger and site', async () => {
  let batches = 0
  business = await openBusiness(folder, size, { reached: (point) => { if (point.startsWith('loaded') && ++batches === 3) throw new RangeError('pulled the plug') } })
  await expect(runMigration(business.migration, business.ports, { resume: false, until: 'end' })).rejects.toThrow('pulled the plug')
  await business.close()
  rmSync(join(folder, 'staging.duckdb'))
  rmSync(join(folder, 'staging.duckdb.wal'), { force: true })
  business = await openBusiness(folder, size)
  await runMigration(business.migration, business.ports, { resume: true, until: 'end' })
  expect(await faultsOf(business, size)).toEqual([])
})
