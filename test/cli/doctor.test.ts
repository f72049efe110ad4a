import { describe, expect, it } from 'vitest'
import { duration, size, verdictOf, type DoctorCheck } from '../../src/doctor/check.ts'
import { checkDatabase } from '../../src/doctor/database.ts'
import { checkMachine, machineFacts, type MachineFacts } from '../../src/doctor/machine.ts'
import { checkRights, checkSite } from '../../src/doctor/site.ts'
import { examineSource } from '../../src/doctor/source.ts'
import { LandfallError } from '../../src/errors/error.ts'
import { systemClock } from '../../src/model/clock.ts'
import type { Source } from '../../src/sources/source.ts'
import { privilegesOn } from '../../src/targets/snapshot/database-probe.ts'
import type { DatabaseFacts, SiteFacts } from '../../src/targets/snapshot/site-facts.ts'

const statuses = (checks: DoctorCheck[]): Record<string, string> => Object.fromEntries(checks.map((check) => [check.id, check.status]))
const of = (checks: DoctorCheck[], id: string): DoctorCheck => checks.find((check) => check.id === id)!
const SUPPORTED = { frappe: '15.72.4', erpnext: '15.71.1' }
const GOOD_SITE: SiteFacts = {
  url: 'https://erp.example.com', unreachable: null, maintenance: false, secure: true, user: 'loader@example.com', loginError: null, apps: SUPPORTED, setupComplete: true, companies: 1, schedulerActive: false, workers: { default: 2 },
  skewMs: 200, skewError: 520, timeZone: 'Europe/Berlin', latencyMs: [10, 12, 300], bytesPerSecond: 5_000_000, rateLimited: false, frozen: [], interferes: [], missingDoctypes: [], refused: [],
}
const GOOD_DATABASE: DatabaseFacts = {
  where: '127.0.0.1:3306/erp', unreachable: null, charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci', sizeBytes: 1e6, skewMs: 3, latencyMs: [0.3], grants: [], freeBytes: 1e11, connections: 5,
  variables: { version: '10.11.6-MariaDB', log_bin: 'OFF', max_allowed_packet: String(256 << 20), local_infile: 'ON', sql_mode: 'STRICT_TRANS_TABLES', innodb_buffer_pool_size: String(1 << 30), innodb_log_file_size: String(256 << 20), innodb_flush_log_at_trx_commit: '1', read_only: 'OFF', max_connections: '151' },
}
const GOOD_MACHINE: MachineFacts = { node: '24.21.0', cores: 4, memoryBytes: 8e9, availableBytes: 6e9, folder: '/p', freeBytes: 1e11, memoryLimit: 700 << 20, spillLimit: 20e9, threads: 2 }

const noWayOutWhenFine = (checks: DoctorCheck[]): void => {
  for (const check of checks) {
    if (check.status === 'ok') expect(check.wayOut, check.id).toBeNull()
    if (check.status === 'warn' || check.status === 'fail') expect(check.wayOut, check.id).toBeTruthy()
  }
}

describe('checks of a site', () => {
  it('are all fine for a site that is ready', () => {
    expect(new Set(checkSite(GOOD_SITE, SUPPORTED).map(({ status }) => status))).toEqual(new Set(['ok']))
  })

  it('skip what depends on what failed, and say so', () => {
    expect(statuses(checkSite({ ...GOOD_SITE, unreachable: { why: 'refused', hint: 'way' } }, SUPPORTED))).toEqual({ 'target.reach': 'fail', 'target.login': 'skipped' })
    expect(statuses(checkSite({ ...GOOD_SITE, user: null, loginError: 'AuthenticationError' }, SUPPORTED))).toMatchObject({ 'target.login': 'fail', 'target.versions': 'skipped' })
    expect(of(checkSite({ ...GOOD_SITE, maintenance: true, unreachable: { why: '503', hint: null } }, SUPPORTED), 'target.reach').wayOut).toMatch(/maintenance/)
  })

  it.each<[string, Partial<SiteFacts>, string, string]>([
    ['http in the clear', { url: 'http://erp.example.com', secure: false }, 'target.tls', 'warn'], ['another major version', { apps: { frappe: '16.0.0', erpnext: '16.0.0' } }, 'target.versions', 'fail'],
    ['a later minor version', { apps: { ...SUPPORTED, erpnext: '15.80.0' } }, 'target.versions', 'warn'], ['no ERPNext', { apps: { frappe: '15.72.4' } }, 'target.versions', 'fail'],
    ['another app', { apps: { ...SUPPORTED, fleet: '1' } }, 'target.apps', 'warn'], ['a DocType that is missing', { missingDoctypes: ['Fleet Car'] }, 'target.modules', 'fail'], ['no company', { companies: 0 }, 'target.setup', 'fail'],
    ['the scheduler on', { schedulerActive: true }, 'target.scheduler', 'warn'], ['no workers', { workers: {} }, 'target.workers', 'warn'], ['workers that may not be seen', { workers: null }, 'target.workers', 'skipped'],
    ['a clock 10 minutes off', { skewMs: -600_000 }, 'target.clock', 'fail'], ['a clock 20 seconds off', { skewMs: 20_000 }, 'target.clock', 'warn'], ['a slow line', { latencyMs: [900, 800, 1000] }, 'target.latency', 'warn'],
    ['a thin line', { bytesPerSecond: 1000 }, 'target.bandwidth', 'warn'], ['frozen accounts', { frozen: [{ what: 'accounting entries', until: '2025-12-31' }] }, 'target.frozen', 'warn'], ['a rate limit', { rateLimited: true }, 'target.rate-limit', 'warn'],
    ['a workflow', { interferes: [{ kind: 'Workflow', name: 'W', doctype: 'Customer', what: 'x', hint: 'y' }] }, 'target.interference', 'warn'],
  ])('%s', (_, facts, id, status) => {
    const checks = checkSite({ ...GOOD_SITE, ...facts }, SUPPORTED)
    expect(statuses(checks)[id]).toBe(status)
    noWayOutWhenFine(checks)
  })

  it('sum rights up by lane', () => {
    const right = { why: 'w', wayOut: 'ask' }
    expect(statuses(checkRights([{ ...right, lane: 'pull', what: 'read User', has: false }, { ...right, lane: 'rest', what: 'create Customer', has: false }, { ...right, lane: 'bench', what: 'run', has: null }, { ...right, lane: 'express', what: 'INSERT', has: true }])))
      .toEqual({ 'target.rights-pull': 'warn', 'target.rights-rest': 'fail', 'target.rights-bench': 'skipped', 'target.rights-express': 'ok' })
  })
})

describe('checks of a database', () => {
  it('are all fine for a server that is ready', () => {
    expect(new Set(checkDatabase(GOOD_DATABASE).map(({ status }) => status))).toEqual(new Set(['ok']))
  })

  it.each<[string, Record<string, string>, string, string]>([
    ['a small packet', { max_allowed_packet: String(1 << 20) }, 'database.packet', 'fail'], ['a middling packet', { max_allowed_packet: String(16 << 20) }, 'database.packet', 'warn'], ['no local_infile', { local_infile: 'OFF' }, 'database.local-infile', 'warn'],
    ['ANSI_QUOTES', { sql_mode: 'ANSI_QUOTES,STRICT_TRANS_TABLES' }, 'database.sql-mode', 'fail'], ['a binary log by rows', { log_bin: 'ON', binlog_format: 'ROW' }, 'database.binlog', 'warn'], ['a binary log of statements', { log_bin: 'ON', binlog_format: 'STATEMENT' }, 'database.binlog', 'fail'],
    ['MySQL', { version: '8.0.36' }, 'database.version', 'fail'], ['an old MariaDB', { version: '10.3.1-MariaDB' }, 'database.version', 'fail'], ['a replica', { read_only: 'ON' }, 'database.read-only', 'fail'], ['a small pool', { innodb_buffer_pool_size: '1000000' }, 'database.buffer-pool', 'warn'],
    ['lazy commits', { innodb_flush_log_at_trx_commit: '2' }, 'database.flush', 'warn'],
  ])('%s', (_, variables, id, status) => {
    const checks = checkDatabase({ ...GOOD_DATABASE, variables: { ...GOOD_DATABASE.variables, ...variables } })
    expect(statuses(checks)[id]).toBe(status)
    noWayOutWhenFine(checks)
  })

  it('know another character set, and a disk that cannot be seen', () => {
    expect(statuses(checkDatabase({ ...GOOD_DATABASE, charset: 'latin1', freeBytes: null }))).toMatchObject({ 'database.charset': 'fail', 'database.disk': 'skipped' })
  })

  it('read grants as MariaDB writes them', () => {
    expect(privilegesOn('erp_1', ['GRANT USAGE ON *.* TO `u`@`%`', 'GRANT SELECT, INSERT ON `erp\\_1`.* TO `u`@`%`', 'GRANT UPDATE ON `erp_1`.`tabItem` TO `u`@`%`'])).toEqual(new Set(['USAGE', 'SELECT', 'INSERT']))
    expect(privilegesOn('erp', ['GRANT ALL PRIVILEGES ON `er%`.* TO `u`@`%`'])).toEqual(new Set(['ALL']))
    expect(privilegesOn('erp', ['GRANT ALL PRIVILEGES ON `other`.* TO `u`@`%`'])).toEqual(new Set())
  })
})

describe('checks of this machine', () => {
  it.each<[string, Partial<MachineFacts>, { known: number; uncounted: number } | null, string, string]>([
    ['an old Node', { node: '20.1.0' }, null, 'machine.node', 'fail'], ['few cores', { cores: 1 }, null, 'machine.cores', 'warn'], ['little memory', { memoryBytes: 1e9 }, null, 'machine.memory', 'fail'], ['memory in use', { availableBytes: 1e9 }, null, 'machine.memory', 'warn'],
    ['little disk for what the sources hold', { freeBytes: 5e9 }, { known: 1_000_000, uncounted: 0 }, 'machine.disk', 'fail'], ['little disk to spill', { freeBytes: 15e9 }, { known: 1000, uncounted: 1 }, 'machine.spill', 'warn'], ['enough', {}, { known: 1000, uncounted: 0 }, 'machine.spill', 'ok'],
  ])('%s', (_, facts, records, id, status) => {
    const checks = checkMachine({ ...GOOD_MACHINE, ...facts }, records)
    expect(statuses(checks)[id]).toBe(status)
    noWayOutWhenFine(checks)
  })

  it('look at the machine they run on', () => {
    const facts = machineFacts('/no/such/folder/yet', { memory: 1, spill: 1, threads: 1 })
    expect(facts.freeBytes).toBeGreaterThan(0)
    expect(facts.memoryBytes).toBeGreaterThan(1e8)
  })
})

describe('checks of a source', () => {
  const entity = { name: 'a', namespace: '', columns: [], primaryKey: [], uniqueKeys: [], foreignKeys: [], rowCount: { value: 5, exact: true }, notes: ['odd'] }
  const batch = { entity: 'a', columns: [], data: { kind: 'rows' as const, columns: [] }, count: 5, firstOrdinal: 1, read: 5, rejected: [], cursor: {} }
  let closed = 0
  const source = (more: Partial<Source> = {}): Source => ({
    name: 'crm', kind: 'fake', can: { resume: true, keys: true, readOnly: true, nulls: true }, describe: async () => ({ source: 'crm', kind: 'fake', version: '1', entities: [entity, { ...entity, name: 'b', rowCount: { value: null, exact: false } }] }),
    read: async function* () { yield batch }, measure: async () => null, close: async () => { closed++ }, ...more,
  })
  const exam = (more: Partial<Source> = {}) => examineSource('crm', 'fake', async () => source(more), systemClock, '/tmp')

  it('open, describe and read a little, and count what the entities say', async () => {
    const { checks, records, uncounted } = await exam()
    expect(statuses(checks)).toEqual({ 'source.crm.open': 'ok', 'source.crm.describe': 'ok', 'source.crm.read': 'ok', 'source.crm.rights': 'ok' })
    expect([records, uncounted]).toEqual([5, 1])
    expect(closed).toBe(1)
  })

  it('name what fails, with its way out', async () => {
    const unreachable = await examineSource('crm', 'fake', async () => { throw new LandfallError('source-unreachable', 'no answer', { hint: 'start it' }) }, systemClock, '/tmp')
    expect(unreachable.checks).toMatchObject([{ id: 'source.crm.open', status: 'fail', found: 'no answer', wayOut: 'start it' }])
    const broken = await exam({ read: async function* () { await Promise.resolve(); if (closed >= 0) throw new LandfallError('source-denied', 'not yours'); yield batch } })
    expect(statuses(broken.checks)).toMatchObject({ 'source.crm.read': 'fail', 'source.crm.describe': 'ok' })
    expect(statuses((await exam({ describe: async () => ({ source: 'crm', kind: 'fake', version: '', entities: [] }) })).checks)['source.crm.describe']).toBe('fail')
  })

  it('leave defects to whoever mends them', async () => {
    await expect(exam({ describe: () => { throw new RangeError('bug') } })).rejects.toThrow('bug')
  })
})

it('figures are for people', () => {
  expect([size(0), size(1536), size(256 << 20), size(1.5 * 2 ** 40)]).toEqual(['0 B', '1.5 KB', '256 MB', '1.5 TB'])
  expect([duration(0.42), duration(124.4), duration(-20_000), duration(600_000), duration(9_000_000)]).toEqual(['0.4 ms', '124 ms', '-20.0 s', '10 min', '3 h'])
  expect(verdictOf(checkMachine(GOOD_MACHINE, null))).toMatchObject({ fail: 0, skipped: 0 })
})
