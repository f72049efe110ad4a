import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Acceptance } from '../../src/cli/acceptance/acceptance.ts'
import { siteHands } from '../../src/cli/acceptance/hands.ts'
import { traceAnything } from '../../src/cli/commands/trace.ts'
import { openWorkspace, type Workspace } from '../../src/cli/compose.ts'
import { goGates } from '../../src/cli/cutover/gate.ts'
import { saveFacts } from '../../src/cli/environment.ts'
import { gatherEvidence, knownRoot } from '../../src/cli/evidence.ts'
import { rehearseLedger, procedureFolder, writeProcedure } from '../../src/cli/way-back.ts'
import { checkManifest, writeManifest } from '../../src/ledger/manifest.ts'
import { runScripts } from '../../src/phases/acceptance/machine.ts'
import type { RunFacts } from '../../src/run/facts.ts'
import { runMigration } from '../../src/run/engine.ts'
import { ident } from '../../src/staging/staging.ts'
import { chromiumPath } from '../chromium.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
let folder: string, workspace: Workspace, facts: RunFacts, acceptance: Acceptance
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-around-'))
  cpSync(resolve(import.meta.dirname, '../../examples/books'), folder, { recursive: true, filter: (path) => !path.includes('.landfall') })
  workspace = await openWorkspace({ folder })
  facts = await runMigration(workspace.migration(), workspace.ports(() => undefined), { resume: false, until: 'end' })
  saveFacts(workspace, facts)
  acceptance = new Acceptance(workspace)
})
afterAll(async () => {
  await workspace.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a number leads to its documents, a document to its legacy record field by field, and a record back', async () => {
  const figure = await traceAnything(workspace, ['doctype.Sales Invoice.loaded'], 100)
  if (!('figure' in figure)) throw new Error('no figure')
  expect(figure.count).toBe(30)
  expect(figure.items).toHaveLength(30)
  const first = figure.items[0]!, name = first.document!.replace('Sales Invoice ', '')
  const document = await traceAnything(workspace, ['Sales Invoice', name], 1)
  if (!('fields' in document)) throw new Error('no document')
  expect(document.record).toEqual(first.record)
  expect(document.rows).toMatchObject({ 'tabSales Invoice': 1, 'tabGL Entry': expect.any(Number) as number })
  for (const one of document.fields.filter((field) => field.from.startsWith('column ') && field.from.split(' ').length === 2)) expect(Object.keys(one.legacy)).toEqual([one.from.slice(7)])
  const record = await traceAnything(workspace, [document.record!.entity, document.key], 1)
  expect(record).toMatchObject({ fate: 'migrated', documents: expect.arrayContaining([{ doctype: 'Sales Invoice', name }]) as unknown })
  // Every document of the run has a legacy record behind it that leads back to it.
  for (const item of figure.items) expect((await traceAnything(workspace, [item.record!.entity, item.key], 1) as { documents: { name: string }[] }).documents.map((one) => `Sales Invoice ${one.name}`)).toContain(item.document)
  await expect(traceAnything(workspace, ['total.nothing'], 1)).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('entity.NAME.migrated') as string })
  await expect(traceAnything(workspace, ['Customer', 'Nobody'], 1)).rejects.toMatchObject({ code: 'usage' })
})

test('criteria are computed, a signature needs all of them and holds until anything it is bound to changes', async () => {
  const scripts = await acceptance.prepare(1, 1)
  expect(new Set(scripts.map((script) => script.kind))).toEqual(new Set(['find', 'open', 'print', 'pay']))
  const hands = siteHands(workspace), machine = async () => runScripts({ staging: workspace.staging, site: workspace.site, clock: workspace.clock, hands, scripts })
  const results = await machine()
  acceptance.keepMachine(results)
  expect(results.filter((one) => one.status !== 'passed').map((one) => one.script.split(':')[0])).toEqual(results.filter((one) => one.script.startsWith('print')).map(() => 'print'))
  expect(results.find((one) => one.script.startsWith('pay'))?.detail).toContain('nothing outstanding')
  // What a machine must find: a value that is not what the legacy record says.
  const find = scripts.find((script) => script.kind === 'find')!, table = `site.main.${ident(`tab${find.doctype}`)}`, text = find.expected.find((one) => !/^[\d.-]+$/.test(one.expected))!
  await workspace.staging.run(`UPDATE ${table} SET ${ident(text.field)} = 'by hand' WHERE name = '${find.name.replaceAll("'", "''")}'`)
  expect((await machine()).filter((one) => one.status === 'failed')).toEqual([{ script: find.id, status: 'failed', detail: expect.stringContaining('by hand instead of') as string }])
  await workspace.staging.run(`UPDATE ${table} SET ${ident(text.field)} = '${text.expected.replaceAll("'", "''")}' WHERE name = '${find.name.replaceAll("'", "''")}'`)

  await expect(acceptance.sign('Ben', 'head', '')).rejects.toMatchObject({ code: 'verify-failed', message: expect.stringMatching(/2 criteria are not met: Rollback tested \(never\); Acceptance by people \(0 of \d+/) as string })
  const procedure = await rehearseLedger(workspace, facts.run, 'start')
  expect(procedure).toMatchObject({ proven: true, rehearsed: true })
  writeProcedure(procedureFolder(workspace), procedure)
  scripts.forEach((_, i) => acceptance.record(String(i + 1), 'passed', 'Anna', 'seen'))
  acceptance.record('1', 'failed', 'Anna', 'the address is wrong')
  await expect(acceptance.sign('Ben', 'head', '')).rejects.toMatchObject({ message: expect.stringContaining('1 criteria are not met') as string })
  acceptance.record('1', 'passed', 'Anna', 'corrected')
  expect((await goGates(workspace)).filter((gate) => !gate.passed).map((gate) => gate.id)).toEqual(['signed'])
  const sign = await acceptance.sign('Ben', 'head of finance', 'with pleasure')
  expect(acceptance.changedSince(sign)).toEqual([])
  expect((await goGates(workspace)).filter((gate) => !gate.passed)).toEqual([])
  const mapping = workspace.project.mappingFiles[0]!, before = readFileSync(mapping, 'utf8'), trail = join(folder, '.landfall', 'audit.jsonl'), lines = readFileSync(trail, 'utf8')
  appendFileSync(mapping, '# changed\n')
  expect(acceptance.changedSince(sign)).toEqual(['mapping'])
  expect((await goGates(workspace)).filter((gate) => !gate.passed).map((gate) => gate.id)).toEqual(['signed'])
  writeFileSync(mapping, before)
  writeFileSync(trail, lines.split('\n').slice(0, -2).join('\n'))
  expect(acceptance.changedSince(sign)).toEqual(['audit trail'])
  writeFileSync(trail, lines)
})

test('an evidence pack tells every file that was edited, taken away or put in, and its pages open', async () => {
  const out = join(folder, 'evidence'), { view, manifest } = await gatherEvidence(workspace, out)
  expect(view.missing.map((one) => one.title)).toEqual(['Cutover'])
  const root = knownRoot(workspace, out)
  expect(root).toBe(manifest.root)
  expect(checkManifest(out, root)).toMatchObject({ files: manifest.files.length, faults: [] })
  for (const { path } of manifest.files) {
    const file = join(out, path), bytes = readFileSync(file)
    writeFileSync(file, Buffer.concat([bytes, Buffer.from(' ')]))
    expect(checkManifest(out, root).faults).toEqual([{ path, what: 'was edited' }])
    rmSync(file)
    expect(checkManifest(out, root).faults).toEqual([{ path, what: 'is missing' }])
    writeFileSync(file, bytes)
  }
  writeFileSync(join(out, 'more.txt'), 'x')
  expect(checkManifest(out, root).faults).toEqual([{ path: 'more.txt', what: 'was put in afterwards' }])
  // Whoever makes a new manifest for it is given away by the hash in the audit trail.
  writeManifest(out, manifest.about)
  expect(checkManifest(out, root).faults.map((fault) => fault.what)).toEqual([expect.stringContaining('is not the one that was written')])

  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-background-networking'] })
  try {
    const page = await browser.newPage(), asked: string[] = []
    page.on('request', (request) => { if (!request.url().startsWith('file:')) asked.push(request.url()) })
    await page.goto(`file://${out}/index.html`)
    expect(await page.locator('h1').textContent()).toBe('Evidence: books')
    expect(await page.locator('.verdict').textContent()).toBe('All criteria met')
    await page.goto(`file://${out}/rollback/rollback-procedure.html`)
    expect(await page.locator('.verdict').textContent()).toBe('Tried and proven')
    await page.goto(`file://${out}/training/training.html`)
    expect(await page.locator('section').count()).toBeGreaterThan(3)
    expect(asked).toEqual([])
  } finally {
    await browser.close()
  }
})
