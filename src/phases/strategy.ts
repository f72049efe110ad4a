import { isChild, type LoadedMapping, type TransformStep } from '../config/mapping-schema.ts'
import type { ProjectConfig } from '../config/schema.ts'
import type { Assessment } from '../model/assessment.ts'
import type { Pilot, PilotStep } from '../model/pilot.ts'
import type { Plan } from '../model/plan.ts'
import { STRATEGIES, type PlannedDoctype, type PlannedPhase, type PlannedRisk, type PlannedTask, type PlannedWindow, type RequirementCheck, type RollbackPoint, type Span, type Strategy, type WindowName } from '../model/strategy.ts'

/** What an earlier run of the whole measured: seconds and documents by `step/DocType`, and of steps as a whole. */
export interface MeasuredRun { run: string; at: string; scopes: { step: string; subject: string | null; done: number; seconds: number }[]; documents: Record<string, number>; refused: number }

export interface StrategyInput {
  project: string
  config: ProjectConfig
  plan: Plan
  mappings: LoadedMapping[]
  fingerprint: string
  /** Module of a DocType of the site. */
  moduleOf(doctype: string): string | null
  /** The lane documents of a DocType take, and documents a batch begins with. */
  laneOf(doctype: string): string
  batchOf(doctype: string): number
  assessment: Assessment | null
  pilot: Pilot | null
  run: MeasuredRun | null
  /** Documents per second of lanes by phase, measured elsewhere. */
  rates: { lane: string; rates: Record<string, number>; basis: string }[]
}

const UNITS: Record<string, number> = { minute: 60, hour: 3600, day: 86_400, week: 604_800 }

/** Seconds of `4 hours`, `2 weeks`. */
export function secondsOf(span: string): number {
  const [, n = '0', unit = 'hour'] = /^([\d.]+) ?(minute|hour|day|week)s?$/.exec(span) ?? []
  return Number(n) * UNITS[unit]!
}

const plus = (spans: (Span | null)[]): Span | null => (spans.some((span) => span === null) ? null : spans.reduce<Span>((sum, span) => ({ low: sum.low + span!.low, high: sum.high + span!.high }), { low: 0, high: 0 }))
const count = (n: number): string => n.toLocaleString('en-US')

/** A plan of the whole migration, held against what was required. Nothing is read but its input; `hash` and `plannedAt` are the caller's. */
export function makeStrategy(input: StrategyInput): Omit<Strategy, 'hash' | 'plannedAt'> {
  const phases = input.plan.phases.map((phase): PlannedPhase => {
    const waves = phase.waves.map((wave) => ({ number: wave.number, doctypes: wave.doctypes.map((doctype) => planDoctype(input, phase.name, doctype)) })), all = waves.flatMap((wave) => wave.doctypes)
    return {
      name: phase.name, strategy: STRATEGIES[phase.name].name, waves,
      documents: all.some(({ documents }) => documents === null) ? null : all.reduce((sum, { documents }) => sum + documents!, 0), forecast: plus(all.flatMap(({ map, load }) => [map, load])),
    }
  })
  const steps = stepsOf(input), tasks = tasksOf(phases, steps), windows = windowsOf(input, tasks)
  return {
    project: input.project, fingerprint: input.fingerprint, basis: basisOf(input), phases, tasks, windows, criticalPath: criticalPath(tasks),
    requirements: checkRequirements(input, phases, steps), risks: risksOf(input, windows), rollbackPoints: rollbackPoints(input, phases), notes: input.plan.notes,
  }
}

function basisOf({ pilot, run, assessment, config }: StrategyInput): string[] {
  return [
    ...run === null ? [] : [`Run ${run.run} of ${run.at.slice(0, 10)}, which loaded the whole`],
    ...pilot === null ? [] : [`Pilot ${pilot.pilot} of ${pilot.endedAt.slice(0, 10)}, ${count(pilot.sample.records)} of ${count(pilot.sample.of)} records into a rehearsal site`],
    ...assessment === null ? [] : [`Assessment of ${assessment.assessedAt.slice(0, 10)}, ${count(assessment.totals.records)} records`],
    ...run === null && (pilot === null || config.target.kind === 'site') ? ['Rates of the ways in, measured on other projects and machines'] : [],
  ]
}

function planDoctype(input: StrategyInput, phase: string, doctype: string): PlannedDoctype {
  const { pilot, run, mappings } = input, lane = input.laneOf(doctype)
  const entities = mappings.filter(({ mapping }) => mapping.documents.some((document) => document.doctype === doctype)).map(({ mapping }) => mapping.entity)
  const documents = run?.documents[doctype] ?? pilot?.whole[doctype] ?? assessedDocuments(input, entities)
  const base = { doctype, entities, documents, lane, batch: input.batchOf(doctype) }
  const measured = (step: string): Span | null => {
    const found = run?.scopes.filter((scope) => scope.step === step && scope.subject === doctype && scope.done > 0) ?? []
    if (found.length === 0 || documents === null) return null
    const seconds = found.reduce((sum, scope) => sum + scope.seconds, 0) / found.reduce((sum, scope) => sum + scope.done, 0) * documents
    return { low: seconds, high: seconds }
  }
  const [ranMap, ranLoad] = [measured('map'), measured('load')]
  if (ranMap !== null && ranLoad !== null) return { ...base, map: ranMap, load: ranLoad, basis: `run ${run!.run}` }
  const piloted = (step: PilotStep['step']): Span | null => { const one = pilot?.steps.find((item) => item.step === step && item.doctype === doctype); return one === undefined ? null : { low: one.low, high: one.high } }
  const rate = input.rates.find((one) => one.lane === lane)?.rates[phase], byRate = documents === null || rate === undefined ? null : { low: documents / rate, high: documents / rate * 2 }
  const map = piloted('map')
  if (map !== null && lane === 'rehearsal') return { ...base, map, load: piloted('load'), basis: 'pilot' }
  if (map !== null) return { ...base, map, load: byRate, basis: byRate === null ? 'pilot for mapping; nothing for the load' : `pilot for mapping; rate of ${lane} for the load, up to twice` }
  return { ...base, map: byRate === null ? null : { low: 0, high: 0 }, load: byRate, basis: byRate === null ? 'nothing yet: landfall assess, landfall pilot' : `rate of ${lane}, up to twice; mapping is part of it` }
}

function assessedDocuments({ assessment, mappings }: StrategyInput, entities: string[]): number | null {
  if (assessment === null) return null
  const records = entities.map((name) => {
    const mapping = mappings.find((loaded) => loaded.mapping.entity === name)?.mapping, table = mapping?.table ?? name
    return assessment.entities.find((entity) => entity.id === `${mapping?.source}.${table}` || entity.name === table)?.records ?? null
  })
  return records.some((n) => n === null) ? null : records.reduce<number>((sum, n) => sum + n!, 0)
}

interface Steps { extract: Span | null; cleanse: Span | null; verify: Span | null; rollback: Span | null; basis: string }

function stepsOf({ pilot, run }: StrategyInput): Steps {
  const of = (step: PilotStep['step']): Span | null => { const found = pilot?.steps.filter((one) => one.step === step) ?? []; return found.length === 0 ? null : plus(found.map(({ low, high }) => ({ low, high }))) }
  const ran = (step: string, subject?: string): Span | null => {
    const seconds = (run?.scopes ?? []).filter((scope) => scope.step === step && (subject === undefined || scope.subject === subject)).reduce((sum, scope) => sum + scope.seconds, 0)
    return seconds === 0 ? null : { low: seconds, high: seconds }
  }
  return { extract: ran('extract') ?? of('extract'), cleanse: ran('map', 'cleansing') ?? of('cleanse'), verify: ran('verify') ?? of('verify'), rollback: of('rollback'), basis: run !== null ? `run ${run.run}` : pilot !== null ? 'pilot' : 'nothing yet' }
}

function tasksOf(phases: PlannedPhase[], steps: Steps): PlannedTask[] {
  const tasks: PlannedTask[] = [], at: Record<WindowName, number> = { preparation: 0, execution: 0, validation: 0, cutover: 0 }
  const add = (name: string, window: WindowName, span: Span | null, basis: string): void => {
    if (span === null) return
    tasks.push({ name, window, start: at[window], low: span.low, high: span.high, basis })
    at[window] += span.high
  }
  add('Read the sources', 'execution', steps.extract, steps.basis)
  add('Cleanse', 'execution', steps.cleanse, steps.basis)
  const basis = (list: PlannedDoctype[]): string => [...new Set(list.map((one) => one.basis))].join('; ')
  for (const phase of phases) for (const wave of phase.waves) add(`Map ${phase.name}, wave ${wave.number}`, 'execution', plus(wave.doctypes.map(({ map }) => map)), basis(wave.doctypes))
  for (const phase of phases) for (const wave of phase.waves) add(`Load ${phase.name}, wave ${wave.number}`, 'execution', plus(wave.doctypes.map(({ load }) => load)), basis(wave.doctypes))
  add('Prove', 'validation', steps.verify, steps.basis)
  add('Read again', 'cutover', steps.extract, steps.basis)
  add('Cleanse again', 'cutover', steps.cleanse, steps.basis)
  for (const phase of phases.filter(({ name }) => name === 'transactional')) add('Map and load transactions', 'cutover', phase.forecast, 'as if all of them came in the cutover')
  add('Prove again', 'cutover', steps.verify, steps.basis)
  return tasks
}

function windowsOf({ config, plan }: StrategyInput, tasks: PlannedTask[]): PlannedWindow[] {
  const transactional = plan.phases.find((phase) => phase.name === 'transactional')
  const about: Record<WindowName, string> = {
    preparation: 'people: mappings, open causes, approval; the machine\'s part is an assessment and a pilot', execution: 'reading, cleansing, mapping and load of all phases', validation: 'all proofs; the rest is people\'s',
    cutover: 'reading, transactions and proofs once more, masters standing: the most it can be',
  }
  return (Object.keys(about) as WindowName[]).map((name) => {
    const own = tasks.filter((task) => task.window === name), forecast = own.length === 0 ? null : plus(own), seconds = secondsOf(config.requirements.timeline[name])
    const complete = name === 'execution' ? own.some((task) => task.name.startsWith('Load')) : name === 'cutover' ? own.some((task) => task.name.startsWith('Map and load')) || transactional === undefined : true
    const state = forecast === null || !complete ? 'unknown' : forecast.high <= seconds ? 'met' : forecast.low <= seconds ? 'at risk' : 'missed'
    return { name, given: config.requirements.timeline[name], seconds, forecast: complete ? forecast : null, state, about: about[name] }
  })
}

/** One process works on one thing at a time, so every task of the execution is waited for; this says which take most. */
function criticalPath(tasks: PlannedTask[]): Strategy['criticalPath'] {
  const own = tasks.filter((task) => task.window === 'execution'), total = own.reduce((sum, task) => sum + task.high, 0)
  return total === 0 ? [] : [...own].sort((a, b) => b.high - a.high).map((task) => ({ task: task.name, share: Math.round(task.high / total * 1000) / 1000 }))
}

function checkRequirements(input: StrategyInput, phases: PlannedPhase[], steps: Steps): RequirementCheck[] {
  const { requirements, limits } = input.config, { pilot, run } = input, checks: RequirementCheck[] = [], doctypes = phases.flatMap((phase) => phase.waves.flatMap((wave) => wave.doctypes))
  for (const name of requirements.modules ?? []) {
    const own = doctypes.filter(({ doctype }) => input.moduleOf(doctype) === name).map(({ doctype }) => doctype)
    checks.push({ requirement: 'module', wanted: name, found: own.length === 0 ? 'no mapping makes a document of it' : own.join(', '), state: own.length === 0 ? 'missed' : 'met' })
  }
  for (const rule of requirements.transformation_rules) checks.push(checkRule(input, rule))
  const error = pilot !== null ? pilot.documents.refused / Math.max(1, pilot.documents.drafts) : run !== null ? run.refused / Math.max(1, Object.values(run.documents).reduce((sum, n) => sum + n, 0)) : null
  // A sample is full of what is rare and wrong on purpose, so more of it may fail than of the whole.
  checks.push({ requirement: 'max_error_rate', wanted: `${(requirements.max_error_rate * 100).toFixed(2)} %`, found: error === null ? 'not measured' : `${(error * 100).toFixed(2)} %${pilot !== null ? ' of the pilot\'s documents, which were chosen for what is wrong with them' : ''}`, state: error === null || (pilot !== null && error > requirements.max_error_rate && error > 0) ? 'unknown' : error <= requirements.max_error_rate ? 'met' : 'missed' })
  const back = steps.rollback
  if (requirements.rollback.within !== undefined) checks.push({ requirement: 'rollback within', wanted: requirements.rollback.within, found: back === null ? 'not measured: landfall pilot' : `at most ${Math.ceil(back.high)} s, by what the pilot measured`, state: back === null ? 'unknown' : back.high <= secondsOf(requirements.rollback.within) ? 'met' : 'missed' })
  checks.push({ requirement: 'rollback points', wanted: requirements.rollback.points === 'phase' ? 'after each phase' : 'before it began', found: 'every phase ends with a mark and the checksums of all tables', state: 'met' })
  if (requirements.performance.documents_per_second !== undefined) {
    const span = plus(phases.map((phase) => phase.forecast)), documents = phases.some((phase) => phase.documents === null) ? null : phases.reduce((sum, phase) => sum + phase.documents!, 0)
    const slowest = span === null || documents === null || span.high === 0 ? null : documents / span.high, wanted = requirements.performance.documents_per_second
    checks.push({ requirement: 'documents per second', wanted: count(wanted), found: slowest === null ? 'not measured' : `${count(Math.round(slowest))} or more`, state: slowest === null ? 'unknown' : slowest >= wanted ? 'met' : documents! / Math.max(span!.low, 0.001) >= wanted ? 'unknown' : 'missed' })
  }
  if (requirements.performance.memory !== undefined) checks.push({ requirement: 'memory', wanted: requirements.performance.memory, found: `limits.memory: ${limits.memory}`, state: bytes(limits.memory) <= bytes(requirements.performance.memory) ? 'met' : 'missed' })
  return checks
}

function bytes(text: string): number {
  const [, n = '0', unit = 'B'] = /^([\d.]+) ?(KB|MB|GB|TB)$/i.exec(text) ?? []
  return Number(n) * 1000 ** (['B', 'KB', 'MB', 'GB', 'TB'].indexOf(unit.toUpperCase()))
}

const stepName = (step: TransformStep): string => (typeof step === 'string' ? step : Object.keys(step)[0] ?? '')

function checkRule({ mappings }: StrategyInput, rule: ProjectConfig['requirements']['transformation_rules'][number]): RequirementCheck {
  const wanted = `${rule.doctype}.${rule.field} is given${rule.transform === undefined ? '' : ` through ${rule.transform}`}`, [head = '', tail] = rule.field.split('.')
  const found = mappings.flatMap(({ mapping }) => mapping.documents.filter((document) => document.doctype === rule.doctype).flatMap((document) => {
    const spec = document.fields[head]
    const specs = spec === undefined ? [] : tail === undefined ? [spec] : isChild(spec) ? [spec].flat().flatMap((child) => (child.fields[tail] === undefined ? [] : [child.fields[tail]])) : []
    return specs.map((one) => {
      const field = typeof one === 'string' ? one : 'field' in one && typeof one.field === 'string' ? one.field : null
      const own = typeof one === 'object' && 'transform' in one ? one.transform ?? [] : [], column = field === null ? [] : mapping.columns?.[field]?.transform ?? []
      return { entity: mapping.entity, steps: [...mapping.text_columns ?? [], ...column, ...own].map(stepName), expression: typeof one === 'object' && 'expr' in one ? one.expr : '' }
    })
  }))
  const kept = found.length > 0 && (rule.transform === undefined || found.every(({ steps, expression }) => steps.includes(rule.transform!) || expression.includes(`${rule.transform}(`)))
  return { requirement: 'transformation rule', wanted: `${wanted}${rule.why === undefined ? '' : ` (${rule.why})`}`, found: found.length === 0 ? 'no mapping gives it' : kept ? `by ${found.map(({ entity }) => entity).join(', ')}` : `given by ${found.map(({ entity }) => entity).join(', ')} without it`, state: kept ? 'met' : 'missed' }
}

function risksOf({ pilot, run, assessment, config, fingerprint }: StrategyInput, windows: PlannedWindow[]): PlannedRisk[] {
  const risks: PlannedRisk[] = []
  const add = (severity: PlannedRisk['severity'], risk: string, answer: string): void => { risks.push({ severity, risk, answer }) }
  for (const window of windows) {
    if (window.state === 'missed') add('high', `The ${window.name} does not fit into ${window.given}.`, 'A faster way in (landfall prove, express), fewer documents, or a longer window')
    if (window.state === 'at risk') add('medium', `The ${window.name} may not fit into ${window.given}.`, 'A larger pilot narrows the forecast: landfall pilot --sample 5000')
  }
  if (pilot === null && run === null) add('high', 'Nothing was put through yet: forecasts rest on rates of other projects.', 'landfall pilot')
  if (pilot !== null && pilot.fingerprint !== fingerprint) add('low', 'Configuration, mappings or corrections are not those of the pilot (a pilot\'s target is always a rehearsal site).', 'landfall pilot, when mappings changed')
  const blocking = pilot?.causes.filter((cause) => cause.severity === 'blocking') ?? []
  if (blocking.length > 0) add('high', `${count(blocking.length)} root causes refuse documents, the first: ${blocking[0]!.message}`, 'landfall findings, landfall fix, landfall deadletters export')
  if (pilot?.proof?.passed === false) add('high', `${count(pilot.proof.failed.length)} proofs of the pilot failed: ${pilot.proof.failed[0]?.title ?? ''}`, 'Read its report before anything is loaded')
  const refused = assessment?.findings.filter((finding) => finding.effect === 'refused') ?? []
  if (refused.length > 0) add('medium', `The assessment found ${count(refused.length)} kinds of records that would be refused, most of all: ${refused[0]!.title} in ${refused[0]!.entity}`, 'assessment.html says which transform or policy answers each')
  if (assessment === null) add('medium', 'The sources were not assessed: what is in them is not known.', 'landfall assess')
  else if (assessment.restsOnSample.length > 0) add('medium', 'The assessment rests on samples.', 'landfall assess without --sample')
  if (config.proof.ledgers.length === 0 && config.opening === undefined) add('low', 'No figures of the legacy system\'s ledgers are given, so trial balance and open items are not proven.', 'proof.ledgers in landfall.yaml')
  if (assessment !== null && assessment.totals.personalColumns > 0) add('low', `${count(assessment.totals.personalColumns)} columns hold personal data.`, 'Ignore what is not needed; keep the project\'s folder closed')
  return risks
}

function rollbackPoints({ pilot }: StrategyInput, phases: PlannedPhase[]): RollbackPoint[] {
  const back = pilot?.steps.find((step) => step.step === 'rollback'), total = phases.reduce((sum, phase) => sum + (phase.documents ?? 0), 0)
  const part = (documents: number): Span | null => (back === undefined || total === 0 ? null : { low: Math.min(back.low, back.high * documents / total), high: back.high * documents / total })
  const after = (i: number): number => phases.slice(i).reduce((sum, phase) => sum + (phase.documents ?? 0), 0)
  return [{ after: 'before it began', command: 'landfall rollback', forecast: part(total) }, ...phases.slice(0, -1).map((phase, i) => ({ after: `the end of phase ${phase.name}`, command: `landfall rollback --to ${phase.name}`, forecast: part(after(i + 1)) }))]
}
