import { confirm, isCancel } from '@clack/prompts'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { rollback, type RollbackProof } from '../../phases/rollback.ts'
import { makeContext } from '../../run/context.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { removeApplied } from './customize.ts'
import { formatCount, formatSeconds } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('rollback').description('Take back what a run wrote, and prove that every table is as before.')
    .option('--run <id>', 'which run; default: the last that wrote anything')
    .option('--to <phase>', 'back to the end of this phase (master, transactional, historical); default: all of it', 'start')
    .option('--customizations', 'then take back what landfall customize apply made, too')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ landfall rollback                      everything the last run wrote\n  $ landfall rollback --to master          keep the master data')
    .action(async (options: { run?: string; to: string; yes?: boolean; customizations?: boolean }, command: Command) => {
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
        env.terminal.emitOrPrint({ type: 'result', ...proof }, [
          `Rolled back ${run} to ${target}: ${formatCount(proof.removed)} rows removed, ${formatCount(proof.restored)} values restored in ${formatSeconds(proof.milliseconds)}.`, ...outcomeLines(proof),
        ].join('\n'))
        if (proof.kept.length > 0) process.exitCode = 1
      })
      if (options.customizations) await removeApplied(env)
    })
}

const KEPT_SHOWN = 50

/** What is proven, or what stays and why. */
function outcomeLines({ kept, differing, tables, rows }: RollbackProof): string[] {
  if (kept.length === 0) return [`Proven: row count and checksum of all ${tables} tables (${formatCount(rows)} rows) are as they were.`]
  return [
    `${formatCount(kept.length)} documents stay on the site; ${formatCount(tables - differing.length)} of ${formatCount(tables)} tables are as they were.`,
    ...kept.slice(0, KEPT_SHOWN).map((entry) => `  ${entry.doctype} ${entry.name}: ${entry.reason}`),
    ...kept.length > KEPT_SHOWN ? [`  and ${formatCount(kept.length - KEPT_SHOWN)} more: --json lists all`] : [],
  ]
}
