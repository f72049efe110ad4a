import { confirm, isCancel } from '@clack/prompts'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { rollback, type RollbackProof } from '../../phases/rollback.ts'
import { makeContext } from '../../run/context.ts'
import { hasBackups, openBackups } from '../backups.ts'
import type { Workspace } from '../compose.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { removeApplied } from './customize.ts'
import { formatCount, formatSeconds } from '../terminal.ts'
import { goBack, procedureFolder, rehearseBack, rehearseLedger, writeProcedure } from '../way-back.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('rollback').description('Take back what a run wrote, and prove that every table is as before.')
    .option('--run <id>', 'which run; default: the last that wrote anything')
    .option('--to <point>', 'back to the end of this phase (master, transactional, historical), or to a point of landfall backup --list; default: before the run', 'start')
    .option('--by <way>', 'undo: by the ledger, which keeps what people did elsewhere; backup: restore, replay the binary log and switch. Default: backup for points (p-00012), else undo')
    .option('--rehearse', 'do it in staging, prove every table, measure the time and write the procedure; the site is not touched')
    .option('--discard-later-writes', 'with --by backup: give up what people wrote since the point')
    .option('-o, --out <folder>', 'where the procedure goes; default: .landfall/rollback')
    .option('--customizations', 'then take back what landfall customize apply made, too')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ landfall rollback                      everything the last run wrote\n  $ landfall rollback --to master          keep the master data\n  $ landfall rollback --rehearse           try it and write the procedure\n  $ landfall rollback --by backup --to p-00012')
    .action(async (options: Options, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [], async (workspace) => {
        const way = wayOf(options, workspace)
        if (way === 'backup' || options.rehearse) return throughBackup(env, workspace, options, way)
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

interface Options { run?: string; to: string; by?: string; rehearse?: boolean; discardLaterWrites?: boolean; out?: string; yes?: boolean; customizations?: boolean }

function wayOf({ by, to, rehearse }: Options, { project }: Workspace): 'undo' | 'backup' {
  if (by !== undefined && by !== 'undo' && by !== 'backup') throw new LandfallError('usage', `--by ${by}: there is no such way.`, { hint: 'undo or backup.' })
  return by ?? (/^p-\d+$/.test(to) || (rehearse && hasBackups(project)) ? 'backup' : 'undo')
}

/** Rehearsals of either way, and going back through a backup. */
async function throughBackup(env: Environment, workspace: Workspace, options: Options, way: 'undo' | 'backup'): Promise<void> {
  const told = (step: string, detail: string): void => env.terminal.say(`${step.padEnd(28)} ${detail}`), backups = way === 'backup' ? openBackups(workspace.project, workspace.clock) : null
  try {
    const run = options.run ?? (await workspace.target.runs())[0]?.run ?? null
    if (backups === null && workspace.project.config.target.kind !== 'rehearsal') throw new LandfallError('usage', 'The undo of a real site cannot be tried without a copy of it.', { hint: 'Set up target.database and target.backup: then the rehearsal restores a backup beside.' })
    if (backups === null && run === null) throw new LandfallError('usage', 'No run has anything on the site.', { hint: 'landfall status shows the runs.' })
    if (!options.rehearse && !options.yes) {
      if (!env.terminal.live || process.stdin.isTTY !== true) throw new LandfallError('usage', 'Going back through a backup replaces the whole database, and nobody is here to confirm it.', { hint: 'Try it first with --rehearse; then confirm with --yes.' })
      const answer = await confirm({ message: `Replace the site's database, files and settings by what they were at ${options.to}?`, initialValue: false })
      if (isCancel(answer) || !answer) return env.terminal.say('Nothing was changed.')
    }
    const ctx = makeContext(workspace.ports(() => undefined), run ?? 'none')
    if (!options.rehearse) ctx.record('rollback', { of: run, to: options.to, by: way })
    const view = backups === null ? await rehearseLedger(workspace, run!, options.to) : options.rehearse ? await rehearseBack(workspace, backups, options.to, options.run ?? null, told) : await goBack(workspace, backups, options.to, options.run ?? null, options.discardLaterWrites ?? false, told)
    ctx.record(options.rehearse ? 'rollback-rehearsed' : 'went-back', { of: run, to: view.point.id, by: way, seconds: view.seconds, proven: view.proven, tables: view.tables })
    const files = writeProcedure(options.out ?? procedureFolder(workspace), view)
    env.terminal.emitOrPrint({ type: 'result', ...view, written: files }, [
      `${options.rehearse ? 'Rehearsed' : 'Went back'} to ${view.point.name} (${view.point.id}) in ${formatSeconds(view.seconds * 1000)} by ${view.way}: ${view.proven ? 'proven' : 'NOT proven'}, ${formatCount(view.tables)} tables, ${formatCount(view.rows)} rows and ${formatCount(view.files)} files compared with ${view.oracle}.`,
      ...view.notes, ...view.later === null || view.later.length === 0 ? [] : [`${formatCount(view.later.length)} documents of others ${options.rehearse ? 'would be' : 'were'} given up; they are listed in the procedure.`], `Procedure: ${files[1]}`,
    ].join('\n'))
    if (!view.proven) process.exitCode = 1
  } finally {
    backups?.close()
  }
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
