import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { readJournal } from '../../ledger/journal.ts'
import { runsOf } from '../../run/history.ts'
import { environmentOf } from '../environment.ts'
import { readSyncState } from '../sync/state.ts'
import { standingOf } from '../stages.ts'
import { formatTable } from '../terminal.ts'
import { syncLine } from './sync.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('status').description('Where the project stands (assessed, mapped, planned, piloted, checked, loaded), its runs, open findings, and what to do next. Works while a run is going on.')
    .addHelpText('after', '\nExamples:\n  $ landfall status\n  $ landfall status --json | jq .next')
    .action((_: object, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      const project = loadProject(globals.project)
      const runs = runsOf(readJournal(project.paths.journal)), standing = standingOf(project, runs)
      if (terminal.json) {
        for (const { scopes, parts: _parts, ...run } of runs) terminal.emit({ ...run, documents: loadedBy(scopes) })
        const synced = readSyncState(project)
        if (synced !== null) terminal.emit({ type: 'sync', ...synced })
        return terminal.emit({ type: 'standing', ...standing })
      }
      terminal.print(formatTable(['stage', '', ''], standing.stages.map(({ stage, state, detail }) => [stage, state, detail])))
      if (runs.length > 0) terminal.print(`\n${formatTable(['run', 'status', 'began', 'ended', 'documents'], runs.map((run) => [run.run, run.status, run.startedAt.slice(0, 19), run.endedAt?.slice(0, 19) ?? '', loadedBy(run.scopes)]))}`)
      const synced = syncLine(readSyncState(project))
      if (synced !== null) terminal.print(`\n${synced}`)
      terminal.print(`\nNext: ${standing.next.command} (${standing.next.why})`)
      return undefined
    })
}

function loadedBy(scopes: { step: string; done: number }[]): number {
  return scopes.filter((scope) => scope.step === 'load').reduce((sum, scope) => sum + scope.done, 0)
}
