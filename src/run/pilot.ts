import type { SampleSize, WholeDocuments } from '../mapping/sample.ts'
import { newRunId, timestamp } from '../model/clock.ts'
import type { Pilot, PilotComparison, PilotStep } from '../model/pilot.ts'
import { planOrder } from '../model/plan.ts'
import { extract, type Extracted } from '../phases/extract.ts'
import { load } from '../phases/load.ts'
import { mapAll } from '../phases/map.ts'
import type { PhaseContext, ProgressEvent } from '../phases/phase.ts'
import { countFindings, groupFindings } from '../phases/preflight.ts'
import { rollback } from '../phases/rollback.ts'
import { keepWhole, restrictTo } from '../phases/sampling.ts'
import { claimStaging, resetStaging } from '../phases/steps.ts'
import { verify } from '../phases/verify.ts'
import { makeContext, type RunPorts } from './context.ts'
import type { Migration } from './engine.ts'
import type { RunFacts } from './facts.ts'
import { runsOf } from './history.ts'

/** The sampler as a pilot uses it: `prepare` once everything is cleansed, then samples into relations of `entity`, `row`. */
export interface Sampler {
  prepare(): Promise<WholeDocuments>
  draw(asked: number): Promise<SampleSize>
  /** Entity of the project by source and table; several may share a table. */
  entities: { name: string; source: string; table: string }[]
}

export interface PilotOptions { sampler(extracted: Extracted): Sampler; sample: number; seed: number; previous: Pilot | null }

/** Share of the sample that the first pass takes: two sizes tell what is fixed from what grows. */
const FIRST_PASS = 1 / 3

interface Pass { run: string; documents: number; seconds: Map<string, { seconds: number; units: number }>; facts: RunFacts }

/**
 * Reads everything, draws a closed sample and puts it through mapping, posting, load and proof, twice: over a part, which is rolled back, and over all of it. What was measured is projected to the whole.
 * `ports` are of a staging of the pilot's own, and the migration's target a rehearsal site of its own. Throws what phases throw.
 */
export async function runPilot(migration: Migration, ports: RunPorts, options: PilotOptions): Promise<{ pilot: Pilot; facts: RunFacts }> {
  const { staging, clock } = ports
  const startedAt = timestamp(clock), pilotId = newRunId(clock).replace(/^r-/, 'p-')
  const scopes = new Map<string, { seconds: number; units: number }>()
  const listening: RunPorts = { ...ports, emit: (event) => { note(scopes, event); ports.emit(event) } }
  const ctx = makeContext(listening, pilotId)
  await resetStaging(staging, pilotId, migration.fingerprint)
  const read = await timed(ctx, () => extract(ctx, migration.extract))
  const extracted = read.result
  await keepWhole(staging)
  const cleansed = await timed(ctx, async () => {
    const mapper = await migration.map.makeMapper(extracted.described)
    return mapper.cleanse(() => undefined)
  })
  const sampler = options.sampler(extracted)
  ctx.emit({ type: 'note', scope: { step: 'map' }, level: 'info', message: 'Drawing the sample: records of every class of findings, rare values, others at random, and all they refer to' })
  const whole = await sampler.prepare()
  const sizes: SampleSize[] = []
  for (const [i, asked] of [Math.max(1, Math.round(options.sample * FIRST_PASS)), options.sample].entries()) {
    sizes.push(await sampler.draw(asked))
    await staging.run(`CREATE OR REPLACE TABLE ops.pilot_sample_${i + 1} AS SELECT * FROM work.sample`)
  }
  const passes: Pass[] = []
  let taken = { removed: 0, tables: 0, seconds: 0 }
  for (const number of [1, 2]) {
    scopes.clear()
    const pass = await runPass(migration, listening, sampler, extracted, number, scopes)
    passes.push(pass)
    if (number === 1) {
      const back = await rollback(makeContext(listening, pass.run), migration.load.target, pass.run, 'start')
      taken = { removed: back.removed, tables: back.tables, seconds: back.milliseconds / 1000 }
    }
  }
  const last = passes[1]!, size = sizes[1]!, all = extracted.entities.reduce((sum, entity) => sum + entity.read, 0)
  const steps = project(migration, passes, whole, { extract: read.seconds, cleanse: cleansed.seconds, records: all, rollback: taken.seconds })
  const sum = (bound: 'low' | 'high'): number => steps.filter(({ step }) => step !== 'rollback').reduce((total, step) => total + step[bound], 0)
  const counts = last.facts.findings ?? { blocking: 0, warning: 0, info: 0 }, { proof } = last.facts
  const pilot: Pilot = {
    pilot: pilotId, project: migration.project, startedAt, endedAt: timestamp(clock), seed: options.seed,
    sample: { asked: options.sample, records: size.records, of: all, seeds: size.seeds, classes: size.classes, values: size.values, valuesLeftOut: size.valuesLeftOut, byEntity: size.byEntity },
    whole, documents: { drafts: last.facts.mapped?.documents.drafts ?? 0, posted: last.facts.mapped?.documents.posted ?? 0, refused: last.facts.mapped?.documents.refused ?? 0, loaded: last.facts.outcomes?.loaded ?? 0 },
    findings: { blocking: counts.blocking, warning: counts.warning, info: counts.info },
    causes: (await groupFindings(staging, { limit: 500 })).map(({ id, severity, type, doctype, field, documents, message }) => ({ id, severity, type, doctype, field, documents, message: message.split('\n')[0] ?? '' })),
    proof: proof === null ? null : { passed: proof.passed, checks: proof.results.length, failed: proof.results.filter((result) => result.status === 'failed').map(({ title, summary }) => ({ title, summary })) },
    rolledBack: taken, steps, projection: { low: round(sum('low')), high: round(sum('high')) }, fingerprint: migration.fingerprint, previous: null,
  }
  pilot.previous = options.previous === null ? null : compare(options.previous, pilot)
  return { pilot, facts: last.facts }
}

async function timed<T>(ctx: PhaseContext, work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const began = ctx.clock.elapsed()
  const result = await work()
  return { result, seconds: (ctx.clock.elapsed() - began) / 1000 }
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100

function note(scopes: Map<string, { seconds: number; units: number }>, event: ProgressEvent): void {
  if (event.type !== 'step-ended') return
  const id = `${event.scope.step}/${event.scope.phase ?? ''}/${event.scope.subject ?? ''}`, known = scopes.get(id) ?? { seconds: 0, units: 0 }
  scopes.set(id, { seconds: known.seconds + event.milliseconds / 1000, units: known.units + event.done })
}

async function runPass(migration: Migration, ports: RunPorts, sampler: Sampler, extracted: Extracted, number: number, scopes: Map<string, { seconds: number; units: number }>): Promise<Pass> {
  const { staging, clock } = ports, run = `${newRunId(clock)}-${number}`, ctx = makeContext(ports, run)
  const reduced = await restrictTo(staging, `ops.pilot_sample_${number}`, sampler.entities, extracted)
  await claimStaging(staging, run, migration.fingerprint)
  ctx.record('run-started', { project: migration.project, fingerprint: migration.fingerprint, pilot: number })
  const facts: RunFacts = { project: migration.project, run, status: 'failed', startedAt: timestamp(clock), endedAt: '', plan: migration.plan, extracted: reduced, mapped: null, findings: null, outcomes: null, proof: null, scopes: [] }
  try {
    facts.mapped = await mapAll(ctx, { ...migration.map, described: extracted.described })
    facts.findings = await countFindings(staging)
    facts.outcomes = await load(ctx, { ...migration.load, plan: migration.plan })
    if (migration.prove !== null) facts.proof = await verify(ctx, migration.prove(reduced))
    facts.status = 'done'
  } finally {
    ctx.record('run-ended', { status: facts.status })
  }
  facts.endedAt = timestamp(clock)
  facts.scopes = runsOf(ports.journal.replay()).find((entry) => entry.run === run)?.scopes ?? []
  return { run, documents: facts.mapped.documents.drafts, seconds: new Map(scopes), facts }
}

/**
 * From two measurements to the whole: along the line through both, which takes fixed costs out (`low`), and in proportion to the larger one, which leaves them in (`high`). Where the larger sample was not slower, the
 * line says nothing and `low` is what was measured.
 */
export function forecast(measured: { units: number; seconds: number }[], whole: number): { low: number; high: number } {
  const [small, large] = [measured[0]!, measured.at(-1)!]
  const high = large.units === 0 ? large.seconds : Math.max(large.seconds, large.seconds / large.units * whole)
  const slope = large.units > small.units ? (large.seconds - small.seconds) / (large.units - small.units) : 0
  const low = slope > 0 ? large.seconds + slope * Math.max(0, whole - large.units) : large.seconds
  return { low: round(Math.min(low, high)), high: round(high) }
}

function project(migration: Migration, passes: Pass[], whole: WholeDocuments, measured: { extract: number; cleanse: number; records: number; rollback: number }): PilotStep[] {
  const seen = (step: PilotStep['step'], seconds: number, units: number): PilotStep => ({ step, phase: null, doctype: null, measured: [{ units, seconds: round(seconds) }], whole: units, low: round(seconds), high: round(seconds) })
  const steps = [seen('extract', measured.extract, measured.records), seen('cleanse', measured.cleanse, measured.records)]
  for (const step of ['map', 'load'] as const) {
    for (const phase of migration.plan.phases) {
      for (const doctype of planOrder({ ...migration.plan, phases: [phase] })) {
        const points = passes.map((pass) => pass.seconds.get(`${step}/${phase.name}/${doctype}`) ?? { seconds: 0, units: 0 }).map(({ seconds, units }) => ({ seconds: round(seconds), units }))
        const all = Math.max(whole[doctype] ?? 0, points.at(-1)!.units)
        steps.push({ step, phase: phase.name, doctype, measured: points, whole: all, ...forecast(points, all) })
      }
    }
  }
  const total = Object.values(whole).reduce((sum, n) => sum + n, 0)
  const proofs = passes.map((pass) => ({ units: pass.documents, seconds: round(pass.seconds.get('verify//')?.seconds ?? 0) }))
  steps.push({ step: 'verify', phase: null, doctype: null, measured: proofs, whole: total, ...forecast(proofs, total) })
  const first = passes[0]!.documents
  steps.push({ step: 'rollback', phase: null, doctype: null, measured: [{ units: first, seconds: round(measured.rollback) }], whole: total, low: round(measured.rollback), high: first === 0 ? round(measured.rollback) : round(Math.max(measured.rollback, measured.rollback / first * total)) })
  return steps
}

function compare(before: Pilot, now: Pilot): PilotComparison {
  const ids = (pilot: Pilot): string[] => pilot.causes.filter(({ severity }) => severity !== 'info').map(({ id }) => id)
  return {
    pilot: before.pilot, newCauses: ids(now).filter((id) => !ids(before).includes(id)), goneCauses: ids(before).filter((id) => !ids(now).includes(id)), refused: before.documents.refused, projection: before.projection,
  }
}
