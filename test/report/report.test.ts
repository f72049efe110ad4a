import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { renderPage } from '../../src/report/page.ts'
import { renderJson, renderYaml } from '../../src/report/summary.ts'
import { chromiumPath } from '../chromium.ts'
import { sampleView } from './sample-view.ts'

describe('report as data', () => {
  test('YAML has the keys people know', () => {
    const { migration_summary: summary, ...rest } = parse(renderYaml(sampleView())) as { migration_summary: any }
    expect(rest).toEqual({})
    expect(Object.keys(summary)).toEqual(['start_time', 'end_time', 'statistics', 'by_entity', 'validation_results', 'error_summary'])
    expect(summary['statistics']).toMatchObject({ total_records: 300, successful: 290, failed: 3 })
    expect(summary['by_entity']['customers']).toMatchObject({ source_count: 100, migrated: 92, errors: 1, skipped: 7 })
    expect(Object.keys(summary['validation_results'])).toEqual(['record_counts', 'data_integrity', 'relationships', 'sum_totals'])
    expect(summary['validation_results']['record_counts']['status']).toBe('passed')
    expect(summary['validation_results']['relationships']['status']).toBe('failed')
    expect(summary['validation_results']['data_integrity']['status'], 'what could not be checked has not passed').toBe('unchecked')
    expect(summary['error_summary'][0]).toMatchObject({ type: 'LinkValidationError', count: 3, resolution: 'Map the value' })
  })

  test('every entity adds up: source_count = migrated + errors + skipped', () => {
    const { migration_summary: summary } = JSON.parse(renderJson(sampleView())) as { migration_summary: { by_entity: Record<string, { source_count: number; migrated: number; errors: number; skipped: number }> } }
    for (const entity of Object.values(summary.by_entity)) expect(entity.migrated + entity.errors + entity.skipped).toBe(entity.source_count)
  })
})

describe('report as a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-report-'))
  let browser: Awaited<ReturnType<typeof chromium.launch>>
  beforeAll(async () => { browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-background-networking'] }) })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  test('opens from disk, loads nothing else, runs nothing, and shows legacy text as text', async () => {
    const file = join(folder, 'report.html')
    writeFileSync(file, renderPage(sampleView()))
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } })
    const requests: string[] = [], complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(`file://${file}`)
    expect(requests).toEqual([`file://${file}`])
    expect(complaints).toEqual([])
    expect(await page.title()).toContain('<script>')
    expect(await page.locator('script, img').count()).toBe(0)
    expect(await page.locator('svg').count()).toBe(2)
    expect(await page.locator('h2').allTextContents()).toEqual(['Gates', 'Records by entity', 'Totals, to the cent', 'Ledgers', 'Proof', 'Errors by root cause', 'What the site changes silently', 'Duplicates', 'Placeholders to resolve', 'Documents by DocType', 'Time'])
    expect(await page.getByText('1,234,533.33').count()).toBe(1)
    const [width, scroll] = await page.evaluate('[document.documentElement.clientWidth, document.documentElement.scrollWidth]') as [number, number]
    expect(scroll, 'the page does not scroll sideways').toBeLessThanOrEqual(width)
    await page.close()
  })
})
