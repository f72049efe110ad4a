import { confirm, isCancel } from '@clack/prompts'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { rollback } from '../../phases/rollback.ts'
import { makeContext } from '../../run/context.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { formatCount, formatSeconds } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('rollback').description('Take back what a run wrote, and prove that every table is as before.')
    .option('--run <id>', 'which run; default: the last that wrote anything')
    .option('--to <phase>', 'back to the end of this phase (master, transactional, historical); default: all of it', 'start')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ landfall rollback                      everything the last run wrote\n  $ landfall rollback --to master          keep the master data')
    .action(async (options: { run?: string; to: string; yes?: boolean }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [], async (workspace) => {
        const run = options.run ?? (await workspace.target.runs())[0]?.run
        if (run === undefined) throw new LandfallError('usage', 'No run has anything on the site.', { hint: 'landfall status shows the runs.' })
        const target = options.to === 'start' ? 'before it began' : `the end of phase ${options.to}`
        if (env.terminal.live && process.stdin.isTTY === true && !options.yes) {
          const answer = await confirm({ message: `Take back what ${run} wrote, to ${target}?`, initialValue: false })
          if (isCancel(answer) || !answer) return env.terminal.say('Nothing was taken back.')
        }
        const proof = await rollback(makeContext(workspace.ports(() => undefined), run), workspace.target, run, options.to)
        env.terminal.emitOrPrint({ type: 'result', ...proof },
          `Rolled back ${run} to ${target}: ${formatCount(proof.removed)} rows removed, ${formatCount(proof.restored)} values restored in ${formatSeconds(proof.milliseconds)}.\n`
          + `Proven: row count and checksum of all ${proof.tables} tables (${formatCount(proof.rows)} rows) are as they were.`)
      })
    })
}
