import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { accountRecords } from '../../phases/account.ts'
import { FIGURES, traceFigure, type FigureTrace } from '../../phases/trace/figure.ts'
import { traceDocument, traceRecord, type DocumentTrace, type LegacyRecord, type RecordTrace, type TraceContext } from '../../phases/trace/trace.ts'
import { colors } from '../colors.ts'
import type { Workspace } from '../compose.ts'
import { environmentOf, readFacts, withWorkspace } from '../environment.ts'
import { formatTable, type Terminal } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('trace <what...>').description('From a number of the report to its documents, from a document to its legacy record, and back.')
    .option('--limit <n>', 'documents or records of a figure that are shown', '20')
    .addHelpText('after', `\nWhat can be traced:\n  DOCTYPE NAME         a document\n  ENTITY KEY...        a legacy record\n  ${FIGURES.join('\n  ')}\n\nExamples:\n  $ landfall trace Customer "Grünwald GmbH"\n  $ landfall trace order_lines 10248 11\n  $ landfall trace entity.customers.errors\n  $ landfall trace total.Orders --json`)
    .action(async (what: string[], options: { limit: string }, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [], async (workspace) => {
        const result = await traceAnything(workspace, what, Number(options.limit))
        if (env.terminal.json) env.terminal.emit({ type: 'trace', ...result })
        else if ('figure' in result) showFigure(env.terminal, result)
        else if ('fate' in result) showRecord(env.terminal, result)
        else showDocument(env.terminal, result)
      })
    })
}

/** The context of a trace of the last run that was read. */
export function traceContext(workspace: Workspace): TraceContext {
  const { extracted, run } = readFacts(workspace, null)
  if (extracted === null) throw new LandfallError('usage', `Run ${run} has read nothing that could be traced.`, { hint: 'landfall run' })
  return { staging: workspace.staging, extracted, mappings: workspace.mappings(), target: workspace.target }
}

/** Traces a figure, a document or a record, told apart by what there is. */
export async function traceAnything(workspace: Workspace, what: string[], limit: number): Promise<DocumentTrace | RecordTrace | FigureTrace> {
  const ctx = traceContext(workspace), [first = '', ...rest] = what
  const isDocument = workspace.site.doctype(first) !== undefined && rest.length === 1
  if (isDocument && !ctx.extracted.entities.some((one) => one.entity === first)) return traceDocument(ctx, first, rest[0]!)
  await accountRecords(workspace.staging, workspace.mappings(), ctx.extracted, workspace.target.documents)
  return rest.length === 0 ? traceFigure(ctx, workspace.project.config.proof.totals, first, limit) : traceRecord(ctx, first, rest)
}

function showDocument(terminal: Terminal, trace: DocumentTrace): void {
  terminal.print(`${trace.doctype} ${trace.name}  ${colors.dim(`docstatus ${trace.docstatus}, run ${trace.run}, phase ${trace.phase}`)}`)
  terminal.print(trace.record === null ? `  made for the key ${trace.key}; no legacy record stands behind it` : `  from ${trace.record.entity} ${trace.key}: ${trace.record.where}`)
  for (const one of trace.absorbed) terminal.print(`  and its duplicate ${one.key}: ${one.where}`)
  terminal.print('')
  terminal.print(formatTable(['Field', 'On the site', 'As mapped', 'From', 'Legacy record'], trace.fields.map((one) => [one.field, short(one.site), short(one.mapped), short(one.from), short(Object.entries(one.legacy).map(([column, value]) => `${column} = ${String(value)}`).join(', '))])))
  const rows = Object.entries(trace.rows)
  if (rows.length > 0) terminal.print(`\nRows it wrote: ${rows.map(([table, n]) => `${n} in ${table}`).join(', ')}`)
}

function showRecord(terminal: Terminal, trace: RecordTrace): void {
  terminal.print(`${trace.record.entity} ${trace.record.key}: ${trace.record.where}`)
  terminal.print(`  ${trace.fate === 'migrated' ? colors.green('migrated') : trace.fate === 'error' ? colors.red('error') : colors.yellow('skipped')}${trace.reason === null ? '' : `: ${trace.reason}`}`)
  for (const one of trace.documents) terminal.print(`  ${one.doctype} ${one.name}`)
  terminal.print(`  ${colors.dim(recordText(trace.record))}`)
}

function showFigure(terminal: Terminal, trace: FigureTrace): void {
  terminal.print(`${trace.figure}: ${trace.value} (${trace.of})`)
  terminal.print(formatTable(['Legacy key', 'Document', 'Legacy', 'Site', 'Why', 'Legacy record'], trace.items.map((one) => [one.key, one.document ?? '', one.legacy ?? '', one.site ?? '', short(one.reason), short(one.record === null ? '' : recordText(one.record))])))
  if (trace.count > trace.items.length) terminal.print(colors.dim(`... and ${trace.count - trace.items.length} more: --limit`))
}

const recordText = (record: LegacyRecord): string => Object.entries(record.record).filter(([, value]) => value !== null).map(([column, value]) => `${column}=${String(value)}`).join(' ')
const short = (text: string | null): string => (text === null ? '' : text.replaceAll('\n', ' ').length > 60 ? `${text.replaceAll('\n', ' ').slice(0, 59)}…` : text.replaceAll('\n', ' '))
