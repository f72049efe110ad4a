import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeBench, hasPython, things } from './fake-bench.ts'

let bench: FakeBench
beforeEach(() => { bench = new FakeBench() })
afterEach(() => bench.close())

const titles = (): unknown[] => bench.sql('SELECT title FROM tabThing ORDER BY rowid').flat()
const statuses = (outcomes: { status: string }[]): string[] => outcomes.map((outcome) => outcome.status)
const ledger = (): number => Number(bench.sql('SELECT count(*) FROM __landfall_ledger')[0]![0])

describe.skipIf(!hasPython)('bench lane', () => {
  test('says what the site is', async () => {
    expect(await bench.lane().describe()).toMatchObject({ kind: 'bench', apps: { frappe: '15.0.0' } })
  })

  test('documents and their ledger rows are there once, however often they are written', async () => {
    const lane = bench.lane({ commitDocuments: 3 })
    const first = await lane.write(things(1, 7))
    expect(first.map((outcome) => [outcome.id, outcome.status, outcome.name])).toEqual([1, 2, 3, 4, 5, 6, 7].map((id) => [id, 'loaded', `THING-0000${id}`]))
    expect(statuses(await lane.write(things(1, 7)))).toEqual(Array(7).fill('unchanged'))
    expect(statuses(await bench.lane().write(things(5, 9, {}, 'r-2')))).toEqual(['unchanged', 'unchanged', 'unchanged', 'loaded', 'loaded'])
    expect(titles()).toHaveLength(9)
    expect([...lane.unclear]).toEqual([])
  })

  test('a refused document leaves nothing and takes no other with it', async () => {
    const outcomes = await bench.lane().write(things(1, 4, { 2: 'refuse' }))
    expect(statuses(outcomes)).toEqual(['loaded', 'refused', 'loaded', 'loaded'])
    expect(outcomes[1]!.reason).toEqual({ type: 'LinkValidationError', message: 'Could not find Link: nowhere' })
    expect(titles()).toEqual(['Thing 1', 'Thing 3', 'Thing 4'])
  })

  test('a document that hangs is cut off and refused, and the rest is written', async () => {
    const outcomes = await bench.lane({ documentMs: 700 }).write(things(1, 5, { 3: 'hang' }))
    expect(statuses(outcomes)).toEqual(['loaded', 'loaded', 'refused', 'loaded', 'loaded'])
    expect(outcomes[2]!.reason).toMatchObject({ type: 'DocumentHung', message: expect.stringContaining('It stood in insert') })
    expect([titles().length, ledger()]).toEqual([4, 4])
  })

  test('a document that ends its process again and again is refused, and the rest is written', async () => {
    const outcomes = await bench.lane().write(things(1, 4, { 2: 'die' }))
    expect(statuses(outcomes)).toEqual(['loaded', 'refused', 'loaded', 'loaded'])
    expect(outcomes[1]!.reason?.type).toBe('AgentEnded')
    expect([titles().length, ledger()]).toEqual([3, 3])
  })

  test('whenever an agent is killed, nothing is lost or doubled', async () => {
    const lane = bench.lane({ commitDocuments: 4 }), slow = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i + 1, 'slow0.03']))
    await lane.describe()
    const writing = lane.write(things(1, 30, slow))
    for (const wait of [120, 260, 190, 330]) {
      await new Promise((resolve) => setTimeout(resolve, wait))
      for (const pid of lane.pids) {
        try { process.kill(pid, 'SIGKILL') } catch { /* gone already */ }
      }
    }
    expect(statuses(await writing)).toEqual(Array(30).fill('loaded'))
    expect(bench.sql('SELECT count(*), count(DISTINCT title) FROM tabThing')).toEqual([[30, 30]])
    expect(ledger()).toBe(30)
  }, 60_000)

  test('a second run cuts off an agent that the first left behind, and the first gives way', async () => {
    const left = bench.lane({ commitDocuments: 100 }), again = bench.lane()
    await left.describe()
    const writing = left.write(things(1, 6, { 4: 'slow20' })).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(statuses(await again.write(things(1, 3)))).toEqual(['loaded', 'loaded', 'loaded'])
    expect(await writing).toMatchObject({ code: 'target-changed' })
    expect(bench.sql('SELECT count(*), count(DISTINCT title) FROM tabThing')).toEqual([[3, 3]])
  }, 60_000)

  test('what a deadlock took is done again', async () => {
    const outcomes = await bench.lane().write(things(1, 4, { 3: `once:${join(bench.folder, 'deadlocked')}` }))
    expect(statuses(outcomes)).toEqual(Array(4).fill('loaded'))
    expect([titles().length, ledger()]).toEqual([4, 4])
  })

  test('several workers share a batch', async () => {
    const lane = bench.lane({ workers: 2, commitDocuments: 5 })
    expect(statuses(await lane.write(things(1, 40, {}, 'r-1', true)))).toEqual(Array(40).fill('loaded'))
    expect(lane.pids).toHaveLength(2)
    expect(bench.sql('SELECT count(*), count(DISTINCT name) FROM tabThing')).toEqual([[40, 40]])
  })

  test('given names hold, and the counter goes on after them', async () => {
    const outcomes = await bench.lane().write(things(1, 3, {}, 'r-1', true))
    expect(outcomes.map((outcome) => outcome.name)).toEqual(['THING-00101', 'THING-00102', 'THING-00103'])
    expect(bench.sql('SELECT * FROM tabSeries')).toEqual([['THING-', 103]])
  })

  test('mail is not sent', async () => {
    expect(statuses(await bench.lane().write(things(1, 1, { 1: 'mail' })))).toEqual(['loaded'])
  })
})

describe.skipIf(!hasPython)('bench lane: webhooks', () => {
  const called = (): string[] => (existsSync(join(bench.folder, 'sites/site/webhooks.log')) ? readFileSync(join(bench.folder, 'sites/site/webhooks.log'), 'utf8').trim().split('\n') : [])

  test('nobody outside hears of a document', async () => {
    expect(statuses(await bench.lane().write(things(1, 3)))).toEqual(['loaded', 'loaded', 'loaded'])
    expect(called()).toEqual([])
  })

  test('where they are asked for, each document that is loaded is told once, and a refused one never', async () => {
    const lane = bench.lane({ effects: { webhooks: true }, commitDocuments: 4 }), once = join(bench.folder, 'deadlocked')
    expect(statuses(await lane.write(things(1, 8, { 1: 'refuse', 3: 'refuse', 6: `once:${once}` })))).toEqual(['refused', 'loaded', 'refused', 'loaded', 'loaded', 'loaded', 'loaded', 'loaded'])
    expect(called()).toEqual([2, 4, 5, 6, 7, 8].map((id) => `after_insert Thing ${id}`))
    await lane.canary(things(20, 21).documents)
    expect(called()).toHaveLength(6)
  })
})

describe.skipIf(!hasPython)('bench lane: canaries', () => {
  test('tell every row a document would write and write none', async () => {
    bench.sql(`INSERT INTO tabThing (name, title, parts) VALUES ('Mother', 'm', 2), ('Old', 'old', 0); INSERT INTO tabSeries VALUES ('PART-', 6)`)
    const lane = bench.lane()
    await lane.prepare(['Thing'])
    const part = { id: 1, entity: 'parts', key: '1', name: '', docstatus: 0 as const, once: false, nested: false, touches: [], doc: { doctype: 'Part', thing: 'Mother' } }
    const [told, removing, refused] = await lane.canary([part, ...things(2, 3, { 2: 'delete', 3: 'refuse' }).documents])
    expect(told).toMatchObject({ status: 'loaded', name: 'PART-00007', inserted: { tabPart: [{ name: 'PART-00007', thing: 'Mother', docstatus: 0 }] } })
    expect(told!.updated).toMatchObject({ tabThing: [{ key: ['Mother'], changes: { parts: [2, 3] } }], tabSeries: [{ key: ['PART-'], changes: { current: [6, 7] } }] })
    expect(removing!.deleted).toMatchObject({ tabThing: [{ name: 'Old', title: 'old' }] })
    expect(refused).toMatchObject({ status: 'refused', reason: { type: 'LinkValidationError' }, inserted: {} })
    expect(bench.sql('SELECT name, parts FROM tabThing ORDER BY name')).toEqual([['Mother', 2], ['Old', 0]])
    expect(bench.sql('SELECT * FROM tabSeries')).toEqual([['PART-', 6]])
  })

  test('read tells rows as they are', async () => {
    bench.sql(`INSERT INTO tabThing (name, title, parts) VALUES ('A', 'one', 2), ('B', NULL, 0)`)
    expect(await bench.lane().read('tabThing', 'name', ['B'])).toEqual([{ name: 'B', modified: null, modified_by: null, docstatus: null, title: null, parts: 0 }])
  })
})

describe.skipIf(!hasPython)('bench lane: undo', () => {
  const part = (id: number, thing: string) => ({ id, entity: 'parts', key: `P${id}`, name: '', docstatus: 0 as const, once: false, nested: false, touches: [], doc: { doctype: 'Part', thing } })
  const parts = (...documents: ReturnType<typeof part>[]) => ({ run: 'r-1', phase: 'p', wave: 1, doctype: 'Part', batch: `r-1:Part:${documents[0]!.id}`, from: 1, to: 9, documents })
  const undone = (doctype: string, names: (string | null)[]) => names.map((name) => ({ doctype, name: name!, docstatus: 0, batch: '', modified: null }))

  test('removes what was written and gives older rows back what they held', async () => {
    bench.sql(`INSERT INTO tabThing (name, modified, title, parts) VALUES ('Mother', '2026-01-01 00:00:00.000000', 'm', 2), ('Old', '2026-01-01 00:00:00.000000', 'old', 5)`)
    const before = bench.sql('SELECT * FROM tabThing ORDER BY name'), lane = bench.lane({ commitDocuments: 2 })
    const made = await lane.write(things(1, 3, { 2: 'delete' })), added = await lane.write(parts(part(1, 'Mother'), part(2, 'Mother'), part(3, made[0]!.name!)))
    const answer = await lane.undo({ run: 'r-1', restore: [], documents: [...undone('Part', added.map((o) => o.name)), ...undone('Thing', made.map((o) => o.name))] })
    expect(answer.kept).toEqual([])
    expect(bench.sql('SELECT * FROM tabThing ORDER BY name')).toEqual(before)
    expect(bench.sql('SELECT (SELECT count(*) FROM tabPart), (SELECT count(*) FROM tabSeries), (SELECT count(*) FROM __landfall_ledger), (SELECT count(*) FROM __landfall_row), (SELECT count(*) FROM __landfall_before), (SELECT count(*) FROM __landfall_batch)')).toEqual([[0, 0, 0, 0, 0, 0]])
    expect(answer).toMatchObject({ removed: 8, restored: 2 })
  })

  test('keeps and names what people changed since, and what that refers to', async () => {
    const lane = bench.lane(), made = await lane.write(things(1, 3)), [one, two, three] = made.map((outcome) => outcome.name!)
    const added = await lane.write(parts(part(1, two!)))
    bench.sql(`UPDATE tabThing SET title = 'by hand', modified = '2027-01-01 00:00:00.000000', modified_by = 'ann' WHERE name = '${one}'; INSERT INTO tabPart (name, thing) VALUES ('native', '${three}')`)
    const answer = await lane.undo({ run: 'r-1', restore: [], documents: [...undone('Part', [added[0]!.name]), ...undone('Thing', made.map((o) => o.name))] })
    expect(answer.kept.map((kept) => [kept.name, kept.reason.slice(0, 20)])).toEqual([[one, 'changed since by ann'], [three, 'referred to by Part ']])
    expect(bench.sql('SELECT name FROM tabThing ORDER BY name').flat()).toEqual([one, three])
    expect(bench.sql('SELECT name FROM tabPart').flat()).toEqual(['native'])
  })
})

describe.skipIf(!hasPython)('bench lane: changes', () => {
  test('are saved by the controller once, tell what it refuses, and are taken back', async () => {
    bench.sql(`INSERT INTO tabThing (name, modified, modified_by, docstatus, title) VALUES ('Old', '2026-01-01 00:00:00.000000', 'ann', 0, 'as it was')`)
    const before = bench.sql(`SELECT * FROM tabThing`), lane = bench.lane(), [made] = await lane.write(things(1, 1))
    const changes = [{ doctype: 'Thing', name: 'Old', values: { title: 'changed' } }, { doctype: 'Thing', name: 'Old', values: { title: 'refused' } }, { doctype: 'Thing', name: 'nowhere', values: { title: 'x' } }, { doctype: 'Thing', name: made!.name!, values: { title: 'linked' } }]
    const answers = await lane.change(changes, 'r-1')
    expect(answers).toMatchObject([null, { type: 'ValidationError', message: 'No such title' }, { type: 'ValidationError', message: 'Thing nowhere not found' }, null])
    expect(titles()).toEqual(['changed', 'linked'])
    expect(await lane.change(changes.slice(0, 1), 'r-1')).toEqual([null])
    const undone = await lane.undo({ run: 'r-1', restore: [], changed: [{ doctype: 'Thing', name: 'Old' }, { doctype: 'Thing', name: made!.name! }], documents: [{ doctype: 'Thing', name: made!.name!, docstatus: 0, batch: '', modified: null }] })
    expect(undone).toMatchObject({ removed: 2, restored: 1, kept: [] })
    expect(bench.sql('SELECT * FROM tabThing')).toEqual(before)
    expect(ledger()).toBe(0)
  })
})

describe.skipIf(!hasPython)('bench lane: what cannot be opened', () => {
  test('is said with the way out', async () => {
    await expect(bench.lane({ site: 'nowhere' }).describe()).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('nowhere does not exist') })
    await expect(bench.lane({ python: 'no-such-python' }).describe()).rejects.toMatchObject({ code: 'target-failed', hint: expect.stringContaining('import frappe') })
    const other = join(bench.folder, 'other')
    writeFileSync(other, '#!/bin/sh\necho \'{"id":1,"ok":{"protocol":2,"apps":{}}}\'\nexec cat > /dev/null\n', { mode: 0o755 })
    await expect(bench.lane({ python: other }).describe()).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('it speaks protocol 2, not 1') })
    await expect(bench.lane({ python: '/bin/cat' }).describe()).rejects.toMatchObject({ code: 'target-failed' })
  })
})
