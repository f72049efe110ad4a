import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { draftStatements, factsOf, firstOf, WARM_UP } from '../../src/cli/measure/drafts.ts'
import { importTable } from '../../src/cli/measure/import-table.ts'
import { Measuring, type Measurement } from '../../src/cli/measure/measure.ts'
import { listeners, processorSeconds } from '../../src/cli/measure/processor-time.ts'
import { compare } from '../../src/cli/measure/table.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { connect } from '../../src/targets/express/connection.ts'
import { expressOptions } from '../../src/targets/express/options.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { batches, clock, openLane, posted, site } from '../targets/express-setup.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

test('a document with child rows is as many rows of an import as its longest table', () => {
  expect(importTable([{ doctype: 'Sales Order', customer: 'A', items: [{ doctype: 'Sales Order Item', item_code: 'X', qty: 1 }, { item_code: 'Y', qty: 2 }], taxes: [{ rate: 5 }] }, { customer: 'B', items: [{ item_code: 'Z', qty: 3 }] }])).toEqual([
    ['customer', 'items.item_code', 'items.qty', 'taxes.rate'], ['A', 'X', '1', '5'], ['', 'Y', '2', ''], ['B', 'Z', '3', ''],
  ])
})

test('each way is held against the loop and against LOAD DATA, and nothing against what was not measured', () => {
  const line = (way: Measurement['way'], documents: number, seconds: number, site: number | null, why: string | null = null): Measurement => ({ doctype: 'Customer', way, documents, rows: 0, seconds, processor: { here: 0.1, site, database: 0.1 }, undoSeconds: null, left: [], why })
  const [loop, rest, express, load] = compare([line('loop', 10, 1, 0.8), line('rest', 10, 0.5, null), line('express', 1000, 1, 0), line('load data', 1000, 0.5, 0)])
  expect(loop).toMatchObject({ perSecond: 10, processorMs: 100, overLoop: 1, ofLoad: 0.005 })
  expect(rest).toMatchObject({ overLoop: 2, processorMs: null, overLoopProcessor: null })
  expect(express).toMatchObject({ overLoop: 100, overLoopProcessor: 500, ofLoad: 0.5, ofLoadProcessor: 1 })
  expect(load!.ofLoad).toBe(1)
  expect(compare([line('loop', 10, 0, 0, 'it needs the bench'), line('express', 1000, 1, 0)])[1]).toMatchObject({ overLoop: null, ofLoad: null })
})

test.skipIf(process.platform !== 'linux')('whose processor time counts is found by the port', async () => {
  const server = createServer(() => undefined)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  expect(listeners(`http://127.0.0.1:${port}`)).toContain(process.pid)
  expect(listeners('https://erp.example.com')).toEqual([])
  expect(processorSeconds(process.pid)).toBeGreaterThan(0)
  expect(processorSeconds(0)).toBe(0)
  await new Promise((done) => server.close(done))
})

describe('on a database alone', () => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await startMariadb({ 'local-infile': '1' })
    await createMariadbSite(server, 'site', site, [...new Set([...site.recordDoctypes(), 'Version', 'Installed Application', 'Dynamic Link', 'Journal Entry', 'Journal Entry Account', 'GL Entry', 'Payment Ledger Entry', 'Customer', 'Item'])])
  })
  afterAll(() => server.stop())

  test('journals go in both ways and are taken back, and what there is no way to is said', async () => {
    const rows = 30, { staging, engine } = await posted(draftStatements(factsOf(site, undefined), rows + WARM_UP, '2026-11-22'), ['Customer', 'Item', 'Journal Entry'])
    const options = { host: server.host, port: server.port, user: server.user, password: server.password }, link = await connect(expressOptions.parse({ ...options, database: 'site' }), '.')
    const look = openLane(options, 'site', staging), made = await batches(staging, 'Journal Entry', 1_000)
    await look.prepare(['Journal Entry'])
    const before = await look.checksums(), seen: number[] = []
    const measuring = new Measuring({
      site, staging, clock, plain: null, link, url: null, written: () => engine.written(), say: () => undefined, why: (way) => (way === 'express' && seen.length > 0 ? 'not proven' : null),
      lanes: { express: async () => Object.assign(openLane(options, 'site', staging), { finish: async () => undefined }) },
      documentsOf: async ({ from, to }) => made.flatMap((batch) => batch.documents.filter(({ id }) => id >= from && id <= to)),
    }, 'r-measure')
    const express = await measuring.measure('Journal Entry', 'express', rows)
    expect(express).toMatchObject({ documents: rows, why: null })
    expect([express.seconds > 0, express.undoSeconds !== null]).toEqual([true, true])
    expect(changedTables(before, await look.checksums())).toEqual([])
    const load = await measuring.measure('Journal Entry', 'load data', rows)
    // A journal, two lines, two entries of the general ledger, and its version.
    expect(load).toMatchObject({ why: null, rows: rows * 6 })
    expect(changedTables(before, await look.checksums())).toEqual([])
    expect(await measuring.measure('Journal Entry', 'loop', 5)).toMatchObject({ why: 'it needs the bench (--bench)', seconds: 0 })
    seen.push(firstOf('Journal Entry'))
    expect(await measuring.measure('Journal Entry', 'express', 5)).toMatchObject({ why: 'not proven' })
    link.close()
    await look.close()
    await staging.close()
  })
})
