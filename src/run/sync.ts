import type { SyncRule } from '../config/sync-schema.ts'
import { LandfallError } from '../errors/error.ts'
import { newRunId, timestamp } from '../model/clock.ts'
import { planOrder } from '../model/plan.ts'
import type { Extracted } from '../phases/extract.ts'
import { load } from '../phases/load.ts'
import { mapAll } from '../phases/map.ts'
import type { PhaseContext } from '../phases/phase.ts'
import { countFindings } from '../phases/preflight.ts'
import { claimStaging, createOps, noteStep, stagedRun, stepDone } from '../phases/steps.ts'
import { detectChanges, type Detected, type Detection } from '../phases/sync/detection.ts'
import { keepGiven } from '../phases/sync/given.ts'
import { noteConflicts, planChanges, type ChangePlan } from '../phases/sync/planned-changes.ts'
import type { Conflict } from '../phases/sync/reconciliation.ts'
import { rawVersion } from '../phases/sync/raw-delta.ts'
import { readWatermarks, watermarkRows } from '../phases/sync/watermarks.ts'
import { verify } from '../phases/verify.ts'
import type { LogSettings } from '../sources/changes.ts'
import { makeContext, type RunPorts } from './context.ts'
import type { Migration } from './engine.ts'
import type { RunFacts } from './facts.ts'
import { runsOf } from './history.ts'

export interface SyncOptions {
  /** The rule of an entity by its name; null: it is not synced. */
  rule(entity: string): SyncRule | null
  /** How logs of sources are read, for entities that are captured. */
  log: LogSettings
  /** Compare everything and look at every document again, whatever the watermarks say. */
  all: boolean
  /** Prove the result, as after a run. */
  prove: boolean
}

/** What a sync did. `run` null: nothing had changed, so nothing was written. `at`: our clock when it read the sources. */
export interface SyncResult { run: string | null; at: string; detected: Detected[]; inserted: number; changed: number; gone: number; conflicts: Conflict[]; facts: RunFacts | null; milliseconds: number }

const BATCH = 1000

/**
 * Brings what changed in the sources since the last run or sync to the target. What is read is staged first; then all is mapped anew, new documents are posted and loaded as by a
 * run, documents that are there are changed where their records changed. The watermarks move with the last thing written, in the same transaction: a sync that is killed anywhere is
 * done again by the next one, which finds what is there already. Throws `usage` when there is no finished run to go on from, and what phases throw.
 */
export async function runSync(migration: Migration, ports: RunPorts, options: SyncOptions): Promise<SyncResult> {
  const { staging, clock } = ports, { target } = migration.load, began = clock.elapsed()
  await createOps(staging)
  const extracted = await baseOf(ports)
  const ctx = makeContext(ports, newRunId(clock)), at = timestamp(clock), now = String(clock.now())
  if (target.change === undefined) throw new LandfallError('usage', 'Documents of this target cannot be changed by a sync.', { hint: 'Sync a rehearsal, or load with landfall run.' })
  await keepGiven(staging, target, planOrder(migration.plan))
  const { marks, version } = await readWatermarks(staging, target)
  const detection = await detectChanges(ctx, { ...migration.extract, rule: options.rule, log: options.log, compareAll: options.all, watermarks: marks })
  const current = await rawVersion(staging)
  const result: SyncResult = { run: null, at, detected: detection.entities, inserted: 0, changed: 0, gone: 0, conflicts: [], facts: null, milliseconds: 0 }
  const last = { run: ctx.run, batch: `${ctx.run}:synced`, watermarks: watermarkRows(detection.watermarks), at: now, version: current }
  ctx.reached('sync detected')
  if (current === version && !options.all) {
    await staging.run('CREATE TABLE IF NOT EXISTS ops.sync_values (n BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, "after" VARCHAR)')
    for (const name of ['sync_inserts', 'sync_removes']) await staging.run(`CREATE TABLE IF NOT EXISTS ops.${name} (n BIGINT, tbl VARCHAR, "key" VARCHAR)`)
    await staging.run('CREATE TABLE IF NOT EXISTS ops.sync_documents (n BIGINT, doctype VARCHAR, id BIGINT, entity VARCHAR, "key" VARCHAR, name VARCHAR, what VARCHAR, draft VARCHAR, note BOOLEAN)')
    await target.change({ ...last, from: 1, to: 0 })
  } else await bringOver(migration, ctx, options, { extracted, detection, result, last })
  result.milliseconds = Math.round(clock.elapsed() - began)
  return result
}

interface Work { extracted: Extracted; detection: Detection; result: SyncResult; last: { run: string; batch: string; watermarks: ReturnType<typeof watermarkRows>; at: string; version: string } }

async function bringOver(migration: Migration, ctx: PhaseContext, options: SyncOptions, work: Work): Promise<void> {
  const { staging } = ctx, { result } = work, began = ctx.clock.elapsed()
  const extracted = await refreshed(ctx, work)
  await staging.transaction(async () => {
    await claimStaging(staging, ctx.run, migration.fingerprint)
    await staging.run('DELETE FROM ops.steps')
    await noteStep(staging, 'extract', '', JSON.stringify(extracted))
  })
  ctx.record('run-started', { project: migration.project, fingerprint: migration.fingerprint, sync: true })
  ctx.emit({ type: 'run-started', run: ctx.run, project: migration.project, resumed: false })
  const facts: RunFacts = {
    project: migration.project, run: ctx.run, status: 'done', startedAt: timestamp(ctx.clock), endedAt: '', plan: migration.plan, extracted, mapped: null, findings: null, outcomes: null, proof: null, scopes: [],
  }
  Object.assign(result, { run: ctx.run, facts })
  try {
    facts.mapped = await mapAll(ctx, { ...migration.map, described: extracted.described })
    ctx.reached('sync mapped')
    const plan = await planChanges(ctx, { ...migration.map, rule: options.rule })
    await noteStep(staging, 'map', '', JSON.stringify(facts.mapped))
    await noteStep(staging, 'load-began', '')
    facts.findings = await countFindings(staging)
    facts.outcomes = await load(ctx, { ...migration.load, plan: migration.plan })
    await write(migration, ctx, plan, work)
    Object.assign(result, { inserted: facts.outcomes.loaded, changed: plan.changed, gone: plan.gone, conflicts: plan.conflicts })
    if (options.prove && migration.prove !== null) facts.proof = await verify(ctx, migration.prove(extracted))
  } catch (error) {
    ctx.record('run-ended', { status: error instanceof LandfallError && error.code === 'interrupted' ? 'interrupted' : 'failed' })
    throw error
  }
  facts.endedAt = timestamp(ctx.clock)
  ctx.record('run-ended', { status: 'done', sync: true, inserted: result.inserted, changed: result.changed, conflicts: result.conflicts.length })
  ctx.emit({ type: 'run-ended', run: ctx.run, status: 'done', milliseconds: ctx.clock.elapsed() - began })
}

/** Changes documents, a batch at a time; the watermarks go with the last. */
async function write(migration: Migration, ctx: PhaseContext, plan: ChangePlan, work: Work): Promise<void> {
  const { target } = migration.load, gauge = ctx.gauge({ step: 'load', subject: 'changes' }, plan.documents)
  for (let from = 1; from <= plan.documents; from += BATCH) {
    const to = Math.min(from + BATCH - 1, plan.documents), batch = `${ctx.run}:changes:${from}-${to}`
    ctx.record('batch', { changes: true, from, to })
    ctx.reached('sync intent')
    const refused = await ctx.attempt({ step: 'load' }, async () => target.change?.({ ...work.last, batch, from, to, watermarks: [] }) ?? [])
    if (refused.length > 0) await noteRefused(ctx, plan, refused)
    gauge.add(to - from + 1, refused.length)
    ctx.reached('sync changed')
  }
  await target.change?.({ ...work.last, from: 1, to: 0 })
  ctx.reached('sync marked')
  gauge.end()
}

/** What the site refused waits for people, like a conflict. */
async function noteRefused(ctx: PhaseContext, plan: ChangePlan, refused: { doctype: string; name: string; reason: string }[]): Promise<void> {
  const known = new Map((await ctx.staging.all<{ doctype: string; name: string; entity: string; key: string }>('SELECT doctype, name, entity, "key" FROM ops.sync_documents')).map((one) => [`${one.doctype}\u001f${one.name}`, one]))
  const conflicts = refused.map(({ doctype, name, reason }): Conflict => ({ doctype, name, entity: known.get(`${doctype}\u001f${name}`)?.entity ?? '', key: known.get(`${doctype}\u001f${name}`)?.key ?? '', field: '', was: null, site: null, source: null, why: `the site refused the change: ${reason}`, kept: 'site' }))
  plan.conflicts.push(...conflicts)
  await noteConflicts(ctx.staging, conflicts)
}

/** What was read, with the numbers of now. */
async function refreshed(ctx: PhaseContext, { extracted, detection }: Work): Promise<Extracted> {
  const counts = new Map((await ctx.staging.all<{ entity: string; read: number; staged: number; rejected: number }>('SELECT entity, read, staged, rejected FROM ops.cursors')).map((row) => [row.entity, row]))
  return {
    sources: extracted.sources, described: detection.described,
    entities: extracted.entities.map((entity) => {
      const now = counts.get(`${entity.source}.${entity.table}`)
      const compared = detection.entities.some((one) => one.source === entity.source && one.table === entity.table && one.compared !== null)
      return now === undefined ? entity : { ...entity, read: Number(now.read), staged: Number(now.staged), rejected: Number(now.rejected), counted: compared ? Number(now.read) : null }
    }),
  }
}

/** What the run or sync in staging read. Throws `usage` when there is nothing to go on from. */
async function baseOf(ports: RunPorts): Promise<Extracted> {
  const begin = { hint: 'landfall run loads everything once; syncs go on from there.' }
  const staged = await stagedRun(ports.staging), events = ports.journal.replay()
  const record = runsOf(events).find((run) => run.run === staged?.run)
  const read = await stepDone(ports.staging, 'extract', '')
  if (staged === null || read === null || record === undefined) throw new LandfallError('usage', 'Nothing was loaded yet.', begin)
  const bySync = events.some((event) => event.type === 'run-started' && event.run === staged.run && event['sync'] === true)
  if (!bySync && record.status === 'rolled-back') throw new LandfallError('usage', `Run ${record.run} was rolled back.`, begin)
  if (!bySync && record.status !== 'done') throw new LandfallError('usage', `Run ${record.run} is not complete: it is ${record.status}.`, { hint: 'First: landfall run --resume' })
  return JSON.parse(read) as Extracted
}
