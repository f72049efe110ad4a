import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/model/clock.ts'
import { startLegacy, type Legacy, type Writer } from './databases.ts'
import { loadAll, makeProject, syncOnce, withProject } from './small-business.ts'

export interface FireOptions { kind: Legacy['kind']; seed: number; customers: number; kills: number; equal: number; held: number; capture?: boolean; pageRows?: number; /** Fewer syncs: what can be told in one is. */ short?: boolean; say(text: string): void }
/** `faults`: what is missing, doubled or different in the end; empty when all went well. */
export interface FireResult { kills: number; syncs: number; writes: number; faults: string[] }

/** Syncs a project in a process of its own, which may kill itself at a point. Answers what it printed; null when it was killed. */
export function child(folder: string, point: number | string, all = false): Promise<{ points: number; inserted: number; changed: number; gone: number } | null> {
  return new Promise((done, failed) => {
    let out = '', err = ''
    const process_ = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), folder, String(point), all ? 'all' : ''], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UV_THREADPOOL_SIZE: '16' } })
    process_.stdout.on('data', (data: Buffer) => { out += data.toString() })
    process_.stderr.on('data', (data: Buffer) => { err += data.toString() })
    process_.once('error', failed)
    process_.once('close', (code, signal) => {
      if (signal === 'SIGKILL') done(null)
      else if (code === 0) done(JSON.parse(out) as { points: number; inserted: number; changed: number; gone: number })
      else failed(new RangeError(`the sync ended with ${code}: ${err.slice(-3000)}`))
    })
  })
}

/** Writes while syncs go on: inserts, updates and (where `deletes`) deletes, some of them in transactions that stay open. */
class Fire {
  readonly #legacy: Legacy
  readonly #random: () => number
  #next: number
  writes = 0
  #running: Promise<void> | null = null
  #stop = false

  constructor(legacy: Legacy, random: () => number, next: number) {
    this.#legacy = legacy
    this.#random = random
    this.#next = next
  }

  begin(writer: Writer, deletes: boolean): void {
    this.#stop = false
    this.#running = (async () => {
      while (!this.#stop) {
        await this.once(writer, deletes)
        await new Promise((resolve) => setTimeout(resolve, 5 + this.#random() * 40))
      }
    })()
  }

  async end(): Promise<void> {
    this.#stop = true
    await this.#running
  }

  async once(writer: Writer, deletes: boolean): Promise<void> {
    const { now } = this.#legacy, pick = this.#random(), id = 1 + Math.floor(this.#random() * (this.#next - 1)), mark = Math.floor(this.#random() * 1e9)
    this.writes++
    if (pick < 0.4) await this.insert(writer)
    else if (pick < 0.7) await writer.run(`UPDATE customers SET about = 'about ${mark}', modified = ${now} WHERE id = ${id}`)
    else if (pick < 0.85) await writer.run(`UPDATE notes SET body = 'body ${mark}', modified = ${now} WHERE id = ${id % 20}`)
    else if (deletes) await writer.run(`DELETE FROM customers WHERE id = ${id}`)
    else await writer.run(`UPDATE customers SET website = 'https://${mark}.example', modified = ${now} WHERE id = ${id}`)
  }

  async insert(writer: Writer): Promise<void> {
    const id = this.#next++
    await writer.run(`INSERT INTO customers VALUES(${id}, 'Customer ${id}', 'https://c${id}.example', 'about ${id}', ${this.#legacy.now})`)
  }
}

/** What the target holds against what the source holds, customer by customer and note by note. */
export async function compareSides(folder: string, writer: Writer): Promise<string[]> {
  const customers = await writer.all('SELECT name, website, about FROM customers ORDER BY id'), notes = await writer.all('SELECT title, body FROM notes ORDER BY id')
  return withProject(folder, async ({ staging, target }) => {
    const faults: string[] = []
    const held = Map.groupBy(await staging.all<{ name: string; website: string; about: string; disabled: number }>(`SELECT customer_name AS name, website, customer_details AS about, disabled FROM ${target.tables}."tabCustomer" WHERE name IN (SELECT name FROM ${target.documents} WHERE doctype = 'Customer')`), (row) => row.name)
    for (const [name, website, about] of customers) {
      const found = held.get(name ?? '') ?? []
      if (found.length !== 1) faults.push(`${name} is there ${found.length} times`)
      else if (found[0]!.website !== website || found[0]!.about !== about || Number(found[0]!.disabled) !== 0) faults.push(`${name}: ${JSON.stringify(found[0])} instead of ${JSON.stringify([website, about])}`)
      held.delete(name ?? '')
    }
    for (const [name, rows] of held) if (rows.some((row) => Number(row.disabled) !== 1)) faults.push(`${name} has no record any more and is not disabled`)
    const texts = new Map((await staging.all<{ title: string; content: string }>(`SELECT title, content FROM ${target.tables}."tabNote"`)).map((row) => [row.title, row.content]))
    for (const [title, body] of notes) if (texts.get(title ?? '') !== body) faults.push(`${title}: ${texts.get(title ?? '')} instead of ${body}`)
    return faults
  })
}

function rule(folder: string, sync: string): void {
  const file = join(folder, 'mappings', 'customers.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^sync: .*$/m, `sync: ${sync}`))
}

/** The whole ordeal over a private server. In the first rounds windows alone must find everything; in the others, comparisons find deletes too. */
export async function underFire(options: FireOptions): Promise<FireResult> {
  const { say } = options, random = seededRandom(options.seed), legacy = await startLegacy(options.kind)
  const result: FireResult = { kills: 0, syncs: 0, writes: 0, faults: [] }
  const windows = `{ field: modified, deletes: disable, compare: never, batch_size: ${options.pageRows ?? 1000}, lag: 200ms }`
  const compared = `{ field: modified, deletes: disable, batch_size: ${options.pageRows ?? 1000}, lag: 200ms${options.capture ? ', capture: true' : ''} }`
  const folder = makeProject(legacy.source, compared, '{ lag: 200ms }'), open: Writer[] = []
  try {
    const writer = await legacy.connect(), fire = new Fire(legacy, random, options.customers + 1)
    for (let id = 1; id <= options.customers; id += 200) await writer.run(`INSERT INTO customers VALUES ${Array.from({ length: Math.min(200, options.customers - id + 1) }, (_, i) => `(${id + i}, 'Customer ${id + i}', 'https://c${id + i}.example', 'about ${id + i}', ${legacy.now})`).join(', ')}`)
    for (let id = 0; id < 20; id++) await writer.run(`INSERT INTO notes VALUES(${id}, 'Note ${id}', 'body ${id}', ${legacy.now})`)
    await loadAll(folder)
    const check = async (when: string, full = false): Promise<void> => {
      if (!full) return
      const faults = await compareSides(folder, writer)
      say(`${when}: ${faults.length === 0 ? 'equal' : `${faults.length} differ`}`)
      result.faults.push(...faults.map((fault) => `${when}: ${fault}`))
    }
    const sync = async (point = 0): Promise<number> => {
      result.syncs++
      // Only what is to be killed needs a process of its own.
      if (point === 0) {
        await withProject(folder, (workspace) => syncOnce(workspace))
        return 0
      }
      const done = await child(folder, point)
      if (done === null) result.kills++
      return done?.points ?? point
    }
    await sync()
    rule(folder, windows)
    // Equal stamps over many pages, and transactions that were begun before the sync and end after it.
    await writer.run(`UPDATE customers SET about = 'equal' WHERE id <= ${options.equal}`)
    await writer.run(`UPDATE customers SET modified = ${legacy.now} WHERE id <= ${options.equal}`)
    for (let i = 0; i < options.held; i++) {
      const one = await legacy.connect()
      await one.run(options.kind === 'postgres' ? 'BEGIN' : 'START TRANSACTION')
      await one.run(`INSERT INTO customers VALUES(${1_000_000 + i}, 'Held ${i}', 'https://h${i}.example', 'held', ${legacy.now})`)
      open.push(one)
    }
    await sync()
    for (const one of open) { await one.run('COMMIT'); await one.end() }
    open.length = 0
    if (!options.short) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await sync()
      await check('equal stamps and open transactions, by windows alone', true)
    }
    // The last sync seems to lie three hours ahead: as if the source's clock had been set back since.
    await withProject(folder, async ({ staging, target }) => { await staging.run(`UPDATE ${target.ledger}.watermarks SET low = CAST(CAST(substr(low, 1, 19) AS TIMESTAMP) + INTERVAL 3 HOUR AS VARCHAR) || ${options.kind === 'postgres' ? `'+00'` : `''`} WHERE entity = 'old.customers' AND low IS NOT NULL`) })
    await writer.run(`UPDATE customers SET about = 'after the clock was set back', modified = ${legacy.now} WHERE id <= 5`)
    await fire.insert(writer)
    await new Promise((resolve) => setTimeout(resolve, 400))
    await sync()
    await check('clock set back, by windows alone', true)
    rule(folder, compared)
    let points = options.short ? 12 : await sync()
    for (let i = 0; i < options.kills; i++) {
      fire.begin(writer, true)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const asked = 1 + Math.floor(random() * Math.max(points, 12))
      points = Math.max(await sync(asked), 12)
      await fire.end()
      say(`killed ${result.kills} of ${i + 1}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 400))
    await sync()
    if (!options.short) await sync()
    await check('after quiet', true)
    result.writes = fire.writes
    await writer.end()
  } finally {
    for (const one of open) await one.end().catch(() => undefined)
    await legacy.stop()
  }
  return result
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { kills: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' }, kind: { type: 'string', default: 'postgres,mysql' }, customers: { type: 'string', default: '12000' }, equal: { type: 'string', default: '10000' }, held: { type: 'string', default: '50' }, capture: { type: 'boolean', default: false } } })
  for (const kind of values.kind.split(',') as Legacy['kind'][]) {
    const began = performance.now(), result = await underFire({ kind, seed: Number(values.seed), customers: Number(values.customers), kills: Number(values.kills), equal: Number(values.equal), held: Number(values.held), capture: values.capture, say: (text) => process.stdout.write(`${kind}: ${text}\n`) })
    process.stdout.write(`${kind}: ${result.kills} kills in ${result.syncs} syncs, ${result.writes} writes meanwhile; ${result.faults.length} missed or doubled (${((performance.now() - began) / 1000).toFixed(0)} s)\n${result.faults.slice(0, 20).map((fault) => `  ${fault}\n`).join('')}`)
    if (result.faults.length > 0) process.exitCode = 1
  }
}
