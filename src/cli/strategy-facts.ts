import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '../ledger/journal.ts'
import { timestamp } from '../model/clock.ts'
import type { Assessment } from '../model/assessment.ts'
import type { Strategy } from '../model/strategy.ts'
import type { LaneChoice } from '../phases/lanes.ts'
import { LANE_RATES } from '../phases/assess/lane-rates.ts'
import { makeStrategy, type MeasuredRun } from '../phases/strategy.ts'
import type { RunFacts } from '../run/facts.ts'
import { runsOf } from '../run/history.ts'
import { lanesWanted } from '../targets/site/lanes.ts'
import { fingerprintOf, type Workspace } from './compose.ts'
import { siteSettings } from './lanes.ts'
import { makePlan, planDocuments } from '../phases/plan.ts'
import { pilotsOf } from './pilots.ts'

/** The plan of a project from what is known of it: assessment, last pilot, last run that loaded the whole. Reads files only, beside the mappings and the site. */
export function strategyOf(workspace: Pick<Workspace, 'project' | 'site' | 'clock' | 'mappings'>, lanes: LaneChoice[] | null): Strategy {
  const { project, site, clock } = workspace, { config, paths } = project, mappings = workspace.mappings()
  const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name)), assessed = join(paths.state, 'assessment', 'assessment.json')
  const wanted = config.target.kind === 'rehearsal' ? ['rehearsal'] : lanesWanted(siteSettings(config.target))
  const fixed = new Map(mappings.flatMap(({ mapping }) => (typeof mapping.policies.batch_size === 'number' ? mapping.documents.map((document) => [document.doctype, mapping.policies.batch_size as number] as const) : [])))
  const made = makeStrategy({
    project: config.project, config, plan, mappings, fingerprint: fingerprintOf(project, mappings, site), moduleOf: (doctype) => site.doctype(doctype)?.module ?? null,
    // Until shapes are proven, express stands for nothing: documents go by what is set up beside it.
    laneOf: (doctype) => { const chosen = lanes?.filter((one) => one.doctype === doctype).sort((a, b) => b.documents - a.documents)[0]; return chosen?.lane ?? config.target.lanes[doctype] ?? (wanted.find((lane) => lane !== 'express') ?? wanted[0] ?? 'rest') },
    batchOf: (doctype) => fixed.get(doctype) ?? config.limits.load_batch,
    assessment: existsSync(assessed) ? JSON.parse(readFileSync(assessed, 'utf8')) as Assessment : null, pilot: pilotsOf(project).at(-1) ?? null, run: measuredRun(workspace), rates: LANE_RATES.map((one) => ({ ...one })),
  })
  return { ...made, plannedAt: timestamp(clock), hash: createHash('sha256').update(JSON.stringify(made)).digest('hex') }
}

/** The last run that loaded something and ended, as its journal and its facts tell. */
function measuredRun({ project }: Pick<Workspace, 'project'>): MeasuredRun | null {
  for (const run of runsOf(readJournal(project.paths.journal)).reverse()) {
    const file = join(project.paths.runs, run.run, 'facts.json')
    if (run.status !== 'done' || !existsSync(file) || !run.scopes.some((scope) => scope.step === 'load' && scope.done > 0)) continue
    const { mapped } = JSON.parse(readFileSync(file, 'utf8')) as RunFacts
    if (mapped === null) continue
    return {
      run: run.run, at: run.startedAt, refused: mapped.documents.refused, documents: Object.fromEntries(mapped.doctypes.map((one) => [one.doctype, one.drafts])),
      scopes: run.scopes.map(({ step, subject, done, milliseconds }) => ({ step, subject, done, seconds: milliseconds / 1000 })),
    }
  }
  return null
}
