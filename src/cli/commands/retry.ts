import type { Command } from 'commander'
import type { Override } from '../../config/project.ts'
import { retryCauses } from '../../run/retry.ts'
import { addRunFlags, environmentOf, overridesOf, saveFacts, withWorkspace, type Environment } from '../environment.ts'
import { showFacts } from '../outcome.ts'
import { Progress } from '../progress.ts'
import { writeReport } from '../reporting.ts'

export function register(program: Command, signal: AbortSignal): void {
  addRunFlags(program.command('retry').description('After a fix: map, check and load again the documents of a root cause, and no others.'))
    .requiredOption('--cause <id...>', 'which cause, or several; landfall findings lists them')
    .option('-o, --out <folder>', 'where the report goes; default: .landfall/runs/RUN')
    .addHelpText('after', '\nExamples:\n  $ landfall findings --severity blocking\n  $ vi mappings/customers.yaml\n  $ landfall retry --cause 3fa9c1d2')
    .action(async (options: { cause: string[]; out?: string }, command: Command) => {
      process.exitCode = await retryAndReport(environmentOf(command, signal), overridesOf(options as unknown as Record<string, unknown>), options.cause, options.out ?? null)
    })
}

/** Retries causes and reports; answers the exit code. */
export async function retryAndReport(env: Environment, overrides: Override[], causes: string[], out: string | null): Promise<number> {
  return withWorkspace(env, overrides, async (workspace) => {
    const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
    const { facts, still } = await retryCauses(workspace.migration(), workspace.ports((event) => progress.show(event)), causes).finally(() => progress.close())
    saveFacts(workspace, facts)
    if (still > 0) env.terminal.say(`${still} documents of this cause are still refused: landfall findings --severity blocking`)
    const code = showFacts(env.terminal, facts, await writeReport(workspace, facts, out))
    return still > 0 ? 1 : code
  })
}
