import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openBenchLane, type BenchLane, type BenchLaneOptions } from '../../src/targets/bench/lane.ts'
import type { LaneBatch, LaneDocument } from '../../src/targets/lane.ts'

/** A bench whose Frappe is the one in fake-frappe/, with a site of two DocTypes over SQLite. */
export class FakeBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'landfall-bench-'))
  readonly #lanes: BenchLane[] = []

  constructor() {
    mkdirSync(join(this.folder, 'sites', 'site'), { recursive: true })
    symlinkSync(resolve(import.meta.dirname, 'fake-frappe/frappe'), join(this.folder, 'sites', 'frappe'))
    this.sql('CREATE TABLE tabThing (name TEXT COLLATE NOCASE PRIMARY KEY, modified TEXT, modified_by TEXT, docstatus INTEGER, title TEXT, parts INTEGER DEFAULT 0);'
      + 'CREATE TABLE tabPart (name TEXT PRIMARY KEY, modified TEXT, modified_by TEXT, docstatus INTEGER, thing TEXT); CREATE TABLE tabSeries (name TEXT PRIMARY KEY, current INTEGER)')
  }

  /** Statements past the agent, as people and other programs would run them; the rows of the last one. */
  sql(text: string): unknown[][] {
    const program = 'import sqlite3,sys,json\nc=sqlite3.connect(sys.argv[1],timeout=20)\nr=[]\nfor s in sys.argv[2].split(";"):\n  r=c.execute(s).fetchall() if s.strip() else r\nc.commit()\nprint(json.dumps(r))'
    const { stdout, stderr, status } = spawnSync('python3', ['-c', program, join(this.folder, 'sites', 'site', 'site.db'), text], { encoding: 'utf8' })
    if (status !== 0) throw new RangeError(stderr)
    return JSON.parse(stdout) as unknown[][]
  }

  lane(options: Partial<BenchLaneOptions> = {}): BenchLane {
    const lane = openBenchLane({ place: { way: 'local', bench: this.folder }, site: 'site', python: 'python3', ...options })
    this.#lanes.push(lane)
    return lane
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Whether the machine has a Python that can run the agent. */
export const hasPython = spawnSync('python3', ['-c', 'import sqlite3, sys; sys.exit(sys.version_info < (3, 10) or sqlite3.sqlite_version_info < (3, 35))']).status === 0

/** Things `from..to`; `acts` says by number what a controller does. */
export function things(from: number, to: number, acts: Record<number, string> = {}, run = 'r-1', named = false): LaneBatch {
  const documents: LaneDocument[] = []
  for (let id = from; id <= to; id++) {
    documents.push({ id, entity: 'things', key: `K${id}`, name: named ? `THING-${String(id + 100).padStart(5, '0')}` : '', docstatus: 0, once: false, nested: false, touches: [], doc: { doctype: 'Thing', title: `Thing ${id}`, ...(acts[id] === undefined ? {} : { act: acts[id] }) } })
  }
  return { run, phase: 'master', wave: 1, doctype: 'Thing', batch: `${run}:Thing:${from}`, from, to, documents }
}
