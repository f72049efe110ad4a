import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { landfall, type Finished } from '../scenarios/command-line.ts'
import { startFakeSite, type FakeSite } from '../site/fake-site.ts'

vi.setConfig({ testTimeout: 300_000 })
let folder: string, site: FakeSite
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-doctor-')) })
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
beforeEach(async () => { site = await startFakeSite() })
afterEach(() => site.stop())

const run = (...args: string[]): Promise<Finished> => landfall(args, { cwd: folder, env: { LANDFALL_TOKEN: site.token, NO_COLOR: '1' } })
const lines = ({ out }: Finished): Record<string, unknown>[] => out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
const status = (finished: Finished, id: string): unknown => lines(finished).find((line) => line['id'] === id)?.['status']

describe('landfall doctor', () => {
  it('looks at a site, and fails when something is missing', async () => {
    site.rows['DocType']!.push(...['Supplier', 'Item', 'Address', 'Contact', 'Sales Order', 'Purchase Invoice', 'Payment Entry', 'Journal Entry'].map((name) => ({ ...site.rows['DocType']![0], name })))
    const good = await run('doctor', '--url', site.url, '--json')
    expect([good.code, good.err]).toEqual([0, ''])
    expect([status(good, 'target.login'), status(good, 'target.versions'), status(good, 'target.modules'), status(good, 'target.workers'), status(good, 'target.rights-rest')]).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
    expect(lines(good).at(-1)).toMatchObject({ type: 'result', fail: 0 })
    site.lacks.add('submit Sales Invoice')
    const bad = await run('doctor', '--url', site.url)
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/✗ rights for rest +lacks: create, write, delete, submit, cancel Sales Invoice/)
    expect(bad.out).toMatch(/1 to mend/)
    expect(bad.out).not.toContain('topsecret1')
  })

  it('says what to do about a wrong token and a site that is not there', async () => {
    site.token = 'other:secret-of-other'
    const wrong = await landfall(['doctor', '--url', site.url], { cwd: folder, env: { LANDFALL_TOKEN: 'key:wrong-secret', NO_COLOR: '1' } })
    expect(wrong.out).toMatch(/✗ login +refused: AuthenticationError\n +→ Make an API key/)
    const nowhere = await run('doctor', '--url', 'http://127.0.0.1:9')
    expect([nowhere.code, nowhere.out]).toEqual([1, expect.stringMatching(/✗ reach +The site cannot be reached/)])
  })

  it('in a project without a site, looks at the sources and this machine', async () => {
    const project = join(folder, 'project')
    mkdirSync(join(project, 'data'), { recursive: true })
    writeFileSync(join(project, 'landfall.yaml'), 'project: shop\nsources:\n  shop: {kind: csv, path: data}\n  gone: {kind: csv, path: nowhere}\n')
    writeFileSync(join(project, 'data', 'brands.csv'), 'id,name\n1,Alpha\n2,Beta\n')
    const finished = await run('-p', project, 'doctor', '--json')
    expect(finished.code).toBe(1)
    expect([status(finished, 'source.shop.open'), status(finished, 'source.shop.read'), status(finished, 'source.gone.open'), status(finished, 'machine.disk')]).toEqual(['ok', 'ok', 'fail', 'ok'])
    expect(finished.out).not.toContain('"target')
  })
})

describe('landfall site', () => {
  it('pulls, pulls again and compares', async () => {
    const first = await run('site', 'pull', 'snap', '--url', site.url)
    expect([first.code, first.out]).toEqual([0, expect.stringMatching(/12 DocTypes, .* records of .* DocTypes/)])
    expect((await run('site', 'pull', 'snap', '--url', site.url)).out).toMatch(/12 DocTypes and 8 records had not changed/)
    const same = await run('site', 'diff', 'snap', 'live', '--url', site.url)
    expect([same.code, same.out]).toEqual([0, '✓ snap and live are equal\n'])
    site.series['CUST-'] = 8
    site.rows['Customer']!.push({ ...site.rows['Customer']![0], name: 'Gamma' })
    const changed = await run('site', 'diff', 'snap', 'live', '--url', site.url, '--json')
    expect(changed.code).toBe(1)
    expect(lines(changed)).toMatchObject([{ area: 'record', what: 'Customer Gamma', left: null, right: 'there' }, { area: 'series', what: 'CUST-', left: '7', right: '8' }, { type: 'result', differences: 2 }])
    expect((await run('site', 'diff', 'snap', 'live', '--url', site.url)).out).toMatch(/Counters +1 difference\n +what +property +snap +live\n +CUST- +7 +8/)
  })

  it('says which rights are missing for which lane', async () => {
    site.lacks = new Set(['read Server Script', 'create Customer', 'submit Sales Invoice'])
    const finished = await run('site', 'rights', '--url', site.url, '--missing')
    expect(finished.code).toBe(1)
    expect(finished.out).toMatch(/Snapshot of the site\n +✗ read Server Script .*\n +→ Give the user the role Script Manager/)
    expect(finished.out).toMatch(/Load over REST\n +✗ create, write, delete Customer +lacks create/)
    expect(finished.out).toMatch(/3 of 22 rights are missing/)
  })

  it('without a way to a site, and with a wrong flag, is wrong usage', async () => {
    for (const args of [['rights'], ['pull', '--via', 'magic', '--url', site.url], ['pull', '--database', 'nonsense'], ['diff', 'shipped', '/nowhere']]) {
      const finished = await run('site', ...args)
      expect([args, finished.code, finished.err]).toEqual([args, 2, expect.stringMatching(/^error (usage|config-invalid|site-invalid)/)])
    }
  })
})
