import { join } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { readBooks, type Books, type BooksPeriod } from '../../checks/ledgers/books.ts'
import { ledgerConsistency } from '../../checks/ledgers/consistency.ts'
import { proveFigures } from '../../checks/ledgers/prove-ledgers.ts'
import { AGE_NAMES, type LedgerLine } from '../../checks/ledgers/spec.ts'
import type { CheckResult } from '../../checks/check.ts'
import { LandfallError } from '../../errors/error.ts'
import { displayKey } from '../../model/key.ts'
import { verify } from '../../phases/verify.ts'
import { makeContext } from '../../run/context.ts'
import { colors } from '../colors.ts'
import { environmentOf, readFacts, saveFacts, withWorkspace, type Environment } from '../environment.ts'
import { writeLedgerWorkbook } from '../ledger-workbook.ts'
import { showFacts } from '../outcome.ts'
import { Progress } from '../progress.ts'
import { writeReport } from '../reporting.ts'
import { formatTable, type Terminal } from '../terminal.ts'

interface Options { run?: string; out?: string; ledgers?: boolean; period: BooksPeriod; asOf?: string }

export function register(program: Command, signal: AbortSignal): void {
  program.command('verify').description('Prove the last run again: counts, totals, relations, integrity, ledgers, every field against the legacy record.')
    .option('--run <id>', 'which run; default: the last')
    .option('-o, --out <folder>', 'where the report goes; default: .landfall/runs/RUN')
    .option('--ledgers', 'only the ledgers: the legacy system\'s figures (proof.ledgers) against the site\'s, and the books themselves, also as a workbook')
    .option('--period <all|year|month>', 'with --ledgers: the trial balance as a whole, by year or by month', period, 'all')
    .option('--as-of <date>', 'with --ledgers: the books at the end of this day (YYYY-MM-DD); figures of proof.ledgers have a day of their own', day)
    .addHelpText('after', '\nExamples:\n  $ landfall verify\n  $ landfall verify --ledgers --as-of 2025-12-31\n  $ landfall verify --json | jq .status')
    .action(async (options: Options, command: Command) => {
      const env = environmentOf(command, signal)
      if (options.ledgers) process.exitCode = await verifyLedgers(env, options)
      else process.exitCode = await verifyRun(env, options)
    })
}

function period(text: string): BooksPeriod {
  if (text !== 'all' && text !== 'year' && text !== 'month') throw new InvalidArgumentError('Allowed: all, year, month.')
  return text
}

function day(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('A date, YYYY-MM-DD.')
  return text
}

async function verifyRun(env: Environment, options: Options): Promise<number> {
  return withWorkspace(env, [{ path: 'run.verify', value: true, flag: 'verify' }], async (workspace) => {
    const facts = readFacts(workspace, options.run ?? null)
    const { prove } = workspace.migration()
    if (prove === null || facts.extracted === null) throw new LandfallError('usage', `Run ${facts.run} has read nothing that could be proven.`, { hint: 'landfall run' })
    const progress = new Progress(env.terminal, () => workspace.clock.elapsed())
    facts.proof = await verify(makeContext(workspace.ports((event) => progress.show(event)), facts.run), prove(facts.extracted))
    progress.close()
    saveFacts(workspace, facts)
    return showFacts(env.terminal, facts, await writeReport(workspace, facts, options.out ?? null))
  })
}

async function verifyLedgers(env: Environment, options: Options): Promise<number> {
  return withWorkspace(env, [], async (workspace) => {
    const facts = readFacts(workspace, options.run ?? null)
    if (facts.extracted === null) throw new LandfallError('usage', `Run ${facts.run} has read nothing that could be proven.`, { hint: 'landfall run' })
    const { staging, project } = workspace, tolerance = String(project.config.requirements.tolerance)
    const figures = await proveFigures(staging, workspace.ledgers(facts.extracted), tolerance)
    const checks = [...figures.results, ...await ledgerConsistency(staging, tolerance)]
    const books = await readBooks(staging, options.period, options.asOf ?? null)
    const path = join(options.out ?? join(project.paths.runs, facts.run), 'ledgers.xlsx')
    await writeLedgerWorkbook(path, figures.lines, books)
    const failed = checks.some((check) => check.status === 'failed')
    if (env.terminal.json) env.terminal.emit({ type: 'ledgers', run: facts.run, passed: !failed, checks, figures: figures.lines, books, workbook: path })
    else showLedgers(env.terminal, { checks, lines: figures.lines, books, path })
    return failed ? 1 : 0
  })
}

/** Differences shown on a terminal, and documents of each; the workbook has all. */
const SHOWN = { differences: 20, documents: 5, parties: 10 }

function showLedgers(terminal: Terminal, proof: { checks: CheckResult[]; lines: LedgerLine[]; books: Books; path: string }): void {
  const { trialBalance, receivable, payable, stock } = proof.books
  const print = (title: string, heads: string[], rows: string[][]): void => { if (rows.length > 0) terminal.print(`${title}\n${formatTable(heads, rows)}\n`) }
  print('Trial balance', ['Company', 'Period', 'Account', 'Debit', 'Credit', 'Balance'], trialBalance.map((row) => [row.company, row.period, row.account, row.debit, row.credit, row.balance].map(cents)))
  for (const [title, rows] of [['Accounts receivable', receivable], ['Accounts payable', payable]] as const) {
    print(title, ['Party', 'Outstanding', ...AGE_NAMES], rows.slice(0, SHOWN.parties).map((row) => [row.party, row.outstanding, ...row.ages].map(cents)))
    if (rows.length > SHOWN.parties) terminal.print(colors.dim(`... and ${rows.length - SHOWN.parties} more parties\n`))
  }
  if (stock.length > 0) {
    const byWarehouse = [...Map.groupBy(stock, (row) => row.warehouse)].map(([warehouse, rows]) => [warehouse, String(rows.length), rows.reduce((sum, row) => sum + Number(row.value), 0).toFixed(2)])
    print('Stock', ['Warehouse', 'Items', 'Value'], byWarehouse)
  }
  for (const check of proof.checks) terminal.print(`${check.status === 'passed' ? colors.green('passed   ') : check.status === 'failed' ? colors.red('failed   ') : colors.yellow('unchecked')} ${check.title}: ${check.summary}`)
  const different = proof.lines.filter((line) => !line.passed)
  for (const line of different.slice(0, SHOWN.differences)) {
    terminal.print(`  ${[line.name, line.subject, line.period, line.currency, line.measure].filter((part) => part !== '').join(', ')}: legacy ${line.legacy}, site ${line.site}, difference ${line.difference}`)
    for (const one of line.vouchers.slice(0, SHOWN.documents)) terminal.print(colors.dim(`    ${one.doctype} ${one.name ?? ''} ${one.key === null ? '' : `(${one.entity ?? ''} ${displayKey(one.key)}) `}${one.legacy === null ? '' : `legacy ${cents(one.legacy)}, `}${one.site === null ? '' : `site ${cents(one.site)}, `}${one.why}`))
  }
  if (different.length > SHOWN.differences) terminal.print(colors.dim(`  ... and ${different.length - SHOWN.differences} more`))
  terminal.print(`Workbook: ${proof.path}`)
}

/** Decimal texts to the cent for eyes; other texts as they are. */
function cents(text: string): string {
  return /^-?\d+\.\d{3,}$/.test(text) ? text.replace(/0+$/, '').replace(/\.$/, '.00').replace(/\.(\d)$/, '.$10') : text
}
