import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Override } from '../config/project.ts'
import { LandfallError } from '../errors/error.ts'
import type { RunFacts } from '../run/facts.ts'
import { openWorkspace, type Workspace } from './compose.ts'
import { makeTerminal, type Terminal } from './terminal.ts'

/** Options every command has. */
export interface Globals { project: string; json?: boolean; quiet?: boolean; verbose?: boolean }

/** Exit codes; docs/reference/cli.md is generated from this table. */
export const EXIT_CODES: [number, string][] = [
  [0, 'All done; nothing is left to say.'],
  [1, 'Data needs attention: blocking findings are open, a proof failed, or the error gate was missed. Also: an input file cannot be read at all.'],
  [2, 'The command line or the configuration is wrong.'],
  [3, 'The source failed or could not be reached.'],
  [4, 'The target failed, or somebody else changed or holds it.'],
  [5, 'A defect in Landfall; the ledger is intact.'],
  [130, 'Stopped by Ctrl-C; `landfall run --resume` goes on.'],
]

/** What a command works with: its terminal, and the signal that Ctrl-C gives. */
export interface Environment { globals: Globals; terminal: Terminal; signal: AbortSignal }

export function environmentOf(command: Command, signal: AbortSignal): Environment {
  const globals = command.optsWithGlobals<Globals>()
  return { globals, terminal: makeTerminal(globals), signal }
}

/** Opens the project's workspace for the time of `work`, and closes it whatever happens. */
export async function withWorkspace<T>(env: Environment, overrides: Override[], work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace({ folder: env.globals.project, overrides, signal: env.signal })
  try {
    return await work(workspace)
  } finally {
    await workspace.close()
  }
}

/** Keeps the facts of a run beside the project, for `landfall report` later. */
export function saveFacts(workspace: Workspace, facts: RunFacts): void {
  const folder = join(workspace.project.paths.runs, facts.run)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'facts.json'), `${JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 1)}\n`)
}

/** Facts of a run, or of the last one. Throws `usage` when there are none. */
export function readFacts(workspace: Workspace, run: string | null): RunFacts {
  const { runs } = workspace.project.paths
  const known = existsSync(runs) ? readdirSync(runs).filter((name) => existsSync(join(runs, name, 'facts.json'))).sort() : []
  const wanted = run ?? known.at(-1)
  if (wanted === undefined || !known.includes(wanted)) {
    throw new LandfallError('usage', run === null ? 'No run has ended here yet.' : `Run ${run} has not ended, or is not of this project.`, { hint: known.length > 0 ? `Runs: ${known.join(', ')}.` : 'Start one: landfall run' })
  }
  return JSON.parse(readFileSync(join(runs, wanted, 'facts.json'), 'utf8')) as RunFacts
}

/** Flags that override settings, with the setting each stands for. */
export const RUN_FLAGS: { flag: string; option: string; path: string; about: string; value?: (given: unknown) => unknown }[] = [
  { flag: '--memory <size>', option: 'memory', path: 'limits.memory', about: 'memory limit of the staging database' },
  { flag: '--batch-rows <n>', option: 'batchRows', path: 'limits.batch_rows', about: 'records per batch to begin with', value: Number },
  { flag: '--load-batch <n>', option: 'loadBatch', path: 'limits.load_batch', about: 'documents per load batch to begin with', value: Number },
  { flag: '--site <folder>', option: 'site', path: 'site', about: 'another site description' },
  { flag: '--now <date>', option: 'now', path: 'run.now', about: 'the day the run pretends to be' },
  { flag: '--skip-blocked', option: 'skipBlocked', path: 'run.on_blocking', about: 'load the rest when documents have blocking findings', value: () => 'skip_documents' },
]

export function overridesOf(options: Record<string, unknown>): Override[] {
  return RUN_FLAGS.filter(({ option }) => options[option] !== undefined)
    .map(({ flag, option, path, value }) => ({ path, value: value ? value(options[option]) : options[option], flag: flag.split(' ')[0] ?? flag }))
}

export function addRunFlags(command: Command): Command {
  for (const { flag, about } of RUN_FLAGS) command.option(flag, about)
  return command
}
