import { setTimeout as wait } from 'node:timers/promises'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seededRandom } from '../../src/model/clock.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { batches, business, connectTo, differences, everythingOf, openLane, posted, site, testDoctypes } from './express-setup.ts'

let server: PrivateServer, connection: mysql.Connection
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

test('connections killed at random moments lose nothing and double nothing', async () => {
  const doctypes = ['Territory', 'Customer', 'Sales Order']
  const { staging, engine } = await posted(business(120, 60), doctypes)
  const lane = openLane(server, 'site', staging, { retries: 10 }), random = seededRandom(7)
  await lane.prepare(doctypes)
  const before = await lane.checksums()
  const all = (await Promise.all(doctypes.map((doctype) => batches(staging, doctype, 6)))).flat()
  const perBatch: number[] = [300]
  let killed = 0
  /** Runs `body` while its connection is killed up to twice, at moments drawn from as long as one takes undisturbed. */
  const disturbed = async <T>(body: () => Promise<T>): Promise<T> => {
    const began = performance.now(), usual = perBatch.at(-1)!
    const kills = Array.from({ length: Math.floor(random() * 3) }, async () => {
      await wait(random() * usual * 1.5)
      if (lane.connectionId !== null) killed += await connection.query(`KILL CONNECTION ${lane.connectionId}`).then(() => 1, () => 0)
    })
    const done = await body()
    await Promise.all(kills)
    if (kills.length === 0) perBatch.push(performance.now() - began)
    return done
  }
  for (const batch of all) expect(new Set((await disturbed(() => lane.write(batch))).map((one) => one.status))).toEqual(new Set(['loaded']))
  expect(killed).toBeGreaterThan(5)
  expect(await differences(staging, engine, connection)).toEqual([])
  expect((await connection.query('SELECT count(*) AS n FROM __landfall_express_documents'))[0]).toEqual([{ n: 12 + 120 + 60 }])
  for (const batch of [...all].reverse()) await disturbed(() => lane.undo(everythingOf([batch])))
  expect(changedTables(before, await lane.checksums())).toEqual([])
  await lane.close()
  await staging.close()
})
