import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { prepareDemo } from '../demo/project.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { migrate } from './run.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('demo').description('Make a legacy business as it is found in real life, migrate it into a rehearsal site, prove it, report.')
    .option('-r, --records <n>', 'legacy records to make', '150000')
    .option('-o, --out <folder>', 'where the project and its report go', 'demo')
    .option('--seed <n>', 'the same seed gives the same business', '1')
    .addHelpText('after', '\nExamples:\n  $ ./landfall demo\n  $ ./landfall demo --records 20000 --out /tmp/demo --seed 7')
    .action(async (options: { records: string; out: string; seed: string }, command: Command) => {
      const env = environmentOf(command, signal)
      const records = Number(options.records), seed = Number(options.seed)
      if (!Number.isInteger(records) || !Number.isInteger(seed)) throw new LandfallError('usage', '--records and --seed are whole numbers.', { hint: 'landfall demo --records 20000 --seed 7' })
      env.terminal.say(`Making a legacy business of ${records.toLocaleString('en-US')} records (seed ${seed}) in ${options.out} ...`)
      const demo = await prepareDemo({ folder: options.out, records, seed })
      try {
        const inside = { ...env, globals: { ...env.globals, project: options.out } }
        await withWorkspace(inside, [], async (workspace) => {
          process.exitCode = await migrate(inside, workspace, { yes: true, out: options.out })
        })
      } finally {
        await demo.close()
      }
    })
}
