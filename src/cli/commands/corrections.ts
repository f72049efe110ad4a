import { join } from 'node:path'
import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { addCorrections, CORRECTIONS_FILE, readCorrections, undoCorrection, type KeptCorrection } from '../../ledger/corrections.ts'
import { recordsOf } from '../../mapping/corrected.ts'
import { systemClock, timestamp } from '../../model/clock.ts'
import { formatKey } from '../../model/key.ts'
import { didYouMean } from '../../model/closest.ts'
import { currentRecords } from '../../phases/dead-letters.ts'
import { rawRelation, relationSql } from '../../staging/load.ts'
import { ident, literal } from '../../staging/staging.ts'
import { unfitValues, whoAmI } from '../deadletters/intake.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { stagedPlan } from '../staged-plan.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  const command = program.command('corrections').description(`Edits of legacy records by people, kept in ${CORRECTIONS_FILE} with who, when, before and after. The source is never written.`)
  command.command('list', { isDefault: true }).description('All of them, those taken back too.')
    .option('--entity <name>', 'only of this entity')
    .addHelpText('after', '\nExamples:\n  $ landfall corrections list\n  $ landfall corrections list --entity customers --json')
    .action((flags: { entity?: string }, own: Command) => { list(environmentOf(own, signal), flags.entity) })
  command.command('set').argument('<entity>', 'entity of the project').argument('<key>', 'key of the record; several parts with / between').argument('<value...>', 'column=value; column= for no value')
    .description('Correct one record, as it is staged.')
    .addHelpText('after', '\nExamples:\n  $ landfall corrections set customers ALFKI email=info@alfki.example\n  $ landfall corrections set order_details "10248 / 11" quantity=12')
    .action((entity: string, key: string, values: string[], _: object, own: Command) => set(environmentOf(own, signal), entity, key, values))
  command.command('undo').argument('<id>', 'of the correction').description('Take a correction back.')
    .addHelpText('after', '\nExamples:\n  $ landfall corrections undo 9c41f2aa')
    .action((id: string, _: object, own: Command) => {
      const env = environmentOf(own, signal), undone = undoCorrection(fileOf(env), id, timestamp(systemClock), whoAmI())
      env.terminal.emitOrPrint({ type: 'undone', ...undone }, `Correction ${id} of ${undone.entity} was taken back. It counts from the next run or retry on.`)
    })
}

const fileOf = (env: Environment): string => join(loadProject(env.globals.project).paths.root, CORRECTIONS_FILE)

function list(env: Environment, entity: string | undefined): void {
  const kept = readCorrections(fileOf(env)).filter((one) => entity === undefined || one.entity === entity)
  if (env.terminal.json) { for (const one of kept) env.terminal.emit(one); return }
  if (kept.length === 0) return env.terminal.print('Nothing was corrected.')
  env.terminal.print(formatTable(['id', 'when', 'who', 'entity', 'record', 'column', 'before', 'after', ''], kept.flatMap(rowsOf)))
}

function rowsOf(one: KeptCorrection): string[][] {
  const shown = (text: string | null): string => (text === null ? '(none)' : text.length > 30 ? `${text.slice(0, 29)}…` : text)
  return Object.entries(one.changes).map(([column, { old: before, new: after }]) => [one.id, one.at.slice(0, 16), one.by, one.entity, one.key ?? `#${one.row}`, column, shown(before), shown(after), one.undone === null ? '' : `taken back ${one.undone.at.slice(0, 16)}`])
}

async function set(env: Environment, name: string, keyText: string, given: string[]): Promise<void> {
  await withWorkspace(env, [], async (workspace) => {
    const { staging } = workspace, compiled = await stagedPlan(workspace), entity = compiled.entities.get(name)
    if (!entity) throw new LandfallError('usage', `The project has no entity "${name}"${didYouMean(name, [...compiled.entities.keys()])}.`, { hint: `Entities: ${[...compiled.entities.keys()].join(', ')}.` })
    const records = await recordsOf(staging, entity.source, entity.table), columns = (await staging.columnsOf(records)).map((column) => column.name).filter((column) => column !== '_row')
    const row = await ordinalOf(workspace.staging, entity, records, keyText)
    const [current] = await currentRecords(staging, records, columns, [row]), [read] = await currentRecords(staging, relationSql(rawRelation(entity.source, entity.table)), columns, [row])
    const changes: KeptCorrection['changes'] = {}
    for (const item of given) {
      const at = item.indexOf('='), column = item.slice(0, at)
      if (at < 1 || !columns.includes(column)) throw new LandfallError('usage', `"${item}" is no column=value of ${name}${didYouMean(column, columns)}.`, { hint: `Columns: ${columns.join(', ')}.` })
      changes[column] = { old: current!.values[columns.indexOf(column)] ?? null, new: item.slice(at + 1) === '' ? null : item.slice(at + 1) }
    }
    const values = columns.map((column, i) => (column in changes ? changes[column]!.new : current!.values[i] ?? null))
    const [unfit] = await unfitValues(staging, entity, compiled, columns, [values], new Map([[1, Object.keys(changes)]]))
    if (unfit) throw new LandfallError('usage', `${unfit.column ?? name}: ${unfit.column === null ? '' : `"${changes[unfit.column]?.new ?? ''}" `}${unfit.reason}.`, { where: { entity: name, record: keyText }, hint: 'Give a value as the source would hold it.' })
    const [made] = addCorrections(join(workspace.project.paths.root, CORRECTIONS_FILE), [{ at: timestamp(workspace.clock), by: whoAmI(), entity: name, source: entity.source, table: entity.table, row, key: keyText, hash: read?.state ?? current!.state, unread: false, changes, why: 'landfall corrections set' }])
    env.terminal.emitOrPrint({ type: 'corrected', ...made }, formatTable(['id', 'when', 'who', 'entity', 'record', 'column', 'before', 'after', ''], rowsOf({ ...made!, undone: null })))
    env.terminal.say('It counts from the next run or retry on.')
  })
}

/** The ordinal of a record by its key in `clean`, or by `#ordinal`. Throws `usage`. */
async function ordinalOf(staging: Parameters<typeof recordsOf>[0], entity: { name: string; clean: string }, records: string, keyText: string): Promise<number> {
  const ordinal = /^#(\d+)$/.exec(keyText)?.[1], key = formatKey(keyText.split(' / '))
  const found = ordinal !== undefined ? await staging.one<{ row: number }>(`SELECT _row AS row FROM ${records} WHERE _row = ${ordinal}`)
    : await staging.one<{ row: number }>(`SELECT _row AS row FROM ${entity.clean} WHERE _key = ${literal(key)} UNION ALL SELECT ordinal FROM ops.left_out WHERE entity = ${literal(entity.name)} AND ${ident('key')} = ${literal(key)} LIMIT 1`)
  if (!found) throw new LandfallError('usage', `${entity.name} has no record ${keyText}.`, { hint: 'Give the key as landfall findings shows it, or #ordinal.' })
  return Number(found.row)
}
