import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runMigration } from '../../src/run/engine.ts'
import { Site } from '../../src/site/site.ts'
import { Absent } from '../../src/targets/site/absent.ts'
import { makeSiteFile, openBusiness, type BusinessSize, type Opened } from '../run/business.ts'
import { FakeSite } from './rest/fake-site.ts'

vi.setConfig({ testTimeout: 240_000 })
const size: BusinessSize = { brands: 20, notes: 5, batchRows: 50, loadBatch: 50 }
let folder: string, fake: FakeSite, business: Opened

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-target-'))
  copyFileSync(await makeSiteFile(), join(folder, 'site.duckdb'))
  fake = await new FakeSite(1).start()
  business = await openBusiness(folder, size, { siteUrl: fake.url })
})
afterEach(async () => {
  await business.close()
  await fake.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = () => runMigration(business.migration, business.ports, { resume: false, until: 'end' })

test('what the site refuses against the prediction is a blocking finding, and is tried again by a later run', async () => {
  fake.refuse = (doctype, doc) => (doctype === 'Brand' && doc['brand'] === 'Brand 7' ? 'Not <b>this</b> one' : null)
  expect((await run()).outcomes).toMatchObject({ loaded: 24, refused: 1 })
  expect(await business.staging.all(`SELECT severity, type, doctype, "key", message FROM ops.findings WHERE severity = 'blocking'`)).toEqual([{ severity: 'blocking', type: 'ValidationError', doctype: 'Brand', key: '7', message: 'Not this one' }])
  expect(await business.staging.all('SELECT doctype, type, message FROM ops.refused')).toEqual([{ doctype: 'Brand', type: 'ValidationError', message: 'Not this one' }])
  expect(await business.staging.all(`SELECT name FROM rows."tabBrand" WHERE name = 'Brand 7'`)).toEqual([])
  const absent = await Absent.load(business.staging, Site.load())
  expect(absent.reasonFor(Site.load().doctype('Item')!, { item_code: 'A', brand: 'Brand 7' })).toBe('Brand Brand 7 is not there: ValidationError: Not this one')
  expect(absent.reasonFor(Site.load().doctype('Item')!, { item_code: 'A', brand: 'Brand 8' })).toBeNull()

  fake.refuse = () => null
  expect((await run()).outcomes).toMatchObject({ loaded: 1, unchanged: 24, refused: 0 })
  expect(fake.table('Brand').size).toBe(20)
})

test('another name than predicted is said, and the ledger has the one the site gave', async () => {
  fake.rename = (doctype, name) => (doctype === 'Brand' && name === 'Brand 3' ? 'Brand 3-1' : name)
  await run()
  expect(await business.staging.all(`SELECT severity, type, "key" FROM ops.findings WHERE type = 'name-differs'`)).toEqual([{ severity: 'warning', type: 'name-differs', key: '3' }])
  expect(await business.staging.all(`SELECT name FROM site.ledger.documents WHERE doctype = 'Brand' AND "key" = '3'`)).toEqual([{ name: 'Brand 3-1' }])
})

test('the mirror holds what the site holds, not what was predicted', async () => {
  fake.alter = (doctype, row) => (doctype === 'Note' && row['title'] === 'Note 2' ? { ...row, content: 'as the site has it' } : row)
  await run()
  expect(await business.staging.all(`SELECT content FROM site.main."tabNote" WHERE title = 'Note 2'`)).toEqual([{ content: 'as the site has it' }])
  expect(await business.staging.all(`SELECT count(*)::INTEGER AS n FROM site.main."tabNote" s JOIN rows."tabNote" r ON r.name = s.name AND r.modified = s.modified WHERE r.content IS DISTINCT FROM s.content`)).toEqual([{ n: 1 }])
})
