import type { Command } from 'commander'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject } from '../../config/project.ts'
import type { LaneChoice } from '../../phases/lanes.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import { loadSite } from '../compose.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { chooseFor, severalLanes } from '../lanes.ts'
import { formatCount, formatTable } from '../terminal.ts'
import type { Plan } from '../../model/plan.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('plan').description('Show in which phases and waves the DocTypes will be loaded, and why; where a real site can be reached several ways, also which way the documents of each shape take. Touches nothing.')
    .addHelpText('after', '\nExamples:\n  $ landfall plan\n  $ landfall plan --json')
    .action(async (_: object, command: Command) => {
      const env = environmentOf(command, signal), { globals, terminal } = env
      const project = loadProject(globals.project)
      const mappings = loadMappings(project)
      const site = loadSite(project)
      const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name))
      const lanes = severalLanes(project) ? await lanesOf(env, plan) : null
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
