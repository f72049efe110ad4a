import { LandfallError, messageOf } from '../../errors/error.ts'
import type { Clock } from '../../model/clock.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import { bareTables, loadBare, removeBare } from '../../targets/express/bare-load.ts'
import type { Link } from '../../targets/express/connection.ts'
import type { PlainBench } from '../../targets/bench/plain-bench.ts'
import type { Lane, LaneBatch, LaneDocument, LaneKind } from '../../targets/lane.ts'
import { firstOf, WARM_UP, type Measured } from './drafts.ts'
import { databaseProcess, listeners, Stopwatch } from './processor-time.ts'
import { importTable } from './import-table.ts'

/** Ways into a site that are measured, in the order of the table. `bench+`: with as many processes as `workers`. */
export const WAYS = ['loop', 'import', 'rest', 'bench', 'bench+', 'express', 'load data'] as const
export type Way = (typeof WAYS)[number]

/** One line of the table. `processor`: seconds of this process, of the site's own (Python or web server), of the database; null where they are not on this machine. `left`: tables that undo left different. */
export interface Measurement {
  doctype: Measured
  way: Way
  documents: number
  rows: number
  seconds: number
  processor: { here: number; site: number | null; database: number | null } | null
  undoSeconds: number | null
  left: string[]
  /** Why it was not measured. */
  why: string | null
}

/** All that was opened; null where there is no access. `documentsOf` makes the lane's documents of drafts [from, to]; `why`: why a way is shut, or null. */
export interface MeasurePorts {
  site: Site
  staging: Staging
  clock: Clock
  plain: PlainBench | null
  /** Lanes are opened one at a time: a place on the site is one agent's. */
  lanes: Partial<Record<LaneKind | 'bench+', () => Promise<Lane & { pids?: number[] }>>>
  link: Link | null
  url: string | null
  written: () => string[]
  documentsOf: (batch: LaneBatch) => Promise<LaneDocument[]>
  why: (way: Way, doctype: Measured) => string | null
  say: (text: string) => void
}

const NEEDS: Record<Way, string> = {
  'loop': 'it needs the bench (--bench)', 'import': 'it needs the bench (--bench)', 'rest': 'it needs --url and a token', 'bench': 'it needs the bench (--bench)', 'bench+': 'it needs the bench (--bench)',
  'express': 'it needs the database (--database, or --bench on this machine)', 'load data': 'it needs the database (--database, or --bench on this machine)',
}
/** Per request of the REST lane. */
const REST_BATCH = 200

/** Measures ways one after another; after each the site holds what it held before, which is looked at. Nothing is thrown for a way that fails: its line says why. */
export class Measuring {
  readonly #ports: MeasurePorts
  readonly #run: string
  #batch = 0

  constructor(ports: MeasurePorts, run: string) {
    this.#ports = ports
    this.#run = run
  }

  async measure(doctype: Measured, way: Way, documents: number): Promise<Measurement> {
    const { plain } = this.#ports
    const line: Measurement = { doctype, way, documents, rows: 0, seconds: 0, processor: null, undoSeconds: null, left: [], why: this.#shut(way, doctype) }
    if (line.why !== null) return line
    const before = plain === null ? null : await plain.checksums()
    try {
      await this.#once(line)
    } catch (error) {
      line.why = messageOf(error)
      if (error instanceof LandfallError && error.code === 'internal') throw error
    }
    if (plain !== null && before !== null) {
      const after = await plain.checksums()
      line.left = Object.keys(before).filter((table) => before[table] !== after[table])
      if (line.left.length > 0) await plain.restore(line.left)
      const wrong = Object.entries(await plain.checksums()).filter(([table, sum]) => before[table] !== sum).map(([table]) => table)
      if (wrong.length > 0) throw new LandfallError('target-changed', `${wrong.join(', ')} could not be put back as before ${way} wrote ${doctype}: somebody else works on the site.`, { hint: 'Measure on a site nobody uses; restore it from its backup.' })
    }
    this.#ports.say(`  ${doctype}, ${way}: ${line.why === null ? `${(line.documents / line.seconds).toFixed(1)} documents/s` : line.why}`)
    return line
  }

  #shut(way: Way, doctype: Measured): string | null {
    const { plain, lanes, link } = this.#ports
    const there = way === 'loop' || way === 'import' ? plain !== null : way === 'load data' ? link !== null : lanes[way] !== undefined
    return there ? this.#ports.why(way, doctype) : NEEDS[way]
  }

  #once(line: Measurement): Promise<void> {
    if (line.way === 'load data') return this.#bare(line)
    if (line.way === 'loop' || line.way === 'import') return this.#plain(line)
    return this.#lane(line, line.way)
  }

  /** A warm-up of other documents, then the measured ones. */
  async #documents(doctype: Measured, count: number): Promise<{ warm: LaneBatch; batch: LaneBatch }> {
    const first = firstOf(doctype), batch = async (from: number, to: number): Promise<LaneBatch> => {
      const made: LaneBatch = { run: this.#run, phase: 'measure', wave: 1, doctype, batch: `${this.#run}:${++this.#batch}`, from, to, documents: [] }
      return { ...made, documents: await this.#ports.documentsOf(made) }
    }
    return { warm: await batch(first, first + WARM_UP - 1), batch: await batch(first + WARM_UP, first + WARM_UP + count - 1) }
  }

  async #clocked(line: Measurement, sitePids: number[], body: () => Promise<void>): Promise<void> {
    const { plain, clock } = this.#ports, database = plain === null ? null : databaseProcess(plain.hello.pid_file)
    const watch = new Stopwatch([...sitePids, ...(database === null ? [] : [database])]), began = clock.elapsed()
    await body()
    line.seconds = (clock.elapsed() - began) / 1000
    const { here, there } = watch.read(), sum = (list: number[]): number => list.reduce((total, one) => total + one, 0)
    const express = line.way === 'express' || line.way === 'load data'
    line.processor = { here, site: express ? 0 : sitePids.length === 0 ? null : sum(there.slice(0, sitePids.length)), database: database === null ? null : there.at(-1)! }
  }

  async #plain(line: Measurement): Promise<void> {
    const plain = this.#ports.plain!, { warm, batch } = await this.#documents(line.doctype, line.documents)
    const bare = (documents: LaneDocument[]) => documents.map(({ doc, docstatus }) => ({ doc: unnamed(doc), docstatus }))
    const write = async (documents: LaneDocument[]): Promise<void> => {
      if (line.way === 'loop') return void await plain.loop(bare(documents))
      const { names, why } = await plain.dataImport(line.doctype, importTable(bare(documents).map(({ doc }) => doc)), documents[0]!.docstatus === 1)
      if (names.length !== documents.length) throw new LandfallError('target-failed', `Data Import took ${names.length} of ${documents.length}: ${why ?? 'no reason given'}`)
    }
    await write(warm.documents)
    await this.#clocked(line, [plain.hello.pid], () => write(batch.documents))
  }

  async #lane(line: Measurement, way: LaneKind | 'bench+'): Promise<void> {
    const lane = await this.#ports.lanes[way]!(), { warm, batch: whole } = await this.#documents(line.doctype, line.documents), { clock } = this.#ports, done: { doctype: string; name: string; docstatus: number; batch: string; modified: null }[] = []
    const write = async (batch: LaneBatch): Promise<void> => {
      const outcomes = await lane.write(batch), refused = outcomes.find((outcome) => outcome.status !== 'loaded')
      outcomes.forEach((outcome, i) => { if (outcome.name !== null) done.push({ doctype: line.doctype, name: outcome.name, docstatus: batch.documents[i]!.docstatus, batch: batch.batch, modified: null }) })
      if (refused !== undefined) throw new LandfallError('target-failed', `${refused.status}: ${refused.reason?.type ?? ''} ${refused.reason?.message ?? ''}`)
    }
    const parts = line.way === 'rest' ? slices(whole, REST_BATCH) : [whole]
    try {
      await write(warm)
      await this.#clocked(line, line.way === 'rest' ? listeners(this.#ports.url ?? '') : lane.pids ?? [], async () => { for (const batch of parts) await write(batch) })
    } finally {
      await this.#undo(line, lane, done).finally(() => lane.close())
    }
  }

  async #undo(line: Measurement, lane: Lane, done: { doctype: string; name: string; docstatus: number; batch: string; modified: null }[]): Promise<void> {
    const { clock } = this.#ports, began = clock.elapsed(), undone = await lane.undo({ run: this.#run, documents: done.reverse(), restore: [] })
    line.undoSeconds = (clock.elapsed() - began) / 1000
    if (undone.kept.length > 0) this.#ports.say(`  ${line.doctype}, ${line.way}: ${undone.kept.length} kept by undo, such as ${undone.kept[0]!.name}: ${undone.kept[0]!.reason}`)
  }

  async #bare(line: Measurement): Promise<void> {
    const { staging, link, written } = this.#ports, first = firstOf(line.doctype) + WARM_UP
    const where = `r._doctype = '${line.doctype}' AND r._draft BETWEEN ${first} AND ${first + line.documents - 1}`, tables = await bareTables(staging, written().filter((table) => table !== 'tabSeries'), where)
    line.rows = tables.reduce((total, table) => total + table.rows, 0)
    await this.#clocked(line, [], () => loadBare(link!, tables))
    await removeBare(link!, staging, tables, where)
  }
}

function slices(batch: LaneBatch, size: number): LaneBatch[] {
  const parts: LaneBatch[] = []
  for (let at = 0; at < batch.documents.length; at += size) {
    const documents = batch.documents.slice(at, at + size)
    parts.push({ ...batch, batch: `${batch.batch}/${at}`, documents, from: documents[0]!.id, to: documents.at(-1)!.id })
  }
  return parts
}

/** As somebody would write it who does not know how the site will name it. */
function unnamed(doc: Record<string, unknown>): Record<string, unknown> {
  const { name: _name, ...own } = doc
  return Object.fromEntries(Object.entries(own).map(([field, value]) => [field, Array.isArray(value) ? value.map((row) => unnamed(row as Record<string, unknown>)) : value]))
}
