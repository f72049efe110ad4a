import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { openBenchLane, type BenchLane } from '../../src/targets/bench/lane.ts'
import type { LaneBatch } from '../../src/targets/lane.ts'

/**
 * Against a real site, which is written and taken back: LANDFALL_LIVE_BENCH is the folder of a local bench, LANDFALL_LIVE_SITE a site in it for trying
 * things out, with a company, a customer and an item that is no stock item. Skipped where these are not set.
 */
const folder = process.env['LANDFALL_LIVE_BENCH'] ?? '', site = process.env['LANDFALL_LIVE_SITE'] ?? ''
const live = folder !== '' && site !== ''
vi.setConfig({ testTimeout: 300_000 })

const run = `live-${process.pid}`
const lanes: BenchLane[] = []
const lane = (options: object = {}): BenchLane => {
  const made = openBenchLane({ place: { way: 'local', bench: folder }, site, commitDocuments: 4, ...options })
  lanes.push(made)
  return made
}
afterAll(() => Promise.all(lanes.map((one) => one.close())))

/** What a program in the bench prints as JSON. */
function inBench<T>(code: string): T {
  const program = `import frappe, json\nfrappe.init(${JSON.stringify(site)})\nfrappe.connect()\n${code}`
  const { stdout, stderr, status } = spawnSync(`${folder}/env/bin/python`, ['-W', 'ignore', '-c', program], { cwd: `${folder}/sites`, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new RangeError(stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
}

/** Checksum of every table with rows, except what the site writes by itself. */
const checksums = (): Record<string, string> => inBench(`
tables = [r[0] for r in frappe.db.sql("select table_name from information_schema.tables where table_schema = database() and table_name like 'tab%%'") if r[0] not in ("tabSessions", "tabScheduled Job Log", "tabActivity Log")]
print(json.dumps({r[0]: str(r[1]) for r in frappe.db.sql("checksum table " + ", ".join("\`%s\`" % t for t in tables)) if r[1]}))`)

interface Facts { company: string; customer: string; item: string; group: string; territory: string }
const facts = live ? inBench<Facts>(`print(json.dumps({"company": frappe.db.get_value("Company", {}), "customer": frappe.db.get_value("Customer", {"default_currency": ("is", "not set")}), "item": frappe.db.get_value("Item", {"is_stock_item": 0}),
 "group": frappe.db.get_value("Customer Group", {"is_group": 0}), "territory": frappe.db.get_value("Territory", {"is_group": 0})}))`) : null

function invoices(from: number, to: number): LaneBatch {
  const documents = Array.from({ length: to - from + 1 }, (_, i) => ({
    id: from + i, entity: 'invoices', key: `${run}-${from + i}`, name: '', docstatus: 1 as const,
    once: false, nested: false, touches: [], doc: { doctype: 'Sales Invoice', company: facts!.company, customer: facts!.customer, posting_date: '2025-06-01', set_posting_time: 1, due_date: '2025-07-01', items: [1, 2, 3].map((n) => ({ item_code: facts!.item, qty: n, rate: 10 + n })) },
  }))
  return { run, phase: 'transactional', wave: 1, doctype: 'Sales Invoice', batch: `${run}:Sales Invoice:${from}`, from, to, documents }
}
function groups(): LaneBatch {
  const documents = [1, 2, 3].map((id) => ({ id, entity: 'groups', key: `${run}-${id}`, name: `Live ${run} ${id}`, docstatus: 0 as const, once: false, nested: false, touches: [], doc: { doctype: 'Customer Group', customer_group_name: `Live ${run} ${id}`, is_group: 0 } }))
  return { run, phase: 'master', wave: 1, doctype: 'Customer Group', batch: `${run}:Customer Group:1`, from: 1, to: 3, documents }
}

describe.skipIf(!live)(live ? 'bench lane on a real site' : 'bench lane on a real site: skipped, LANDFALL_LIVE_BENCH and LANDFALL_LIVE_SITE name none', () => {
  test('a canary tells what an invoice would write, and nothing is written', async () => {
    const one = lane()
    await one.prepare(['Sales Invoice'])
    const before = checksums(), [told] = await one.canary(invoices(1, 1).documents)
    expect(told).toMatchObject({ status: 'loaded', reason: null })
    expect(Object.fromEntries(Object.entries(told!.inserted).map(([table, rows]) => [table, rows.length]))).toMatchObject({ 'tabSales Invoice': 1, 'tabSales Invoice Item': 3, 'tabGL Entry': 2, 'tabPayment Ledger Entry': 1 })
    expect(checksums()).toEqual(before)
  })

  test('what a run wrote is taken back to the byte', async () => {
    const one = lane()
    await one.prepare(['Sales Invoice', 'Customer Group'])
    const before = checksums()
    const grouped = await one.write(groups()), written = await one.write(invoices(1, 10))
    expect([...grouped, ...written].map((outcome) => outcome.status)).toEqual(Array(13).fill('loaded'))
    expect((await one.write(invoices(1, 10))).map((outcome) => outcome.status)).toEqual(Array(10).fill('unchanged'))
    expect([...one.unclear]).toEqual([])
    const documents = [...written.map((o) => ({ doctype: 'Sales Invoice', name: o.name!, docstatus: 1, batch: '', modified: null })), ...grouped.map((o) => ({ doctype: 'Customer Group', name: o.name!, docstatus: 0, batch: '', modified: null }))]
    expect((await one.undo({ run, documents, restore: [] })).kept).toEqual([])
    expect(checksums()).toEqual(before)
  })

  test('agents killed again and again neither lose nor double a document', async () => {
    const one = lane()
    await one.prepare(['Sales Invoice'])
    const before = checksums(), writing = one.write(invoices(101, 125))
    for (const wait of [2_500, 3_500, 3_000]) {
      await new Promise((resolve) => setTimeout(resolve, wait))
      for (const pid of one.pids) process.kill(pid, 'SIGKILL')
    }
    const written = await writing
    expect(written.map((outcome) => outcome.status)).toEqual(Array(25).fill('loaded'))
    const names = written.map((outcome) => outcome.name!)
    const onSite = inBench<[number, number, number]>(`n = tuple(json.loads(${JSON.stringify(JSON.stringify(names))}))
print(json.dumps([frappe.db.count("Sales Invoice", {"name": ("in", n), "docstatus": 1}), frappe.db.count("GL Entry", {"voucher_no": ("in", n)}), frappe.db.sql("select count(*) from __landfall_ledger where run = %s", "${run}")[0][0]]))`)
    expect([new Set(names).size, ...onSite]).toEqual([25, 25, 50, 25])
    const answer = await one.undo({ run, restore: [], documents: names.map((name) => ({ doctype: 'Sales Invoice', name, docstatus: 1, batch: '', modified: null })) })
    expect(answer.kept).toEqual([])
    expect(checksums()).toEqual(before)
  })
})
