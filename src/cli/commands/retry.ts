import type { Command } from 'commander'
import { retryCause } from '../../run/retry.ts'
import { addRunFlags, environmentOf, overridesOf, saveFacts, withWorkspace } from '../environment.ts'
import { showFacts } from '../outcome.ts'
import { Progress } from '../progress.ts'
import { writeReport } from '../reporting.ts'

export function register(program: Command, signal: AbortSignal): void {
  addRunFlags(program.command('retry').description('After a fix: map, check and load again the documents of one root cause, and no others.'))
    .requiredOption('--cause <id>', 'which cause; landfall findings lists them')
    .option('-o, --out <folder>', 'where the report goes; default: .landfall/runs/RUN')
    .addHelpText('after', '\nExamples:\n  $ landfall findings --severity blocking\n  $ vi mappings/customers.yaml\n  $ landfall retry --cause 3fa9c1d2')
    .action(async (options: { cause: string; out?: string }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, overridesOf(options as unknown as Record<string, unknown>), async (workspace) => {
        const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
        const { facts, still } = await retryCause(workspace.migration(), workspace.ports((event) => progress.show(event)), options.cause).finally(() => progress.close())
        saveFacts(workspace, facts)
        if (still > 0) env.terminal.say(`${still} documents of this cause are still refused: landfall findings --severity blocking`)
        const code = showFacts(env.terminal, facts, await writeReport(workspace, facts, options.out ?? null))
        process.exitCode = still > 0 ? 1 : code
      })
    })
}
