import type { Command } from 'commander'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject } from '../../config/project.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import { loadSite } from '../compose.ts'
import { environmentOf } from '../environment.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('plan').description('Show in which phases and waves the DocTypes will be loaded, and why. Touches nothing.')
    .addHelpText('after', '\nExamples:\n  $ landfall plan\n  $ landfall plan --json')
    .action((_: object, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      const project = loadProject(globals.project)
      const mappings = loadMappings(project)
      const site = loadSite(project)
      const plan = makePlan(planDocuments(mappings), (name) => site.doctype(name))
      if (terminal.json) return terminal.emit(plan)
      const from = (doctype: string): string => mappings.filter(({ mapping }) => mapping.documents.some((document) => document.doctype === doctype)).map(({ mapping }) => mapping.entity).join(', ')
      terminal.print(formatTable(['phase', 'wave', 'DocType', 'from'], plan.phases.flatMap((phase) => phase.waves.flatMap((wave) => wave.doctypes.map((doctype) => [phase.name, String(wave.number), doctype, from(doctype)])))))
      for (const link of plan.deferred) terminal.print(`${link.doctype}.${link.field} is set after ${link.target} is loaded, because each needs the other.`)
      for (const note of plan.notes) terminal.print(note)
      return undefined
    })
}
