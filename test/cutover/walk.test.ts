import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { runbookSchema, type Runbook, type RunbookAction } from '../../src/config/runbook-schema.ts'
import { systemClock } from '../../src/model/clock.ts'
import { orderSteps, walkRunbook, type CutoverPorts } from '../../src/phases/cutover/walk.ts'
import { makeRunbook } from '../../src/phases/cutover/make.ts'
import { cutoverPage } from '../../src/report/cutover-page.ts'
import { words } from '../../src/cli/cutover/actions.ts'
import { chromiumPath } from '../chromium.ts'

const runbook = (): Runbook => runbookSchema.parse({ cutover: 'shop', steps: [
  { id: 'switch', title: 'Switch', owner: 'it', seconds: 1, after: ['gate'], do: { shell: 'switch' }, check: { shell: 'switched' }, back: { shell: 'unswitch' }, rehearse: 'skip', go: true },
  { id: 'freeze', title: 'Freeze', owner: 'business', seconds: 1, do: { person: 'freeze' }, back: { person: 'thaw' }, rehearse: { shell: 'pretend' }, freeze: true },
  { id: 'sync', title: 'Sync', owner: 'lead', seconds: 2, after: ['freeze'], do: { landfall: 'sync' }, check: { shell: 'synced' }, back: { landfall: 'rollback' } },
  { id: 'gate', title: 'Gate', owner: 'business', seconds: 1, after: ['sync'], do: { landfall: 'cutover --gate' } },
] })
const textOf = (action: RunbookAction): string => Object.values(action)[0] as string

function recording(fails: string[] = []): { ports: CutoverPorts; did: string[]; told: string[] } {
  const did: string[] = [], told: string[] = []
  return { did, told, ports: {
    clock: systemClock, signal: new AbortController().signal, began: (step) => told.push(`began ${step.id}`), ended: (step, outcome) => told.push(`${outcome.status} ${step.id}`),
    act: async (action) => {
      did.push(textOf(action))
      if (fails.includes(textOf(action))) throw new RangeError(`${textOf(action)} went wrong`)
      return { detail: 'ok', by: 'anna' }
    },
  } }
}

test('steps are walked in the order of what they wait for, each checked; a rehearsal leaves out or replaces what closes and opens systems', async () => {
  const real = recording(), log = await walkRunbook(runbook(), 'h', real.ports, { rehearse: false, takeBack: false })
  expect(real.did).toEqual(['freeze', 'sync', 'synced', 'cutover --gate', 'switch', 'switched'])
  expect(log).toMatchObject({ passed: true, forecast: 5, downtime: { forecast: 5 } })
  expect(real.told).toEqual(['began freeze', 'done freeze', 'began sync', 'done sync', 'began gate', 'done gate', 'began switch', 'done switch'])
  const tried = recording()
  expect(await walkRunbook(runbook(), 'h', tried.ports, { rehearse: true, takeBack: false })).toMatchObject({ passed: true, forecast: 4, downtime: { forecast: 4 } })
  expect(tried.did).toEqual(['pretend', 'sync', 'synced', 'cutover --gate'])
})

test('a failed step or check ends it, nothing after it is done, and the way back goes last step first', async () => {
  const failed = recording(['cutover --gate', 'rollback']), log = await walkRunbook(runbook(), 'h', failed.ports, { rehearse: false, takeBack: true })
  expect(failed.did).toEqual(['freeze', 'sync', 'synced', 'cutover --gate', 'rollback', 'thaw'])
  expect(log.steps.map((step) => [step.id, step.status])).toEqual([['freeze', 'done'], ['sync', 'done'], ['gate', 'failed'], ['switch', 'not reached']])
  expect(log.takenBack.map((step) => [step.id, step.status])).toEqual([['sync', 'failed'], ['freeze', 'taken back']])
  expect(log).toMatchObject({ passed: false, downtime: null })
  const unchecked = recording(['synced'])
  expect((await walkRunbook(runbook(), 'h', unchecked.ports, { rehearse: false, takeBack: false })).steps.map((step) => step.status)).toEqual(['done', 'failed', 'not reached', 'not reached'])
})

test('a runbook that cannot be walked is refused with the steps named; a made one can be', () => {
  const circle = runbook()
  circle.steps[1]!.after = ['switch']
  expect(() => orderSteps(circle)).toThrow(/wait for each other: switch, freeze, sync, gate/)
  expect(() => orderSteps({ ...runbook(), steps: runbook().steps.slice(0, 3) })).toThrow(/after "gate", which there is not/)
  const made = makeRunbook({ project: 'shop', plan: { phases: [{ name: 'master', waves: [{ number: 1, doctypes: ['Customer'] }] }], deferred: [], notes: [] }, lastSeconds: null, syncs: true, backups: true, realSite: true, measured: { transfer: 12.34 } })
  expect(orderSteps(runbookSchema.parse(made)).map((step) => step.id)).toEqual(['backup', 'freeze', 'point', 'transfer', 'proof', 'gate', 'switch'])
  expect(made.steps.find((step) => step.id === 'transfer')).toMatchObject({ seconds: 12.3, do: { landfall: 'sync --verify' } })
  expect(words(`rollback --to "end of it" 'x y' z`)).toEqual(['rollback', '--to', 'end of it', 'x y', 'z'])
})

test('the page of a cutover opens and shows its timeline', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-cutover-')), log = await walkRunbook(runbook(), 'h', recording(['cutover --gate']).ports, { rehearse: false, takeBack: true })
  writeFileSync(join(folder, 'cutover.html'), cutoverPage({ ...log, steps: log.steps.map((step) => ({ ...step, title: `<b>${step.id}`, owner: 'x', after: [], action: 'a', check: '', back: '' })) }))
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-background-networking'] })
  try {
    const page = await browser.newPage()
    await page.goto(`file://${folder}/cutover.html`)
    expect(await page.locator('.verdict').textContent()).toBe('Cutover failed')
    expect(await page.locator('svg rect').count()).toBe(8)
    expect(await page.locator('td b').first().textContent()).toBe('<b>freeze')
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true })
  }
})
