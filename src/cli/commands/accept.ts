import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { runScripts } from '../../phases/acceptance/machine.ts'
import { trainingNotes } from '../../phases/acceptance/training.ts'
import { acceptanceMarkdown, acceptancePage, trainingMarkdown, trainingPage } from '../../report/acceptance-page.ts'
import { Acceptance } from '../acceptance/acceptance.ts'
import { siteHands } from '../acceptance/hands.ts'
import { writeWorkbook } from '../acceptance/workbook.ts'
import { openAudit, whoAmI } from '../audit.ts'
import { colors } from '../colors.ts'
import type { Workspace } from '../compose.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'

/** Opens the acceptance of the last run for one subcommand. */
type Work<T> = (env: Environment, workspace: Workspace, acceptance: Acceptance, options: T) => Promise<void>

const EXAMPLES: Record<string, string[]> = {
  prepare: ['landfall accept prepare --each 3'],
  test: ['landfall accept test'],
  record: ['landfall accept record 4 --by "Anna Huber" --remark "address is right"', 'landfall accept record 7 8 --failed --remark "no tax number on the print"'],
  status: ['landfall accept status --json | jq .gates'],
  sign: ['landfall accept sign --by "Ben Okafor" --role "head of finance"', 'landfall accept sign --verify'],
  training: ['landfall accept training --out training'],
}

export function register(program: Command, signal: AbortSignal): void {
  const accept = program.command('accept').description('Acceptance: test scripts from the data, results by machine and by people, criteria that are computed, signatures that are bound to what they sign.')
  const add = <T>(command: Command, work: Work<T>): Command => command.action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command, env = environmentOf(self, signal)
    await withWorkspace(env, [], (workspace) => work(env, workspace, new Acceptance(workspace), { ...self.opts(), args: self.args } as T))
  })
  add<{ each: string; seed: string; out?: string }>(accept.command('prepare').description('Make the test scripts from what was loaded, and run by machine what a machine can.')
    .option('--each <n>', 'documents of each DocType', '2').option('--seed <n>', 'picks the documents', '1').option('-o, --out <folder>', 'where the pages go; default: .landfall/acceptance/RUN'), prepare)
  add<{ out?: string }>(accept.command('test').description('Run the scripts by machine again: documents are read from the site, payments posted in the predicted books and taken back.').option('-o, --out <folder>', 'where the pages go'), test)
  add<{ by?: string; remark?: string; failed?: boolean; skipped?: boolean; out?: string; args: string[] }>(accept.command('record <script...>').description('Note what a person found: one script or several, by number or id.')
    .option('--by <name>', 'who tried it; default: the user of this machine').option('--remark <text>', 'what was seen').option('--failed', 'it did not work').option('--skipped', 'it was not tried').option('-o, --out <folder>', 'where the pages go'), record)
  add<{ out?: string }>(accept.command('status').description('The criteria as they are now, and what is missing.').option('-o, --out <folder>', 'where the pages go'), async (env, workspace, acceptance, options) => show(env, workspace, acceptance, options.out))
  add<{ by?: string; role: string; remark?: string; verify?: boolean; out?: string }>(accept.command('sign').description('Sign the run off, bound to the hashes of plan, mapping, proof, rollback, scripts and results. Refused while a criterion is not met.')
    .option('--by <name>', 'who signs; default: the user of this machine').option('--role <text>', 'in what role', 'project owner').option('--remark <text>', 'reservations and remarks').option('--verify', 'sign nothing: say whether the signatures still hold').option('-o, --out <folder>', 'where the pages go'), sign)
  add<{ out?: string }>(accept.command('training').description('Training notes from the mapping: old screen and field, new place.').option('-o, --out <folder>', 'where they go; default: .landfall/acceptance/RUN'), training)
  for (const command of accept.commands) command.addHelpText('after', `\nExamples:\n${EXAMPLES[command.name()]!.map((line) => `  $ ${line}`).join('\n')}`)
  accept.addHelpText('after', `\nExamples:\n${['prepare', 'record', 'sign'].map((name) => `  $ ${EXAMPLES[name]![0]}`).join('\n')}`)
}

async function prepare(env: Environment, workspace: Workspace, acceptance: Acceptance, options: { each: string; seed: string; out?: string }): Promise<void> {
  const scripts = await acceptance.prepare(Number(options.each), Number(options.seed))
  openAudit(workspace.project, workspace.clock).append(whoAmI(), 'acceptance-prepared', { run: acceptance.facts.run, scripts: scripts.length })
  await test(env, workspace, acceptance, options)
}

async function test(env: Environment, workspace: Workspace, acceptance: Acceptance, options: { out?: string }): Promise<void> {
  const hands = siteHands(workspace), { staging, site, clock } = workspace
  try {
    const results = await runScripts({ staging, site, clock, hands, scripts: needed(acceptance) })
    acceptance.keepMachine(results)
    openAudit(workspace.project, clock).append('landfall', 'acceptance-tested', { run: acceptance.facts.run, on: hands.where, passed: results.filter((one) => one.status === 'passed').length, failed: results.filter((one) => one.status === 'failed').map((one) => one.script) })
    const titles = new Map(acceptance.scripts().map((script) => [script.id, script.title]))
    for (const one of results) if (!env.terminal.json && one.status !== 'passed') env.terminal.print(`${one.status === 'failed' ? colors.red('failed   ') : colors.yellow('unchecked')} ${titles.get(one.script)}: ${one.detail}`)
    if (results.some((one) => one.status === 'failed')) process.exitCode = 1
  } finally {
    await hands.close()
  }
  await show(env, workspace, acceptance, options.out)
}

async function record(env: Environment, workspace: Workspace, acceptance: Acceptance, options: { by?: string; remark?: string; failed?: boolean; skipped?: boolean; out?: string; args: string[] }): Promise<void> {
  if (options.failed && options.skipped) throw new LandfallError('usage', 'A script is failed or skipped, not both.')
  for (const script of options.args) acceptance.record(script, options.failed ? 'failed' : options.skipped ? 'skipped' : 'passed', options.by ?? whoAmI(), options.remark ?? '')
  await show(env, workspace, acceptance, options.out)
}

async function sign(env: Environment, workspace: Workspace, acceptance: Acceptance, options: { by?: string; role: string; remark?: string; verify?: boolean; out?: string }): Promise<void> {
  if (!options.verify) {
    const signed = await acceptance.sign(options.by ?? whoAmI(), options.role, options.remark ?? '')
    env.terminal.say(`Signed by ${signed.by} (${signed.role}); audit trail ${signed.auditHead}`)
  }
  for (const one of acceptance.signed()) {
    const changed = acceptance.changedSince(one)
    if (!env.terminal.json) env.terminal.print(changed.length === 0 ? `${colors.green('holds ')} ${one.by} (${one.role}), ${one.at.slice(0, 16)}` : `${colors.red('broken')} ${one.by} (${one.role}), ${one.at.slice(0, 16)}: ${changed.join(', ')} changed since`)
    if (changed.length > 0) process.exitCode = 1
  }
  await show(env, workspace, acceptance, options.out)
}

async function training(env: Environment, workspace: Workspace, acceptance: Acceptance, options: { out?: string }): Promise<void> {
  const view = { project: workspace.project.config.project, screens: trainingNotes(workspace.mappings(), workspace.site) }, folder = options.out ?? acceptance.folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'training.html'), trainingPage(view))
  writeFileSync(join(folder, 'training.md'), trainingMarkdown(view))
  env.terminal.emitOrPrint({ type: 'result', ...view }, `Training notes: ${join(folder, 'training.html')}`)
}

function needed(acceptance: Acceptance): ReturnType<Acceptance['scripts']> {
  const scripts = acceptance.scripts()
  if (scripts.length === 0) throw new LandfallError('usage', 'There are no test scripts yet.', { hint: 'landfall accept prepare' })
  return scripts
}

/** Writes the pages and shows the criteria. */
async function show({ terminal }: Environment, _workspace: Workspace, acceptance: Acceptance, out: string | undefined): Promise<void> {
  const view = await acceptance.view(), folder = out ?? acceptance.folder
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries({ 'acceptance.html': acceptancePage(view), 'acceptance.md': acceptanceMarkdown(view), 'acceptance.json': `${JSON.stringify(view, null, 1)}\n` })) writeFileSync(join(folder, name), text)
  await writeWorkbook(join(folder, 'acceptance.xlsx'), view)
  if (terminal.json) return terminal.emit({ type: 'result', ...view })
  for (const gate of view.gates) terminal.print(`${gate.passed ? colors.green('passed') : colors.red('missed')}  ${gate.title}: ${gate.value} ${colors.dim(`(${gate.limit})`)}`)
  terminal.print(`${view.scripts.length} scripts; pages: ${join(folder, 'acceptance.html')}, .md, .xlsx, .json`)
}
