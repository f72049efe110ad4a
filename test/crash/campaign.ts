import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readJournal } from '../../src/ledger/journal.ts'
import { runsOf } from '../../src/run/history.ts'
import { faultsOf, makeSiteFile, openBusiness, randomPoints, type BusinessSize } from '../run/business.ts'

export interface CampaignOptions { points: number; seed: number; size: BusinessSize; say(text: string): void }
/** `faults`: what was lost, doubled or different, with the life it happened in; empty when all went well. */
export interface CampaignResult { points: number; killed: number; faults: string[] }

const CHILD = join(import.meta.dirname, 'child.ts')

/** Runs the child (`args` as it takes them) once; `killAfterMs` null: it is left alone. Answers its output, or null when it was killed. */
export function live(args: string[], killAfterMs: number | null): Promise<string | null> {
  return new Promise((done, failed) => {
    let output = '', errors = ''
    const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = killAfterMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
    child.on('error', failed)
    child.on('close', (code, signal) => {
      if (timer) clearTimeout(timer)
      if (signal === 'SIGKILL') done(null)
      else if (code === 0) done(output)
      else failed(new RangeError(`the run ended with ${code}: ${errors.slice(-2000)}`))
    })
  })
}

/**
 * Kills runs at random and looks what is left after they were resumed. Every second point is one of the program's own (after a commit, before
 * the next intent), the others are moments of the clock, which fall anywhere: in the middle of a statement, a commit, a checkpoint.
 */
export async function crashCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { size, seed } = options
  const base = mkdtempSync(join(tmpdir(), 'landfall-crash-'))
  const site = await makeSiteFile()
  const fresh = (name: string): string => {
    const folder = mkdtempSync(join(base, name))
    copyFileSync(site, join(folder, 'site.duckdb'))
    return folder
  }
  const text = JSON.stringify(size)
  const result: CampaignResult = { points: options.points, killed: 0, faults: [] }
  try {
    const whole = fresh('whole-')
    const places = Number((await live([whole, text, 'false', '0'], null))?.trim())
    const record = runsOf(readJournal(join(whole, 'journal.ndjson'))).at(-1)
    const timed = fresh('timed-')
    const began = performance.now()
    await live([timed, text, 'false', '0'], null)
    const duration = performance.now() - began
    if (!record || places === 0) throw new RangeError('the run without a crash left no journal')
    for (const [i, point] of randomPoints(seed, options.points).entries()) {
      const folder = fresh(`p${i}-`)
      const own = i % 2 === 0
      const place = 1 + Math.floor(point * places), afterMs = Math.floor(point * duration)
      const output = own ? await live([folder, text, 'false', String(place)], null) : await live([folder, text, 'false', '0'], afterMs)
      const label = own ? `place ${place} of ${places}` : `${afterMs} of ${Math.round(duration)} ms`
      if (output === null) {
        result.killed++
        await live([folder, text, 'true', '0'], null)
      }
      const business = await openBusiness(folder, size)
      const faults = await faultsOf(business, size)
      await business.close()
      result.faults.push(...faults.map((fault) => `${label}: ${fault}`))
      options.say(`${String(i + 1).padStart(3)}  ${label.padEnd(24)} ${output === null ? 'killed, resumed' : 'ended first'}  ${faults.length === 0 ? 'nothing lost, nothing double' : faults.join('; ')}`)
      rmSync(folder, { recursive: true, force: true })
    }
    return result
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { points: { type: 'string', default: '100' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const result = await crashCampaign({ points: Number(values.points), seed, size: { brands: 3000, notes: 2000, batchRows: 400, loadBatch: 250 }, say: (line) => process.stdout.write(`${line}\n`) })
  process.stdout.write(`${result.points} points, ${result.killed} killed and resumed, ${result.faults.length} faults (seed ${seed})\n`)
  process.exitCode = result.faults.length > 0 ? 1 : 0
}
