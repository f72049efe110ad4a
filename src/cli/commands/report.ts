import type { Command } from 'commander'
import { environmentOf, readFacts, withWorkspace } from '../environment.ts'
import { showFacts } from '../outcome.ts'
import { writeReport } from '../reporting.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('report').description('Write the report of a run: YAML, JSON and one HTML page that opens from disk.')
    .option('--run <id>', 'which run; default: the last')
    .option('-o, --out <folder>', 'where it goes; default: .landfall/runs/RUN')
    .addHelpText('after', '\nExamples:\n  $ landfall report --out ../handover')
    .action(async (options: { run?: string; out?: string }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [], async (workspace) => {
        const facts = readFacts(workspace, options.run ?? null)
        process.exitCode = showFacts(env.terminal, facts, await writeReport(workspace, facts, options.out ?? null))
      })
    })
}
