import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type mysql from 'mysql2/promise'
import { seededRandom } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Staging } from '../../src/staging/staging.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { createMariadbSite } from '../../src/testing/mariadb-site.ts'
import { startMariadb } from '../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../src/testing/servers/server.ts'
import { batches, business, clock, connectTo, differences, everythingOf, openLane, posted, site, testDoctypes } from '../targets/express-setup.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { victim } from './victim.ts'

/** `each`: of dropped acknowledgements, of deadlocks and of connections killed by the server. `kills`: of the process that loads. */
export interface ExpressCampaignOptions { each: number; kills: number; seed: number; say(text: string): void }
/** `faults`: what was lost, doubled or different; empty when all went well. */
export interface ExpressCampaignResult { struck: Record<'drop' | 'deadlock' | 'connection', number>; killed: number; faults: string[] }

const DOCTYPES = ['Territory', 'Customer', 'Sales Order'], DOCUMENTS = 12 + 60 + 30, BATCH = 6
interface Bed { server: PrivateServer; connection: mysql.Connection; staging: Staging; engine: PostingEngine; folder: string; path: string }

/** Loads masters, a tree and orders into a MariaDB of its own while that goes on. Afterwards every row must be there as predicted, once; writing again must write nothing, and undo must leave nothing. */
export async function expressCampaign(options: ExpressCampaignOptions): Promise<ExpressCampaignResult> {
  const result: ExpressCampaignResult = { struck: { drop: 0, deadlock: 0, connection: 0 }, killed: 0, faults: [] }, folder = mkdtempSync(join(tmpdir(), 'landfall-express-crash-'))
  const server = await startMariadb({ 'local-infile': '1' })
  await createMariadbSite(server, 'site', site, testDoctypes())
  const connection = await connectTo(server, 'site'), { staging, engine } = await posted(business(60, 30), DOCTYPES)
  try {
    const bed = { server, connection, staging, engine, folder, path: join(folder, 'staging.duckdb') }, random = seededRandom(options.seed)
    await openLane(server, 'site', staging).prepare(DOCTYPES)
    for (let round = 1; leftOf(options, result) > 0 && round <= 100; round++) {
      const faults = await disturbed(bed, random, options, result)
      result.faults.push(...faults.map((fault) => `round ${round}: ${fault}`))
      options.say(`round ${round}: ${JSON.stringify(result.struck)}: ${faults.length === 0 ? 'nothing lost, nothing double' : faults.join('; ')}`)
    }
    await writePrediction(bed.path)
    for (let life = 1; result.killed < options.kills; life++) await killed(bed, random, options, result, life)
    return result
  } finally {
    await connection.end()
    await staging.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const leftOf = ({ each }: ExpressCampaignOptions, { struck }: ExpressCampaignResult): number => Object.values(struck).reduce((sum, count) => sum + Math.max(0, each - count), 0)

/** All batches, through a proxy that loses answers and makes deadlocks, while connections are killed. */
async function disturbed(bed: Bed, random: () => number, { each }: ExpressCampaignOptions, result: ExpressCampaignResult): Promise<string[]> {
  const { server, staging, connection } = bed, { struck } = result, proxy = await startFaultProxy(server.port, { drop: each - struck.drop, deadlock: each - struck.deadlock }, random)
  const before = { ...proxy.left }, direct = openLane(server, 'site', staging), lane = openLane({ ...server, port: proxy.port }, 'site', staging, { retries: 30 })
  const sums = await direct.checksums(), all = (await Promise.all(DOCTYPES.map((doctype) => batches(staging, doctype, BATCH)))).flat(), faults: string[] = []
  for (const batch of all) {
    const killer = struck.connection < each && random() < 0.7 ? wait(random() * 60).then(async () => {
      if (lane.connectionId !== null) struck.connection += await connection.query(`KILL CONNECTION ${lane.connectionId}`).then(() => 1, () => 0)
    }) : null
    faults.push(...(await lane.write(batch)).filter((one) => one.status !== 'loaded').map((one) => `${batch.doctype} ${one.id} is ${one.status}`))
    await killer
  }
  struck.drop += before.drop - proxy.left.drop
  struck.deadlock += before.deadlock - proxy.left.deadlock
  faults.push(...await afterwards(bed, direct, all, DOCUMENTS))
  for (const batch of [...all].reverse()) await direct.undo(everythingOf([batch]))
  const left = changedTables(sums, await direct.checksums())
  if (left.length > 0) faults.push(`after undo ${left.join(', ')} differ`)
  await lane.close()
  await direct.close()
  await proxy.stop()
  return faults
}

/** The prediction as a file, which each life of the process opens anew. */
async function writePrediction(path: string): Promise<void> {
  const staging = await Staging.open(path), engine = await PostingEngine.open(staging, site, clock)
  for (const statement of business(60, 30)) await staging.run(statement)
  for (const doctype of DOCTYPES) await engine.post(doctype)
  await staging.run('CHECKPOINT')
  await staging.close()
}

/** One load of customers, by as many lives of a process as it takes. */
async function killed({ server, connection, staging, engine, folder, path }: Bed, random: () => number, options: ExpressCampaignOptions, result: ExpressCampaignResult, load: number): Promise<void> {
  const lane = openLane(server, 'site', staging), sums = await lane.checksums(), copy = join(folder, `load-${load}.duckdb`), child = join(import.meta.dirname, 'express-child.ts')
  let kills = 0
  for (let goOn = true; goOn;) {
    copyFileSync(path, copy)
    const spare = result.killed + kills >= options.kills || kills >= 12
    const life = await victim(child, [String(server.port), copy, 'Customer', '2'], spare ? null : random() * 250)
    if (life.killed) kills++
    goOn = life.killed
    rmSync(copy, { force: true })
    rmSync(`${copy}.wal`, { force: true })
  }
  result.killed += kills
  const all = await batches(staging, 'Customer', 2), faults = await afterwards({ connection, staging, engine }, lane, all, 60, 'tabCustomer')
  await lane.undo(everythingOf(all))
  const left = changedTables(sums, await lane.checksums())
  if (left.length > 0) faults.push(`after undo ${left.join(', ')} differ`)
  await lane.close()
  result.faults.push(...faults.map((fault) => `load ${load}: ${fault}`))
  options.say(`load ${load}: killed ${kills} times, ${result.killed} in all: ${faults.length === 0 ? 'nothing lost, nothing double' : faults.join('; ')}`)
}

/** Every row as predicted, every document once in the ledger, and a second writing that writes nothing. */
async function afterwards({ connection, staging, engine }: Pick<Bed, 'connection' | 'staging' | 'engine'>, lane: ReturnType<typeof openLane>, all: Awaited<ReturnType<typeof batches>>, documents: number, only?: string): Promise<string[]> {
  const faults: string[] = [], count = async (table: string): Promise<number> => Number(((await connection.query(`SELECT count(*) AS n FROM \`${table}\``))[0] as { n: number }[])[0]!.n)
  const different = (await differences(staging, engine, connection)).filter((text) => only === undefined || text.startsWith(`${only} `))
  if (different.length > 0) faults.push(`${different.length} differences, such as ${different[0]}`)
  const ledger = await count('__landfall_express_documents')
  if (ledger !== documents) faults.push(`${ledger} documents in the ledger instead of ${documents}`)
  const before = await lane.checksums(), again = (await inOrder(all, async (batch) => (await lane.write(batch)).map((one) => one.status))).flat()
  if (again.some((status) => status !== 'unchanged') || changedTables(before, await lane.checksums()).length > 0) faults.push(`written again: ${again.filter((status) => status !== 'unchanged').length} documents are not unchanged`)
  return faults
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { each: { type: 'string', default: '100' }, kills: { type: 'string', default: '100' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const result = await expressCampaign({ each: Number(values.each), kills: Number(values.kills), seed, say: (line) => process.stdout.write(`${line}\n`) })
  process.stdout.write(`${JSON.stringify(result.struck)}, ${result.killed} killed and gone on, ${result.faults.length} faults (seed ${seed})\n`)
  process.exitCode = result.faults.length > 0 ? 1 : 0
}
