import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { rereadResults } from '../../src/checks/reconcile/reread.ts'
import { chooseLanes } from '../../src/phases/lanes.ts'
import { saveProof, type ProofStatus } from '../../src/posting/canary/proof.ts'
import { findShapes } from '../../src/posting/canary/shapes.ts'
import { runMigration } from '../../src/run/engine.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { openBusiness, type BusinessSize, type Opened } from '../run/business.ts'
import { connectTo, site } from './express-setup.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })
const size: BusinessSize = { brands: 120, notes: 15, batchRows: 50, loadBatch: 50 }, database = 'site'
const binding = { site: 's', rules: 'r' }
let server: PrivateServer, connection: Awaited<ReturnType<typeof connectTo>>
beforeAll(async () => {
  server = await startMariadb({ 'local-infile': '1' })
  await createMariadbSite(server, database, site, [...new Set([...site.recordDoctypes(), 'Brand', 'Note', 'Version', 'Installed Application', 'Item Default', 'Note Seen By'])])
  connection = await connectTo(server, database)
})
afterAll(async () => {
  await connection.end()
  await server.stop()
})

/** A run into the database alone, with proofs of the given status. */
async function opened(status: ProofStatus): Promise<{ business: Opened; run: () => ReturnType<typeof runMigration>; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-site-express-')), { host, port, user, password } = server
  const business = await openBusiness(folder, size, { settings: { lane: 'auto', rest: { concurrency: 1, batch: 1, timeout_seconds: 1, retries: 0, submit_wait_seconds: 1, headers: {} }, database: { name: database, host, port, user, password, lock_wait_seconds: 3 } } })
  business.migration.load.begin = async () => {
    for (const doctype of ['Brand', 'Note']) {
      for (const { shape, documents, features } of await findShapes(business.staging, site, doctype)) await saveProof(business.staging, binding, { doctype, shape, status, canaries: 1, documents, differences: [], reason: null, features }, 'now')
    }
    await chooseLanes(business.staging, { site, order: ['Brand', 'Note'], available: ['express'], wanted: { all: 'auto', doctypes: {} }, binding })
  }
  return { business, run: () => runMigration(business.migration, business.ports, { resume: false, until: 'end' }), close: async () => { await business.close(); rmSync(folder, { recursive: true, force: true }) } }
}

const count = async (table: string): Promise<number> => Number(((await connection.query(`SELECT count(*) AS n FROM \`${table}\``))[0] as { n: number }[])[0]!.n)

test('what is proven is loaded by the database, stands in the mirror as it does there, and goes again', async () => {
  const { business, run, close } = await opened('equal'), before = [await count('tabBrand'), await count('tabNote')]
  const facts = await run()
  expect(facts.outcomes).toEqual({ loaded: 134, unchanged: 0, refused: 1, skipped: 0 })
  expect([await count('tabBrand'), await count('tabNote')]).toEqual([before[0]! + 119, before[1]! + 15])
  expect(await business.staging.all(`SELECT lane, count(*)::INTEGER AS n FROM site.ledger.lanes GROUP BY lane`)).toEqual([{ lane: 'express', n: 134 }])
  const mirror = await business.staging.one<{ n: number }>(`SELECT count(*) AS n FROM site.main."tabBrand" s JOIN rows."tabBrand" r ON r.name = s.name AND r.description = s.description AND r.modified = s.modified`)
  expect(Number(mirror?.n)).toBe(119)
  expect(await business.target.reread!(facts.run, { each: 200, seed: 1 })).toEqual({ documents: 134, accounts: 0, differences: [], unread: [] })
  await connection.query(`UPDATE tabBrand SET description = 'by hand' WHERE name = 'Brand 5'; `)
  await connection.query(`DELETE FROM tabNote WHERE title = 'Note 3'`)
  const { differences } = await business.target.reread!(facts.run, { each: 200, seed: 1 }), name = (await business.staging.one<{ name: string }>(`SELECT name FROM site.main."tabNote" WHERE title = 'Note 3'`))!.name
  expect(differences).toEqual([{ doctype: 'Brand', name: 'Brand 5', detail: 'Brand: description: predicted about 5, site by hand' }, { doctype: 'Note', name, detail: `Note: the site lacks ${name}` }])
  expect(rereadResults({ documents: 134, accounts: 0, differences, unread: [] })).toMatchObject([{ id: 'site-sample', status: 'failed', failed: 2, compared: 134 }])
  expect(rereadResults({ documents: 1, accounts: 2, differences: [{ doctype: 'GL Entry', name: 'Sales - NT', detail: 'd' }], unread: ['tabX'] }).map(({ id, status }) => `${id} ${status}`)).toEqual(['site-sample unchecked', 'site-ledger failed'])
  expect((await run()).outcomes).toMatchObject({ loaded: 0, unchanged: 134 })
  expect((await business.target.undo(facts.run, null)).kept).toEqual([])
  expect([await count('tabBrand'), await count('tabNote'), await count('__landfall_express_documents')]).toEqual([...before, 0])
  await close()
})

test('what is not proven never reaches the database', async () => {
  const { run, close } = await opened('differs'), before = await count('tabBrand')
  await expect(run()).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('cannot take the express lane') })
  expect(await count('tabBrand')).toBe(before)
  await close()
})
