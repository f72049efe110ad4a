import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { durationMs, syncRule } from '../../config/sync-schema.ts'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { runSync, type SyncResult } from '../../run/sync.ts'
import type { Workspace } from '../compose.ts'
import { colors } from '../colors.ts'
import { environmentOf, saveFacts, withWorkspace, type Environment } from '../environment.ts'
import { Progress } from '../progress.ts'
import { metricsText, serveMetrics } from '../sync/metrics.ts'
import { noteSync, readConflicts, write, type SyncState } from '../sync/state.ts'
import { installTimer } from '../sync/timer.ts'
import { formatCount, formatSeconds, formatTable, type Terminal } from '../terminal.ts'

interface Options { every?: number; once?: boolean; all?: boolean; verify?: boolean; metrics?: number; install?: string | true; conflicts?: boolean }

export function register(program: Command, signal: AbortSignal): void {
  program.command('sync').description('Bring what changed in the legacy system since the last run or sync: new, changed and deleted records, never over what people changed on the site.')
    .option('--once', 'one sync, as without it (for cron)')
    .option('--every <time>', 'again and again: 15m, 1h, hourly', duration)
    .option('--all', 'compare every record and look at every document again, whatever was read before')
    .option('--verify', 'prove the result afterwards, as a run does')
    .option('--metrics <port>', 'serve Prometheus metrics at 127.0.0.1:PORT/metrics meanwhile', Number)
    .option('--install [folder]', 'write a systemd service and timer; default folder: ~/.config/systemd/user')
    .option('--conflicts', 'only list what waits for a decision')
    .addHelpText('after', '\nExamples:\n  $ landfall sync\n  $ landfall sync --every 15m --metrics 9469\n  $ landfall sync --install && systemctl --user enable --now landfall-sync-PROJECT.timer\n  $ landfall sync --conflicts')
    .action(async (options: Options, command: Command) => {
      const env = environmentOf(command, signal)
      if (options.install !== undefined) return install(env, options)
      if (options.conflicts) return showConflicts(env)
      process.exitCode = await (options.every === undefined ? once(env, options) : again(env, options, options.every))
    })
}

function duration(text: string): number {
  const ms = durationMs(text)
  if (ms === null || ms < 1000) throw new InvalidArgumentError('A duration of a second or more: 30s, 15m, 1h, hourly, daily.')
  return ms
}

function install(env: Environment, options: Options): void {
  const project = loadProject(env.globals.project), folder = options.install === true ? join(homedir(), '.config', 'systemd', 'user') : resolve(String(options.install))
  const everyMs = options.every ?? syncRule(project.config.sync, undefined)?.frequencyMs ?? 3_600_000
  const files = installTimer(project, folder, [process.execPath, resolve(process.argv[1] ?? '')], everyMs)
  env.terminal.emitOrPrint({ type: 'installed', ...files }, `Wrote ${files.service}\n      ${files.timer}\nStart it with: systemctl --user daemon-reload && systemctl --user enable --now ${files.name}.timer`)
}

function showConflicts(env: Environment): void {
  const conflicts = readConflicts(loadProject(env.globals.project))
  if (env.terminal.json) { for (const conflict of conflicts) env.terminal.emit({ type: 'conflict', ...conflict }) ; return }
  if (conflicts.length === 0) return env.terminal.print('Nothing waits for a decision.')
  env.terminal.print(formatTable(['document', 'record', 'field', 'was', 'site', 'legacy', 'why'], conflicts.map(({ doctype, name, entity, key, field, was, site, source, why }) => [`${doctype} ${name}`, `${entity} ${key}`, field, was ?? '', site ?? '', source ?? '', why])))
}

async function once(env: Environment, options: Options): Promise<number> {
  const served = options.metrics === undefined ? null : await serveMetrics(loadProject(env.globals.project), options.metrics)
  try {
    return await syncOnce(env, options)
  } finally {
    served?.server.close()
  }
}

/** Syncs until it is stopped. A sync that fails is told and tried again at its time; one that takes longer than the time between is followed at once. */
async function again(env: Environment, options: Options, everyMs: number): Promise<number> {
  const project = loadProject(env.globals.project)
  const served = options.metrics === undefined ? null : await serveMetrics(project, options.metrics)
  if (served) env.terminal.say(`Metrics: http://127.0.0.1:${served.port}/metrics`)
  try {
    for (let next = performanceNow(); !env.signal.aborted;) {
      try {
        await syncOnce(env, options)
      } catch (error) {
        if (error instanceof LandfallError && (error.kind === 'usage' || error.code === 'interrupted')) throw error
        env.terminal.say(`${colors.yellow('!')} ${messageOf(error).split('\n')[0] ?? ''}; the next sync is in ${formatSeconds(everyMs)}`)
      }
      next = Math.max(next + everyMs, performanceNow())
      await sleep(next - performanceNow(), undefined, { signal: env.signal }).catch(() => undefined)
    }
    return 0
  } finally {
    served?.server.close()
  }
}

const performanceNow = (): number => Math.round(process.uptime() * 1000)

async function syncOnce(env: Environment, options: Options): Promise<number> {
  const project = loadProject(env.globals.project)
  const note = async (at: string, outcome: SyncResult | { error: string }): Promise<SyncState> => {
    const state = noteSync(project, at, outcome)
    write(project, 'metrics.prom', await metricsText(project, state))
    return state
  }
  let at = ''
  try {
    return await withWorkspace(env, [], async (workspace) => {
      at = new Date(workspace.clock.now()).toISOString()
      const result = await syncWorkspace(env, workspace, options)
      if (result.facts !== null) saveFacts(workspace, result.facts)
      await note(at, result)
      return showSync(env.terminal, result)
    })
  } catch (error) {
    if (error instanceof LandfallError && error.code === 'staging-locked') throw new LandfallError('staging-locked', 'Another sync or run of this project is going on.', { hint: 'Wait for it to end: two at once would write the same documents.', cause: error })
    if (at !== '') await note(at, { error: messageOf(error).split('\n')[0] ?? '' })
    throw error
  }
}

/** One sync over an open workspace. */
export async function syncWorkspace(env: Environment, workspace: Workspace, options: { all?: boolean; verify?: boolean }): Promise<SyncResult> {
  const progress = new Progress(env.terminal, () => workspace.clock.elapsed()), rules = new Map(workspace.mappings().map(({ mapping }) => [mapping.entity, mapping.sync]))
  try {
    return await runSync(workspace.migration(), workspace.ports((event) => progress.show(event)), {
      rule: (entity) => syncRule(workspace.project.config.sync, rules.get(entity)), log: { slot: workspace.project.config.sync.slot, serverId: workspace.project.config.sync.server_id }, all: options.all ?? false, prove: options.verify ?? false,
    })
  } finally {
    progress.close()
  }
}

function showSync(terminal: Terminal, result: SyncResult): number {
  const failed = result.facts?.proof?.results.filter((check) => check.status === 'failed') ?? []
  if (terminal.json) {
    const { facts: _facts, ...shown } = result
    terminal.emit({ type: 'synced', ...shown, proof: result.facts?.proof == null ? null : { passed: failed.length === 0, failed: failed.length } })
    return failed.length > 0 ? 1 : 0
  }
  const busy = result.detected.filter((one) => one.inserted + one.updated + one.deleted > 0)
  if (busy.length > 0) terminal.print(formatTable(['entity', 'found by', 'new', 'changed', 'gone'], busy.map((one) => [one.entity, one.how, one.inserted, one.updated, one.deleted])))
  for (const { entity, heldBy } of result.detected) if (heldBy !== null) terminal.print(`${colors.yellow('!')} ${entity}: ${heldBy}; what comes after is read by a later sync`)
  terminal.print(result.run === null ? `Nothing changed (${result.detected.length} entities looked at in ${formatSeconds(result.milliseconds)})`
    : `Documents: ${formatCount(result.inserted)} new, ${formatCount(result.changed)} changed, ${formatCount(result.gone)} whose record is gone (${formatSeconds(result.milliseconds)})`)
  if (result.conflicts.length > 0) terminal.print(`${colors.yellow(`${formatCount(result.conflicts.length)} wait for a decision`)}: landfall sync --conflicts`)
  if (result.facts?.proof) terminal.print(`Proof: ${failed.length === 0 ? colors.green('passed') : colors.red(`${failed.length} checks failed`)}`)
  for (const check of failed.slice(0, 10)) {
    terminal.print(`  ${check.title}: ${check.summary}`)
    for (const failure of check.failures.slice(0, 3)) terminal.print(colors.dim(`    ${failure.doctype} ${failure.name ?? failure.key ?? ''}: ${failure.detail}`))
  }
  return failed.length > 0 ? 1 : 0
}

/** A line for `landfall status`; null when there was no sync. */
export function syncLine(state: SyncState | null): string | null {
  if (state === null) return null
  const lag = Math.max(-1, ...state.entities.map((entity) => entity.lagSeconds ?? -1))
  return `Sync: ${state.lastSuccess === null ? 'none came to its end' : `last success ${state.lastSuccess.slice(0, 19).replace('T', ' ')} UTC`}${lag < 0 ? '' : `, ${lag.toFixed(1)} s behind the source then`}, ${formatCount(state.written)} documents written by ${formatCount(state.syncs)} syncs${state.conflicts > 0 ? `, ${formatCount(state.conflicts)} wait for a decision` : ''}${state.lastError === null ? '' : `\n      the last one failed: ${state.lastError}`}`
}
