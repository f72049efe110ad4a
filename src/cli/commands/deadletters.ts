import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { addCorrections, CORRECTIONS_FILE } from '../../ledger/corrections.ts'
import { timestamp } from '../../model/clock.ts'
import { deadLetters } from '../../phases/dead-letters.ts'
import { causeCondition, causeId, causeText, groupFindings } from '../../phases/preflight.ts'
import { readLetterBook, writeLetterBook } from '../deadletters/book.ts'
import { takeBack } from '../deadletters/intake.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { retryAndReport } from './retry.ts'
import { stagedPlan } from '../staged-plan.ts'
import { formatCount, formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  const command = program.command('deadletters').description('Records that did not go over, as an Excel book to be corrected by those who know them, and back.')
  command.command('export').argument('<file>', 'the .xlsx to write')
    .description('Write the legacy records behind blocking findings and those that were set aside: one sheet per entity, with the reason and the suggested fix. Texts never become formulas; nothing is altered.')
    .option('--cause <id>', 'only those of one cause, of whatever severity')
    .option('--limit <n>', 'records of an entity at most', '10000')
    .addHelpText('after', '\nExamples:\n  $ landfall deadletters export refused.xlsx\n  $ landfall deadletters export uoms.xlsx --cause 3fa9c1d2')
    .action((file: string, flags: { cause?: string; limit: string }, own: Command) => exportBook(environmentOf(own, signal), file, flags))
  command.command('import').argument('<file>', 'the book, corrected')
    .description(`Take a corrected book back: edits are checked against the types of their columns and kept in ${CORRECTIONS_FILE}; all of them or none. A record that changed since the export is refused.`)
    .option('--retry', 'map, check and load again the documents of the causes that were corrected, and no others')
    .option('-o, --out <folder>', 'where the report of the retry goes; default: .landfall/runs/RUN')
    .addHelpText('after', '\nExamples:\n  $ landfall deadletters import refused.xlsx\n  $ landfall deadletters import refused.xlsx --retry')
    .action((file: string, flags: { retry?: boolean; out?: string }, own: Command) => importBook(environmentOf(own, signal), file, flags))
}

async function exportBook(env: Environment, file: string, flags: { cause?: string; limit: string }): Promise<void> {
  const limit = Number(flags.limit)
  if (!Number.isInteger(limit) || limit < 1) throw new LandfallError('usage', `--limit ${flags.limit} is no number of records.`, { hint: 'A whole number of 1 or more.' })
  if (!/\.xlsx$/i.test(file)) throw new LandfallError('usage', `${file} is no .xlsx.`, { hint: 'Name the Excel book to write: refused.xlsx' })
  await withWorkspace(env, [], async (workspace) => {
    const { staging, project, clock } = workspace
    const compiled = await stagedPlan(workspace)
    const group = flags.cause === undefined ? null : (await groupFindings(staging, { cause: flags.cause }))[0]
    if (group === undefined) throw new LandfallError('usage', `There is no cause "${flags.cause}".`, { hint: 'landfall findings lists them with their ids.' })
    const entities = [...compiled.entities.values()].map(({ name, source, table }) => ({ name, source, table }))
    const sheets = await deadLetters(staging, entities, workspace.mappings(), { condition: group === null ? null : causeCondition(group, 'f.'), limit })
    const path = resolve(file), records = sheets.reduce((sum, sheet) => sum + sheet.letters.length, 0)
    if (records > 0) await writeLetterBook(path, sheets, { project: project.config.project, at: timestamp(clock), idOf: (cause) => causeId(causeText(cause)) })
    if (env.terminal.json) return env.terminal.emit({ type: 'result', file: records > 0 ? relative('.', path) : null, records, entities: sheets.map((sheet) => ({ entity: sheet.entity, records: sheet.letters.length })) })
    if (records === 0) return env.terminal.print('There are no dead letters.')
    env.terminal.print(formatTable(['entity', 'records'], sheets.map((sheet) => [sheet.entity, sheet.letters.length])))
    env.terminal.print(`${relative('.', path)}: correct the white cells, then: landfall deadletters import ${file} --retry`)
  })
}

async function importBook(env: Environment, file: string, flags: { retry?: boolean; out?: string }): Promise<void> {
  const book = await readLetterBook(resolve(file))
  const causes: string[] = []
  await withWorkspace(env, [], async (workspace) => {
    const intake = await takeBack(workspace, await stagedPlan(workspace), book, file)
    addCorrections(resolve(workspace.project.paths.root, CORRECTIONS_FILE), intake.corrections)
    causes.push(...intake.causes)
    const cells = intake.corrections.reduce((sum, { changes }) => sum + Object.keys(changes).length, 0)
    env.terminal.emitOrPrint({ type: 'corrected', records: intake.corrections.length, cells, unchanged: intake.unchanged, causes }, `${formatCount(intake.corrections.length)} records corrected (${formatCount(cells)} values), ${formatCount(intake.unchanged)} left as they were.`)
    if (!flags.retry && causes.length > 0) env.terminal.say(`landfall retry --cause ${causes.join(' ')}`)
  })
  // A retry begins with the corrections read anew, so the workspace is opened again.
  if (flags.retry && causes.length > 0) process.exitCode = await retryAndReport(env, [], causes, flags.out ?? null)
}
