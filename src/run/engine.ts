import { LandfallError } from '../errors/error.ts'
import { newRunId, timestamp } from '../model/clock.ts'
import type { Plan } from '../model/plan.ts'
import type { Proof } from '../checks/reconcile/suite.ts'
import { extract, type Extracted, type ExtractOptions } from '../phases/extract.ts'
import { load, type LoadOptions } from '../phases/load.ts'
import { mapAll, type MapOptions, type MapResult } from '../phases/map.ts'
import type { PhaseContext } from '../phases/phase.ts'
import { countFindings } from '../phases/preflight.ts'
import { verify, type Prover } from '../phases/verify.ts'
import { createOps, noteStep, resetStaging, stagedRun, stepDone } from '../phases/steps.ts'
import { makeContext, type RunPorts } from './context.ts'
import type { RunFacts } from './facts.ts'
import { runsOf, type RunRecord, type RunStatus } from './history.ts'

/** A migration, wired: what to read, how to map it, where to put it. */
export interface Migration {
  project: string
  /** Hash over configuration, mappings and site: a run is only gone on with under the configuration it began with. */
  fingerprint: string
  /** The parts of that hash by name: what is said to have changed. */
  parts?: Record<string, string>
  plan: Plan
  extract: ExtractOptions
  map: Omit<MapOptions, 'described'>
  load: Omit<LoadOptions, 'plan'>
  onBlocking: 'stop' | 'skip_documents'
  /** Null: no proof wanted. */
  prove: ((extracted: Extracted) => Prover<Proof>) | null
}

/** Posting leaves up to 128 MB in staging's log and twice that in memory, which loading has better use for. */
const LOG_BYTES = 32_000_000

export interface RunOptions {
  /** Go on with the last run instead of beginning a new one. */
  resume: boolean
  /** Stop before anything is loaded; `run --resume` loads. */
  until: 'preflight' | 'end'
}

/**
 * Walks a migration from the source to the proof: extract, map and post, pre-flight, load, verify. Every step is noted when it is complete, and
 * work inside a step is idempotent, so a run that was killed anywhere goes on with `resume`. Answers the facts of the run, also when it was
 * blocked by findings; throws what a phase throws, after the journal says how the run ended.
 */
export async function runMigration(migration: Migration, ports: RunPorts, options: RunOptions): Promise<RunFacts> {
  const began = ports.clock.elapsed()
  const record = options.resume ? lastRun(ports, migration) : null
  const run = record?.run ?? newRunId(ports.clock)
  const ctx = makeContext(ports, run)
  await createOps(ports.staging)
  const staged = await stagedRun(ports.staging)
  if (staged?.run !== run || staged.fingerprint !== migration.fingerprint) await resetStaging(ports.staging, run, migration.fingerprint)
  ctx.record(record ? 'run-resumed' : 'run-started', { project: migration.project, fingerprint: migration.fingerprint, ...(migration.parts === undefined ? {} : { parts: migration.parts }) })
  ctx.emit({ type: 'run-started', run, project: migration.project, resumed: record !== null })
  const facts: RunFacts = {
    project: migration.project, run, status: 'failed', startedAt: record?.startedAt ?? timestamp(ports.clock), endedAt: '',
    plan: migration.plan, extracted: null, mapped: null, findings: null, outcomes: null, proof: null, scopes: [],
  }
  const end = (status: RunStatus): void => {
    facts.status = status
    facts.endedAt = timestamp(ports.clock)
    ctx.record('run-ended', { status })
    facts.scopes = runsOf(ports.journal.replay()).find((entry) => entry.run === run)?.scopes ?? []
    const shown = status === 'checked' ? 'done' : status === 'done' || status === 'blocked' || status === 'interrupted' ? status : 'failed'
    ctx.emit({ type: 'run-ended', run, status: shown, milliseconds: ports.clock.elapsed() - began })
  }
  try {
    end(await walk(migration, ctx, facts, options.until))
    return facts
  } catch (error) {
    end(error instanceof LandfallError && error.code === 'interrupted' ? 'interrupted' : 'failed')
    throw error
  }
}

async function walk(migration: Migration, ctx: PhaseContext, facts: RunFacts, until: RunOptions['until']): Promise<RunStatus> {
  for (const message of migration.plan.notes) ctx.emit({ type: 'note', scope: { step: 'plan' }, level: 'info', message })
  facts.extracted = await once(ctx, 'extract', () => extract(ctx, migration.extract))
  facts.mapped = await onceAfresh(ctx, migration, facts.extracted)
  facts.findings = await countFindings(ctx.staging)
  ctx.record('step-done', { step: 'preflight', ...facts.findings })
  const loadBegan = await stepDone(ctx.staging, 'load-began', '') !== null
  if (facts.findings.blocking > 0 && migration.onBlocking === 'stop' && !loadBegan) return 'blocked'
  if (until === 'preflight') return 'checked'
  if (!loadBegan) await noteStep(ctx.staging, 'load-began', '')
  stopIfAsked(ctx)
  await ctx.staging.checkpoint(LOG_BYTES)
  facts.outcomes = await load(ctx, { ...migration.load, plan: migration.plan })
  ctx.record('step-done', { step: 'load', ...facts.outcomes })
  if (migration.prove === null) return 'done'
  stopIfAsked(ctx)
  facts.proof = await verify(ctx, migration.prove(facts.extracted))
  ctx.record('step-done', { step: 'verify', passed: facts.proof.passed })
  return 'done'
}

/** Runs a step unless staging says it is complete; its answer is kept there. */
async function once(ctx: PhaseContext, step: 'extract', work: () => Promise<Extracted>): Promise<Extracted> {
  const known = await stepDone(ctx.staging, step, '')
  if (known !== null) return JSON.parse(known) as Extracted
  const result = await work()
  await noteStep(ctx.staging, step, '', JSON.stringify(result))
  ctx.record('step-done', { step })
  return result
}

/** Mapping and posting build on each other's tables: what an interrupted attempt left is cleared, and they are done again from `raw`. */
async function onceAfresh(ctx: PhaseContext, migration: Migration, extracted: Extracted): Promise<MapResult> {
  const known = await stepDone(ctx.staging, 'map', '')
  if (known !== null) return JSON.parse(known) as MapResult
  stopIfAsked(ctx)
  const result = await mapAll(ctx, { ...migration.map, described: extracted.described })
  await noteStep(ctx.staging, 'map', '', JSON.stringify(result))
  ctx.record('step-done', { step: 'map' })
  return result
}

function stopIfAsked(ctx: PhaseContext): void {
  if (ctx.signal.aborted) throw new LandfallError('interrupted', 'The run was stopped.', { hint: 'landfall run --resume goes on where it stopped.' })
}

/**
 * The run to go on with; null when none was begun, because a crash may come before the journal's first line. A run that is done may have been
 * killed before its report was written, so it is walked once more: whatever is complete is taken as it is. Throws `usage` otherwise.
 */
function lastRun(ports: RunPorts, migration: Migration): RunRecord | null {
  const runs = runsOf(ports.journal.replay())
  if (runs.length === 0) return null
  const last = runs.filter((entry) => entry.status !== 'rolled-back').at(-1)
  if (!last) throw new LandfallError('usage', 'There is no run to go on with: all were rolled back.', { hint: 'Start another: landfall run' })
  if (last.fingerprint !== migration.fingerprint) {
    throw new LandfallError('preflight-stale', `${changedSince(last, migration)} changed since run ${last.run} began, so what its pre-flight approved is not what would be loaded.`, { hint: 'landfall run begins anew, with a pre-flight of its own; landfall preflight only checks. What the interrupted run wrote is known and not written again.' })
  }
  return last
}

/** Which parts of the configuration a run was begun with are others now. */
function changedSince(last: RunRecord, { parts }: Migration): string {
  const names = last.parts === null || parts === undefined ? [] : [...new Set([...Object.keys(last.parts), ...Object.keys(parts)])].filter((name) => last.parts![name] !== parts[name])
  if (names.length === 0) return 'Configuration, mappings, corrections or site'
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
  return `${shown[0]!.toUpperCase()}${shown.slice(1)}`
}
