import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChangeReader } from '../../src/sources/changes.ts'
import { openSource } from '../../src/sources/registry.ts'
import type { Source } from '../../src/sources/source.ts'
import { systemClock } from '../../src/model/clock.ts'
import { startLegacy, type Legacy, type Writer } from './databases.ts'

const at = (text: string | null): number => Date.parse(`${(text ?? '').slice(0, 19).replace(' ', 'T').padEnd(19, 'T00:00:00'.slice((text ?? '').length - 10))}Z`)
const HOUR = 3_600_000

describe.each(['postgres', 'mysql'] as const)('windows of a %s source', (kind) => {
  let legacy: Legacy, source: Source, reader: ChangeReader, writer: Writer
  beforeAll(async () => {
    legacy = await startLegacy(kind)
    writer = await legacy.connect()
    await writer.run(`CREATE TABLE stamps(id INT PRIMARY KEY, zoned ${kind === 'postgres' ? 'TIMESTAMPTZ' : 'TIMESTAMP(6) NULL'}, local_ ${kind === 'postgres' ? 'TIMESTAMP' : 'DATETIME(6)'}, day_ DATE, number_ INT)`)
    await writer.run(`INSERT INTO stamps VALUES(1, ${legacy.now}, ${legacy.now}, ${legacy.now}, 7)`)
    source = await openSource('old', kind, { host: legacy.server.host, port: legacy.server.port, user: legacy.server.user, password: legacy.server.password, database: 'legacy', tls: 'off' }, { clock: systemClock, baseFolder: '.' })
    reader = source.changes!()
  }, 120_000)
  afterAll(async () => { await writer.end(); await source.close(); await legacy.stop() })

  test('end behind the clock by the lag, begin before the last end by the overlap, and where the clock was when that was set back', async () => {
    for (const [field, overlapMs] of [['zoned', 300_000], ['local_', 2 * HOUR]] as const) {
      const first = await reader.bounds({ entity: 'stamps', field, low: null, elapsedMs: 0, overlapMs: null, lagMs: 5000 })
      expect([first.from, first.heldBy, first.note]).toEqual([null, null, null])
      expect(Math.abs(at(first.now) - at(first.high) - 5000)).toBeLessThanOrEqual(1000)
      const next = await reader.bounds({ entity: 'stamps', field, low: first.high, elapsedMs: 1000, overlapMs: null, lagMs: 0 })
      expect(Math.abs(at(first.high) - at(next.from) - overlapMs)).toBeLessThanOrEqual(2000)
      const ahead = new Date(at(first.high) + 3 * HOUR).toISOString().slice(0, 19).replace('T', ' ') + (field === 'zoned' ? '+00' : '')
      const back = await reader.bounds({ entity: 'stamps', field, low: ahead, elapsedMs: 60_000, overlapMs: 0, lagMs: 0 })
      expect(Math.abs(at(back.now) - at(back.from) - 60_000)).toBeLessThanOrEqual(2000)
    }
    const day = await reader.bounds({ entity: 'stamps', field: 'day_', low: '2026-03-10', elapsedMs: 0, overlapMs: null, lagMs: 0 })
    expect([day.from, /^\d{4}-\d{2}-\d{2}$/.test(day.high ?? '')]).toEqual(['2026-03-09', true])
    expect(await reader.bounds({ entity: 'stamps', field: 'number_', low: '10', elapsedMs: 0, overlapMs: 3, lagMs: 0 })).toMatchObject({ from: '7', high: null })
    const page = await reader.page({ entity: 'stamps', field: 'day_', from: day.from, high: null, nulls: false, after: null, limit: 10 })
    expect([page.count, page.values[0]]).toEqual([1, ['1']])
  })

  test('wait for the oldest open transaction', async () => {
    const held = await legacy.connect()
    await held.run(kind === 'postgres' ? 'BEGIN' : 'START TRANSACTION')
    await held.run(`UPDATE stamps SET number_ = 8 WHERE id = 1`)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const bounds = await reader.bounds({ entity: 'stamps', field: 'zoned', low: null, elapsedMs: 0, overlapMs: null, lagMs: 0 })
    expect(at(bounds.now) - at(bounds.high)).toBeGreaterThanOrEqual(2000)
    expect(bounds.heldBy).toMatch(/has a transaction open since/)
    await held.run('COMMIT')
    await held.end()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const after = await reader.bounds({ entity: 'stamps', field: 'zoned', low: null, elapsedMs: 0, overlapMs: null, lagMs: 0 })
    expect([after.heldBy, at(after.now) - at(after.high) < 2000]).toEqual([null, true])
  })
})
