import type { Command } from 'commander'
import { groupFindings } from '../../phases/preflight.ts'
import { addRunFlags, environmentOf, overridesOf, withWorkspace } from '../environment.ts'
import { showGroups } from '../outcome.ts'
import { formatCount } from '../terminal.ts'
import { step } from './run.ts'

export function register(program: Command, signal: AbortSignal): void {
  addRunFlags(program.command('preflight').description('Read, map and check everything; load nothing. All findings of all documents, grouped by root cause.'))
    .option('--resume', 'go on with a pre-flight that was stopped')
    .option('--limit <n>', 'causes to show', '30')
    .addHelpText('after', '\nExamples:\n  $ landfall preflight\n  $ landfall preflight && landfall run --resume     loads what was just checked')
    .action(async (options: { resume?: boolean; limit: string }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, overridesOf(options as unknown as Record<string, unknown>), async (workspace) => {
        const facts = await step(env, workspace, { resume: options.resume ?? false, until: 'preflight' })
        showGroups(env.terminal, await groupFindings(workspace.staging, { limit: Number(options.limit) }))
        const counts = facts.findings
        const documents = facts.mapped?.documents ?? { drafts: 0, posted: 0, refused: 0 }
        env.terminal.emitOrPrint({ type: 'result', run: facts.run, status: facts.status, findings: counts, documents },
          `${formatCount(documents.drafts)} documents: ${formatCount(documents.posted)} can be loaded, ${formatCount(documents.refused)} cannot. Findings: ${formatCount(counts?.blocking ?? 0)} blocking, ${formatCount(counts?.warning ?? 0)} warnings, ${formatCount(counts?.info ?? 0)} notes.`)
        if ((counts?.blocking ?? 0) > 0) process.exitCode = 1
        else env.terminal.say('Nothing was loaded. landfall run --resume loads.')
      })
    })
}
