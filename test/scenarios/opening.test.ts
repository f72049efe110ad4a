import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { landfall } from './command-line.ts'

vi.setConfig({ testTimeout: 300_000 })

const example = resolve(import.meta.dirname, '../../examples/opening')
const folders: string[] = []
afterEach(() => { for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true }) })

function project(edits: Record<string, (text: string) => string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-opening-'))
  folders.push(folder)
  cpSync(example, folder, { recursive: true, filter: (path) => !path.includes('.landfall') })
  for (const [file, edit] of Object.entries(edits)) {
    const before = readFileSync(join(folder, file), 'utf8'), after = edit(before)
    expect(after, `${file} was not changed`).not.toBe(before)
    writeFileSync(join(folder, file), after)
  }
  return folder
}

interface Ledgers { passed: boolean; figures: { name: string; subject: string; currency: string; measure: string; legacy: string; site: string; difference: string; passed: boolean }[]; books: { trialBalance: { account: string; balance: string }[] } }
const ledgers = async (folder: string): Promise<Ledgers> => JSON.parse((await landfall(['verify', '--ledgers', '--json'], { cwd: folder })).out) as Ledgers
const balance = (books: Ledgers['books'], account: string): number => Number(books.trialBalance.find((row) => row.account === account)?.balance ?? 0)

test('opening: trial balance, open items and stock are opened and tie out to the cent', async () => {
  const folder = project()
  const run = await landfall(['run', '--yes'], { cwd: folder })
  expect(run.out).toContain('Documents: 46 loaded, 0 there already, 0 refused')
  expect(run.out).toContain('Sum totals: 4 of 4 checks passed')
  expect(run.code).toBe(0)
  const proof = await ledgers(folder)
  expect(proof.passed).toBe(true)
  expect(balance(proof.books, 'Temporary Opening - NT')).toBe(0)
  // Income and expense are carried to retained earnings, control accounts come from their items.
  expect(balance(proof.books, 'Sales - NT')).toBe(0)
  const figure = (name: string, subject: string) => proof.figures.find((one) => one.name === name && one.subject === subject)
  expect(figure('Opening: trial balance', 'Retained Earnings - NT')).toMatchObject({ legacy: '-1087.85', site: '-1087.85' })
  expect(figure('Opening: trial balance', 'Debtors - NT')).toMatchObject({ legacy: '3995.49', site: '3995.49' })
  const again = await landfall(['run', '--yes'], { cwd: folder })
  expect(again.out).toContain('Documents: 0 loaded, 46 there already, 0 refused')
})

test('opening: items that do not add up to their control account leave the difference on the temporary account, by name', async () => {
  const folder = project({ 'data/open-customers.csv': (text) => text.replace(/^(.*INV-901,.*,)[\d.]+$/m, '$11.00'), 'data/stock.csv': (text) => text.replace(/^A-4,Stores,.*\n/m, '') })
  const run = await landfall(['run', '--yes'], { cwd: folder })
  expect(run.code).toBe(1)
  const proof = await ledgers(folder), off = proof.figures.filter((one) => !one.passed)
  expect(off.map((one) => one.subject).sort()).toEqual(['Debtors - NT', 'Stock In Hand - NT', 'Temporary Opening - NT'])
  const sum = off.reduce((total, one) => total + Number(one.difference), 0)
  expect(sum).toBeCloseTo(0, 9)
})

test('opening: open items in another currency, at the rate of the opening day', async () => {
  const folder = project({
    'data/customers.csv': (text) => `${text}C99,Ferry Markets\n`,
    'data/open-customers.csv': (text) => `${text.trim().split('\n').map((line, i) => `${line}${i === 0 ? ',currency,rate' : ',USD,1'}`).join('\n')}\nC99,INV-950,2025-11-20,2025-12-20,100.00,EUR,1.1\nC99,INV-951,2025-11-25,2025-12-25,-20.00,EUR,1.1\n`,
    'mappings/open_customers.yaml': (text) => `${text}  rate: {type: decimal}\n`,
    'data/trial-balance.csv': (text) => `${text}1310,88.00,\n3000,,88.00\n`.replace(/^3000,,20000.00\n/m, '').replace('3000,,88.00', '3000,,20088.00'),
    'accounts.csv': (text) => `${text}1310,Debtors EUR - NT\n`,
    'landfall.yaml': (text) => text.replace('    due_date: due\n    outstanding: amount\n  payable', '    due_date: due\n    outstanding: amount\n    currency: currency\n    conversion_rate: rate\n    account: {USD: Debtors - NT, EUR: Debtors EUR - NT}\n  payable'),
  })
  const run = await landfall(['run', '--yes'], { cwd: folder })
  expect(run.out).toContain('Sum totals: 4 of 4 checks passed')
  const proof = await ledgers(folder)
  expect(proof.figures.find((one) => one.subject === 'Ferry Markets' && one.measure === 'outstanding')).toMatchObject({ currency: 'EUR', legacy: '80.00', site: '80.00' })
  expect(balance(proof.books, 'Debtors EUR - NT')).toBe(88)
  expect(balance(proof.books, 'Temporary Opening - NT')).toBe(0)
})

test('opening: what cannot be is said with its place before anything is read', async () => {
  const wrong: [Record<string, (text: string) => string>, RegExp][] = [
    [{ 'landfall.yaml': (text) => text.replace('    retained_earnings: Retained Earnings - NT\n', '') }, /opening\.accounts\.retained_earnings: "4000" is Sales - NT, an account of profit and loss/],
    [{ 'landfall.yaml': (text) => text.replace('Retained Earnings - NT', 'Retained Earning - NT') }, /opening\.accounts\.retained_earnings: .*did you mean "Retained Earnings - NT"/],
    [{ 'landfall.yaml': (text) => text.replace('entity: open_customers', 'entity: open_customer') }, /opening\.receivable\.entity: there is no mapping file of "open_customer" \(did you mean "open_customers"\?\)/],
    [{ 'landfall.yaml': (text) => text.replace('  date: 2025-12-31', '  date: 2025-12-31\n  company: Nobody') }, /opening\.company: the site has no company "Nobody": it has Northwind Traders/],
  ]
  for (const [edits, message] of wrong) {
    const done = await landfall(['run', '--yes'], { cwd: project(edits) })
    expect(done.code).toBe(2)
    expect(done.err).toMatch(message)
  }
})
