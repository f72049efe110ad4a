import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seededRandom } from '../../src/model/clock.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { batches, business, connectTo, customers, differences, everythingOf, openLane, posted, site, testDoctypes } from './express-setup.ts'

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

test('a process killed at random moments goes on where it was', async () => {
  const documents = 300, { staging, engine } = await posted([customers(documents)], ['Customer'])
  const lane = openLane(server, 'site', staging), random = seededRandom(11)
  await lane.prepare(['Customer'])
  const before = await lane.checksums()
  let killed = 0
  for (let life = 0; ; life++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'express-child.ts'), String(server.port), String(documents), '12'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = '', errors = ''
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
    const ready = new Promise<void>((resolve) => child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); resolve() }))
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_code, signal) => resolve(signal)))
    await Promise.race([ready, ended])
    const timer = life < 6 ? setTimeout(() => child.kill('SIGKILL'), random() * 700) : null
    const signal = await ended
    if (timer !== null) clearTimeout(timer)
    if (signal === 'SIGKILL') { killed++; continue }
    expect(output, errors).toContain('done')
    break
  }
  expect(killed).toBeGreaterThan(1)
  expect(await differences(staging, engine, connection)).toEqual([])
  const all = await batches(staging, 'Customer', 12)
  expect(await lane.undo(everythingOf(all))).toMatchObject({ removed: documents, kept: [] })
  expect(changedTables(before, await lane.checksums())).toEqual([])
  await lane.close()
  await staging.close()
})
