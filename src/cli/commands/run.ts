import { join } from 'node:path'
import { confirm, isCancel } from '@clack/prompts'
import type { Command } from 'commander'
import { readYamlFile } from '../../config/yaml-file.ts'
import { LandfallError } from '../../errors/error.ts'
import { writeErrorLog } from '../../phases/error-log.ts'
import { groupFindings } from '../../phases/preflight.ts'
import { runMigration, type RunOptions } from '../../run/engine.ts'
import type { RunFacts } from '../../run/facts.ts'
import type { Workspace } from '../compose.ts'
import { addRunFlags, environmentOf, overridesOf, saveFacts, withWorkspace, type Environment } from '../environment.ts'
import { showFacts, showGroups } from '../outcome.ts'
import { Progress } from '../progress.ts'
import { writeReport } from '../reporting.ts'

interface RunFlags { resume?: boolean; yes?: boolean; out?: string; plan?: string }

export function register(program: Command, signal: AbortSignal): void {
  addRunFlags(program.command('run').description('Migrate: read, map, check everything, load, prove, report.'))
    .option('--resume', 'go on with the last run: after a stop, a crash, or a pre-flight')
    .option('--plan <file>', 'a plan.yaml: run only if configuration, mappings, corrections and site are those it was made for')
    .option('-y, --yes', 'load without asking')
    .option('-o, --out <folder>', 'where the report goes; default: .landfall/runs/RUN')
    .addHelpText('after', '\nExamples:\n  $ landfall run\n  $ landfall run --resume                 go on after Ctrl-C, a crash or a pre-flight\n  $ landfall run --skip-blocked --yes     load what can be loaded\n  $ landfall run --json > events.ndjson')
    .action(async (options: RunFlags, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, overridesOf(options as Record<string, unknown>), async (workspace) => {
        process.exitCode = await migrate(env, workspace, options)
      })
    })
}

/** Runs a migration to its report; answers the exit code. A person at a terminal is asked before anything is loaded. */
export async function migrate(env: Environment, workspace: Workspace, options: RunFlags): Promise<number> {
  if (options.plan !== undefined) holdTo(options.plan, workspace.migration().fingerprint)
  const ask = env.terminal.live && process.stdin.isTTY === true && !options.yes
  let facts = await step(env, workspace, { resume: options.resume ?? false, until: ask ? 'preflight' : 'end' })
  if (ask && facts.status === 'checked') {
    showGroups(env.terminal, await groupFindings(workspace.staging, { limit: 10 }))
    const answer = await confirm({ message: `Load ${facts.mapped?.documents.posted ?? 0} documents?` })
    if (isCancel(answer) || !answer) {
      env.terminal.say('Nothing was loaded. landfall run --resume loads.')
      return 0
    }
    facts = await step(env, workspace, { resume: true, until: 'end' })
  }
  const report = await writeReport(workspace, facts, options.out ?? null)
  if (facts.status === 'blocked') showGroups(env.terminal, await groupFindings(workspace.staging, { severity: 'blocking', limit: 20 }))
  return showFacts(env.terminal, facts, report)
}

/** Throws `preflight-stale` when a plan was made for another configuration, and `config-invalid` for a file that is no plan. */
function holdTo(file: string, fingerprint: string): void {
  const planned = (readYamlFile(file).value as { fingerprint?: unknown; plannedAt?: unknown })
  if (typeof planned.fingerprint !== 'string') throw new LandfallError('config-invalid', `${file} is no plan: it has no fingerprint.`, { where: { file }, hint: 'landfall plan --out FOLDER writes one.' })
  if (planned.fingerprint !== fingerprint) throw new LandfallError('preflight-stale', `Configuration, mappings, corrections or site are not those that were planned on ${String(planned.plannedAt).slice(0, 16)} (${planned.fingerprint}; now ${fingerprint}).`, { where: { file }, hint: 'Plan anew and have it approved: landfall plan --out FOLDER. Or run without --plan.' })
}

/** One walk of the engine, shown as it goes; its facts are kept for later commands. */
export async function step(env: Environment, workspace: Workspace, options: RunOptions): Promise<RunFacts> {
  const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
  try {
    const facts = await runMigration(workspace.migration(), workspace.ports((event) => progress.show(event)), options)
    saveFacts(workspace, facts)
    if (facts.extracted !== null && facts.mapped !== null) await writeErrorLog(workspace.staging, facts.extracted, join(workspace.project.paths.runs, facts.run, 'errors.ndjson'))
    return facts
  } finally {
    progress.close()
  }
}
