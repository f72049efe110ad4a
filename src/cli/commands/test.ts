import type { Command } from 'commander'
import { environmentOf } from '../environment.ts'
import { runSuites } from '../testing/suites.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('test').description('Run everything that tests Landfall, in a clone: types, unit and scenario tests, conformance with ERPNext. Installs servers it needs.')
    .argument('[filter...]', 'only test files whose path contains one of these; types and conformance are then left out')
    .option('--no-install', 'install nothing; tests that need a server fail where it is missing')
    .action(async (filter: string[], options: { install: boolean }, command: Command) => {
      const env = environmentOf(command, signal)
      const { passed, failed } = await runSuites({ filter, install: options.install, say: (text) => process.stderr.write(`${text}\n`), signal })
      process.stdout.write(`${passed} passed, ${failed} failed\n`)
      if (env.terminal.json) env.terminal.emit({ type: 'result', passed, failed })
      process.exitCode = failed > 0 ? 1 : 0
    })
}
