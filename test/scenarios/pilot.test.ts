import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Pilot } from '../../src/model/pilot.ts'
import { forecast } from '../../src/run/pilot.ts'
import { inProcess } from '../cli/in-process.ts'

vi.setConfig({ testTimeout: 600_000 })
const folder = mkdtempSync(join(tmpdir(), 'landfall-pilot-'))
beforeAll(() => cpSync(resolve(import.meta.dirname, '../../examples/books'), folder, { recursive: true, filter: (path) => !path.includes('.landfall') }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a pilot is closed under references, proven, taken back once, and forecasts the whole', async () => {
  const done = await inProcess(folder, 'pilot', '--sample', '30', '--json'), pilot = done.lines.find((line) => line['type'] === 'result') as unknown as Pilot
  expect([done.code, pilot?.causes], done.out + done.err).toEqual([0, []])
  expect(pilot.sample.records).toBeGreaterThan(30)
  expect(pilot.sample.records).toBeLessThan(pilot.sample.of)
  expect(pilot.whole).toEqual({ Customer: 8, 'Journal Entry': 15, 'Sales Invoice': 30, 'Payment Entry': 18 })
  expect(pilot.documents).toMatchObject({ refused: 0, loaded: pilot.documents.drafts })
  expect(pilot.proof).toMatchObject({ passed: true, failed: [] })
  expect(pilot.rolledBack.removed).toBeGreaterThan(0)
  const invoices = pilot.steps.find((step) => step.step === 'load' && step.doctype === 'Sales Invoice')!
  expect([invoices.whole, invoices.measured.length, invoices.high >= invoices.low]).toEqual([30, 2, true])
  expect((await inProcess(folder, 'status')).out).toMatch(/piloted +done +[\d,]+ records, 0 documents refused, proven/)
})

test('a forecast lies between the line through two measurements and plain proportion', () => {
  expect(forecast([{ units: 100, seconds: 2 }, { units: 500, seconds: 4 }], 10_500)).toEqual({ low: 54, high: 84 })
  expect(forecast([{ units: 100, seconds: 3 }, { units: 500, seconds: 2 }], 5000)).toEqual({ low: 2, high: 20 })
  expect(forecast([{ units: 0, seconds: 0 }, { units: 0, seconds: 1 }], 0)).toEqual({ low: 1, high: 1 })
})
