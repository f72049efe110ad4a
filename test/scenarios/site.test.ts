import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startStandin, type Standin } from '../../src/standin/server.ts'
import { landfall, type Finished } from './command-line.ts'

const example = resolve(import.meta.dirname, '../../examples/site')
let folder: string, standin: Standin
vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 })

/** The first records of each file, so that the lines of the orders stay whole. */
const KEPT: Record<string, (line: string) => boolean> = {
  'customers.csv': () => true, 'items.csv': () => true, 'orders.csv': (line) => /^700[1-3],/.test(line), 'order-lines.csv': (line) => /^700[1-3],/.test(line),
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-site-'))
  cpSync(example, folder, { recursive: true })
  const used = (file: string, column: number): Set<string> => new Set(read(file).slice(1).map((line) => line.split(',')[column] ?? ''))
  for (const file of ['orders.csv', 'order-lines.csv']) keep(file, KEPT[file]!)
  keep('customers.csv', (line) => used('orders.csv', 1).has(line.split(',')[0] ?? '') || line.startsWith('C004,'))
  keep('items.csv', (line) => used('order-lines.csv', 2).has(line.split(',')[0] ?? ''))
  standin = await startStandin({ token: 'standin:secret', faults: { seed: 5, rules: [{ kind: 'drop', at: [2, 6], match: 'POST /api/resource/' }, { kind: 'drop', at: [1], match: 'insert_many' }, { kind: 'deadlock', at: [4], match: 'POST /api/resource/' }, { kind: '503', at: [2], match: 'PUT ' }, { kind: '429', at: [9] }] } })
})
afterAll(async () => {
  await standin.close()
  rmSync(folder, { recursive: true, force: true })
})

const read = (file: string): string[] => readFileSync(join(folder, 'data', file), 'utf8').trim().split('\n')
function keep(file: string, wanted: (line: string) => boolean): void {
  const [head = '', ...lines] = read(file)
  writeFileSync(join(folder, 'data', file), `${[head, ...lines.filter(wanted)].join('\n')}\n`)
}
const run = (...args: string[]): Promise<Finished> => landfall(args, { cwd: folder, env: { ERPNEXT_URL: standin.url, ERPNEXT_KEY: 'standin', ERPNEXT_SECRET: 'secret' } })

async function documents(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const doctype of ['Customer', 'Contact', 'Item', 'Item Price', 'Sales Order', 'Sales Order Item', 'Bin']) {
    counts[doctype] = Number((await standin.served.staging.one<{ n: number }>(`SELECT count(*) AS n FROM rows."tab${doctype}"`))?.n)
  }
  return counts
}

test('customers, items and orders into a site over HTTP, proven, once only, and back', async () => {
  const before = await documents()
  const first = await run('run', '--yes')
  expect(first.out + first.err).toContain('Proof: passed')
  expect(first.code).toBe(0)
  expect(first.out).not.toContain('secret')
  const after = await documents()
  expect(after['Sales Order']).toBe((before['Sales Order'] ?? 0) + 3)
  expect(after['Customer']).toBe((before['Customer'] ?? 0) + read('customers.csv').length - 1)
  expect(standin.faults.struck).toMatchObject({ drop: 3, deadlock: 1, '503': 1, '429': 1 })

  const again = await run('run', '--yes')
  expect(again.out).toMatch(/Documents: 0 loaded, \d+ there already, 0 refused/)
  expect(again.out).toContain('Proof: passed')
  expect(await documents()).toEqual(after)

  // The stand-in cannot cancel orders: they stay with all they link to, which is said, and a later run knows them.
  const back = await run('rollback', '--yes')
  expect(back.code).toBe(1)
  expect(back.out).toMatch(/documents stay on the site/)
  expect(back.out).toMatch(/Sales Order SAL-ORD-\d{4}-00001: cannot be cancelled/)
  expect((await documents())['Item Price']).toBe(before['Item Price'])
  const third = await run('run', '--yes')
  expect(third.out).toContain('Proof: passed')
  expect(await documents()).toEqual(after)
})

test('what can be taken back leaves the site as before', async () => {
  await standin.close()
  standin = await startStandin({ token: 'standin:secret' })
  rmSync(join(folder, '.landfall'), { recursive: true, force: true })
  writeFileSync(join(folder, 'mappings', 'orders.yaml'), readFileSync(join(folder, 'mappings', 'orders.yaml'), 'utf8').replace('submit: true\n', ''))
  const before = await documents()
  expect((await run('run', '--yes')).out).toContain('Proof: passed')
  expect((await documents())['Sales Order']).toBe((before['Sales Order'] ?? 0) + 3)
  const back = await run('rollback', '--yes')
  expect(back.out + back.err).toContain('Proven: row count and checksum of all')
  expect(await documents()).toEqual(before)
})
