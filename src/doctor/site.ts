import type { Right, SiteFacts } from '../targets/snapshot/site-facts.ts'
import { Checks, duration, median, size, type DoctorCheck } from './check.ts'

/** Versions the posting engine was made for and compared with. */
export interface Supported { frappe: string; erpnext: string }

const SKEW_WARN_MS = 5_000, SKEW_FAIL_MS = 300_000
/** Slower than this, REST loads fewer than some 20 documents a second however many requests run at once. */
const LATENCY_WARN_MS = 200
const BANDWIDTH_WARN = 250_000

const major = (version: string | undefined): string | null => version?.split('.')[0] ?? null

/** Checks of the site over REST. Once a step fails, those that depend on it are skipped with the reason. */
export function checkSite(facts: SiteFacts, supported: Supported): DoctorCheck[] {
  const checks = new Checks('target')
  if (facts.unreachable !== null) {
    checks.add('reach', 'reach', 'fail', facts.maintenance ? 'the site is in maintenance' : facts.unreachable.why, facts.maintenance ? 'bench --site SITE set-maintenance-mode off, when whoever set it is done.' : facts.unreachable.hint)
    checks.add('login', 'login and everything after', 'skipped', 'the site cannot be reached')
    return checks.list
  }
  checks.add('reach', 'reach', 'ok', facts.url)
  const here = /\/\/(127\.|localhost\b|\[::1\])/.test(facts.url)
  checks.add('tls', 'encrypted connection', facts.secure || here ? 'ok' : 'warn', facts.secure ? 'https' : here ? 'http, which does not leave this machine' : 'http', 'Documents and the token travel in the clear: use https.')
  if (facts.user === null) {
    checks.add('login', 'login', 'fail', `refused: ${facts.loginError ?? ''}`, 'Make an API key and secret in the user\'s settings, API Access, and set LANDFALL_TOKEN=KEY:SECRET.')
    checks.add('versions', 'versions and everything after', 'skipped', 'there is no login')
    return checks.list
  }
  checks.add('login', 'login', facts.user === 'Administrator' ? 'warn' : 'ok', `as ${facts.user}`, 'A user of its own shows in the history who loaded what, and can be taken away afterwards.')
  checkVersions(checks, facts, supported)
  checkState(checks, facts)
  checkClock(checks, facts)
  checkSpeed(checks, facts)
  checkInterference(checks, facts)
  if (facts.refused.length > 0) checks.add('refused', 'what could not be asked', 'skipped', facts.refused.join('; '), 'landfall site rights says which role is missing.')
  return checks.list
}

function checkVersions(checks: Checks, { apps, missingDoctypes, refused }: SiteFacts, supported: Supported): void {
  if (Object.keys(apps).length === 0) { checks.add('versions', 'versions', 'skipped', refused.find((text) => text.startsWith('versions')) ?? 'not told'); return }
  const text = Object.entries(apps).map(([app, version]) => `${app} ${version}`).join(', ')
  if (apps['erpnext'] === undefined) checks.add('versions', 'ERPNext', 'fail', `not installed; there is ${text}`, 'bench --site SITE install-app erpnext')
  else if (major(apps['erpnext']) !== major(supported.erpnext)) {
    checks.add('versions', 'versions', 'fail', text, `Predictions are made for ERPNext ${major(supported.erpnext)}: of another version nothing can be predicted. Migrate into ${major(supported.erpnext)} and upgrade the site afterwards.`)
  } else {
    const same = apps['erpnext'] === supported.erpnext && apps['frappe'] === supported.frappe
    checks.add('versions', 'versions', same ? 'ok' : 'warn', text, `Predictions were compared with ERPNext ${supported.erpnext} on Frappe ${supported.frappe}; canaries decide what holds for this one.`)
  }
  const others = Object.keys(apps).filter((app) => app !== 'frappe' && app !== 'erpnext')
  if (others.length > 0) checks.add('apps', 'other apps', 'warn', others.join(', '), 'Their code may run on every document: landfall site pull --bench FOLDER shows where.')
  checks.add('modules', 'DocTypes of the mappings', missingDoctypes.length > 0 ? 'fail' : 'ok', missingDoctypes.length > 0 ? `missing: ${missingDoctypes.join(', ')}` : 'all there', 'Install the app they belong to, or change the mappings.')
}

function checkState(checks: Checks, { setupComplete, companies, schedulerActive, workers, frozen, rateLimited }: SiteFacts): void {
  if (setupComplete === null && companies === null) checks.add('setup', 'setup wizard', 'skipped', 'neither System Settings nor Company may be read')
  else if (companies === 0) checks.add('setup', 'setup wizard', 'fail', 'there is no company', 'Open the site once as Administrator and go through the setup wizard.')
  else checks.add('setup', 'setup wizard', setupComplete === false ? 'warn' : 'ok', `${companies ?? 'some'} ${companies === 1 ? 'company' : 'companies'}${setupComplete === false ? '; the wizard is not marked as done' : ''}`, 'Open the site once as Administrator: the wizard shows what is left.')
  if (schedulerActive === null) checks.add('scheduler', 'scheduler', 'skipped', 'its state may not be read')
  else checks.add('scheduler', 'scheduler', schedulerActive ? 'warn' : 'ok', schedulerActive ? 'active: its jobs run while documents are loaded, and emails are sent' : 'off', 'bench --site SITE scheduler pause, for the time of the load; scheduler resume afterwards.')
  const running = Object.values(workers ?? {}).reduce((sum, count) => sum + count, 0)
  if (workers === null) checks.add('workers', 'background workers', 'skipped', 'RQ Worker may not be read (System Manager)')
  else {
    checks.add('workers', 'background workers', running === 0 ? 'warn' : 'ok', running === 0 ? 'none: what the site queues (submission of documents of over 100 rows) stays queued' : Object.entries(workers).map(([queue, count]) => `${count} for ${queue}`).join(', '),
      'Start them: bench worker, or sudo supervisorctl restart all.')
  }
  if (frozen.length > 0) checks.add('frozen', 'frozen dates', 'warn', frozen.map(({ what, until }) => `${what} until ${until}`).join('; '), 'Documents of that time are refused: clear the date for the time of the load.')
  if (rateLimited) checks.add('rate-limit', 'rate limit', 'warn', 'the site limits requests', 'Raise or remove rate_limit in site_config.json for the time of the load.')
}

function checkClock(checks: Checks, { skewMs, skewError, timeZone }: SiteFacts): void {
  if (skewMs === null) checks.add('clock', 'clock', 'skipped', 'the site does not tell the time')
  else {
    const off = Math.max(0, Math.abs(skewMs) - skewError)
    checks.add('clock', 'clock', off > SKEW_FAIL_MS ? 'fail' : off > SKEW_WARN_MS ? 'warn' : 'ok', off < 1000 ? 'the same as here, to a second' : `${duration(off)} ${skewMs > 0 ? 'ahead of' : 'behind'} this machine`,
      'Set both clocks (ntp): what changed since a pull is found by time.')
  }
  if (timeZone !== null) checks.add('time-zone', 'time zone', 'ok', `${timeZone}: what defaults to today is today there`)
}

function checkSpeed(checks: Checks, { latencyMs, bytesPerSecond }: SiteFacts): void {
  const latency = median(latencyMs)
  if (latency === null) checks.add('latency', 'latency', 'skipped', 'not measured')
  else checks.add('latency', 'latency', latency > LATENCY_WARN_MS ? 'warn' : 'ok', `${duration(latency)}, median of ${latencyMs.length}`, 'Run Landfall nearer to the site, best on its machine through the bench.')
  if (bytesPerSecond === null) checks.add('bandwidth', 'bandwidth', 'skipped', 'nothing large enough may be read')
  else checks.add('bandwidth', 'bandwidth', bytesPerSecond < BANDWIDTH_WARN ? 'warn' : 'ok', `about ${size(bytesPerSecond)}/s, the site's own work included`, 'Run Landfall nearer to the site.')
}

function checkInterference(checks: Checks, { interferes }: SiteFacts): void {
  if (interferes.length === 0) return checks.add('interference', 'nothing acts by itself', 'ok', 'no scripts, workflows, notifications, webhooks in force, as far as they may be read')
  const kinds = new Map<string, string[]>()
  for (const one of interferes) kinds.set(one.kind, [...kinds.get(one.kind) ?? [], one.doctype ?? one.name])
  const text = [...kinds].map(([kind, targets]) => `${targets.length} ${kind} (${[...new Set(targets)].slice(0, 3).join(', ')}${new Set(targets).size > 3 ? '...' : ''})`).join(', ')
  checks.add('interference', 'what acts by itself', 'warn', text, [...new Set(interferes.map((one) => one.hint))].join(' '))
}

/** Rights in one check per lane: what is missing, named. */
export function checkRights(rights: readonly Right[]): DoctorCheck[] {
  const checks = new Checks('target')
  for (const lane of ['pull', 'rest', 'bench', 'express'] as const) {
    const of = rights.filter((right) => right.lane === lane)
    if (of.length === 0) continue
    const missing = of.filter((right) => right.has === false), unclear = of.filter((right) => right.has === null)
    const found = missing.length === 0 ? unclear.length === 0 ? `all ${of.length}` : `${of.length - unclear.length} of ${of.length}; not told: ${unclear.map((right) => right.what).join('; ')}` : `lacks: ${missing.map((right) => right.what).join('; ')}`
    checks.add(`rights-${lane}`, `rights for ${lane}`, missing.length > 0 ? lane === 'pull' ? 'warn' : 'fail' : unclear.length > 0 ? 'skipped' : 'ok', found, missing[0] === undefined ? null : `${missing[0].wayOut} landfall site rights lists all.`)
  }
  return checks.list
}
