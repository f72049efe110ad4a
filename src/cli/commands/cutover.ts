import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject, type Project } from '../../config/project.ts'
import { runbookSchema, type Runbook } from '../../config/runbook-schema.ts'
import { validateFile } from '../../config/validate.ts'
import { readYamlFile } from '../../config/yaml-file.ts'
import { LandfallError } from '../../errors/error.ts'
import { systemClock } from '../../model/clock.ts'
import { makeRunbook } from '../../phases/cutover/make.ts'
import { orderSteps, takeBack, walkRunbook, type CutoverLog, type CutoverPorts } from '../../phases/cutover/walk.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import { cutoverPage, type CutoverView } from '../../report/cutover-page.ts'
import { openAudit, whoAmI } from '../audit.ts'
import { hasBackups } from '../backups.ts'
import { colors } from '../colors.ts'
import { loadSite } from '../compose.ts'
import { actionText, actor } from '../cutover/actions.ts'
import { goGates } from '../cutover/gate.ts'
import { cutoverFolder, runbookFile } from '../cutover/paths.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { lastFacts } from '../stages.ts'
import { formatSeconds, formatTable } from '../terminal.ts'

interface Options { plan?: boolean; rehearse?: boolean; gate?: boolean; rehearsal?: boolean; back?: boolean; takeBack?: boolean; force?: boolean; confirm: Map<string, string>; yes?: boolean }

export function register(program: Command, signal: AbortSignal): void {
  program.command('cutover').description('The last hours: a runbook as data, rehearsed, timed, with a computed go or no-go and the way back.')
    .option('--plan', 'write cutover.yaml from the plan, with the times that runs and rehearsals took')
    .option('--force', 'with --plan: write over what is there')
    .option('--rehearse', 'walk it as a rehearsal: steps that would close or open a system are left out or replaced')
    .option('--take-back', 'when a step fails, take back what was done, last step first')
    .option('--back', 'go the way back of the last cutover, last step first')
    .option('--gate', 'only compute go or no-go')
    .option('--rehearsal', 'with --gate: the signature may still be missing')
    .option('--confirm <step=name>', 'a step a person does was done, by whom; may be repeated', (given: string, known: Map<string, string>) => {
      const [step, ...name] = given.split('=')
      return new Map(known).set(step!, name.join('=') || whoAmI())
    }, new Map<string, string>())
    .option('-y, --yes', 'do not ask before the real cutover')
    .addHelpText('after', '\nExamples:\n  $ landfall cutover --plan               then fill in freeze and switch in cutover.yaml\n  $ landfall cutover --rehearse\n  $ landfall cutover --plan --force       takes over the times of the rehearsal\n  $ landfall cutover --yes --confirm freeze="Anna Huber" --confirm switch="Ben Okafor"')
    .action(async (options: Options, command: Command) => {
      const env = environmentOf(command, signal)
      if (options.gate) return gate(env, options)
      const project = loadProject(env.globals.project)
      if (options.plan) return plan(env, project, options)
      if (options.back) return back(env, project, options)
      await walk(env, project, options)
    })
}

function plan(env: Environment, project: Project, options: Options): void {
  const file = runbookFile(project), mappings = loadMappings(project), site = loadSite(project), last = logs(project).findLast((log) => log.passed)
  const old = existsSync(file) ? readRunbook(project).runbook : null
  if (old !== null && !options.force) throw new LandfallError('usage', `${file} is there already.`, { hint: '--plan --force writes it anew: steps you changed keep what they do, and get the times of the last rehearsal.' })
  const measured = Object.fromEntries((last?.steps ?? []).filter((step) => step.status === 'done').map((step) => [step.id, step.seconds]))
  const fresh = makeRunbook({
    project: project.config.project, plan: makePlan(planDocuments(mappings), (name) => site.doctype(name)), lastSeconds: secondsOf(lastFacts(project)), backups: hasBackups(project), realSite: project.config.target.kind === 'site', measured,
    syncs: mappings.some(({ mapping }) => mapping.sync !== undefined),
  })
  // What people wrote into the runbook is theirs; only the times are ours.
  const runbook: Runbook = old === null ? fresh : { ...old, steps: old.steps.map((step) => ({ ...step, seconds: Math.round((measured[step.id] ?? step.seconds) * 10) / 10 })) }
  writeFileSync(file, `# The cutover, step by step. landfall cutover --rehearse walks it; docs/cutover.md says what each key means.\n${stringify(runbook, { lineWidth: 160 })}`)
  openAudit(project, systemClock).append(whoAmI(), 'cutover-planned', { runbook: hashOf(runbook), steps: runbook.steps.length })
  env.terminal.emitOrPrint({ type: 'result', file, ...runbook }, `${formatTable(['Step', 'Owner', 'After', 'Forecast', 'Does', 'Way back'], orderSteps(runbook).map((step) => [step.id, step.owner, step.after.join(', '), formatSeconds(step.seconds * 1000), actionText(step.do).slice(0, 60), actionText(step.back).slice(0, 40)]))}\nRunbook: ${file}`)
}

async function walk(env: Environment, project: Project, options: Options): Promise<void> {
  const { runbook, hash } = readRunbook(project), rehearse = options.rehearse ?? false
  if (!rehearse) {
    const last = logs(project).findLast((log) => log.rehearsed)
    if (last?.passed !== true || last.runbook !== hash) throw new LandfallError('usage', last === undefined ? 'This cutover was never rehearsed.' : last.passed ? 'The runbook was changed since it was rehearsed.' : 'The last rehearsal failed.', { hint: 'landfall cutover --rehearse first: the real one is the second time.' })
    if (!options.yes) throw new LandfallError('usage', 'The real cutover closes the old system and opens the new one.', { hint: 'Rehearse with --rehearse; for the real one confirm with --yes.' })
  }
  const log = await walkRunbook(runbook, hash, ports(env, project, options), { rehearse, takeBack: options.takeBack ?? false })
  keep(project, runbook, log)
  openAudit(project, systemClock).append(whoAmI(), rehearse ? 'cutover-rehearsed' : 'cutover', { runbook: hash, passed: log.passed, seconds: log.seconds, downtime: log.downtime, steps: log.steps.map(({ id, status, seconds }) => ({ id, status, seconds })) })
  showLog(env, project, log)
  if (!log.passed) process.exitCode = 1
}

async function back(env: Environment, project: Project, options: Options): Promise<void> {
  const { runbook } = readRunbook(project), last = logs(project).at(-1)
  if (last === undefined) throw new LandfallError('usage', 'No cutover was run that could be taken back.')
  const done = orderSteps(runbook).filter((step) => last.steps.some((one) => one.id === step.id && one.status !== 'skipped' && one.status !== 'not reached')), began = systemClock.elapsed()
  const taken = await takeBack(done, ports(env, project, options), () => (systemClock.elapsed() - began) / 1000), passed = taken.every((one) => one.status === 'taken back')
  openAudit(project, systemClock).append(whoAmI(), 'cutover-taken-back', { passed, steps: taken.map(({ id, status, seconds }) => ({ id, status, seconds })) })
  keep(project, runbook, { ...last, takenBack: taken, passed: false })
  env.terminal.emitOrPrint({ type: 'result', passed, steps: taken }, taken.length === 0 ? 'No step that was done has a way back.' : `${taken.length} steps taken back${passed ? '' : ', not all of them'}`)
  if (!passed) process.exitCode = 1
}

/** Steps go into the audit trail before and after they are done. */
function ports(env: Environment, project: Project, options: Options): CutoverPorts {
  const trail = openAudit(project, systemClock)
  return {
    clock: systemClock, signal: env.signal, act: actor(env, project.paths.root, options.confirm),
    began: (step) => {
      trail.append(whoAmI(), 'step-began', { step: step.id })
      env.terminal.say(`${colors.dim('...')} ${step.title}`)
    },
    ended: (step, outcome) => {
      trail.append(outcome.by, 'step-ended', { step: step.id, status: outcome.status, seconds: outcome.seconds, detail: outcome.detail.slice(0, 500) })
      const color = outcome.status === 'done' ? colors.green : outcome.status === 'failed' ? colors.red : colors.yellow
      env.terminal.say(`${color(outcome.status.padEnd(10))} ${step.id.padEnd(12)} ${formatSeconds(outcome.seconds * 1000).padStart(10)} (forecast ${formatSeconds(outcome.forecast * 1000)})  ${outcome.detail.split('\n')[0]!.slice(0, 140)}`)
    },
  }
}

async function gate(env: Environment, options: Options): Promise<void> {
  await withWorkspace(env, [], async (workspace) => {
    const gates = await goGates(workspace), open = gates.filter((one) => !one.passed && !(options.rehearsal && one.id === 'signed'))
    if (env.terminal.json) env.terminal.emit({ type: 'result', go: open.length === 0, gates })
    else {
      for (const one of gates) env.terminal.print(`${one.passed ? colors.green('passed') : colors.red('missed')}  ${one.title}: ${one.value} ${colors.dim(`(${one.limit})`)}`)
      env.terminal.print(open.length === 0 ? `GO${options.rehearsal && gates.some((one) => !one.passed) ? ' for the rehearsal; the signature is missing for the real one' : ''}` : `NO-GO: ${open.map((one) => one.title).join(', ')}`)
    }
    if (open.length > 0) process.exitCode = 1
  })
}

function secondsOf(facts: { startedAt: string; endedAt: string } | null): number | null {
  const at = (text: string): number => Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`)
  return facts === null || facts.endedAt === '' ? null : (at(facts.endedAt) - at(facts.startedAt)) / 1000
}

/** The runbook of the project and its hash. Times are not part of it: a rehearsal may correct them. */
function readRunbook(project: Project): { runbook: Runbook; hash: string } {
  const path = runbookFile(project)
  if (!existsSync(path)) throw new LandfallError('config-missing', 'There is no cutover.yaml.', { hint: 'landfall cutover --plan writes it.', where: { file: path } })
  const runbook = validateFile(runbookSchema, readYamlFile(path, 'cutover.yaml'))
  orderSteps(runbook)
  return { runbook, hash: hashOf(runbook) }
}

const hashOf = (runbook: Runbook): string => createHash('sha256').update(JSON.stringify(runbook.steps.map(({ seconds: _seconds, ...step }) => step))).digest('hex')

function logs(project: Project): CutoverLog[] {
  const file = join(cutoverFolder(project), 'cutover-log.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as CutoverLog) : []
}

function keep(project: Project, runbook: Runbook, log: CutoverLog): void {
  const folder = cutoverFolder(project), byId = new Map(runbook.steps.map((step) => [step.id, step]))
  mkdirSync(folder, { recursive: true })
  appendFileSync(join(folder, 'cutover-log.jsonl'), `${JSON.stringify(log)}\n`, { flush: true })
  const view: CutoverView = { ...log, steps: log.steps.map((step) => { const { title = step.id, owner = '', after = [], do: does, check, back: way } = byId.get(step.id) ?? {}; return { ...step, title, owner, after, action: actionText(does), check: actionText(check), back: actionText(way) } }) }
  writeFileSync(join(folder, 'cutover.html'), cutoverPage(view))
  writeFileSync(join(folder, 'cutover.json'), `${JSON.stringify(view, null, 1)}\n`)
  writeFileSync(join(folder, 'cutover.yaml'), stringify(runbook))
}

function showLog(env: Environment, project: Project, log: CutoverLog): void {
  const page = join(cutoverFolder(project), 'cutover.html')
  if (env.terminal.json) return env.terminal.emit({ type: 'result', ...log, page })
  const { downtime } = log
  env.terminal.print(`${log.rehearsed ? 'Rehearsal' : 'Cutover'} ${log.passed ? colors.green('passed') : colors.red('failed')} in ${formatSeconds(log.seconds * 1000)}${downtime === null ? '' : `; from freeze to go ${formatSeconds(downtime.measured * 1000)}, forecast ${formatSeconds(downtime.forecast * 1000)}${downtime.forecast === 0 ? '' : ` (${((downtime.measured / downtime.forecast - 1) * 100).toFixed(0)}%)`}`}`)
  for (const one of log.takenBack) env.terminal.print(`  ${one.id}: ${one.status}, ${one.detail.split('\n')[0]}`)
  env.terminal.print(`Page: ${page}`)
}
