import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { loadProject, type Override } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { drawSample, findNeeds, type ClassRecord } from '../../mapping/sample.ts'
import type { Pilot, PilotStep } from '../../model/pilot.ts'
import { runPilot, type Sampler } from '../../run/pilot.ts'
import type { Extracted } from '../../phases/extract.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import { colors } from '../colors.ts'
import { openWorkspace, type Workspace } from '../compose.ts'
import { environmentOf, saveFacts, withWorkspace, type Environment } from '../environment.ts'
import { compileProject } from '../mapper.ts'
import { pilotsFolder, pilotsOf } from '../pilots.ts'
import { Progress } from '../progress.ts'
import { formatCount, formatSeconds, formatTable, type Terminal } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('pilot').description('Put a sample through everything: a sample closed under references, with rare values and every class of findings in it, mapped, loaded into a rehearsal site of its own, proven, taken back once. Projects the time of the whole.')
    .option('--sample <n>', 'records to draw, before what they refer to is added', '500')
    .option('--seed <n>', 'another draw', '1')
    .option('--now <date>', 'the day the pilot pretends to be')
    .addHelpText('after', '\nExamples:\n  $ landfall pilot\n  $ landfall pilot --sample 2000\n  $ landfall pilot --json | jq .projection')
    .action(async (flags: { sample: string; seed: string; now?: string }, command: Command) => {
      const env = environmentOf(command, signal), [sample, seed] = [whole(flags.sample, '--sample', 1), whole(flags.seed, '--seed', 0)]
      const { pilot, file } = await work(env, sample, seed, flags.now)
      show(env.terminal, pilot, file)
      if (pilot.findings.blocking > 0 || pilot.proof?.passed === false) process.exitCode = 1
    })
}

function whole(text: string, flag: string, least: number): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < least) throw new LandfallError('usage', `${flag} ${text} is no number of ${least} or more.`, { hint: 'landfall pilot --sample 500' })
  return n
}

async function work(env: Environment, sample: number, seed: number, now: string | undefined): Promise<{ pilot: Pilot; file: string }> {
  const project = loadProject(env.globals.project), folder = pilotsFolder(project), classes = await classesOf(env), before = pilotsOf(project)
  const state = join(folder, 'running')
  rmSync(state, { recursive: true, force: true })
  mkdirSync(state, { recursive: true })
  const overrides: Override[] = [
    { path: 'target', value: { kind: 'rehearsal' }, flag: 'pilot' }, { path: 'proof.ledgers', value: [], flag: 'pilot' }, { path: 'run.on_blocking', value: 'skip_documents', flag: 'pilot' }, ...(now === undefined ? [] : [{ path: 'run.now', value: now, flag: '--now' }]),
  ]
  const workspace = await openWorkspace({ folder: env.globals.project, overrides, signal: env.signal, stateFolder: state, sample: true })
  const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
  let pilot: Pilot
  try {
    const done = await runPilot(workspace.migration(), workspace.ports((event) => progress.show(event)), { sampler: (extracted) => samplerOf(workspace, extracted, classes, seed), sample, seed, previous: before.at(-1) ?? null })
    pilot = done.pilot
    saveFacts(workspace, done.facts)
  } finally {
    progress.close()
    await workspace.close()
  }
  // Only the last pilot keeps its databases.
  for (const { pilot: id } of before) for (const name of ['staging.duckdb', 'staging.duckdb.wal', 'site.duckdb', 'site.duckdb.wal', 'spill', 'spool']) rmSync(join(folder, id, name), { recursive: true, force: true })
  writeFileSync(join(state, 'pilot.json'), `${JSON.stringify(pilot, null, 1)}\n`)
  renameSync(state, join(folder, pilot.pilot))
  return { pilot, file: join(folder, pilot.pilot, 'pilot.json') }
}

/** Records of every class of findings of the project's last check, up to two each. None where nothing was checked yet; throws `staging-locked` while a run is going on. */
async function classesOf(env: Environment): Promise<ClassRecord[]> {
  if (!existsSync(loadProject(env.globals.project).paths.staging)) return []
  return withWorkspace(env, [], async ({ staging }) => {
    if (!await staging.exists('ops.findings')) return []
    const rows = await staging.all<{ entity: string; key: string | null; id: number; early: boolean; cause: string }>(
      `SELECT entity, "key", id, starts_with(doctype, 'entity:') AS early, coalesce(cause, type) AS cause FROM ops.findings WHERE entity IS NOT NULL AND type <> 'record-unread' AND ("key" IS NOT NULL OR starts_with(doctype, 'entity:'))
       QUALIFY row_number() OVER (PARTITION BY coalesce(cause, type), type, doctype, severity ORDER BY id) <= 2 LIMIT 2000`)
    return rows.map((row) => ({ entity: row.entity, key: row.early ? null : row.key, row: row.early ? Number(row.id) : null, cause: row.cause }))
  })
}

function samplerOf(workspace: Workspace, extracted: Extracted, classes: ClassRecord[], seed: number): Sampler {
  const { staging, site } = workspace, mappings = workspace.mappings()
  const plan = compileProject(mappings, extracted.described, site, makePlan(planDocuments(mappings), (name) => site.doctype(name)))
  return {
    prepare: () => findNeeds(staging, plan), draw: (asked) => drawSample(staging, plan, { asked, seed, classes }),
    entities: [...plan.entities.values()].map(({ name, source, table }) => ({ name, source, table })),
  }
}

/** Steps as people plan: extraction, cleansing, each phase of mapping and load, verification. */
export function stepsByPhase(steps: PilotStep[]): { name: string; measured: number; low: number; high: number; units: number; whole: number }[] {
  const rows = new Map<string, { name: string; measured: number; low: number; high: number; units: number; whole: number }>()
  for (const step of steps) {
    const name = step.phase === null ? step.step : `${step.step} ${step.phase}`, row = rows.get(name) ?? { name, measured: 0, low: 0, high: 0, units: 0, whole: 0 }, last = step.measured.at(-1)!
    rows.set(name, { name, measured: row.measured + last.seconds, low: row.low + step.low, high: row.high + step.high, units: row.units + last.units, whole: row.whole + step.whole })
  }
  return [...rows.values()]
}

export const range = (low: number, high: number): string => (formatSeconds(low * 1000) === formatSeconds(high * 1000) ? formatSeconds(low * 1000) : `${formatSeconds(low * 1000)} to ${formatSeconds(high * 1000)}`)

function show(terminal: Terminal, pilot: Pilot, file: string): void {
  if (terminal.json) return terminal.emit({ type: 'result', ...pilot, file })
  const { sample, documents, findings, proof, rolledBack, previous } = pilot
  terminal.print(`Sample: ${formatCount(sample.records)} of ${formatCount(sample.of)} records: ${formatCount(sample.seeds.classes)} for classes of findings, ${formatCount(sample.seeds.values)} for rare values${sample.valuesLeftOut > 0 ? ` (${formatCount(sample.valuesLeftOut)} of ${formatCount(sample.values)} found no room)` : ''}, ${formatCount(sample.seeds.random)} at random, the rest because they refer to it`)
  terminal.print(`Documents: ${formatCount(documents.drafts)}, ${formatCount(documents.loaded)} loaded, ${formatCount(documents.refused)} refused; findings: ${formatCount(findings.blocking)} blocking, ${formatCount(findings.warning)} warnings`)
  if (proof !== null) terminal.print(`Proof: ${proof.passed ? colors.green('passed') : colors.red(`${proof.failed.length} checks failed`)} (${formatCount(proof.checks)} checks; figures of whole ledgers are not held against a sample)`)
  for (const failed of proof?.failed.slice(0, 5) ?? []) terminal.print(`  ${failed.title}: ${failed.summary}`)
  terminal.print(`Taken back once: ${formatCount(rolledBack.removed)} rows in ${formatSeconds(rolledBack.seconds * 1000)}, all ${formatCount(rolledBack.tables)} tables as before`)
  terminal.print(`\n${formatTable(['step', 'measured on', 'took', 'of the whole', 'will take'], stepsByPhase(pilot.steps).map((step) => [step.name, step.units, formatSeconds(step.measured * 1000), step.whole, range(step.low, step.high)]))}`)
  terminal.print(`The whole into a rehearsal site: ${range(pilot.projection.low, pilot.projection.high)} (fixed costs taken out, and in proportion)`)
  if (previous !== null) terminal.print(`Against pilot ${previous.pilot}: ${formatCount(previous.newCauses.length)} new causes, ${formatCount(previous.goneCauses.length)} gone; ${formatCount(previous.refused)} were refused then; it forecast ${range(previous.projection.low, previous.projection.high)}`)
  terminal.print(relative('.', file))
}
