import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import exceljs from 'exceljs'
import { afterEach, expect, test, vi } from 'vitest'
import { landfall } from './command-line.ts'

vi.setConfig({ testTimeout: 300_000 })

const example = resolve(import.meta.dirname, '../../examples/books')
const folders: string[] = []
afterEach(() => { for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true }) })

/** The example in a folder of its own, with edits of its files: {file: [[from, to], ...]}. Every edit must find its text. */
function books(edits: Record<string, [string, string][]> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-books-'))
  folders.push(folder)
  cpSync(example, folder, { recursive: true, filter: (path) => !path.includes('.landfall') })
  for (const [file, changes] of Object.entries(edits)) {
    let text = readFileSync(join(folder, file), 'utf8')
    for (const [from, to] of changes) {
      expect(text, `${file} has no ${from}`).toContain(from)
      text = text.replace(from, to)
    }
    writeFileSync(join(folder, file), text)
  }
  return folder
}

interface Figure { name: string; subject: string; measure: string; legacy: string; site: string; difference: string; passed: boolean; vouchers: { doctype: string; name: string | null; entity: string | null; key: string | null; why: string; legacy: string | null; site: string | null }[] }
interface Ledgers { passed: boolean; checks: { id: string; status: string; failures: { key: string | null; detail: string }[] }[]; figures: Figure[]; books: { trialBalance: { account: string; period: string; debit: string; balance: string }[] }; workbook: string }

async function ledgers(folder: string, ...args: string[]): Promise<Ledgers & { code: number }> {
  const done = await landfall(['verify', '--ledgers', '--json', ...args], { cwd: folder })
  expect(done.err).toBe('')
  return { ...(JSON.parse(done.out) as Ledgers), code: done.code }
}

test('books: trial balance and open items of both sides are equal, in the run, on the command line and in the workbook', async () => {
  const folder = books()
  const run = await landfall(['run', '--yes'], { cwd: folder })
  expect(run.out).toContain('Sum totals: 2 of 2 checks passed')
  expect(run.code).toBe(0)
  const proof = await ledgers(folder, '--period', 'month')
  expect(proof.code).toBe(0)
  expect(proof.figures.filter((figure) => figure.name === 'Trial balance 2025').length).toBe(8)
  expect(proof.figures.find((figure) => figure.subject === 'Debtors - NT')).toMatchObject({ legacy: '20098.20', site: '20098.20', difference: '0.00', passed: true })
  expect(proof.figures.some((figure) => figure.measure === 'age 121 and more')).toBe(true)
  // The balance of a month is carried on from the month before.
  const rent = proof.books.trialBalance.filter((row) => row.account === 'Office Rent - NT')
  expect(rent.map((row) => [row.period, Number(row.debit), Number(row.balance)]).slice(0, 3)).toEqual([['2025-01', 1250.5, 1250.5], ['2025-02', 1250.5, 2501], ['2025-03', 1250.5, 3751.5]])
  expect(proof.checks.map((check) => [check.id, check.status])).toEqual(expect.arrayContaining([['ledger:vouchers', 'passed'], ['ledger:parties', 'passed'], ['ledger:outstanding:Sales Invoice', 'passed']]))
  const book = new exceljs.Workbook()
  await book.xlsx.readFile(proof.workbook)
  const sheet = book.getWorksheet('Accounts receivable')!
  const total = sheet.getColumn(4).values.slice(2).reduce<number>((sum, value) => sum + Number(value), 0)
  expect(total).toBeCloseTo(20098.2, 6)
  const html = readFileSync(join(folder, '.landfall/runs', readdirSync(join(folder, '.landfall/runs'))[0]!, 'report.html'), 'utf8')
  expect(html).toContain('Trial balance of the site')
})

test('books: differences lead to the documents and legacy records behind them', async () => {
  const folder = books({
    // An invoice whose customer nobody knows, with its payment; a journal booked differently; a figure that is no number.
    'data/rechnungen.csv': [['R2505;K', 'R2505;KX']],
    'data/buchungszeilen.csv': [['B5;1;4110;1250,50', 'B5;1;4110;1350,50'], ['B5;2;1200;0,00;1250,50', 'B5;2;1200;0,00;1350,50']],
    'data/saldenliste.csv': [['4910;36,85', '4910;abc']],
  })
  const run = await landfall(['run', '--yes', '--skip-blocked'], { cwd: folder })
  expect(run.code).toBe(1)
  expect(run.out).toContain('Office Rent - NT: balance: legacy 15006.00, site 15106.00, difference -100.00')
  const proof = await ledgers(folder)
  expect(proof.code).toBe(1)
  const off = proof.figures.filter((figure) => !figure.passed)
  const rent = off.find((figure) => figure.subject === 'Office Rent - NT')!
  expect(rent.vouchers.find((one) => one.key === 'B5')).toMatchObject({ doctype: 'Journal Entry', entity: 'journals', site: '1350.500000000' })
  const sales = off.find((figure) => figure.subject === 'Sales - NT')!
  expect(sales.vouchers[0]).toMatchObject({ doctype: 'Sales Invoice', name: null, entity: 'invoices', key: 'R2505' })
  const balance = proof.checks.find((check) => check.id === 'ledger:Trial balance 2025')!
  expect(balance.failures.some((failure) => failure.key === '4910' && failure.detail.includes('"abc"'))).toBe(true)
})

test('books: open items that differ are compared invoice by invoice', async () => {
  const target = readFileSync(join(example, 'data/offene_posten.csv'), 'utf8').split('\n')[1]!, [, invoice = ''] = target.split(';')
  const folder = books({ 'data/offene_posten.csv': [[target, target.replace(/;[^;]*$/, ';1,00')]] })
  await landfall(['run', '--yes'], { cwd: folder })
  const proof = await ledgers(folder)
  const off = proof.figures.filter((figure) => !figure.passed && figure.measure === 'outstanding')
  expect(off.length).toBe(1)
  expect(off[0]!.vouchers.map((one) => [one.entity, one.key, one.why, Number(one.legacy)])).toEqual([['invoices', invoice, 'differs', 1]])
})

test('books: a mistake in proof.ledgers is told with its place before anything is read', async () => {
  const folder = books({ 'landfall.yaml': [['debit: soll', 'debit: sol'], ['outstanding: offen', 'outstanding: offen\n      item: offen']] })
  const done = await landfall(['run', '--yes'], { cwd: folder })
  expect(done.code).toBe(2)
  expect(done.err).toMatch(/landfall\.yaml:\d+:\d+: proof\.ledgers\[0\]\.debit: "trial_balance" has no column "sol" \(did you mean "soll"\?\)/)
  expect(done.err).toMatch(/proof\.ledgers\[1\]\.item: `item` says nothing about receivable/)
  expect(existsSync(join(folder, '.landfall/site.duckdb'))).toBe(true)
})
