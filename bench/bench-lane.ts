import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openBenchLane } from '../src/targets/bench/lane.ts'
import type { LaneDocument } from '../src/targets/lane.ts'

/**
 * The bench lane against the plain loop (`insert`, `submit`, commit) on a real site, in turn, one process each: `bench-lane.ts FOLDER SITE [DOCUMENTS [ROUNDS]]`.
 * FOLDER is a local bench, SITE one for trying things out, with a company, customers and an item that is no stock item; what is written stays. Beside
 * the time that passed it says the processor time of each process, which other programs on the machine disturb less.
 */
const [folder, site, documents = '20', rounds = '3'] = process.argv.slice(2)
if (folder === undefined || site === undefined) {
  console.log('Skipped: name a bench and a site. bench-lane.ts FOLDER SITE [DOCUMENTS [ROUNDS]]')
  process.exit(0)
}

const LOOP = `
import frappe, json, os, sys
frappe.init(sys.argv[1]); frappe.connect(); frappe.set_user("Administrator")
facts = {"pid": os.getpid(), "company": frappe.db.get_value("Company", {}), "customers": frappe.get_all("Customer", {"default_currency": ("is", "not set")}, pluck="name", limit=8),
    "item": frappe.db.get_value("Item", {"is_stock_item": 0}), "group": frappe.db.get_value("Customer Group", {"is_group": 0}), "territory": frappe.db.get_value("Territory", {"is_group": 0})}
print("##" + json.dumps(facts), flush=True)
for line in sys.stdin:
    for values in json.loads(line):
        submit = values.pop("submit")
        doc = frappe.get_doc(values); doc.flags.ignore_permissions = True; doc.insert()
        if submit:
            doc.submit()
        frappe.db.commit()
    print("##1", flush=True)
`
interface Facts { pid: number; company: string; customers: string[]; item: string; group: string; territory: string }

const loop = spawn(`${folder}/env/bin/python`, ['-W', 'ignore', '-c', LOOP, site], { cwd: `${folder}/sites`, stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: loop.stdout })[Symbol.asyncIterator]()
async function said(): Promise<string> {
  for (;;) {
    const line = await lines.next()
    if (line.done) throw new RangeError('The plain loop ended.')
    if (line.value.startsWith('##')) return line.value.slice(2)
  }
}
const facts = JSON.parse(await said()) as Facts
const lane = openBenchLane({ place: { way: 'local', bench: folder }, site })
await lane.prepare(['Customer', 'Sales Order', 'Sales Invoice'])

/** Seconds of processor time of a process; hundredths are Linux's unit. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const run = `bench-${process.pid}`
const items = (date: object) => [1, 2, 3, 4, 5].map((n) => ({ item_code: facts.item, qty: n, rate: 9 + n, ...date }))
const KINDS: Record<string, { times: number; docstatus: 0 | 1; doc: (tag: string, i: number) => object }> = {
  'Customer': { times: 10, docstatus: 0, doc: (tag) => ({ customer_name: tag, customer_type: 'Company', customer_group: facts.group, territory: facts.territory }) },
  'Sales Order': { times: 1, docstatus: 1, doc: (_, i) => ({ company: facts.company, customer: facts.customers[i % facts.customers.length], transaction_date: '2025-06-01', delivery_date: '2025-06-20', items: items({ delivery_date: '2025-06-20' }) }) },
  'Sales Invoice': { times: 1, docstatus: 1, doc: (_, i) => ({ company: facts.company, customer: facts.customers[i % facts.customers.length], posting_date: '2025-06-01', set_posting_time: 1, due_date: '2025-07-01', items: items({}) }) },
}

const results: object[] = []
console.log('DocType         way     documents/s   ms of processor each')
for (const [doctype, { times, docstatus, doc }] of Object.entries(KINDS)) {
  const count = Number(documents) * times, spent = { loop: { s: 0, cpu: 0 }, lane: { s: 0, cpu: 0 } }
  for (let round = 0; round <= Number(rounds); round++) {
    for (const way of ['loop', 'lane'] as const) {
      const docs = Array.from({ length: round === 0 ? 3 : count }, (_, i) => ({ doctype, ...doc(`${run} ${way} ${round} ${i}`, i) }))
      const pid = way === 'loop' ? facts.pid : lane.pids[0]!, cpu = processorTime(pid), began = performance.now()
      if (way === 'loop') {
        loop.stdin.write(`${JSON.stringify(docs.map((values) => ({ ...values, submit: docstatus === 1 })))}\n`)
        await said()
      } else {
        const given: LaneDocument[] = docs.map((values, i) => ({ id: i, entity: 'bench', key: `${run} ${round} ${i}`, name: '', docstatus, once: false, nested: false, touches: [], doc: values }))
        const outcomes = await lane.write({ run, phase: 'bench', wave: 1, doctype, batch: `${run}:${doctype}:${round}`, from: 0, to: count, documents: given })
        const refused = outcomes.find((outcome) => outcome.status !== 'loaded')
        if (refused !== undefined) throw new RangeError(`${doctype}: ${refused.reason?.type}: ${refused.reason?.message}`)
      }
      // The first round only warms up.
      if (round === 0) continue
      spent[way].s += (performance.now() - began) / 1000
      spent[way].cpu += processorTime(pid) - cpu
    }
  }
  const all = count * Number(rounds)
  for (const way of ['loop', 'lane'] as const) console.log(`${doctype.padEnd(15)} ${way}    ${(all / spent[way].s).toFixed(1).padStart(11)}   ${(spent[way].cpu / all * 1000).toFixed(1).padStart(8)}`)
  const ratio = { wall: spent.loop.s / spent.lane.s, processor: spent.loop.cpu / spent.lane.cpu }
  console.log(`${doctype.padEnd(15)} lane over loop: ${ratio.wall.toFixed(2)}x of the time, ${ratio.processor.toFixed(2)}x of the processor`)
  results.push({ doctype, documents: all, loop: all / spent.loop.s, lane: all / spent.lane.s, ...ratio })
}
mkdirSync(new URL('./results/', import.meta.url), { recursive: true })
writeFileSync(new URL('./results/bench-lane.json', import.meta.url), `${JSON.stringify(results, null, 1)}\n`)
loop.stdin.end()
await lane.close()
