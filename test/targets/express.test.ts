import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { batches, connectTo, customers, differences, openLane, posted, site, testDoctypes } from './express-setup.ts'

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

test.each(['infile', 'insert'])('customers arrive as predicted, every column, and go again (%s)', async (bulk) => {
  const { staging, engine } = await posted([customers(50)], ['Customer'])
  const lane = openLane(server, 'site', staging, { bulk })
  await lane.prepare(['Customer'])
  const before = await lane.checksums()
  const all = await batches(staging, 'Customer', 20)
  for (const batch of all) expect((await lane.write(batch)).map((one) => one.status)).toEqual(batch.documents.map(() => 'loaded'))
  expect(await differences(staging, engine, connection)).toEqual([])
  expect((await lane.write(all[0]!)).every((one) => one.status === 'unchanged')).toBe(true)
  expect(await differences(staging, engine, connection)).toEqual([])
  const [read] = await lane.read('tabCustomer', 'name', ['Customer 4'])
  expect(read).toMatchObject({ name: 'Customer 4', docstatus: 0, customer_details: 'tab\tline\nback\\slash \'quote" \\N 😀 é' })
  const undone = await lane.undo({ run: 'r-1', restore: [], documents: all.flatMap((batch) => batch.documents.map(({ name, docstatus }) => ({ doctype: 'Customer', name, docstatus, batch: batch.batch, modified: null }))) })
  expect(undone).toMatchObject({ removed: 50, kept: [] })
  expect(changedTables(before, await lane.checksums())).toEqual([])
  await lane.close()
  await staging.close()
})
