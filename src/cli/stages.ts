import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { loadMappings } from '../config/mappings.ts'
import type { Project } from '../config/project.ts'
import { messageOf } from '../errors/error.ts'
import type { OpenList } from '../mapping/suggest/proposal-file.ts'
import type { Assessment } from '../model/assessment.ts'
import { makePlan, planDocuments } from '../phases/plan.ts'
import type { RunFacts } from '../run/facts.ts'
import { readJournal } from '../ledger/journal.ts'
import { isOpen, runsOf, type RunRecord } from '../run/history.ts'
import { loadSite } from './compose.ts'
import { OPEN_FILE } from './commands/map.ts'
import { pilotsOf } from './pilots.ts'
import { formatCount, formatSeconds } from './terminal.ts'

/** How far a project is in one respect: `done`, `open` (begun, something is to be done), or `not yet`. */
export interface Stage { stage: 'assessed' | 'mapped' | 'planned' | 'piloted' | 'checked' | 'loaded'; state: 'done' | 'open' | 'not yet'; detail: string }
/** Where a project stands, blocking findings of the last run that came so far (null: none did), and the command that comes next with the reason. */
export interface Standing { stages: Stage[]; openFindings: number | null; next: { command: string; why: string } }

/** Reads files only, no database: it may be asked while a run is going on. */
export function standingOf(project: Project, runs: RunRecord[]): Standing {
  const assessed = assessedStage(project), { mapped, planned } = mappingStages(project)
  const last = runs.at(-1), facts = lastFacts(project, runs), blocking = facts?.findings?.blocking ?? null
  const checked: Stage = facts?.findings == null ? { stage: 'checked', state: 'not yet', detail: 'no run came as far as pre-flight' }
    : { stage: 'checked', state: facts.findings.blocking === 0 ? 'done' : 'open', detail: `${formatCount(facts.findings.blocking)} blocking findings in ${formatCount(facts.findings.refusedDocuments)} documents, ${formatCount(facts.findings.warning)} warnings (run ${facts.run})` }
  const failed = facts?.proof?.results.filter((result) => result.status === 'failed').length ?? 0
  const loaded: Stage = last?.status === 'done' && facts?.run === last.run ? { stage: 'loaded', state: facts.proof === null || failed > 0 ? 'open' : 'done', detail: `${formatCount(facts.outcomes?.loaded ?? 0)} documents; ${facts.proof === null ? 'nothing was proven' : failed > 0 ? `${failed} proofs failed` : 'proven'} (run ${last.run})` }
    : { stage: 'loaded', state: last !== undefined && isOpen(last) ? 'open' : 'not yet', detail: last === undefined ? 'nothing was run' : `the last run is ${last.status}` }
  const stages = [assessed, mapped, planned, pilotedStage(project), checked, loaded]
  return { stages, openFindings: blocking, next: nextStep(stages, last, blocking) }
}

function assessedStage({ paths }: Project): Stage {
  const file = join(paths.state, 'assessment', 'assessment.json')
  if (!existsSync(file)) return { stage: 'assessed', state: 'not yet', detail: 'no assessment is here' }
  const { assessedAt, totals, findings } = JSON.parse(readFileSync(file, 'utf8')) as Assessment
  return { stage: 'assessed', state: 'done', detail: `${formatCount(totals.entities)} entities, ${formatCount(totals.records)} records, ${formatCount(findings.filter((finding) => finding.effect === 'refused').length)} findings that would refuse records (${assessedAt.slice(0, 10)})` }
}

function pilotedStage(project: Project): Stage {
  const pilot = pilotsOf(project).at(-1)
  if (pilot === undefined) return { stage: 'piloted', state: 'not yet', detail: 'no sample was put through' }
  const clean = pilot.findings.blocking === 0 && pilot.proof?.passed !== false
  return { stage: 'piloted', state: clean ? 'done' : 'open', detail: `${formatCount(pilot.sample.records)} records, ${formatCount(pilot.documents.refused)} documents refused, ${pilot.proof === null ? 'nothing was proven' : pilot.proof.passed ? 'proven' : `${pilot.proof.failed.length} proofs failed`}; the whole in ${formatSeconds(pilot.projection.low * 1000)} to ${formatSeconds(pilot.projection.high * 1000)} (${pilot.endedAt.slice(0, 10)})` }
}

function mappingStages(project: Project): { mapped: Stage; planned: Stage } {
  const not = (stage: 'mapped' | 'planned', detail: string, state: Stage['state'] = 'not yet'): Stage => ({ stage, state, detail })
  if (project.mappingFiles.length === 0) return { mapped: not('mapped', 'there are no mapping files'), planned: not('planned', 'nothing is mapped') }
  try {
    const mappings = loadMappings(project), site = loadSite(project), documents = mappings.flatMap(({ mapping }) => mapping.documents)
    if (documents.length === 0) return { mapped: not('mapped', `${project.mappingFiles.length} mapping files, none of which makes a document`, 'open'), planned: not('planned', 'nothing is mapped') }
    const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name)), left = openPoints(project)
    return {
      mapped: { stage: 'mapped', state: 'done', detail: `${mappings.length} entities, ${new Set(documents.map((document) => document.doctype)).size} DocTypes${left === null ? '' : `; ${OPEN_FILE} lists ${left}`}` },
      planned: { stage: 'planned', state: 'done', detail: plan.phases.map((phase) => `${phase.name}: ${phase.waves.length} wave${phase.waves.length === 1 ? '' : 's'}`).join(', ') },
    }
  } catch (error) {
    return { mapped: not('mapped', messageOf(error).split('\n')[0] ?? '', 'open'), planned: not('planned', 'the mappings do not load') }
  }
}

function openPoints({ paths }: Project): string | null {
  const file = join(paths.root, OPEN_FILE)
  if (!existsSync(file)) return null
  const open = parse(readFileSync(file, 'utf8')) as Partial<OpenList> | null
  return `${formatCount(open?.unmapped_columns?.length ?? 0)} columns, ${formatCount(open?.unfilled_fields?.length ?? 0)} mandatory fields and ${formatCount(open?.unmapped_values?.length ?? 0)} lists of values that were open`
}

/** Facts of the last run that left some; `runs`: those of the journal, unless given. */
export function lastFacts({ paths }: Project, runs: RunRecord[] = runsOf(readJournal(paths.journal))): RunFacts | null {
  const file = [...runs].reverse().map((run) => join(paths.runs, run.run, 'facts.json')).find((path) => existsSync(path))
  return file === undefined ? null : JSON.parse(readFileSync(file, 'utf8')) as RunFacts
}

function nextStep(stages: Stage[], last: RunRecord | undefined, blocking: number | null): Standing['next'] {
  const of = (name: Stage['stage']): Stage => stages.find((stage) => stage.stage === name)!
  if (last !== undefined && ['running', 'interrupted', 'failed'].includes(last.status)) return { command: 'landfall run --resume', why: last.status === 'running' ? 'the last run is going on, or was killed' : `the last run was ${last.status}` }
  if (of('mapped').state === 'not yet') return of('assessed').state === 'done' ? { command: 'landfall map --suggest', why: 'what was assessed can be proposed for DocTypes' } : { command: 'landfall assess', why: 'the sources were not looked at yet' }
  if (of('mapped').state === 'open') return { command: 'landfall map', why: 'the mappings are not complete' }
  if (last?.status === 'done') return of('loaded').state === 'done' ? { command: 'landfall report', why: 'all is loaded and proven' } : { command: 'landfall verify', why: 'what was loaded is not proven' }
  if (of('checked').state === 'not yet' || last?.status === 'rolled-back') return { command: 'landfall preflight', why: 'all findings of all documents, before anything is written' }
  if (blocking !== null && blocking > 0) return { command: 'landfall findings', why: 'blocking findings are open' }
  return { command: 'landfall run --resume', why: 'pre-flight has passed' }
}
