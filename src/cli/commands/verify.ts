import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { verify } from '../../phases/verify.ts'
import { makeContext } from '../../run/context.ts'
import { environmentOf, readFacts, saveFacts, withWorkspace } from '../environment.ts'
import { showFacts } from '../outcome.ts'
import { Progress } from '../progress.ts'
import { writeReport } from '../reporting.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('verify').description('Prove the last run again: counts, totals, relations, integrity, every field against the legacy record.')
    .option('--run <id>', 'which run; default: the last')
    .option('-o, --out <folder>', 'where the report goes; default: .landfall/runs/RUN')
    .action(async (options: { run?: string; out?: string }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [{ path: 'run.verify', value: true, flag: 'verify' }], async (workspace) => {
        const facts = readFacts(workspace, options.run ?? null)
        const { prove } = workspace.migration()
        if (prove === null || facts.extracted === null) throw new LandfallError('usage', `Run ${facts.run} has read nothing that could be proven.`, { hint: 'landfall run' })
        const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
        facts.proof = await verify(makeContext(workspace.ports((event) => progress.show(event)), facts.run), prove(facts.extracted))
        progress.close()
        saveFacts(workspace, facts)
        process.exitCode = showFacts(env.terminal, facts, await writeReport(workspace, facts, options.out ?? null))
      })
    })
}
