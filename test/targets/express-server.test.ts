import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Staging } from '../../src/staging/staging.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import { startRedis } from '../../src/testing/servers/redis.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { clearCache } from '../../src/targets/express/cache.ts'
import { connectTo, openLane, site } from './express-setup.ts'

let server: PrivateServer, staging: Staging
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

beforeAll(async () => {
  server = await startMariadb({ 'local-infile': '0' })
  await createMariadbSite(server, 'site', site, ['DocType', 'Customer'])
  const connection = await connectTo(server)
  await connection.query('CREATE DATABASE empty')
  await connection.query(`CREATE USER reader@'%' IDENTIFIED BY 'reader-secret'`)
  await connection.query(`GRANT SELECT, INSERT ON site.* TO reader@'%'`)
  await connection.end()
  staging = await Staging.open(':memory:')
})
afterAll(async () => {
  await staging?.close()
  await server?.stop()
})

test('a server without LOAD DATA is loaded by statements, and says what that costs', async () => {
  const lane = openLane(server, 'site', staging)
  expect(await lane.check()).toMatchObject([{ message: expect.stringContaining('LOAD DATA LOCAL INFILE') as string, hint: expect.stringContaining('local_infile = 1') as string }])
  await lane.close()
  const strict = openLane(server, 'site', staging, { bulk: 'infile' })
  await expect(strict.prepare([])).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('does not allow LOAD DATA') as string })
  await strict.close()
})

test('missing rights, another database and a wrong password are said with the way out', async () => {
  const reader = openLane({ ...server, user: 'reader', password: 'reader-secret' }, 'site', staging)
  await expect(reader.prepare([])).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('may not UPDATE, DELETE, CREATE') as string, hint: expect.stringContaining('GRANT UPDATE, DELETE, CREATE') as string })
  await reader.close()
  const empty = openLane(server, 'empty', staging)
  await expect(empty.prepare([])).rejects.toMatchObject({ message: expect.stringContaining('no tabSeries') as string })
  await empty.close()
  const wrong = openLane({ ...server, password: 'never-shown-secret' }, 'site', staging)
  const error = await wrong.describe().catch((one: unknown) => one) as Error
  expect(error).toMatchObject({ code: 'target-failed', hint: expect.stringContaining('site_config.json') as string })
  expect(error.message).not.toContain('never-shown-secret')
})

test('the cache is emptied as the site would, queues left alone, other sites untouched', async () => {
  const server = await startRedis(), url = `redis://127.0.0.1:${server.port}`, redis = new Redis(url)
  for (const key of ['site|document_cache::Item::CHAI', 'site|bootinfo', 'site|global_search_queue', 'site|rl:1', 'site2|bootinfo', 'bootinfo']) await redis.set(key, '1')
  for (let i = 0; i < 3000; i++) await redis.set(`site|user:${i}`, '1')
  expect(await clearCache(url, 'site')).toBe(3002)
  expect((await redis.keys('*')).sort()).toEqual(['bootinfo', 'site2|bootinfo', 'site|global_search_queue', 'site|rl:1'])
  await redis.quit()
  await server.stop()
  await expect(clearCache(url, 'site')).rejects.toMatchObject({ code: 'target-failed', hint: expect.stringContaining('clear-cache') as string })
})
