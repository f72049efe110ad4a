import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { newRunId, today, type Clock } from '../../model/clock.ts'
import { proveShapes } from '../../phases/prove.ts'
import { rulesVersion } from '../../posting/canary/rules-version.ts'
import type { ShapeProof } from '../../posting/canary/proof.ts'
import { PostingEngine } from '../../posting/engine.ts'
import { Site } from '../../site/site.ts'
import { literal, Staging } from '../../staging/staging.ts'
import { benchRunner } from '../../targets/bench/canary-runner.ts'
import { benchPlace, openBench } from '../../targets/bench/open.ts'
import { PlainBench } from '../../targets/bench/plain-bench.ts'
import { attachSite, SITE_DATABASE } from '../../targets/embedded/site-file.ts'
import { Settling } from '../../targets/embedded/settling.ts'
import { connect } from '../../targets/express/connection.ts'
import { optionsOf, PERMITS } from '../../targets/express/open.ts'
import type { Lane, LaneBatch } from '../../targets/lane.ts'
import type { SiteSettings } from '../../targets/registry.ts'
import { buildDocuments } from '../../targets/site/documents.ts'
import { lanesSetUp, openOne, type LaneEnv } from '../../targets/site/lanes.ts'
import { siteSettings } from '../lanes.ts'
import type { SiteAccess } from '../site/access.ts'
import { pullInto } from '../site/pull.ts'
import type { Terminal } from '../terminal.ts'
import { BASE, draftStatements, factsOf, MEASURED, WARM_UP, type Measured } from './drafts.ts'
import { Measuring, WAYS, type MeasurePorts, type Measurement, type Way } from './measure.ts'
import { Stopwatch } from './processor-time.ts'

export interface MeasureWishes {
  doctypes: Measured[]
  ways: Way[]
  /** Documents for what goes through controllers, and for what does not. */
  documents: number
  rows: number
  workers: number
  company: string | undefined
  /** Copying more than this, in MB, to be put back later is refused. */
  mostMegabytes: number
}

/** What the posting engine took to predict the documents, before any lane. */
export interface Prediction { doctype: Measured; documents: number; seconds: number; processor: number }
export interface MeasureResult { site: string; apps: Record<string, string>; server: string; measurements: Measurement[]; predictions: Prediction[]; proofs: ShapeProof[]; changed: string[] | null; stays: string[] }

const MEMORY = '1500MB'

/** Settings of a target for what was given by flags or project. */
export function targetOf(access: SiteAccess, project: Project | null): SiteSettings {
  const own: Partial<SiteSettings> = project !== null && project.config.target.kind === 'site' ? siteSettings(project.config.target) : {}
  const [key, secret] = access.rest?.token?.split(':') ?? [], database = access.database
  return {
    rest: { concurrency: 4, batch: 200, timeout_seconds: 600, retries: 10, submit_wait_seconds: 600, headers: {} }, ...own, lane: 'auto',
    ...access.rest === null || key === undefined || secret === undefined ? {} : { url: access.rest.url, api_key: key, api_secret: secret },
    ...access.bench === null ? {} : { bench: { ...own.bench, ...access.bench } },
    ...database === null ? {} : { database: own.database ?? { name: database.database, host: database.host, port: database.port, user: database.user, password: database.password, ...database.socket === undefined ? {} : { socket: database.socket } } },
  }
}

/** Everything of one measuring; `close` in any case. */
class Session {
  readonly folder = mkdtempSync(join(tmpdir(), 'landfall-measure-'))
  readonly closing: (() => Promise<void>)[] = []

  async close(): Promise<void> {
    for (const one of this.closing.reverse()) await one().catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/**
 * Measures ways into a site side by side with the same documents, and leaves it as it was. Takes a snapshot of it, predicts, proves, writes the customers and items the other documents are for, then lets each way
 * write, takes back what it wrote, and looks at every table. Throws `config-invalid` for a site that lacks what an invoice needs or that is too large to be put back; `target-changed` when somebody else works on it.
 */
export async function measureLanes(access: SiteAccess, project: Project | null, wishes: MeasureWishes, terminal: Terminal, clock: Clock, signal: AbortSignal): Promise<MeasureResult> {
  const settings = targetOf(access, project), session = new Session()
  if (lanesSetUp(settings).length === 0) throw new LandfallError('usage', 'Which site?', { hint: '--bench FOLDER --site-name NAME, --url ADDRESS with a token, or --database mysql://USER@HOST/NAME; or a project whose target is a site' })
  try {
    const plain = settings.bench === undefined ? null : await PlainBench.open(benchPlace(settings.bench), String(settings.bench['site']), settings.bench['python'] as string | undefined)
    if (plain !== null) session.closing.push(() => plain.close())
    const megabytes = plain === null ? 0 : await plain.size()
    if (megabytes > wishes.mostMegabytes) throw new LandfallError('config-invalid', `The site's tables hold ${Math.round(megabytes)} MB, and all of them are copied so that they can be put back.`, { hint: `Measure on a small copy of the site, or allow it: --most-mb ${Math.ceil(megabytes)}.` })
    const stays = await keyFields(session, settings, clock)
    terminal.say('  a snapshot of the site')
    const site = await snapshot(session, access, terminal, signal)
    const work = await predict(session, site, wishes, clock)
    terminal.say('  canaries')
    const proofs = settings.bench === undefined || !wishes.ways.includes('express') ? [] : await prove(session, work, wishes, settings, clock)
    await permit(work.staging, proofs)
    return { ...await rows(session, { settings, plain, work, proofs, wishes, terminal, clock, signal }), predictions: work.predictions, proofs, stays }
  } finally {
    await session.close()
  }
}

/** The key fields of the REST lane change the schema, so they come before everything else; they stay. */
async function keyFields(session: Session, settings: SiteSettings, clock: Clock): Promise<string[]> {
  if (!lanesSetUp(settings).includes('rest')) return []
  const staging = await Staging.open(':memory:'), rest = await openOne('rest', { staging, site: Site.load(), clock, stateFolder: session.folder, rootFolder: session.folder, settings })
  try {
    await rest.prepare([...MEASURED])
    return MEASURED.map((doctype) => `field landfall_key of ${doctype}`)
  } finally {
    await rest.close()
    await staging.close()
  }
}

async function snapshot(session: Session, access: SiteAccess, terminal: Terminal, signal: AbortSignal): Promise<Site> {
  const folder = join(session.folder, 'site')
  await pullInto(folder, access, { via: 'auto', full: true, more: [], also: [...MEASURED], cap: 50_000 }, terminal, signal)
  return Site.load(folder)
}

interface Work { site: Site; staging: Staging; engine: PostingEngine; predictions: Prediction[] }

async function predict(session: Session, site: Site, wishes: MeasureWishes, clock: Clock): Promise<Work> {
  const staging = await Staging.open(join(session.folder, 'staging.duckdb'), { memoryLimit: MEMORY, spillFolder: join(session.folder, 'spill'), allowedFolders: [session.folder] })
  session.closing.push(() => staging.close())
  const timeZone = site.single('System Settings')['time_zone'], engine = await PostingEngine.open(staging, site, clock, timeZone === undefined ? {} : { timeZone })
  const day = timeZone === undefined ? today(clock) : new Intl.DateTimeFormat('sv-SE', { timeZone }).format(clock.now())
  for (const statement of draftStatements(factsOf(site, wishes.company), Math.max(wishes.rows, wishes.documents) + WARM_UP, day)) await staging.run(statement)
  const predictions: Prediction[] = []
  for (const doctype of MEASURED.filter((one) => one === 'Customer' || one === 'Item' || wishes.doctypes.includes(one))) {
    const watch = new Stopwatch([]), began = clock.elapsed(), counts = await engine.post(doctype)
    predictions.push({ doctype, documents: counts.posted, seconds: (clock.elapsed() - began) / 1000, processor: watch.read().here })
    if (counts.refused === 0) continue
    const finding = await staging.one<{ message: string }>(`SELECT message FROM ops.refused WHERE doctype = ${literal(doctype)} LIMIT 1`)
    throw new LandfallError('config-invalid', `The site would refuse the documents made for measuring: ${doctype}: ${finding?.message ?? 'no reason given'}`, { hint: 'Measure on a site whose company is set up: accounts, fiscal year of today, cost center.' })
  }
  return { site, staging, engine, predictions }
}

async function prove(session: Session, { site, staging }: Work, { doctypes }: MeasureWishes, settings: SiteSettings, clock: Clock): Promise<ShapeProof[]> {
  await attachSite(staging, site, join(session.folder, 'mirror.duckdb'), 'mirror of the site')
  const bench = openBench(settings.bench ?? {}), timeZone = site.single('System Settings')['time_zone']
  try {
    return await proveShapes(staging, { site, target: { tables: `${SITE_DATABASE}.main` }, order: [...MEASURED], only: doctypes, runner: benchRunner(bench), clock, spoolFolder: session.folder, rules: rulesVersion, canaries: { each: 3, most: 3, seed: 1 }, ...timeZone === undefined ? {} : { timeZone } })
  } finally {
    await bench.close()
  }
}

async function permit(staging: Staging, proofs: ShapeProof[]): Promise<void> {
  const equal = proofs.filter((proof) => proof.status === 'equal').map(({ doctype, shape }) => `${doctype} ${shape}`)
  await staging.run(proofs.length === 0 ? `CREATE OR REPLACE TABLE ${PERMITS} (doctype VARCHAR, id BIGINT)`
    : `CREATE OR REPLACE TABLE ${PERMITS} AS SELECT DISTINCT doctype, id FROM ops.shapes WHERE doctype || ' ' || shape IN (${['', ...equal].map((text) => literal(text)).join(', ')})`)
}

interface Parts { settings: SiteSettings; plain: PlainBench | null; work: Work; proofs: ShapeProof[]; wishes: MeasureWishes; terminal: Terminal; clock: Clock; signal: AbortSignal }

async function rows(session: Session, { settings, plain, work, proofs, wishes, terminal, clock, signal }: Parts): Promise<Pick<MeasureResult, 'site' | 'apps' | 'server' | 'measurements' | 'changed'>> {
  const { site, staging, engine } = work, env: LaneEnv = { staging, site, clock, stateFolder: session.folder, rootFolder: session.folder, settings }
  const lanes: MeasurePorts['lanes'] = {}
  for (const kind of lanesSetUp(settings)) lanes[kind] = () => openOne(kind, kind === 'bench' ? { ...env, settings: { ...settings, bench: { ...settings.bench, workers: 1 } } } : env)
  if (lanes.bench !== undefined) lanes['bench+'] = () => openOne('bench', { ...env, settings: { ...settings, bench: { ...settings.bench, workers: wishes.workers } } })
  const link = settings.database === undefined ? null : await connect(optionsOf(settings.database), session.folder)
  if (link !== null) session.closing.push(async () => link.close())
  const openBase = (lanes.bench ?? lanes.rest ?? lanes.express)!
  for (const open of Object.values(lanes)) await using(await open(), (lane) => lane.prepare([...MEASURED]))
  const start = plain === null ? null : await plain.checksums(), run = newRunId(clock)
  const ledger = await attached(session, work), settling = new Settling(staging, ledger, SITE_DATABASE)
  const documentsOf = async (batch: LaneBatch) => (await buildDocuments(staging, site, batch, await settling.prepare(run, batch.doctype))).documents
  const foundation: LaneBatch[] = []
  for (const doctype of ['Customer', 'Item'] as const) {
    const batch: LaneBatch = { run, phase: 'base', wave: 1, doctype, batch: `${run}:base:${doctype}`, from: 1, to: BASE, documents: [] }
    foundation.push({ ...batch, documents: await documentsOf(batch) })
  }
  const measurements: Measurement[] = []
  try {
    await using(await openBase(), async (lane) => {
      for (const batch of foundation) {
        const refused = (await lane.write(batch)).find((outcome) => outcome.status !== 'loaded')
        if (refused !== undefined) throw new LandfallError('target-failed', `${batch.doctype} for measuring was not taken: ${refused.reason?.message ?? refused.status}`)
      }
    })
    await plain?.keep()
    const why = (way: Way, doctype: Measured): string | null => {
      const proof = proofs.find((one) => one.doctype === doctype && one.status !== 'equal')
      return way !== 'express' ? null : settings.bench === undefined ? 'nothing is loaded that no canary proved, and canaries need the bench' : proof === undefined ? null : `not proven: ${proof.reason ?? proof.status}${proof.differences.length > 0 ? ` (${proof.differences.slice(0, 3).map((one) => `${one.where}: the site ${one.recorded}, predicted ${one.predicted}`).join('; ')})` : ''}`
    }
    const measuring = new Measuring({ site, staging, clock, plain, lanes, link, url: settings.url ?? null, written: () => engine.written(), documentsOf, why, say: (text) => terminal.say(text) }, run)
    for (const doctype of wishes.doctypes) {
      for (const way of WAYS.filter((one) => wishes.ways.includes(one))) {
        if (signal.aborted) break
        measurements.push(await measuring.measure(doctype, way, way === 'express' || way === 'load data' ? wishes.rows : wishes.documents))
      }
    }
  } finally {
    await using(await openBase(), async (lane) => {
      for (const batch of foundation.reverse()) await lane.undo({ run, documents: batch.documents.map(({ name, docstatus }) => ({ doctype: batch.doctype, name, docstatus, batch: batch.batch, modified: null })).reverse(), restore: [] })
      await lane.finish?.()
    })
  }
  const end = plain === null ? null : await plain.checksums(), info = await using(await openBase(), (lane) => lane.describe())
  return { site: info.name, apps: info.apps, server: link?.version ?? plain?.hello.version ?? '', measurements, changed: start === null || end === null ? null : Object.keys(start).filter((table) => start[table] !== end[table]) }
}

async function using<T>(lane: Lane, body: (lane: Lane) => Promise<T>): Promise<T> {
  try {
    return await body(lane)
  } finally {
    await lane.close()
  }
}

async function attached(session: Session, { site, staging }: Work) {
  const path = join(session.folder, 'mirror.duckdb')
  if (await staging.exists(`${SITE_DATABASE}.ledger.made_from`)) await staging.run(`DETACH ${SITE_DATABASE}`)
  return attachSite(staging, site, path, 'mirror of the site')
}
