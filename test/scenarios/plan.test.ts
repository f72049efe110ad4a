import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import type { Strategy } from '../../src/model/strategy.ts'
import { secondsOf } from '../../src/phases/strategy.ts'
import { chromiumPath } from '../chromium.ts'
import { inProcess } from '../cli/in-process.ts'

vi.setConfig({ testTimeout: 300_000 })
const folder = mkdtempSync(join(tmpdir(), 'landfall-plan-')), books = join(folder, 'books'), shop = join(folder, 'shop')
beforeAll(() => {
  cpSync(resolve(import.meta.dirname, '../../examples/books'), books, { recursive: true, filter: (path) => !path.includes('.landfall') })
  writeFileSync(join(books, 'landfall.yaml'), `${readFileSync(join(books, 'landfall.yaml'), 'utf8')}
requirements:
  modules: [Accounts, Manufacturing]
  transformation_rules:
    - {doctype: Sales Invoice, field: items.rate}
    - {doctype: Customer, field: customer_name, transform: title_case, why: names are printed}
  timeline: {cutover: 2 hours}
  rollback: {within: 30 minutes}
  performance: {memory: 1GB}
`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a plan holds what is required against what is known, as YAML and as a page with a Gantt chart', async () => {
  const out = join(folder, 'plan'), file = join(books, '.landfall/pilots/p-1/pilot.json')
  mkdirSync(join(file, '..'), { recursive: true })
  const step = (name: string, phase: string | null, doctype: string | null, low: number, high: number): object => ({ step: name, phase, doctype, measured: [{ units: 10, seconds: 1 }], whole: 100, low, high })
  const doctypes = [['master', 'Customer'], ['historical', 'Journal Entry'], ['historical', 'Sales Invoice'], ['historical', 'Payment Entry']] as const
  writeFileSync(file, JSON.stringify({
    pilot: 'p-1', endedAt: '2026-11-20 10:00:00', sample: { records: 85, of: 183 }, whole: { Customer: 8, 'Journal Entry': 15, 'Sales Invoice': 30, 'Payment Entry': 18 }, documents: { drafts: 37, refused: 0 }, causes: [], proof: null, fingerprint: 'other', findings: { blocking: 0 }, projection: { low: 1, high: 2 },
    steps: [step('extract', null, null, 600, 600), step('cleanse', null, null, 60, 60), ...doctypes.flatMap(([phase, doctype]) => [step('map', phase, doctype, 3000, 30_000), step('load', phase, doctype, 20_000, 60_000)]), step('verify', null, null, 900, 1200), step('rollback', null, null, 100, 4000)],
  }))
  const done = await inProcess(books, 'plan', '--out', out)
  expect(done.code, done.err).toBe(0)
  const plan = parse(readFileSync(join(out, 'plan.yaml'), 'utf8')) as Strategy
  expect(plan.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(plan.phases.map(({ name, strategy, documents }) => [name, strategy, documents])).toEqual([['master', 'bulk import', 8], ['historical', 'batch processing', 63]])
  // 660 s of reading and 4 × 90,000 s of mapping and loading at most, 92,660 s at least: 48 hours are 172,800 s.
  expect(plan.windows.map(({ name, seconds, state }) => [name, seconds, state])).toEqual([['preparation', 1_209_600, 'unknown'], ['execution', 172_800, 'at risk'], ['validation', 604_800, 'met'], ['cutover', 7200, 'met']])
  expect(plan.windows[1]!.forecast).toEqual({ low: 92_660, high: 360_660 })
  expect(plan.requirements.map(({ requirement, wanted, state }) => [requirement, wanted.split(' (')[0], state])).toEqual([
    ['module', 'Accounts', 'met'], ['module', 'Manufacturing', 'missed'], ['transformation rule', 'Sales Invoice.items.rate is given', 'met'], ['transformation rule', 'Customer.customer_name is given through title_case', 'missed'],
    ['max_error_rate', '0.10 %', 'met'], ['rollback within', '30 minutes', 'missed'], ['rollback points', 'after each phase', 'met'], ['memory', '1GB', 'met'],
  ])
  expect(plan.rollbackPoints.map(({ command }) => command)).toEqual(['landfall rollback', 'landfall rollback --to master'])
  expect(plan.criticalPath[0]!.task).toMatch(/^Load /)
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage(), asked: string[] = [], problems: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => problems.push(String(error)))
    const address = pathToFileURL(join(out, 'plan.html')).href
    await page.goto(address)
    expect([asked, problems]).toEqual([[address], []])
    expect(await page.locator('section h2').allTextContents()).toEqual(['Windows', 'Execution, step by step', 'Validation, step by step', 'Cutover, step by step', 'Phases and waves', 'What takes the time', 'Requirements', 'Risks', 'Ways back'])
    expect(await page.locator('svg text').allTextContents()).toEqual(expect.arrayContaining(['Read the sources', 'Load historical, wave 2', 'days', 'window']))
  } finally {
    await browser.close()
  }
})

test('spans of time are read as they are written', () => {
  expect(['4 hours', '48 hours', '1 week', '2 weeks', '1.5 days', '30 minutes'].map(secondsOf)).toEqual([14_400, 172_800, 604_800, 1_209_600, 129_600, 1800])
})

test('a run loads only what pre-flight approved, and says what has changed since', async () => {
  for (const part of ['exports', 'mappings']) mkdirSync(join(shop, part), { recursive: true })
  writeFileSync(join(shop, 'landfall.yaml'), 'project: shop\nsources: {old: {kind: csv, path: exports}}\n')
  writeFileSync(join(shop, 'exports/brands.csv'), 'id,brand\n1,Alpha\n2,Beta\n')
  const mapping = 'entity: brands\nkey: id\ndoctype: Brand\nfields: {brand: brand}\n'
  writeFileSync(join(shop, 'mappings/brands.yaml'), mapping)
  expect((await inProcess(shop, 'plan', '--out', join(shop, 'plan'), '--quiet')).code).toBe(0)
  expect((await inProcess(shop, 'preflight', '--quiet')).code).toBe(0)
  writeFileSync(join(shop, 'mappings/brands.yaml'), mapping.replace('brand: brand}', 'brand: {field: brand, transform: upper}}'))
  const stale = await inProcess(shop, 'run', '--resume', '--json')
  expect([stale.code, stale.lines[0]]).toEqual([2, expect.objectContaining({ code: 'preflight-stale', message: expect.stringMatching(/^The mapping of brands \(mappings\/brands\.yaml\) changed since run/) as string, hint: expect.stringContaining('landfall run begins anew') as string })])
  expect((await inProcess(shop, 'run', '--plan', join(shop, 'plan/plan.yaml'))).err).toMatch(/preflight-stale.*are not those that were planned/)
  writeFileSync(join(shop, 'mappings/brands.yaml'), mapping)
  expect((await inProcess(shop, 'run', '--resume', '--plan', join(shop, 'plan/plan.yaml'), '--json')).lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 2 } })
})
