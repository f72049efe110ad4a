import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { loadProject } from '../../config/project.ts'
import { systemClock } from '../../model/clock.ts'
import type { Plan } from '../../model/plan.ts'
import type { Strategy } from '../../model/strategy.ts'
import type { LaneChoice } from '../../phases/lanes.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import { renderPlan, spanText } from '../../report/plan-page.ts'
import { colors } from '../colors.ts'
import { loadSite, projectMappings } from '../compose.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { chooseFor, severalLanes } from '../lanes.ts'
import { manifestVersion } from '../reporting.ts'
import { strategyOf } from '../strategy-facts.ts'
import { formatCount, formatTable, type Terminal } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('plan').description('Show in which phases and waves the DocTypes will be loaded, and why; where a real site can be reached several ways, also which way the documents of each shape take. With --out: the whole plan with forecasts, windows, requirements, risks and ways back. Touches nothing.')
    .option('-o, --out <folder>', 'write plan.yaml and plan.html (with a Gantt chart): what is forecast rests on the last run, the last pilot, the assessment')
    .addHelpText('after', '\nExamples:\n  $ landfall plan\n  $ landfall plan --out plan           plan/plan.yaml and plan/plan.html\n  $ landfall run --plan plan/plan.yaml  only if nothing has changed since\n  $ landfall plan --json')
    .action(async (flags: { out?: string }, command: Command) => {
      const env = environmentOf(command, signal), { globals, terminal } = env
      const project = loadProject(globals.project)
      const site = loadSite(project), mappings = projectMappings(project, site)
      const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name))
      const lanes = severalLanes(project) ? await lanesOf(env, plan) : null
      if (flags.out !== undefined) {
        const strategy = strategyOf({ project, site, clock: systemClock, mappings: () => mappings }, lanes), files = writePlan(strategy, resolve(flags.out))
        return show(terminal, strategy, files)
      }
      if (terminal.json) return terminal.emit(lanes === null ? plan : { ...plan, lanes })
      const from = (doctype: string): string => mappings.filter(({ mapping }) => mapping.documents.some((document) => document.doctype === doctype)).map(({ mapping }) => mapping.entity).join(', ')
      terminal.print(formatTable(['phase', 'wave', 'DocType', 'from'], plan.phases.flatMap((phase) => phase.waves.flatMap((wave) => wave.doctypes.map((doctype) => [phase.name, String(wave.number), doctype, from(doctype)])))))
      for (const link of plan.deferred) terminal.print(`${link.doctype}.${link.field} is set after ${link.target} is loaded, because each needs the other.`)
      for (const note of plan.notes) terminal.print(note)
      if (lanes?.length === 0) terminal.print('\nWhich lane documents take is chosen by shape, once they are mapped: landfall preflight.')
      else if (lanes !== null) terminal.print(`\n${formatTable(['DocType', 'shape', 'documents', 'lane', 'why'], lanes.map(({ doctype, shape, documents, lane, reason }) => [doctype, shape, formatCount(documents), lane, reason]))}`)
      return undefined
    })
}

/** The lane of every shape of what is mapped; empty before anything is. */
async function lanesOf(env: Environment, plan: Plan): Promise<LaneChoice[]> {
  return withWorkspace(env, [], async (workspace) => (await workspace.staging.exists('rows."tabSeries"') ? chooseFor(workspace, plan, true) : []))
}

/** Writes both files; answers their paths as one types them. */
export function writePlan(strategy: Strategy, folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  return Object.entries({ 'plan.yaml': stringify(strategy, { lineWidth: 160 }), 'plan.html': renderPlan(strategy, manifestVersion()) }).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    const near = relative('.', join(folder, name))
    return near.startsWith('..') ? join(folder, name) : near
  })
}

function show(terminal: Terminal, strategy: Strategy, files: string[]): void {
  if (terminal.json) return terminal.emit({ ...strategy, files })
  const colored = (state: string): string => (state === 'met' ? colors.green(state) : state === 'missed' ? colors.red(state) : colors.yellow(state))
  terminal.print(formatTable(['phase', 'how', 'waves', 'documents', 'forecast'], strategy.phases.map((phase) => [phase.name, phase.strategy, phase.waves.length, phase.documents ?? 'not counted', spanText(phase.forecast)])))
  terminal.print(`\n${formatTable(['window', 'given', 'forecast', ''], strategy.windows.map((window) => [window.name, window.given, spanText(window.forecast), colored(window.state)]))}`)
  terminal.print(`\n${formatTable(['requirement', 'wanted', 'found', ''], strategy.requirements.map((one) => [one.requirement, one.wanted, one.found, colored(one.state)]))}`)
  if (strategy.risks.length > 0) terminal.print(`\n${formatTable(['risk', '', 'what to do'], strategy.risks.map((one) => [one.severity, one.risk, one.answer]))}`)
  terminal.print(`\n${strategy.basis.length === 0 ? 'It rests on no measurement yet: landfall assess, landfall pilot' : `Rests on: ${strategy.basis.join('; ')}`}`)
  for (const file of files) terminal.print(file)
}
