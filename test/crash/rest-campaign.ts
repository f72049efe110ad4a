import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runMigration } from '../../src/run/engine.ts'
import { faultsOf, makeSiteFile, openBusiness, randomPoints, refusedBrands, type BusinessSize } from '../run/business.ts'
import { FakeSite, FAULTS, type Fault } from '../targets/rest/fake-site.ts'
import { live } from './campaign.ts'

/** `size` for the failures, `killSize` for each of the kills. */
export interface RestCampaignOptions { each: number; kills: number; seed: number; size: BusinessSize; killSize: BusinessSize; say(text: string): void }
/** `faults`: what was lost, doubled or different; `struck`: failures that were made. */
export interface RestCampaignResult { struck: Record<Fault, number>; killed: number; faults: string[] }

/**
 * Loads a business over HTTP while answers are lost, connections break, and the site pushes back, `each` times of each kind; then kills the process at random while that goes on, and
 * resumes. Afterwards every document must be there once, a further run must write nothing, and a rollback must leave the site as it was.
 */
export async function restCampaign(options: RestCampaignOptions): Promise<RestCampaignResult> {
  const base = mkdtempSync(join(tmpdir(), 'landfall-rest-')), result: RestCampaignResult = { struck: { drop: 0, reset: 0, '429': 0, '503': 0, '502': 0, deadlock: 0 }, killed: 0, faults: [] }
  const mirror = await makeSiteFile()
  try {
    const whole = await onePoint({ ...options, base, mirror, faults: FAULTS.flatMap((fault) => Array<Fault>(options.each).fill(fault)), kill: null })
    for (const fault of FAULTS) result.struck[fault] += whole.site.struck[fault]
    result.faults.push(...whole.faults)
    options.say(`${FAULTS.map((fault) => `${whole.site.struck[fault]} ${fault}`).join(', ')} in ${Math.round(whole.milliseconds)} ms: ${whole.faults.length === 0 ? 'nothing lost, nothing double' : whole.faults.join('; ')}`)
    const plain = options.kills === 0 ? whole : await onePoint({ ...options, size: options.killSize, base, mirror, faults: [], kill: null })
    for (const [i, point] of randomPoints(options.seed, options.kills).entries()) {
      const kill = i % 2 === 0 ? { place: 1 + Math.floor(point * plain.places) } : { afterMs: Math.floor(point * plain.milliseconds) }
      const one = await onePoint({ ...options, size: options.killSize, base, mirror, faults: FAULTS.flatMap((fault) => [fault, fault]), kill })
      if (one.killed) result.killed++
      result.faults.push(...one.faults.map((fault) => `${JSON.stringify(kill)}: ${fault}`))
      options.say(`${String(i + 1).padStart(3)}  ${JSON.stringify(kill).padEnd(20)} ${one.killed ? 'killed, resumed' : 'ended first'}  ${one.faults.length === 0 ? 'nothing lost, nothing double' : one.faults.join('; ')}`)
    }
    return result
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

interface Point { base: string; mirror: string; seed: number; size: BusinessSize; faults: Fault[]; kill: { place: number } | { afterMs: number } | null }

async function onePoint({ base, mirror, seed, size, faults, kill }: Point): Promise<{ site: FakeSite; faults: string[]; killed: boolean; places: number; milliseconds: number }> {
  const folder = mkdtempSync(join(base, 'p-')), site = await new FakeSite(seed).start()
  copyFileSync(mirror, join(folder, 'site.duckdb'))
  const before = site.snapshot(), text = JSON.stringify(size)
  site.faults = [...faults]
  site.rate = 0.25
  try {
    const began = performance.now()
    const output = await live([folder, text, 'false', kill !== null && 'place' in kill ? String(kill.place) : '0', site.url], kill !== null && 'afterMs' in kill ? kill.afterMs : null)
    const milliseconds = performance.now() - began
    if (output === null) await live([folder, text, 'true', '0', site.url], null)
    site.faults = []
    const found = onSite(site, size)
    found.push(...await afterwards(folder, size, site, before))
    return { site, faults: found, killed: output === null, places: Number(output?.trim() ?? 0), milliseconds }
  } finally {
    await site.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each document once, by its key and by what it says. */
function onSite(site: FakeSite, size: BusinessSize): string[] {
  const faults: string[] = []
  for (const [doctype, field, wanted] of [['Brand', 'brand', size.brands - refusedBrands(size.brands)], ['Note', 'title', size.notes]] as const) {
    const rows = [...site.table(doctype).values()]
    if (rows.length !== wanted) faults.push(`${rows.length} of ${wanted} ${doctype} on the site`)
    for (const column of [field, 'landfall_key']) if (new Set(rows.map((row) => row[column])).size !== rows.length) faults.push(`a ${doctype} is there twice by ${column}`)
  }
  return faults
}

/** The mirror agrees, another run writes nothing, a rollback leaves nothing. */
async function afterwards(folder: string, size: BusinessSize, site: FakeSite, before: string): Promise<string[]> {
  const business = await openBusiness(folder, size, { siteUrl: site.url })
  try {
    const faults = await faultsOf(business, size)
    const run = (await business.target.runs())[0]?.run ?? '', written = writes(site)
    const again = await runMigration(business.migration, business.ports, { resume: false, until: 'end' })
    if (writes(site) !== written) faults.push(`another run wrote: ${JSON.stringify(site.requests)}`)
    if (again.outcomes?.loaded !== 0) faults.push(`another run says ${again.outcomes?.loaded} documents were loaded`)
    const undone = await business.target.undo(run, null)
    if (undone.kept.length > 0) faults.push(`${undone.kept.length} documents stay: ${undone.kept[0]?.reason}`)
    if (site.snapshot() !== before) faults.push('the site is not as before')
    return faults
  } finally {
    await business.close()
  }
}

function writes(site: FakeSite): number {
  return Object.entries(site.requests).filter(([path]) => /^(POST|PUT|DELETE) resource|insert_many/.test(path)).reduce((sum, [, count]) => sum + count, 0)
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { each: { type: 'string', default: '100' }, kills: { type: 'string', default: '100' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const result = await restCampaign({ each: Number(values.each), kills: Number(values.kills), seed, size: { brands: 2000, notes: 2500, batchRows: 400, loadBatch: 250 }, killSize: { brands: 300, notes: 150, batchRows: 70, loadBatch: 60 }, say: (line) => process.stdout.write(`${line}\n`) })
  process.stdout.write(`${JSON.stringify(result.struck)}, ${result.killed} killed and resumed, ${result.faults.length} faults (seed ${seed})\n`)
  process.exitCode = result.faults.length > 0 ? 1 : 0
}
