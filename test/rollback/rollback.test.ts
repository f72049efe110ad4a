import { setTimeout as wait } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { recover, rehearse } from '../../src/targets/backup/recovery.ts'
import { scanLog, unsafe, type LoggedTransaction } from '../../src/targets/backup/log-scan.ts'
import { Readable } from 'node:stream'
import { campaign } from './campaign.ts'
import { startMadeSite } from './made-site.ts'

vi.setConfig({ testTimeout: 240_000 })

test('a site at work goes back to random points: every table, file and setting equal', async () => {
  const outcomes = await campaign(2, 5, () => undefined)
  expect(outcomes.map((one) => one.equal)).toEqual([true, true])
})

test('what people wrote since is named and not lost unannounced; a writer at work is refused; a rehearsal touches nothing', async () => {
  const site = await startMadeSite(3), { backups, connection } = site
  try {
    await site.work(30)
    const { backup } = await backups.take({ verify: true, run: null })
    expect(backup.verified).toMatchObject({ passed: true, differing: [], note: null })
    const point = await backups.note('phase', 'master', 'r-1')
    await site.work(5)
    const checkpoint = await backups.note('checkpoint', 'r-1:Customer:1-5', 'r-1')
    await connection.query("INSERT INTO tabCustomer (name, modified_by) VALUES ('Müller''s \\\\ shop', 'anna@example.com')")
    await connection.query("INSERT INTO `tabSales Invoice Item` VALUES ('row-9', 'SINV-BY-ANNA', 'items', 'Sales Invoice', 1, 2.5, NULL)")
    await connection.query("INSERT INTO `tabActivity Log` VALUES ('login', 'nobody loses work with it')")
    await connection.query("CREATE TABLE __landfall_express_batches (seq BIGINT PRIMARY KEY)")
    await connection.query('START TRANSACTION')
    await connection.query("INSERT INTO __landfall_express_batches VALUES (1)")
    await connection.query("INSERT INTO tabCustomer (name) VALUES ('by the run')")
    await connection.query('COMMIT')
    const before = await site.oracle()

    const rehearsed = await rehearse(backups, { point, ours: () => false })
    expect(rehearsed).toMatchObject({ proven: true, rehearsed: true, oracle: expect.stringContaining('master') as string })
    expect(rehearsed.tables).toBe(8)
    // A checkpoint has no checksums of its own: what is proven is the last moment before it that has.
    expect(await rehearse(backups, { point: checkpoint, ours: () => false })).toMatchObject({ proven: true, oracle: expect.stringContaining('master') as string, replayed: { transactions: rehearsed.replayed.transactions + 5 } })
    expect(await site.oracle()).toBe(before)

    const lost = await recover(backups, { point: checkpoint, discard: false, ours: () => false }).catch((error: unknown) => error)
    expect(lost).toMatchObject({ code: 'target-changed', message: expect.stringMatching(/would lose 2 documents.*Customer Müller's \\ shop \(created .*\).*Sales Invoice SINV-BY-ANNA \(changed/) as string, hint: expect.stringContaining('--discard-later-writes') as string })
    expect(await site.oracle()).toBe(before)

    let writing = true
    const other = await (await import('mysql2/promise')).createConnection({ host: site.server.host, port: site.server.port, user: 'root', password: site.server.password, database: 'site' })
    const writer = (async () => { for (let i = 0; writing; i++) { await other.query('INSERT INTO tabCustomer (name) VALUES (?)', [`BUSY-${i}`]); await wait(20) } })()
    const refused = await recover(backups, { point, discard: true, ours: () => false }).catch((error: unknown) => error)
    writing = false
    await writer
    await other.end()
    expect(refused).toMatchObject({ code: 'target-changed', message: expect.stringMatching(/Nothing was changed, because somebody still writes to the site: Customer BUSY-\d/) as string })
    expect(await backups.database.databases('site_')).toEqual([])

    const done = await recover(backups, { point, discard: true, ours: () => false })
    expect(done).toMatchObject({ proven: true, later: { ours: 1 }, old: expect.stringMatching(/^site_before_/) as string })
    expect((await connection.query('SELECT name FROM site.tabCustomer WHERE name LIKE ?', ['BUSY%']) as unknown as [unknown[]])[0]).toEqual([])
    // What stood there before is not gone.
    expect((await connection.query(`SELECT count(*) AS n FROM \`${done.old}\`.tabCustomer WHERE name LIKE ?`, ['BUSY%']) as unknown as [{ n: number }[]])[0][0]!.n).toBeGreaterThan(0)
    await site.work(2)
    const later = await backups.note('named', 'after', null)
    await expect(recover(backups, { point: later, discard: true, ours: () => false })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('cannot be reached') as string })
  } finally {
    await site.stop()
  }
})

test('without a binary log it is said, a backup is restored whole, and nothing can be called unwritten', async () => {
  const site = await startMadeSite(4, {}), { backups } = site
  try {
    expect(await backups.limits()).toEqual([expect.stringContaining('The binary log is off') as string])
    await site.work(20)
    const { backup, point } = await backups.take({ verify: true, run: null }), before = await site.oracle()
    expect(backup).toMatchObject({ position: null, verified: { passed: true } })
    await site.work(10)
    await expect(recover(backups, { point, discard: false, ours: () => false })).rejects.toMatchObject({ code: 'target-changed', message: expect.stringContaining('nobody can say what was written') as string })
    expect(await recover(backups, { point, discard: true, ours: () => false })).toMatchObject({ proven: true })
    expect(await site.oracle()).toBe(before)
  } finally {
    await site.stop()
  }
})

test('statements that a replay would send to the wrong place are found', async () => {
  expect(['ALTER TABLE tabA ADD w int', "CREATE TABLE `tabA` (a varchar(10) DEFAULT 'x.y', d decimal(21,9) DEFAULT 0.5)", 'TRUNCATE TABLE tabA'].map(unsafe)).toEqual([null, null, null])
  expect(['DROP TABLE site.tabA', 'ALTER TABLE `site`.`tabA` ADD w int', 'RENAME TABLE a.b TO c.d', 'DROP DATABASE site', 'GRANT ALL ON site.* TO x', 'UPDATE tabA SET a = 1'].filter((one) => unsafe(one) === null)).toEqual([])
  const seen: LoggedTransaction[] = []
  await scanLog(Readable.from(["#261127  6:58:32 server id 7  end_log_pos 3722\nSTART TRANSACTION\n/*!*/;\n### UPDATE `site`.`tabA`\n### WHERE\n###   @1='it's'\n###   @2=NULL\n### SET\n###   @1='new'\nCOMMIT/*!*/;\nDROP TABLE x.y\n/*!*/;\n"]), (one) => seen.push(one))
  expect(seen).toEqual([{ at: '2026-11-27 06:58:32', rows: [{ table: 'tabA', kind: 'update', values: new Map([[1, "it's"], [2, null]]) }], statements: [] }, { at: '2026-11-27 06:58:32', rows: [], statements: ['DROP TABLE x.y'] }])
})
