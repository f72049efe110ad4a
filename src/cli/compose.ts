import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadCustomizations } from '../config/customizations.ts'
import { fixturesOf } from '../config/fixtures.ts'
import { loadMappings } from '../config/mappings.ts'
import type { LoadedMapping } from '../config/mapping-schema.ts'
import { loadProject, projectPaths, type Override, type Project } from '../config/project.ts'
import { LandfallError } from '../errors/error.ts'
import { CORRECTIONS_FILE, readCorrections, type KeptCorrection } from '../ledger/corrections.ts'
import { Journal } from '../ledger/journal.ts'
import { fixedClock, systemClock, type Clock } from '../model/clock.ts'
import type { PhaseContext, ProgressEvent } from '../phases/phase.ts'
import type { Extracted } from '../phases/extract.ts'
import { makePlan, planDocuments } from '../phases/plan.ts'
import type { RunPorts } from '../run/context.ts'
import type { Migration } from '../run/engine.ts'
import { compareCustomisations, customisedSite } from '../site/customised.ts'
import { Site } from '../site/site.ts'
import { openSource, stagedFolders } from '../sources/registry.ts'
import type { Source } from '../sources/source.ts'
import { ParquetScan } from '../staging/parquet-scan.ts'
import { Staging } from '../staging/staging.ts'
import { openTarget } from '../targets/registry.ts'
import type { Target } from '../targets/target.ts'
import type { CheckResult } from '../checks/check.ts'
import { rereadResults } from '../checks/reconcile/reread.ts'
import { prove, type Proof } from '../checks/reconcile/suite.ts'
import type { LedgerSpec } from '../checks/ledgers/spec.ts'
import { openBooks, openingSite, type Opened } from '../mapping/opening.ts'
import { compileLedgers, readProjectMap } from './ledger-specs.ts'
import { compileProject, makeMapper } from './mapper.ts'
import { planOrder, type Plan } from '../model/plan.ts'
import { backupLimits, withPoints } from './backups.ts'
import { canProve, chooseFor, proveFor, severalLanes, siteSettings, zoneOf, type LaneParts } from './lanes.ts'

/** A project opened for work: the one place where rooms meet. Close it, or the staging file stays locked. */
export interface Workspace {
  project: Project
  site: Site
  staging: Staging
  target: Target
  journal: Journal
  clock: Clock
  /** Loaded when first asked for, so that commands over a finished run work with a broken mapping. */
  mappings(): LoadedMapping[]
  migration(): Migration
  /** The figures of the legacy system's ledgers, compiled for what was read. Throws `config-invalid`. */
  ledgers(extracted: Extracted): LedgerSpec[]
  ports(emit: (event: ProgressEvent) => void): RunPorts
  close(): Promise<void>
}

export interface OpenOptions {
  folder: string
  overrides?: Override[]
  signal?: AbortSignal
  clock?: Clock
  /** A folder for staging, rehearsal site and journal other than the project's. */
  stateFolder?: string
  /** The records are a sample: figures of the legacy system's whole ledgers are not held against them. */
  sample?: boolean
  /** Tests kill the process at one of these points. */
  reached?: (point: string) => void
}

/** The site a project names, as it is described: the shipped one, or a folder. */
export function describedSite(project: Project): Site {
  return Site.load(project.config.site === 'shipped' ? null : resolve(project.paths.root, project.config.site))
}

/** That site with the project's customisations. Throws `config-invalid` with file and line of each that cannot be. */
export function loadSite(project: Project): Site {
  const documents = fixturesOf(loadCustomizations(project)), described = describedSite(project)
  if (documents.length === 0) return described
  const wrong = compareCustomisations(described, documents).filter(({ state }) => state === 'conflict')
  if (wrong.length > 0) throw new LandfallError('config-invalid', wrong.map(({ document, detail }) => `${document.place}: ${document.doctype} ${document.name}: ${detail}`).join('\n'), { hint: 'landfall customize diff shows all of them against the site.' })
  return customisedSite(described, documents)
}

/**
 * Opens a source of a project by name, to be read into `staging`; without one, kinds whose files a staging database reads get one of their own in
 * memory, which ends with the source. Throws `source-*` and `config-invalid` errors.
 */
export async function openProjectSource(project: Project, name: string, staging?: Staging): Promise<Source> {
  const given = project.config.sources[name]
  if (!given) throw new LandfallError('config-invalid', `There is no source "${name}".`, { hint: `Sources: ${Object.keys(project.config.sources).join(', ')}.`, where: { file: project.file.path } })
  const open = (reader: Staging | undefined) => openSource(name, given.kind, optionsOf(given), { clock: systemClock, baseFolder: project.paths.root, ...(reader ? { scan: new ParquetScan(reader) } : {}) })
  const folders = staging ? [] : await stagedFolders(given.kind, optionsOf(given), project.paths.root)
  if (folders.length === 0) return open(staging)
  const own = await Staging.open(':memory:', { allowedFolders: folders })
  try {
    const source = await open(own), close = source.close.bind(source)
    return Object.assign(source, { close: async () => { await close(); await own.close() } })
  } catch (error) {
    await own.close()
    throw error
  }
}

function optionsOf({ kind: _kind, options, ...rest }: Project['config']['sources'][string]): Record<string, unknown> {
  return { ...rest, ...options }
}

export async function openWorkspace(options: OpenOptions): Promise<Workspace> {
  const loadedProject = loadProject(options.folder, options.overrides)
  const project = options.stateFolder === undefined ? loadedProject : { ...loadedProject, paths: projectPaths(options.folder, options.stateFolder) }
  const { config, paths } = project
  const clock = options.clock ?? systemClock
  const site = loadSite(project)
  mkdirSync(paths.spool, { recursive: true })
  const staging = await Staging.open(paths.staging, { memoryLimit: config.limits.memory, spillFolder: paths.spill, spillLimit: config.limits.spill, threads: config.limits.threads, allowedFolders: await readable(project) })
  try {
    const target = withPoints(project, await openTarget(config.target.kind, { staging, site, sitePath: paths.site, clock, stateFolder: paths.state, rootFolder: paths.root, settings: siteSettings(config.target) }), clock)
    const journal = Journal.open(paths.journal)
    let books: Opened | null = null
    const opened = (): Opened => (books ??= options.sample === true ? { ...openedBooks(project, site), ledgers: [] } : openedBooks(project, site))
    const loaded = (): LoadedMapping[] => opened().mappings
    const signal = options.signal ?? new AbortController().signal
    return {
      project, site, staging, target, journal, clock,
      mappings: loaded,
      migration: () => makeMigration({ project, site, staging, target, clock }, opened()),
      ledgers: (extracted) => ledgersOf(project, opened(), site, extracted),
      ports: (emit) => ({
        staging, journal, clock, signal, emit, retries: config.limits.retries, reached: options.reached,
        wait: async (ms, stop) => { await sleep(ms, undefined, { signal: stop }).catch(() => undefined) },
      }),
      close: async () => {
        journal.close()
        await target.close()
        await staging.close()
      },
    }
  } catch (error) {
    await staging.close()
    throw error
  }
}

function makeMigration(parts: LaneParts, opened: Opened): Migration {
  const { mappings } = opened
  const { project, site, staging, target, clock } = parts, timeZone = zoneOf(project, site)
  const { config, paths } = project
  const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name)), corrections = activeCorrections(project)
  const fixed: Record<string, number> = {}
  for (const { mapping } of mappings) {
    const size = mapping.policies.batch_size
    if (typeof size === 'number') for (const { doctype } of mapping.documents) fixed[doctype] = Math.min(size, fixed[doctype] ?? Infinity)
  }
  return {
    project: config.project,
    fingerprint: fingerprintOf(project, mappings, site), parts: partsOf(project, mappings, site),
    plan,
    extract: {
      sources: Object.keys(config.sources),
      choose: (described) => {
        const compiled = compileProject(mappings, described, site, plan)
        // A mistake in the proof is told before anything is read, not after everything is loaded.
        compileLedgers(project, compiled, opened.ledgers)
        return [...compiled.entities.values()].map((entity) => ({ name: entity.name, source: entity.source, table: entity.table }))
      },
      open: (name) => openProjectSource(project, name, staging), batchRows: config.limits.batch_rows, spoolFolder: paths.spool, onError: config.run.on_source_error,
    },
    map: { makeMapper: async (described) => makeMapper(staging, compileProject(mappings, described, site, plan), corrections), site, target, plan, clock: config.run.now === undefined ? clock : fixedClock(config.run.now), ...(timeZone === undefined ? {} : { timeZone }) },
    load: { target, batchDocuments: config.limits.load_batch, fixed, ...(config.target.kind === 'site' ? { begin: (ctx) => beginLoad(parts, plan, ctx) } : {}) },
    onBlocking: config.run.on_blocking,
    prove: !config.run.verify ? null : (extracted) => async (onCheck) => withReread(target, await prove(staging, {
      site, doctypes: planOrder(plan), tolerance: String(config.requirements.tolerance),
      totals: config.proof.totals.map((total) => ({ ...total, by: total.by ?? null, group: total.group ?? null })),
      ledgers: ledgersOf(project, opened, site, extracted),
      sourceCounts: Object.fromEntries(extracted.entities.map((entity) => [`${entity.source}.${entity.table}`, entity.counted])),
    }, onCheck), onCheck),
  }
}

/** The mappings, with the documents that open the books where the project opens any. Throws `config-invalid`. */
function openedBooks(project: Project, site: Site): Opened {
  const { opening, company } = project.config, mappings = loadMappings(project)
  if (opening === undefined) return { mappings, ledgers: [] }
  const name = opening.company ?? company ?? site.default('company') ?? ''
  return openBooks(mappings, { ...opening, company: name }, openingSite(site, name, (path) => readProjectMap(project, path)))
}

/** The mappings a run works with: those of the files, and those that open the books. Throws `config-invalid`. */
export function projectMappings(project: Project, site: Site): LoadedMapping[] {
  return openedBooks(project, site).mappings
}

function ledgersOf(project: Project, { mappings, ledgers }: Opened, site: Site, extracted: Extracted): LedgerSpec[] {
  if (project.config.proof.ledgers.length + ledgers.length === 0) return []
  return compileLedgers(project, compileProject(mappings, extracted.described, site, makePlan(planDocuments(mappings), (name) => site.doctype(name))), ledgers)
}

const SAMPLE = 50

/** Adds what a real site says when some of the last run's documents, and its ledger, are read from it once more. */
async function withReread(target: Target, proof: Proof, onCheck: (done: CheckResult[]) => void): Promise<Proof> {
  const run = (await target.runs())[0]?.run
  if (target.reread === undefined || run === undefined) return proof
  const more = rereadResults(await target.reread(run, { each: SAMPLE, seed: 1 }))
  onCheck(more)
  return { ...proof, results: [...proof.results, ...more], passed: proof.passed && more.every(({ status }) => status !== 'failed') }
}

/** Before the first document of a real site: says what a rollback could not do, and chooses the ways in. */
async function beginLoad(parts: LaneParts, plan: Plan, ctx: PhaseContext): Promise<void> {
  for (const message of await backupLimits(parts.project, parts.clock)) ctx.emit({ type: 'note', scope: { step: 'load' }, level: 'warning', message })
  if (severalLanes(parts.project)) await beginLanes(parts, plan, ctx)
}

/** Before the first document: proves what is not, where the project says so, and chooses the ways. */
async function beginLanes(parts: LaneParts, plan: Plan, ctx: PhaseContext): Promise<void> {
  if (parts.project.config.run.prove && canProve(parts.project)) await proveFor(parts, plan, { canaries: { seed: 1 } })
  const counts = new Map<string, number>()
  for (const { lane, documents } of await chooseFor(parts, plan)) counts.set(lane, (counts.get(lane) ?? 0) + documents)
  ctx.emit({ type: 'note', scope: { step: 'load' }, level: 'info', message: `Lanes: ${[...counts].map(([lane, documents]) => `${documents} documents by ${lane}`).join(', ')} (landfall plan says why)` })
}

/** What a run is made from. Where a source is reached, limits, and the way a run behaves are not part of it: they may change between stop and resume. */
export function fingerprintOf(project: Project, mappings: LoadedMapping[], site: Site): string {
  const corrections = activeCorrections(project)
  const { policies, company, target, run } = project.config
  const sources = Object.entries(project.config.sources).map(([name, source]) => [name, source.kind])
  return createHash('sha256').update(JSON.stringify([sources, policies, company, target.kind === 'rehearsal' ? { kind: 'rehearsal' } : { kind: target.kind, url: target.url }, run.now, mappings.map(({ mapping }) => mapping), site.hash(), ...(corrections.length === 0 ? [] : [corrections.map(({ id }) => id)])])).digest('hex').slice(0, 16)
}

/** What the fingerprint is made of, part by part, so that a run that is refused can say which has changed. */
function partsOf(project: Project, mappings: LoadedMapping[], site: Site): Record<string, string> {
  const { policies, company, target, run, sources } = project.config, hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value) ?? '').digest('hex').slice(0, 8)
  return {
    'landfall.yaml': hash([Object.entries(sources).map(([name, source]) => [name, source.kind]), policies, company, target.kind, target.url, run.now]), 'the description of the site': site.hash().slice(0, 8), [CORRECTIONS_FILE]: hash(activeCorrections(project).map(({ id }) => id)),
    ...Object.fromEntries(mappings.map(({ file, mapping }) => [`the mapping of ${mapping.entity} (${relative(project.paths.root, file)})`, hash(mapping)])),
  }
}

/** Edits of records by people that hold, oldest first. */
export function activeCorrections(project: Project): KeptCorrection[] {
  return readCorrections(join(project.paths.root, CORRECTIONS_FILE)).filter(({ undone }) => undone === null)
}

/** Folders DuckDB may read: the project's own, and those of the files it reads itself. */
async function readable(project: Project): Promise<string[]> {
  const folders = await Promise.all(Object.values(project.config.sources).map((source) => stagedFolders(source.kind, optionsOf(source), project.paths.root)))
  return [project.paths.root, ...folders.flat()]
}
