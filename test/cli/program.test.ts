import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parseSourceFlag } from '../../src/cli/init/source-flag.ts'
import { referencePages } from '../../src/cli/reference.ts'

vi.setConfig({ testTimeout: 300_000 })
const root = resolve(import.meta.dirname, '../..')
let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-cli-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Answer { code: number | null; out: string; err: string; lines: Record<string, unknown>[] }
function landfall(...args: string[]): Promise<Answer> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), '--project', folder, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = '', err = ''
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
    child.on('error', failed)
    child.on('close', (code) => done({ code, out, err, lines: args.includes('--json') ? out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>) : [] }))
  })
}

test('a project goes from a folder of exports to a site and back, command by command', async () => {
  mkdirSync(join(folder, 'exports'))
  writeFileSync(join(folder, 'exports', 'brands.csv'), 'id;brand;about\n1;Alpha;first\n2;Beta;second\n3;;nameless\n')
  const nothing = await landfall('config')
  expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('config-missing')])

  const made = await landfall('init', '--source', 'old=csv:exports', '--name', 'shop')
  expect([made.code, made.err]).toEqual([0, expect.stringContaining('looks like Brand')])
  expect(readFileSync(join(folder, 'landfall.yaml'), 'utf8')).toMatch(/^# yaml-language-server: \$schema=/)
  expect(existsSync(join(folder, '.landfall', 'landfall.schema.json'))).toBe(true)
  writeFileSync(join(folder, 'mappings', 'brands.yaml'), 'entity: brands\nsource: old\nkey: id\ntext_columns: [trim, {null_if: {value: ""}}]\ndoctype: Brand\nfields:\n  brand: brand\n  description: about\n')

  const standing = async (): Promise<{ stages: Record<string, string>; openFindings: number | null; next: string }> => {
    const said = (await landfall('status', '--json')).lines.find((line) => line['type'] === 'standing') as unknown as { stages: { stage: string; state: string }[]; openFindings: number | null; next: { command: string } }
    return { stages: Object.fromEntries(said.stages.map(({ stage, state }) => [stage, state])), openFindings: said.openFindings, next: said.next.command }
  }
  expect(await standing()).toEqual({ stages: { assessed: 'not yet', mapped: 'done', planned: 'done', piloted: 'not yet', checked: 'not yet', loaded: 'not yet' }, openFindings: null, next: 'landfall preflight' })
  const blocked = await landfall('run', '--json')
  expect(blocked.code).toBe(1)
  expect(blocked.lines.find((line) => line['type'] === 'result')).toMatchObject({ status: 'blocked', outcomes: null })

  expect(await standing()).toMatchObject({ stages: { checked: 'open', loaded: 'open' }, openFindings: 2, next: 'landfall findings' })

  const run = await landfall('run', '--resume', '--skip-blocked', '--json')
  const result = run.lines.find((line) => line['type'] === 'result') as { run: string; outcomes: object; report: string[] }
  expect(result.outcomes).toEqual({ loaded: 2, unchanged: 0, refused: 1, skipped: 0 })
  expect(run.lines.map((line) => line['type'])).toContain('step-ended')
  expect(result.report.some((file) => file.endsWith('report.html') && existsSync(join(folder, file)))).toBe(true)
  const log = readFileSync(join(folder, '.landfall', 'runs', result.run, 'errors.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(log).toEqual([expect.objectContaining({ doctype: 'Brand', entity: 'brands', key: '3', record: expect.objectContaining({ id: '3', about: 'nameless' }) })])

  const again = await landfall('run', '--skip-blocked', '--json')
  expect(again.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 0, unchanged: 2, refused: 1 } })

  expect(await standing()).toMatchObject({ stages: { loaded: 'done' }, next: 'landfall report' })
  expect((await landfall('assess')).code).toBe(0)
  expect((await landfall('status')).out).toMatch(/assessed +done +1 entities, 3 records[^]*Next: landfall report/)

  const causes = await landfall('findings', '--severity', 'blocking', '--json')
  const cause = String(causes.lines[0]?.['id'])
  writeFileSync(join(folder, 'mappings', 'brands.yaml'), 'entity: brands\nsource: old\nkey: id\ntext_columns: [trim, {null_if: {value: ""}}]\ndoctype: Brand\nfields:\n  brand: {field: brand, default: Unnamed}\n  description: about\n')
  const retried = await landfall('retry', '--cause', cause, '--json')
  expect(retried.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 1, unchanged: 2, refused: 0 } })

  const last = await landfall('rollback', '--json')
  expect(last.lines[0]).toMatchObject({ to: 'start', removed: 1 })
  const first = await landfall('rollback', '--json')
  expect(first.lines[0]).toMatchObject({ run: result.run, removed: 2 })
  const status = await landfall('status', '--json')
  expect(status.lines.filter((line) => line['status'] === 'rolled-back')).toHaveLength(2)
}, 240_000)

test('wrong usage ends with 2 and says what is there', async () => {
  const typo = await landfall('rnu')
  expect([typo.code, typo.err]).toEqual([2, expect.stringContaining('Did you mean run?')])
  const severity = await landfall('findings', '--severity', 'bad')
  expect([severity.code, severity.err]).toEqual([2, expect.stringContaining('allowed blocking, warning, info')])
})

test('a source flag keeps secrets out of the file', () => {
  expect(parseSourceFlag('erp=postgres:host=db,port=5433,user=reader,password=hush')).toEqual({
    name: 'erp', kind: 'postgres', options: { host: 'db', port: 5433, user: 'reader', password: '${env:ERP_PASSWORD}' }, variables: ['ERP_PASSWORD'],
  })
  expect(parseSourceFlag('sqlite:shop.db')).toMatchObject({ name: 'sqlite', options: { path: 'shop.db' } })
  expect(() => parseSourceFlag('what')).toThrow(/is not a source/)
})

test('the reference pages are as the program generates them', () => {
  for (const [name, text] of Object.entries(referencePages())) expect(readFileSync(join(root, 'docs/reference', name), 'utf8'), `${name}: npm run docs`).toBe(text)
})
