import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkSite } from '../../src/doctor/site.ts'
import { systemClock } from '../../src/model/clock.ts'
import { diffSites } from '../../src/site/diff.ts'
import { readSiteRecords } from '../../src/site/folder.ts'
import { Site } from '../../src/site/site.ts'
import { readState, writeSnapshot } from '../../src/site/snapshot.ts'
import { RestReader } from '../../src/targets/rest/snapshot/reader.ts'
import { probeSite } from '../../src/targets/rest/snapshot/site-probe.ts'
import { SiteClient } from '../../src/targets/rest/snapshot/site-client.ts'
import { pullSite } from '../../src/targets/snapshot/pull.ts'

vi.setConfig({ testTimeout: 300_000 })
const url = process.env['LANDFALL_LIVE_URL'], token = process.env['LANDFALL_LIVE_TOKEN']
let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-live-')) })
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

describe.skipIf(url === undefined || token === undefined)('a real site (LANDFALL_LIVE_URL and LANDFALL_LIVE_TOKEN; without them nothing is asked)', () => {
  const pull = async () => {
    const reader = new RestReader(new SiteClient({ url: url!, token: token!, clock: systemClock })), state = readState(folder)
    const pulled = await pullSite(reader, { clock: systemClock, shipped: Site.load(), code: null, before: state === null ? null : { state, rows: readSiteRecords(folder) }, more: [], cap: 50_000, progress: () => undefined })
    await reader.close()
    writeSnapshot(folder, pulled.snapshot, pulled.state)
    return pulled.snapshot
  }

  it('is pulled, and again with nothing fetched twice', async () => {
    const first = await pull(), site = Site.load(folder)
    expect(first.notRead.map(({ what }) => what).filter((what) => what.startsWith('DocType '))).toEqual([])
    expect(site.doctype('Sales Invoice')!.columns.length).toBeGreaterThan(100)
    expect((await pull()).origin.reused.doctypes).toBe(first.doctypes.length)
    expect(diffSites(site, Site.load(folder))).toEqual([])
  })

  it('has the DocTypes of the shipped catalog, where it is of the same versions', () => {
    const site = Site.load(folder), shipped = Site.load()
    if (JSON.stringify(site.apps) !== JSON.stringify(shipped.apps)) return
    const own = new Set(site.records('Custom Field').map((record) => String(record['dt'])).concat(site.records('Property Setter').map((record) => String(record['doc_type']))))
    expect(diffSites(shipped, site).filter(({ area, doctype, left }) => (area === 'DocType' || area === 'field') && left !== null && !own.has(doctype ?? ''))).toEqual([])
  })

  it('is seen by the doctor', async () => {
    const facts = await probeSite({ url: url!, token: token! }, ['Customer', 'No Such DocType'], systemClock), { frappe = '', erpnext = '' } = Site.load().apps
    expect(facts).toMatchObject({ unreachable: null, loginError: null, missingDoctypes: ['No Such DocType'] })
    expect(checkSite(facts, { frappe, erpnext }).filter(({ status }) => status === 'fail').map(({ id }) => id)).toEqual(['target.modules'])
  })
})
