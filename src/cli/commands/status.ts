import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { readJournal } from '../../ledger/journal.ts'
import { isOpen, runsOf } from '../../run/history.ts'
import { environmentOf } from '../environment.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('status').description('The runs of this project, and what to do next. Works while a run is going on.')
    .action((_: object, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      const project = loadProject(globals.project)
      const runs = runsOf(readJournal(project.paths.journal))
      if (terminal.json) {
        for (const { scopes, ...run } of runs) terminal.emit({ ...run, documents: loadedBy(scopes) })
        return
      }
      if (runs.length === 0) return terminal.print('Nothing was run yet. Next: landfall preflight')
      terminal.print(formatTable(['run', 'status', 'began', 'ended', 'documents'], runs.map((run) => [run.run, run.status, run.startedAt.slice(0, 19), run.endedAt?.slice(0, 19) ?? '', loadedBy(run.scopes)])))
      const last = runs.at(-1)
      if (last && isOpen(last)) terminal.print(last.status === 'running' ? 'The last run is going on, or was killed: landfall run --resume' : 'Go on with the last run: landfall run --resume')
      return undefined
    })
}

function loadedBy(scopes: { step: string; done: number }[]): number {
  return scopes.filter((scope) => scope.step === 'load').reduce((sum, scope) => sum + scope.done, 0)
}
