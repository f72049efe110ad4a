import { LandfallError } from '../../../errors/error.ts'
import type { Clock } from '../../../model/clock.ts'
import type { Loose } from '../../../site/compact.ts'
import { INTERFERING, interferenceOf } from '../../../site/interference.ts'
import type { Right, SiteFacts } from '../../snapshot/site-facts.ts'
import { exceptionOf, SiteClient, type SiteAddress } from './site-client.ts'

const PINGS = 7
/** Rows of `tabDocField` for the estimate of the bandwidth: some 700 KB, which every site has. */
const BULK = 500

type Probe = { client: SiteClient; facts: SiteFacts; clock: Clock }

/** What `message` or `data` an answer has; null (and a note) when it was refused. */
async function quietly<T>({ client, facts }: Probe, what: string, path: string, query: Record<string, string | number | unknown[] | undefined> = {}): Promise<T | null> {
  const answer = await client.ask(path, query)
  const body = answer.body as { message?: T; data?: T } | null
  if (answer.status < 300) return (body?.data ?? body?.message ?? null)
  facts.refused.push(`${what}: ${answer.status === 403 ? 'no right' : exceptionOf(answer)}`)
  return null
}

/** Asks a site everything that decides whether a migration into it can begin. Changes nothing. Never throws for what the site does: it is in the facts. */
export async function probeSite(address: SiteAddress, doctypes: readonly string[], clock: Clock): Promise<SiteFacts> {
  const client = new SiteClient({ ...address, clock, retries: 0, timeoutMs: 20_000 })
  const facts: SiteFacts = {
    url: client.url, unreachable: null, maintenance: false, secure: address.url.startsWith('https:'), user: null, loginError: null, apps: {}, setupComplete: null, companies: null, schedulerActive: null, workers: null,
    skewMs: null, skewError: 0, timeZone: null, latencyMs: [], bytesPerSecond: null, rateLimited: false, frozen: [], interferes: [], missingDoctypes: [], refused: [],
  }
  const probe = { client, facts, clock }
  try {
    await probeReach(probe)
    await probeLogin(probe)
    if (facts.user !== null) {
      await probeState(probe)
      await probeSettings(probe)
      await probeDoctypes(probe, doctypes)
      await probeBandwidth(probe)
    }
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error
    facts.maintenance = /503|SessionStopped/.test(error.message)
    facts.unreachable = { why: error.message, hint: error.hint }
  } finally {
    await client.close()
  }
  return facts
}

async function probeReach({ client, facts, clock }: Probe): Promise<void> {
  for (let i = 0; i < PINGS; i++) {
    const sent = clock.now(), answer = await client.ask('/api/method/ping'), received = clock.now()
    if (answer.status >= 300) {
      const location = answer.headers['location']
      throw new LandfallError('target-failed', answer.status < 400 ? `The site leads elsewhere: ${String(location)}` : `The site answered ${answer.status} to a ping`, {
        hint: answer.status < 400 ? 'Use that address.' : 'Is this the address of an ERPNext site? Where one address serves several: --site-name.',
      })
    }
    // The first one pays for the connection.
    if (i > 0) facts.latencyMs.push(answer.ms)
    const date = Date.parse(String(answer.headers['date'] ?? ''))
    // The header has whole seconds: half of one is added.
    if (!Number.isNaN(date)) { facts.skewMs = date + 500 - (sent + received) / 2; facts.skewError = 500 + (received - sent) / 2 }
    facts.rateLimited ||= Object.keys(answer.headers).some((name) => name.startsWith('x-ratelimit'))
  }
}

async function probeLogin({ client, facts }: Probe): Promise<void> {
  const answer = await client.ask('/api/method/frappe.auth.get_logged_user')
  const user = (answer.body as { message?: string } | null)?.message
  if (answer.status < 300 && typeof user === 'string' && user !== 'Guest') facts.user = user
  else facts.loginError = exceptionOf(answer)
}

async function probeState(probe: Probe): Promise<void> {
  const { facts } = probe
  const versions = await quietly<Record<string, { version?: string }>>(probe, 'versions', '/api/method/frappe.utils.change_log.get_versions')
  facts.apps = Object.fromEntries(Object.entries(versions ?? {}).map(([app, about]) => [app, about.version ?? '?']))
  const settings = await quietly<{ setup_complete?: string; time_zone?: string }>(probe, 'System Settings', '/api/method/frappe.client.get_value', { doctype: 'System Settings', fieldname: ['setup_complete', 'time_zone'] })
  if (settings !== null) {
    facts.setupComplete = Number(settings.setup_complete ?? 0) !== 0
    facts.timeZone = settings.time_zone ?? null
  }
  const companies = await quietly<Loose[]>(probe, 'Company', '/api/resource/Company', { limit_page_length: 100 })
  facts.companies = companies?.length ?? null
  const scheduler = await quietly<{ status?: string }>(probe, 'scheduler', '/api/method/frappe.utils.scheduler.get_scheduler_status')
  facts.schedulerActive = scheduler === null ? null : scheduler.status === 'active'
  const workers = await quietly<Loose[]>(probe, 'workers', '/api/resource/RQ%20Worker', { fields: ['*'], limit_page_length: 100 })
  if (workers !== null) {
    facts.workers = {}
    for (const worker of workers) for (const queue of String(worker['queue_type'] ?? worker['queue'] ?? '?').split(',')) facts.workers[queue] = (facts.workers[queue] ?? 0) + 1
  }
}

async function probeSettings(probe: Probe): Promise<void> {
  const { facts } = probe
  for (const [doctype, field, what] of [['Accounts Settings', 'acc_frozen_upto', 'accounting entries'], ['Stock Settings', 'stock_frozen_upto', 'stock entries']] as const) {
    const value = await quietly<Record<string, string>>(probe, doctype, '/api/method/frappe.client.get_value', { doctype, fieldname: [field] })
    if (value?.[field]) facts.frozen.push({ what: `${what} (${field} of ${doctype})`, until: value[field] })
  }
  const records = new Map<string, Loose[]>(), singles: Record<string, Record<string, string>> = {}
  for (const kind of INTERFERING) {
    if (kind.switch !== undefined) {
      const [single, field] = kind.switch
      singles[single] = await quietly<Record<string, string>>(probe, single, '/api/method/frappe.client.get_value', { doctype: single, fieldname: [field] }) ?? {}
      if (Number(singles[single][field] ?? 0) === 0) continue
    }
    const rows = await quietly<Loose[]>(probe, kind.doctype, `/api/resource/${encodeURIComponent(kind.doctype)}`, { fields: ['*'], limit_page_length: 500 })
    if (rows !== null) records.set(kind.doctype, rows)
  }
  facts.interferes = interferenceOf(records, singles, undefined)
}

async function probeDoctypes(probe: Probe, doctypes: readonly string[]): Promise<void> {
  if (doctypes.length === 0) return
  const found = await quietly<Loose[]>(probe, 'DocType', '/api/resource/DocType', { filters: [['name', 'in', [...doctypes]]], limit_page_length: 0 })
  if (found === null) return
  const there = new Set(found.map((row) => row['name']))
  probe.facts.missingDoctypes = doctypes.filter((name) => !there.has(name))
}

async function probeBandwidth({ client, facts }: Probe): Promise<void> {
  const query = { fields: ['*'], parent: 'DocType', limit_page_length: BULK, order_by: 'name' }
  await client.ask('/api/resource/DocField', query)
  const answer = await client.ask('/api/resource/DocField', query)
  if (answer.status < 300 && answer.bytes > 50_000) facts.bytesPerSecond = Math.round(answer.bytes / Math.max(answer.ms - Math.min(...facts.latencyMs), 1) * 1000)
}

const PULL_NEEDS: [doctype: string, role: string, without: string][] = [
  ['DocType', 'System Manager', 'DocTypes are found by name only; those of other apps are missed'], ['Custom Field', 'System Manager', 'customisations are read one DocType at a time'],
  ['Property Setter', 'System Manager', 'customisations are read one DocType at a time'], ['System Settings', 'System Manager', 'settings are taken as ERPNext has them by default'],
  ['Document Naming Settings', 'System Manager', 'counters of naming series are unknown'], ['User', 'System Manager', 'users and global defaults are unknown'],
  ['Server Script', 'Script Manager', 'scripts of the site are not seen, and predictions can be wrong where there are any'], ['Workflow', 'System Manager', 'workflows are not seen'],
  ['Notification', 'System Manager', 'notifications that send emails are not seen'], ['Webhook', 'System Manager', 'webhooks are not seen'],
]

/** What the user may do, by asking: reads (also of `references`, what the documents link to), and the site's own answer about creating, submitting, cancelling and deleting. */
export async function probeRights(address: SiteAddress, doctypes: readonly { name: string; submits: boolean }[], references: readonly string[], clock: Clock): Promise<Right[]> {
  const client = new SiteClient({ ...address, clock, retries: 1 })
  try {
    const pull = await Promise.all(PULL_NEEDS.map(async ([doctype, role, without]): Promise<Right> => {
      const has = await may(client, doctype, 'read')
      return { lane: 'pull', what: `read ${doctype}`, has, why: without, wayOut: `Give the user the role ${role}.` }
    }))
    const unread = (await Promise.all(references.map(async (doctype) => ({ doctype, has: await may(client, doctype, 'read') })))).filter(({ has }) => has === false).map(({ doctype }) => doctype)
    if (references.length > 0) {
      pull.push({
        lane: 'pull', what: `read the ${references.length} DocTypes those documents refer to`, has: unread.length === 0, why: `lacks ${unread.join(', ')}`,
        wayOut: 'Role Permissions Manager: give a role of the user read on them; links to what is not read are predicted to be refused.',
      })
    }
    const wanted = [...doctypes.flatMap(({ name, submits }) => ['create', 'write', 'delete', ...(submits ? ['submit', 'cancel'] : [])].map((type) => ({ name, type }))), { name: 'Custom Field', type: 'create' }]
    const answers = await Promise.all(wanted.map(async ({ name, type }) => ({ name, type, has: await may(client, name, type) })))
    const rest = [...new Set(wanted.map(({ name }) => name))].map((name): Right => {
      const of = answers.filter((one) => one.name === name), missing = of.filter((one) => one.has === false).map((one) => one.type), unclear = of.some((one) => one.has === null)
      return {
        lane: 'rest', what: `${of.map((one) => one.type).join(', ')} ${name}`, has: missing.length > 0 ? false : unclear ? null : true,
        why: missing.length > 0 ? `lacks ${missing.join(', ')}` : name === 'Custom Field' ? 'for the field landfall_key, by which documents are found again' : 'to load and take back',
        wayOut: name === 'Custom Field' ? 'Give the user the role System Manager while the lane is prepared.' : `Role Permissions Manager: give a role of the user ${missing.join(', ') || 'these rights'} on ${name}.`,
      }
    })
    return [...pull, ...rest]
  } finally {
    await client.close()
  }
}

/** The site's own answer for a DocType as a whole; null when it gives none (the DocType is not there). */
async function may(client: SiteClient, doctype: string, type: string): Promise<boolean | null> {
  const answer = await client.ask('/api/method/frappe.client.has_permission', { doctype, docname: '', perm_type: type })
  if (answer.status === 403) return false
  const message = (answer.body as { message?: { has_permission?: boolean } } | null)?.message
  return answer.status < 300 && typeof message?.has_permission === 'boolean' ? message.has_permission : null
}
