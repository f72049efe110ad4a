import { LandfallError } from '../errors/error.ts'
import { newRunId, timestamp } from '../model/clock.ts'
import type { Extracted } from '../phases/extract.ts'
import { load } from '../phases/load.ts'
import { mapAll } from '../phases/map.ts'
import { causeCondition, countFindings, groupFindings } from '../phases/preflight.ts'
import { keepAside, makeCluster, putBack, stillRefused } from '../phases/other-findings.ts'
import { claimStaging, createOps, noteStep, stagedRun, stepDone } from '../phases/steps.ts'
import { verify } from '../phases/verify.ts'
import { makeContext, type RunPorts } from './context.ts'
import type { Migration } from './engine.ts'
import type { RunFacts } from './facts.ts'
import { runsOf } from './history.ts'

/** `still`: documents of the causes that are refused again. */
export interface RetryResult { facts: RunFacts; still: number }

/**
 * Maps, posts and loads again the documents that root causes held back, from what was read before; everything else keeps its state and its
 * findings. A run of its own, so that it can be rolled back by itself. Throws `usage` when there is none of these causes or nothing staged.
 */
export async function retryCauses(migration: Migration, ports: RunPorts, causes: string[]): Promise<RetryResult> {
  const { staging, clock } = ports
  const began = clock.elapsed()
  await createOps(staging)
  if (await stagedRun(staging) === null) throw new LandfallError('usage', 'Nothing was read yet.', { hint: 'Start with: landfall run' })
  const extracted = await stepDone(staging, 'extract', '')
  const groups = (await groupFindings(staging)).filter((group) => causes.includes(group.id)).map((group) => ({ condition: causeCondition(group), doctype: group.doctype }))
  if (groups.length === 0 || extracted === null) throw new LandfallError('usage', `There is no cause "${causes.join(', ')}".`, { hint: 'landfall findings lists them with their ids.' })
  const run = newRunId(clock)
  const ctx = makeContext(ports, run)
  const relation = await makeCluster(staging, groups)
  await keepAside(staging, relation)
  await claimStaging(staging, run, migration.fingerprint)
  ctx.record('run-started', { project: migration.project, fingerprint: migration.fingerprint, retry: causes.join(' ') })
  ctx.emit({ type: 'run-started', run, project: migration.project, resumed: false })
  const read = JSON.parse(extracted) as Extracted
  const facts: RunFacts = {
    project: migration.project, run, status: 'done', startedAt: timestamp(clock), endedAt: '', plan: migration.plan,
    extracted: read, mapped: null, findings: null, outcomes: null, proof: null, scopes: [],
  }
  try {
    facts.mapped = await mapAll(ctx, { ...migration.map, described: read.described, only: { relation } })
    await putBack(staging)
    await noteStep(staging, 'map', '', JSON.stringify(facts.mapped))
    await noteStep(staging, 'load-began', '')
    facts.findings = await countFindings(staging)
    facts.outcomes = await load(ctx, { ...migration.load, plan: migration.plan })
    if (migration.prove !== null) facts.proof = await verify(ctx, migration.prove(read))
  } catch (error) {
    ctx.record('run-ended', { status: 'failed' })
    throw error
  }
  facts.endedAt = timestamp(clock)
  ctx.record('run-ended', { status: 'done' })
  facts.scopes = runsOf(ports.journal.replay()).find((entry) => entry.run === run)?.scopes ?? []
  ctx.emit({ type: 'run-ended', run, status: 'done', milliseconds: clock.elapsed() - began })
  return { facts, still: await stillRefused(staging, relation, groups) }
}
