import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { DirtKind } from '../../src/cli/demo/dirt.ts'
import { prepareDemo, type Demo } from '../../src/cli/demo/project.ts'
import type { Assessment } from '../../src/model/assessment.ts'
import { chromiumPath } from '../chromium.ts'
import { landfall } from './command-line.ts'
import { northwindProject, type NorthwindProject } from './northwind.ts'

const read = (folder: string): Assessment => JSON.parse(readFileSync(join(folder, 'assessment.json'), 'utf8')) as Assessment
const relationsOf = (assessment: Assessment): string[] => assessment.relations.map(({ from, to }) => `${from.entity.split('.').at(-1)}.${from.columns.join('+')} > ${to.entity.split('.').at(-1)}.${to.columns.join('+')}`)

/** Precision and recall of relations against the truth, printed. */
function judge(name: string, found: string[], truth: string[]): { precision: number; recall: number } {
  const right = found.filter((one) => truth.includes(one)).length
  const result = { precision: right / found.length, recall: right / truth.length }
  console.log(`${name}: ${right} of ${truth.length} relations found again, precision ${result.precision.toFixed(3)}, recall ${result.recall.toFixed(3)}`, { missed: truth.filter((one) => !found.includes(one)), wrong: found.filter((one) => !truth.includes(one)) })
  return result
}

/** Which finding answers which kind of dirt. */
const FINDS: Record<DirtKind, string[]> = {
  duplicate_case: ['duplicate-same'], duplicate_accent: ['duplicate-same'], duplicate_space: ['duplicate-same'], duplicate_typo: ['duplicate-near'], orphan_order: ['orphan'], orphan_line: ['orphan'], orphan_activity: ['orphan'],
  zero_date: ['zero-date'], html_text: ['html-text'], formula_text: ['formula-text'], long_text: ['long-text'], missing_mandatory: ['missing-value'], wrong_email: ['wrong-email'], group_as_leaf: ['group-as-leaf'], unmapped_value: ['unlisted-value'],
  bad_number: ['not-a-number'], short_month: ['impossible-date'], early_delivery: ['date-order'],
}
/** Entities as the answer sheet calls them, where the source has another name. */
const NAMES: Record<string, string> = { items: 'Artikel' }

describe('the demo business, its declared keys and relations removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-assess-'))
  let demo: Demo, assessment: Assessment
  beforeAll(async () => {
    demo = await prepareDemo({ folder, records: 27_000, seed: 7 })
    const done = await landfall(['assess', '--ignore-declared', '--out', 'dossier'], { cwd: folder })
    expect(done.code, done.out + done.err).toBe(0)
    assessment = read(join(folder, 'dossier'))
  }, 300_000)
  afterAll(async () => {
    await demo.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('every kind of dirt is planted, and every piece of it is found, in its column, in as many records', () => {
    const missed: string[] = [], twins = new Set(demo.dirt.filter((entry) => entry.kind.startsWith('duplicate_')).map((entry) => entry.key))
    for (const [group, entries] of Map.groupBy(demo.dirt, (entry) => `${entry.kind} ${entry.entity} ${entry.column}`)) {
      const { kind, entity, column } = entries[0]!
      const found = assessment.findings.find((finding) => FINDS[kind].includes(finding.kind) && finding.entity.endsWith(`.${NAMES[entity] ?? entity}`) && (finding.columns[0] === column || finding.columns[1] === column || finding.columns[0]?.startsWith(`${column}.`)))
      const keys = new Set(entries.map((entry) => entry.key))
      if (!found) missed.push(`${group}: not found`)
      // The planted records and no others; but a duplicate repeats what its model was soiled with, and kinds of duplicates share a finding.
      else if (found.records < keys.size || found.records > keys.size + twins.size) missed.push(`${group}: ${found.records} records, ${keys.size} planted`)
      else if (found.examples.some((example) => { const key = String(example.key).split(' / ')[0]!; return !keys.has(key) && !twins.has(key) })) missed.push(`${group}: an example was not planted`)
      else if (found.remedy.name === '' || found.remedy.text === '') missed.push(`${group}: no way out`)
    }
    expect(missed).toEqual([])
    expect(new Set(demo.dirt.map((entry) => entry.kind))).toEqual(new Set(Object.keys(FINDS)))
  })

  test('keys are found again, and relations with precision and recall of 0.95 or more', () => {
    const truth = [
      'customers.Kundengruppe > customer_groups.key', 'customers.Gebiet > territories.key', 'delivery_addresses.customer_no > customers.Kundennr', 'customer_groups.parent > customer_groups.key', 'territories.parent > territories.key', 'Artikel.Gruppe > Gruppen.Gruppe',
      'Preise.Artikel > Artikel.Artikel', 'employees.manager_no > employees.emp_no', 'projects.customer_no > customers.Kundennr', 'purchase_order_lines.po_no > purchase_orders.po_no', 'purchase_order_lines.article > Artikel.Artikel', 'purchase_orders.supplier > suppliers.SUPPLIER_ID',
      'sales_order_lines.order_no > sales_orders.order_no', 'sales_order_lines.article > Artikel.Artikel', 'sales_orders.customer_no > customers.Kundennr', 'tasks.project_no > projects.project_no', 'tickets.customer.number > customers.Kundennr', 'activities.customer > customers.Kundennr',
      'invoices.customer_no > customers.Kundennr', 'payments.customer_no > customers.Kundennr', 'payments.invoice_no > invoices.invoice_no', 'stock.article > Artikel.Artikel', 'journal_lines.Beleg > journals.Beleg', 'journal_lines.Konto > trial_balance.Konto',
      'open_items.customer_no > customers.Kundennr', 'open_items.invoice_no > invoices.invoice_no',
    ]
    const { precision, recall } = judge('Demo', relationsOf(assessment), truth)
    expect(Math.min(precision, recall)).toBeGreaterThanOrEqual(0.95)
    const keys = Object.fromEntries(assessment.entities.map((entity) => [entity.name, entity.key?.columns.join('+')]))
    expect(keys).toMatchObject({ customers: 'Kundennr', suppliers: 'SUPPLIER_ID', customer_groups: 'key', Artikel: 'Artikel', sales_orders: 'order_no', sales_order_lines: 'order_no+line_no', purchase_order_lines: 'po_no+line_no', tickets: 'id', delivery_addresses: 'address_id', tasks: 'task_no' })
  })

  test('formats, phases, growth, personal data and times', () => {
    const column = (entity: string, name: string) => assessment.entities.find((one) => one.name === entity)?.columns.find((one) => one.name === name)
    expect(['Kunde seit', 'Kreditlimit', 'Gesperrt', 'PLZ', 'E-Mail', 'Telefon'].map((name) => column('customers', name)?.format)).toEqual(['date-dmy-dot', 'decimal-comma', 'boolean', 'code', 'email', 'phone'])
    expect([column('suppliers', 'SINCE')?.format, column('purchase_orders', 'po_date')?.format, column('Artikel', 'Angelegt')?.format, column('sales_orders', 'ordered_at')?.format]).toEqual(['date-mdy', 'date-compact', 'date-serial', 'timestamp'])
    expect(Object.fromEntries(assessment.entities.map((entity) => [entity.name, entity.phase]))).toMatchObject({ customers: 'master', Artikel: 'master', sales_orders: 'transactional', sales_order_lines: 'transactional', purchase_orders: 'transactional', activities: 'historical', delivery_addresses: 'master' })
    expect(assessment.entities.find((entity) => entity.name === 'sales_orders')?.growth).toMatchObject({ column: 'ordered_at', unit: 'year' })
    expect(assessment.entities.find((entity) => entity.name === 'sales_orders')?.growth?.points.reduce((sum, point) => sum + point.records, 0)).toBe(assessment.entities.find((entity) => entity.name === 'sales_orders')?.records)
    expect(['Vorname', 'Nachname', 'Strasse', 'Telefon', 'E-Mail', 'Land'].map((name) => column('customers', name)?.personal !== null)).toEqual([true, true, true, true, true, false])
    expect(column('employees', 'birth_date')?.personal).toBe('date of birth')
    expect(assessment.lanes.map((lane) => lane.lane)).toEqual(['rehearsal', 'express', 'bench', 'rest'])
    expect(assessment.totals.records).toBe(27_000)
    const text = parse(readFileSync(join(folder, 'dossier', 'assessment.yaml'), 'utf8')) as Assessment
    expect([text.entities.length, text.relations.length, text.findings.length]).toEqual([24, assessment.relations.length, assessment.findings.length])
  })

  test('a sample says so, and a folder, a file or nothing at all is told apart', async () => {
    const sampled = await landfall(['assess', 'erp', '--sample', '100', '--out', 'sampled'], { cwd: folder })
    expect(sampled.code, sampled.err).toBe(0)
    expect(sampled.out).toContain('everything rests on its first 100 records of 7,200')
    const file = await landfall(['--json', 'assess', 'exports/suppliers.txt', '--out', 'one'], { cwd: folder })
    expect((JSON.parse(file.out.trim().split('\n').at(-1)!) as Assessment).entities.map((entity) => [entity.name, entity.records])).toEqual([['suppliers', 108]])
    const wrong = await landfall(['assess', 'nowhere', '--out', 'no'], { cwd: folder })
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('There is no source `nowhere`')])
  })

  test('the page opens from disk, shows legacy text as text, and its diagram can be searched', async () => {
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-background-networking'] })
    try {
      const page = await browser.newPage({ viewport: { width: 1180, height: 1000 } }), requests: string[] = [], complaints: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(`file://${join(folder, 'dossier', 'assessment.html')}`)
      expect([requests.length, complaints]).toEqual([1, []])
      expect(await page.locator('h2').allTextContents()).toEqual(['Findings, the costliest first', 'Relations', 'Entities', 'Personal data', 'Time each way in would need', 'Columns'])
      expect(await page.locator('#diagram .node').count()).toBe(24)
      await page.locator('#find').fill('supplier')
      expect(await page.locator('#diagram .node').count()).toBe(2)
      expect(await page.locator('#shown').textContent()).toBe('2 of 24 entities')
      await page.locator('#find').fill('')
      await page.locator('#diagram .node', { hasText: 'suppliers' }).click()
      expect(await page.locator('#diagram .node.lit').count()).toBe(2)
      await page.locator('.phase[value=transactional]').uncheck()
      expect(await page.locator('#diagram .node.transactional').count()).toBe(0)
      const [width, scroll] = await page.evaluate('[document.documentElement.clientWidth, document.documentElement.scrollWidth]') as [number, number]
      expect(scroll, 'the page does not scroll sideways').toBeLessThanOrEqual(width)
      expect(await page.locator('img, iframe, link').count()).toBe(0)
    } finally {
      await browser.close()
    }
  })
})

describe('Northwind, its declared keys and relations removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-assess-'))
  let project: NorthwindProject
  beforeAll(async () => { project = await northwindProject() }, 120_000)
  afterAll(async () => {
    await project.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('relations are found again from a connection URL, with precision and recall of 0.95 or more', async () => {
    const { NORTHWIND_HOST: host, NORTHWIND_PORT: port, NORTHWIND_DATABASE: database, NORTHWIND_USER: user, NORTHWIND_PASSWORD: password } = project.env
    const url = `postgres://${user}:${password}@${host}:${port}/${database}`
    const blind = await landfall(['assess', url, '--ignore-declared', '--out', 'blind'], { cwd: folder })
    expect(blind.code, blind.out + blind.err).toBe(0)
    const declared = await landfall(['assess', url, '--out', 'declared'], { cwd: folder })
    expect(declared.code, declared.out + declared.err).toBe(0)
    const known = read(join(folder, 'declared'))
    const truth = relationsOf({ ...known, relations: known.relations.filter((relation) => relation.declared) })
    expect(truth.length).toBeGreaterThanOrEqual(13)
    expect(known.relations.every((relation) => relation.orphans === 0)).toBe(true)
    const { precision, recall } = judge('Northwind', relationsOf(read(join(folder, 'blind'))), truth)
    expect(Math.min(precision, recall)).toBeGreaterThanOrEqual(0.95)
  }, 120_000)
})
