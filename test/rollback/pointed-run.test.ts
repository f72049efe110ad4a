import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { chooseLanes } from '../../src/phases/lanes.ts'
import { saveProof } from '../../src/posting/canary/proof.ts'
import { findShapes } from '../../src/posting/canary/shapes.ts'
import { systemClock } from '../../src/model/clock.ts'
import { runMigration } from '../../src/run/engine.ts'
import { PointedTarget } from '../../src/targets/backup/pointed-target.ts'
import { recover } from '../../src/targets/backup/recovery.ts'
import { SiteBackup } from '../../src/targets/backup/site-backup.ts'
import { expressOptions } from '../../src/targets/express/options.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import { openBusiness } from '../run/business.ts'
import { connectTo, site } from '../targets/express-setup.ts'

vi.setConfig({ testTimeout: 240_000 })

test('a run into a real database backs it up first and leaves points: it goes back to the end of a batch', async () => {
  const server = await startMariadb({ 'local-infile': '1', 'log-bin': 'binlog', 'binlog-format': 'ROW', 'server-id': '7' }), folder = mkdtempSync(join(tmpdir(), 'landfall-pointed-'))
  const { host, port, user, password } = server
  await createMariadbSite(server, 'site', site, [...new Set([...site.recordDoctypes(), 'Brand', 'Note', 'Version', 'Installed Application', 'Item Default', 'Note Seen By'])])
  const connection = await connectTo(server, 'site')
  const backups = new SiteBackup({ options: expressOptions.parse({ host, port, user, password, database: 'site' }), baseFolder: folder, folder: join(folder, 'backups'), siteFolder: null, checkpoints: true, quietSeconds: 0 }, systemClock)
  const business = await openBusiness(folder, { brands: 60, notes: 10, batchRows: 50, loadBatch: 20 }, { settings: { lane: 'auto', rest: { concurrency: 1, batch: 1, timeout_seconds: 1, retries: 0, submit_wait_seconds: 1, headers: {} }, database: { name: 'site', host, port, user, password, lock_wait_seconds: 3 } } })
  const count = async (): Promise<number[]> => Object.values((await connection.query(`SELECT (SELECT count(*) FROM tabBrand WHERE brand LIKE 'Brand %') AS b, (SELECT count(*) FROM tabNote WHERE title LIKE 'Note %') AS n`) as unknown as [Record<string, number>[]])[0][0]!)
  try {
    const binding = { site: 's', rules: 'r' }
    business.migration.load.begin = async () => {
      for (const doctype of ['Brand', 'Note']) for (const { shape, documents, features } of await findShapes(business.staging, site, doctype)) await saveProof(business.staging, binding, { doctype, shape, status: 'equal', canaries: 1, documents, differences: [], reason: null, features }, 'now')
      await chooseLanes(business.staging, { site, order: ['Brand', 'Note'], available: ['express'], wanted: { all: 'auto', doctypes: {} }, binding })
    }
    business.migration.load.target = new PointedTarget(business.target, () => backups, true)
    const { run } = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
    expect(backups.book.backups()).toMatchObject([{ run, verified: { passed: true } }])
    const points = backups.book.points()
    expect(points.map((point) => point.kind)).toEqual(['backup', 'start', 'checkpoint', 'checkpoint', 'checkpoint', 'phase', 'checkpoint', 'phase'])
    expect(await count()).toEqual([60, 10])
    // The second batch of brands: 40 documents stand. None of what follows was written by people.
    expect(await recover(backups, { point: points[3]!, discard: false, ours: () => false })).toMatchObject({ proven: true, later: { documents: [], ours: 20 + 10 } })
    expect(await count()).toEqual([40, 0])
  } finally {
    backups.close()
    await business.close()
    await connection.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
