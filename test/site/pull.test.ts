import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { fixedClock, systemClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { readSiteRecords } from '../../src/site/folder.ts'
import { Site } from '../../src/site/site.ts'
import { readState, writeSnapshot, type Snapshot } from '../../src/site/snapshot.ts'
import { Staging } from '../../src/staging/staging.ts'
import { RestReader } from '../../src/targets/rest/snapshot/reader.ts'
import { SiteClient } from '../../src/targets/rest/snapshot/site-client.ts'
import { pullSite } from '../../src/targets/snapshot/pull.ts'
import type { CodeFacts } from '../../src/targets/snapshot/reader.ts'
import { field, row, startFakeSite, type FakeSite } from './fake-site.ts'

let site: FakeSite, folder: string
beforeEach(async () => { site = await startFakeSite(); folder = mkdtempSync(join(tmpdir(), 'landfall-pull-')) })
afterEach(async () => { await site.stop(); rmSync(folder, { recursive: true, force: true }) })

async function pull(options: { more?: string[]; cap?: number; code?: CodeFacts; token?: string } = {}): Promise<Snapshot> {
  const reader = new RestReader(new SiteClient({ url: site.url, token: options.token ?? site.token, clock: systemClock, wait: async () => undefined }))
  const state = readState(folder), before = state === null ? null : { state, rows: readSiteRecords(folder) }
  try {
    const pulled = await pullSite(reader, { clock: systemClock, shipped: Site.load(), code: options.code ?? null, before, more: options.more ?? [], cap: options.cap ?? 1000, progress: () => undefined })
    writeSnapshot(folder, pulled.snapshot, pulled.state)
    return pulled.snapshot
  } finally {
    await reader.close()
  }
}

const text = (name: string): string => gunzipSync(readFileSync(join(folder, name))).toString('utf8')
const notRead = (snapshot: Snapshot): string => snapshot.notRead.map(({ what }) => what).join(' | ')

describe('a snapshot over REST', () => {
  it('is a site, with DocTypes as the site applies them', async () => {
    await pull()
    const pulled = Site.load(folder), customer = pulled.doctype('Customer')!
    expect(customer.fields.map(({ fieldname }) => fieldname)).toEqual(['naming_series', 'customer_name', 'landfall_key', 'customer_group', 'opens_at', 'portal_key', 'sales_team'])
    expect(customer.field('customer_group')!.reqd).toBe(true)
    expect(customer.search_fields).toBe('customer_group')
    expect(customer.column('landfall_key')).toMatchObject({ type: 'varchar(140)', key: 'UNI' })
    expect(customer.column('_seen')?.type).toBe('text')
    expect(pulled.doctype('Sales Team')!.columns.map(({ name }) => name)).toContain('parenttype')
    expect(pulled.doctype('Selling Settings')!.columns).toEqual([])
    expect(pulled.single('Selling Settings')).toEqual({ name: 'Selling Settings', cust_master_name: 'Customer Name' })
    expect(pulled.default('company')).toBe('Northwind')
    expect(pulled.series).toEqual({ 'CUST-': 7 })
    expect(pulled.apps).toEqual(site.apps)
  })

  it('holds reference records as stored, without secrets and times of writing', async () => {
    const snapshot = await pull()
    expect(Site.load(folder).records('Customer')).toEqual([
      { name: 'Alpha', docstatus: 0, idx: 0, customer_name: 'Alpha', opens_at: '09:30:00.000000' }, { name: 'Beta', docstatus: 0, idx: 0, customer_name: 'Beta', customer_group: '' },
    ])
    expect(Site.load(folder).records('Sales Team')).toHaveLength(2)
    expect(Site.load(folder).records('User')).toEqual([{ name: 'loader@example.com', docstatus: 0, idx: 0, enabled: 1, full_name: 'Loader' }])
    expect(Site.load(folder).records('Sales Invoice')).toEqual([])
    expect(snapshot.leftOut).toEqual({ 'Sales Invoice': 2 })
    const all = ['doctypes.jsonl.gz', 'records.jsonl.gz', 'state.json.gz'].map(text).join('') + readFileSync(join(folder, 'settings.json'), 'utf8') + readFileSync(join(folder, 'snapshot.yaml'), 'utf8')
    for (const secret of ['hidden-secret', 'abcdef', 'topsecret1', '*****']) expect(all).not.toContain(secret)
  })

  it('says in snapshot.yaml what was read, what not, and what could interfere', async () => {
    site.rows['Workflow'] = [row('Approval', { document_type: 'Customer', is_active: 1 }), row('Old', { document_type: 'Customer', is_active: 0 })]
    await pull()
    const about = parse(readFileSync(join(folder, 'snapshot.yaml'), 'utf8')) as Record<string, never>
    expect(about).toMatchObject({ from: { site: site.url, ways: ['rest'], user: 'loader@example.com' }, counts: { doctypes: 12, custom_fields: 1, property_setters: 1 }, columns: 'derived from fields', documents_left_out: { 'Sales Invoice': 2 } })
    expect(about['could_interfere']).toMatchObject([{ kind: 'Workflow', name: 'Approval', doctype: 'Customer' }])
    expect(JSON.stringify(about['not_read'])).toContain('columns of tables')
  })

  it('takes records of further DocTypes when asked, and leaves out what is too much', async () => {
    expect((await pull({ more: ['Sales Invoice'], cap: 1 })).records.get('Sales Invoice')).toHaveLength(2)
    const snapshot = await pull({ cap: 1 })
    expect(snapshot.leftOut).toEqual({ Customer: 2, 'Sales Invoice': 2 })
    expect(snapshot.records.has('Customer')).toBe(false)
    expect(snapshot.records.get('Custom Field')).toHaveLength(1)
  })

  it('pages by name', async () => {
    site.rows['Customer'] = Array.from({ length: 1203 }, (_, i) => row(`C${String(i).padStart(5, '0')}`, { customer_name: `C${i}` }))
    expect((await pull({ cap: 5000 })).records.get('Customer')).toHaveLength(1203)
    expect(site.asked.filter((ask) => ask === 'GET /api/resource/Customer')).toHaveLength(3)
  })

  it('trusts the site where what it applies differs from what was computed', async () => {
    const own = { ...site.rows['DocType']!.find((one) => one['name'] === 'Customer')!, fields: [field('Customer', 1, 'customer_name', 'Data', { label: 'Stale' })] }
    site.applied['Customer'] = own
    expect(notRead(await pull())).toContain('DocType Customer')
    expect(Site.load(folder).doctype('Customer')!.fields.map(({ label }) => label)).toEqual(['Stale'])
  })
})

describe('a second pull', () => {
  it('fetches only what changed', async () => {
    await pull()
    const first = text('doctypes.jsonl.gz') + text('records.jsonl.gz')
    site.asked.length = 0
    const again = await pull()
    expect(again.origin.reused).toEqual({ doctypes: 12, records: 8 })
    expect(site.asked).not.toContain('GET /api/resource/DocField')
    expect(text('doctypes.jsonl.gz') + text('records.jsonl.gz')).toBe(first)
  })

  it('sees records that came, changed and went, with their rows', async () => {
    await pull()
    site.rows['Customer'] = [row('Beta', { customer_name: 'Beta 2', modified: '2026-02-01 00:00:00.000000' }), row('Gamma', { customer_name: 'Gamma', modified: '2026-02-02 00:00:00.000000' })]
    site.rows['Sales Team'] = [row('t3', { parent: 'Beta', parenttype: 'Customer', parentfield: 'sales_team', share: 75 })]
    const { records, origin } = await pull()
    expect(records.get('Customer')!.map((one) => one['customer_name']).sort()).toEqual(['Beta 2', 'Gamma'])
    expect(records.get('Sales Team')!.map((one) => one['name'])).toEqual(['t3'])
    expect(origin.reused.doctypes).toBe(12)
  })

  it('reads everything again where rows came past the site\'s code', async () => {
    await pull()
    site.rows['Customer']!.push(row('Zeta', { customer_name: 'Zeta', modified: '2020-01-01 00:00:00.000000' }))
    expect((await pull()).records.get('Customer')).toHaveLength(3)
  })

  it('sees a DocType that changed, and customisations', async () => {
    await pull()
    Object.assign(site.rows['DocType']!.find((one) => one['name'] === 'Fleet Car')!, { modified: '2026-03-01 00:00:00' })
    site.rows['DocField']!.push(field('Fleet Car', 2, 'seats', 'Int', { default: '4' }))
    site.rows['Custom Field']!.push(row('Visit Note-mood', { dt: 'Visit Note', fieldname: 'mood', fieldtype: 'Select', options: 'good\nbad', modified: '2026-03-01 00:00:00.000000' }))
    expect((await pull()).origin.reused.doctypes).toBe(11)
    expect(Site.load(folder).doctype('Fleet Car')!.column('seats')).toMatchObject({ type: 'int(11)', nullable: false, default: '4' })
    expect(Site.load(folder).doctype('Visit Note')!.column('mood')?.type).toBe('varchar(140)')
  })
})

describe('what may not be read', () => {
  it('is named, and the rest is there', async () => {
    for (const doctype of ['Workflow', 'Fleet Car', 'User', 'Document Naming Settings', 'Selling Settings']) site.denied.add(doctype)
    const snapshot = await pull()
    for (const what of ['records of Workflow', 'records of Fleet Car, User', 'global defaults', 'counters of naming series', 'settings: Selling Settings']) expect(notRead(snapshot)).toContain(what)
    expect(Site.load(folder).records('Customer')).toHaveLength(2)
  })

  it('without the right to DocTypes, takes each as the site applies it', async () => {
    site.denied.add('DocType')
    expect(notRead(await pull())).toContain('the list of DocTypes')
    const pulled = Site.load(folder)
    expect(pulled.doctype('Customer')!.field('landfall_key')?.unique).toBe(true)
    expect(pulled.doctype('Fleet Car')).toBeUndefined()
    expect(pulled.records('Customer')).toHaveLength(2)
  })

  it('a wrong token, a site in maintenance and one that is not there are errors with a way out', async () => {
    await expect(pull({ token: 'key:wrong' })).rejects.toMatchObject({ code: 'target-failed', hint: expect.stringContaining('token') })
    site.failures.push(...Array.from({ length: 4 }, () => 503))
    await expect(pull()).rejects.toMatchObject({ code: 'target-failed', hint: expect.stringContaining('maintenance') })
    await site.stop()
    await expect(pull()).rejects.toMatchObject({ code: 'target-failed', message: expect.stringContaining('cannot be reached') })
  })

  it('a busy site is asked again', async () => {
    site.failures.push(503, 429, 502)
    expect((await pull()).doctypes).toHaveLength(12)
  })
})

describe('code nobody knows', () => {
  const unsupported = async (doctype: string): Promise<string | null> => {
    const staging = await Staging.open(':memory:')
    try {
      return (await PostingEngine.open(staging, Site.load(folder), fixedClock('2026-11-26'))).unsupported(doctype)
    } finally {
      await staging.close()
    }
  }

  it('of another app is not predicted; a custom DocType has none', async () => {
    const { origin } = await pull()
    expect(origin.controllers.unknown).toEqual(['Fleet Car'])
    expect(Site.load(folder).doctype('Fleet Car')!.controller).toBeNull()
    expect(Site.load(folder).doctype('Visit Note')!.controller).toEqual([])
    expect(Site.load(folder).doctype('Customer')!.controller).toEqual(Site.load().doctype('Customer')!.controller)
    expect(await unsupported('Fleet Car')).toMatch(/not known/)
    expect(await unsupported('Visit Note')).toBeNull()
    expect(await unsupported('Customer')).toBeNull()
  })

  it('of another major version neither', async () => {
    site.apps = { frappe: '16.0.1', erpnext: '16.0.0' }
    await pull()
    expect(await unsupported('Customer')).toMatch(/not known/)
  })

  it('of hooks a bench told is not predicted', async () => {
    const controllers = Object.fromEntries(site.rows['DocType']!.map((one) => [String(one['name']), ['validate']]))
    const snapshot = await pull({ code: { apps: { ...site.apps, fleet: '1.0' }, controllers, hooks: { Customer: ['fleet.events.check on validate'] } } })
    expect(snapshot.interferes).toMatchObject([{ kind: 'Hook', doctype: 'Customer' }])
    expect(Site.load(folder).doctype('Fleet Car')!.controller).toEqual(['validate'])
    expect(await unsupported('Customer')).toMatch(/fleet\.events\.check/)
    expect(await unsupported('Visit Note')).toBeNull()
  })
})

it('a DocType whose table is broken is named, and the rest is there', async () => {
  site.broken.add('Fleet Car')
  const snapshot = await pull()
  expect(snapshot.notRead).toContainEqual(expect.objectContaining({ what: 'records of Fleet Car', why: expect.stringContaining('ProgrammingError') }))
  expect(snapshot.records.get('Customer')).toHaveLength(2)
})

it('Ctrl-C ends a pull and leaves the folder as it was', async () => {
  await pull()
  const stop = new AbortController(), before = readFileSync(join(folder, 'snapshot.yaml'), 'utf8')
  const reader = new RestReader(new SiteClient({ url: site.url, token: site.token, clock: systemClock, signal: stop.signal }))
  const pulling = pullSite(reader, { clock: systemClock, shipped: Site.load(), code: null, before: null, more: [], cap: 10, progress: (what) => { if (what === 'records') stop.abort() } })
  await expect(pulling).rejects.toMatchObject({ code: 'interrupted' })
  await reader.close()
  expect(readFileSync(join(folder, 'snapshot.yaml'), 'utf8')).toBe(before)
})

it('documents of the mappings are taken where they are not too many', async () => {
  const reader = new RestReader(new SiteClient({ url: site.url, token: site.token, clock: systemClock }))
  const wishes = { clock: systemClock, shipped: Site.load(), code: null, before: null, more: [], also: ['Sales Invoice'], progress: () => undefined }
  expect((await pullSite(reader, { ...wishes, cap: 10 })).snapshot.records.get('Sales Invoice')).toHaveLength(2)
  expect((await pullSite(reader, { ...wishes, cap: 1 })).snapshot.leftOut).toMatchObject({ 'Sales Invoice': 2 })
  await reader.close()
})
