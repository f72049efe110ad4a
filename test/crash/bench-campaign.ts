import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/model/clock.ts'
import type { LaneOutcome } from '../../src/targets/lane.ts'
import { FakeBench, things } from '../targets/fake-bench.ts'
import { victim } from './victim.ts'

/** `each`: of dropped acknowledgements (the agent dies right after its commit), of deadlocks, of lost connections. `kills`: by turns of an agent and of the process that runs the lane. */
export interface BenchCampaignOptions { each: number; kills: number; seed: number; say(text: string): void }
/** `faults`: what was lost, doubled or different; empty when all went well. */
export interface BenchCampaignResult { struck: Record<string, number>; killed: { agents: number; processes: number }; faults: string[] }

const KINDS = ['drop', 'deadlock', 'lost'] as const
const THINGS = 24, CHILD = join(import.meta.dirname, 'bench-child.ts')
const loaded = (outcomes: LaneOutcome[]): string[] => outcomes.filter((one) => one.status === 'refused').map((one) => `${one.id} was refused: ${one.reason?.message}`)

/** Writes through the agent and a site of its own while that is killed, answers are lost and the database pushes back. Afterwards every document must be there once, writing again must write nothing, and undo must leave nothing. */
export async function benchCampaign(options: BenchCampaignOptions): Promise<BenchCampaignResult> {
  const result: BenchCampaignResult = { struck: {}, killed: { agents: 0, processes: 0 }, faults: [] }
  await faultsOfDatabase(options, result)
  const random = seededRandom(options.seed)
  for (let i = 0; i < options.kills; i++) {
    const faults = i % 2 === 0 ? await killedAgents(random, result) : await killedProcess(random, result)
    result.faults.push(...faults.map((fault) => `kill ${i + 1}: ${fault}`))
    options.say(`${String(i + 1).padStart(3)}  ${i % 2 === 0 ? 'agent' : 'process'} killed  ${faults.length === 0 ? 'nothing lost, nothing double' : faults.join('; ')}`)
  }
  return result
}

async function faultsOfDatabase({ each, say }: BenchCampaignOptions, result: BenchCampaignResult): Promise<void> {
  const bench = new FakeBench(), plan = join(bench.folder, 'sites', 'site', 'faults.json'), lane = bench.lane({ commitDocuments: 3 })
  try {
    await lane.prepare(['Thing'])
    writeFileSync(plan, JSON.stringify({ ...Object.fromEntries(KINDS.map((kind) => [kind, each])), rate: { drop: 0.2, deadlock: 0.03, lost: 0.01 } }))
    const left = (): number => { const now = JSON.parse(readFileSync(plan, 'utf8')) as Record<string, number>; return KINDS.reduce((sum, kind) => sum + now[kind]!, 0) }
    let last = 0
    while (left() > 0 && last < each * 60 + 60) {
      result.faults.push(...loaded(await lane.write(things(last + 1, last + 60))))
      last += 60
    }
    for (const kind of KINDS) result.struck[kind] = each - (JSON.parse(readFileSync(plan, 'utf8')) as Record<string, number>)[kind]!
    writeFileSync(plan, JSON.stringify({ rate: {} }))
    const faults = await afterwards(bench, last)
    result.faults.push(...faults)
    say(`${KINDS.map((kind) => `${result.struck[kind]} ${kind}`).join(', ')} over ${last} documents: ${faults.length === 0 ? 'nothing lost, nothing double' : faults.join('; ')}`)
  } finally {
    await bench.close()
  }
}

/** The lane goes on by itself. */
async function killedAgents(random: () => number, result: BenchCampaignResult): Promise<string[]> {
  const bench = new FakeBench(), lane = bench.lane({ commitDocuments: 3 })
  try {
    await lane.prepare(['Thing'])
    const slow = Object.fromEntries(Array.from({ length: THINGS }, (_, i) => [i + 1, 'slow0.01'])), writing = lane.write(things(1, THINGS, slow))
    await new Promise((resolve) => setTimeout(resolve, random() * THINGS * 14))
    for (const pid of lane.pids) {
      try { process.kill(pid, 'SIGKILL'); result.killed.agents++ } catch { /* gone already */ }
    }
    return [...loaded(await writing), ...await afterwards(bench, THINGS)]
  } finally {
    await bench.close()
  }
}

/** Another process goes on. */
async function killedProcess(random: () => number, result: BenchCampaignResult): Promise<string[]> {
  const bench = new FakeBench()
  try {
    const { killed } = await victim(CHILD, [bench.folder, String(THINGS)], random() * 120)
    if (killed) result.killed.processes++
    return [...loaded(await bench.lane({ commitDocuments: 3 }).write(things(1, THINGS))), ...await afterwards(bench, THINGS)]
  } finally {
    await bench.close()
  }
}

/** Each document once, on the site and in the ledger; written again, nothing is; taken back, nothing stays. */
async function afterwards(bench: FakeBench, count: number): Promise<string[]> {
  const faults: string[] = [], lane = bench.lane()
  const there = (): string => JSON.stringify(bench.sql('SELECT (SELECT count(*) FROM tabThing), (SELECT count(DISTINCT title) FROM tabThing), (SELECT count(*) FROM __landfall_ledger), (SELECT count(*) FROM __landfall_row WHERE tbl = \'tabThing\')')[0])
  const once = there()
  if (once !== JSON.stringify([count, count, count, count])) faults.push(`${once} documents, titles, ledger rows and rows noted instead of ${count} each`)
  const again = await lane.write(things(1, count, {}, 'r-2'))
  if (again.some((one) => one.status !== 'unchanged') || there() !== once) faults.push(`written again: ${JSON.stringify(again.find((one) => one.status !== 'unchanged'))}, ${there()}`)
  const undone = await lane.undo({ run: 'r-1', restore: [], documents: again.map((one) => ({ doctype: 'Thing', name: one.name!, docstatus: 0, batch: '', modified: null })).reverse() })
  if (undone.kept.length > 0 || there() !== JSON.stringify([0, 0, 0, 0])) faults.push(`taken back: ${undone.kept.length} kept, ${there()} left`)
  return faults
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { each: { type: 'string', default: '100' }, kills: { type: 'string', default: '100' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const result = await benchCampaign({ each: Number(values.each), kills: Number(values.kills), seed, say: (line) => process.stdout.write(`${line}\n`) })
  process.stdout.write(`${JSON.stringify(result.struck)}, ${result.killed.agents} agents and ${result.killed.processes} processes killed, ${result.faults.length} faults (seed ${seed})\n`)
  process.exitCode = result.faults.length > 0 ? 1 : 0
}
