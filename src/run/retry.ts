import { LandfallError } from '../errors/error.ts'
import { newRunId, timestamp } from '../model/clock.ts'
import type { Extracted } from '../phases/extract.ts'
import { load } from '../phases/load.ts'
import { mapAll } from '../phases/map.ts'
import { causeCondition, countFindings, groupFindings, type CauseGroup } from '../phases/preflight.ts'
import { keepAside, putBack } from '../phases/other-findings.ts'
import { claimStaging, createOps, noteStep, stagedRun, stepDone } from '../phases/steps.ts'
import { verify } from '../phases/verify.ts'
import { makeContext, type RunPorts } from './context.ts'
import type { Migration } from './engine.ts'
import type { RunFacts } from './facts.ts'
import { runsOf } from './history.ts'

/** `still`: documents of the cause that are refused again. */
export interface RetryResult { facts: RunFacts; still: number }

/**
 * Maps, posts and loads again the documents that a root cause held back, from what was read before; everything else keeps its state and its
 * findings. A run of its own, so that it can be rolled back by itself. Throws `usage` when there is no such cause or nothing staged.
 */
export async function retryCause(migration: Migration, ports: RunPorts, cause: string): Promise<RetryResult> {
  const { staging, clock } = ports
  const began = clock.elapsed()
  await createOps(staging)
  if (await stagedRun(staging) === null) throw new LandfallError('usage', 'Nothing was read yet.', { hint: 'Start with: landfall run' })
  const extracted = await stepDone(staging, 'extract', '')
  const group = (await groupFindings(staging, { cause }))[0]
  if (!group || extracted === null) throw new LandfallError('usage', `There is no cause "${cause}".`, { hint: 'landfall findings lists them with their ids.' })
  const run = newRunId(clock)
  const ctx = makeContext(ports, run)
  const relation = await rememberCluster(ports, group)
  await keepAside(staging, relation, group.doctype)
  await claimStaging(staging, run, migration.fingerprint)
  ctx.record('run-started', { project: migration.project, fingerprint: migration.fingerprint, retry: cause })
  ctx.emit({ type: 'run-started', run, project: migration.project, resumed: false })
  const read = JSON.parse(extracted) as Extracted
  const facts: RunFacts = {
    project: migration.project, run, status: 'done', startedAt: timestamp(clock), endedAt: '', plan: migration.plan,
    extracted: read, mapped: null, findings: null, outcomes: null, proof: null, scopes: [],
  }
  try {
    facts.mapped = await mapAll(ctx, { ...migration.map, described: read.described, only: { doctype: group.doctype, relation } })
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
  const still = await staging.one<{ n: number }>(`SELECT count(DISTINCT d."key") AS n FROM ${relation} c JOIN ops.findings d ON d.entity = c.entity AND d."key" = c."key" AND d.doctype = $1 AND d.severity = 'blocking'`, [group.doctype])
  return { facts, still: Number(still?.n ?? 0) }
}

/** The documents of a cause by legacy key: their draft numbers may change when they are mapped again. */
async function rememberCluster(ports: RunPorts, group: CauseGroup): Promise<string> {
  await ports.staging.run(`CREATE OR REPLACE TABLE ops.retry_cluster AS SELECT DISTINCT entity, "key" FROM ops.findings WHERE ${causeCondition(group)} AND entity IS NOT NULL AND "key" IS NOT NULL`)
  const row = await ports.staging.one<{ n: number }>('SELECT count(*) AS n FROM ops.retry_cluster')
  if (Number(row?.n ?? 0) === 0) throw new LandfallError('usage', 'The findings of this cause belong to no document, so none can be retried.', { hint: 'Begin a new run: landfall run' })
  return 'ops.retry_cluster'
}
