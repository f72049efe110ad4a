import { createServer, type Server } from 'node:http'

type Row = Record<string, unknown>

/** A small site over HTTP, in memory: enough of Frappe's REST for a snapshot. Rows may be changed between pulls; `asked` is what was asked for. */
export interface FakeSite {
  url: string
  token: string
  rows: Record<string, Row[]>
  singles: Record<string, Record<string, string>>
  series: Record<string, number>
  apps: Record<string, string>
  /** DocTypes the user may not read. */
  denied: Set<string>
  /** DocTypes whose lists fail with a Python error. */
  broken: Set<string>
  /** Rights the user lacks, `create Customer`. */
  lacks: Set<string>
  /** Statuses the next requests are answered with, in order. */
  failures: number[]
  asked: string[]
  /** What `getdoctype` answers in place of the computed, by DocType. */
  applied: Record<string, Row>
  stop(): Promise<void>
}

const FIELD = { parenttype: 'DocType', reqd: 0 }
let names = 0

export function field(parent: string, idx: number, fieldname: string, fieldtype: string, more: Row = {}): Row {
  return { name: `f${String(++names).padStart(6, '0')}`, parent, idx, fieldname, fieldtype, label: fieldname, modified: '2026-01-01 00:00:00', ...FIELD, ...more }
}

export function doctype(name: string, more: Row = {}): Row {
  return { name, module: 'Selling', modified: '2026-01-01 00:00:00', issingle: 0, istable: 0, is_submittable: 0, is_virtual: 0, custom: 0, autoname: 'hash', ...more }
}

export function row(name: string, more: Row = {}): Row {
  return { name, owner: 'Administrator', creation: '2026-01-01 00:00:00.000000', modified: '2026-01-01 00:00:00.000000', modified_by: 'Administrator', docstatus: 0, idx: 0, ...more }
}

function matches(record: Row, filters: unknown[][]): boolean {
  return filters.every(([column, operator, value]) => {
    const own = record[String(column)]
    if (operator === '>') return String(own) > String(value)
    if (operator === '>=') return String(own) >= String(value)
    if (operator === 'in') return (value as unknown[]).includes(own)
    return own === value
  })
}

/** Starts a site with the DocTypes a snapshot needs and a few records. */
export async function startFakeSite(): Promise<FakeSite> {
  const site: FakeSite = {
    url: '', token: 'key1:topsecret1', rows: baseRows(), singles: { 'Selling Settings': { name: 'Selling Settings', cust_master_name: 'Customer Name', secret: 'hidden-secret' }, 'System Settings': { setup_complete: '1', time_zone: 'Europe/Berlin' } },
    series: { 'CUST-': 7, 'SINV-': 0 }, apps: { frappe: '15.72.4', erpnext: '15.71.1' }, denied: new Set(), broken: new Set(), lacks: new Set(), failures: [], asked: [], applied: {}, stop: async () => undefined,
  }
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => { body += part.toString() })
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://site'), path = decodeURIComponent(url.pathname)
      site.asked.push(`${request.method} ${path}`)
      const failure = site.failures.shift()
      const [status, answer] = failure !== undefined ? [failure, { exc_type: 'SessionStopped' }]
        : path === '/api/method/ping' ? [200, { message: 'pong' }]
          : request.headers.authorization !== `token ${site.token}` ? [401, { exc_type: 'AuthenticationError' }] : answerOf(site, path, url.searchParams, body === '' ? {} : JSON.parse(body) as Row)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  site.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  site.stop = () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()) })
  return site
}

const REFUSED: [number, unknown] = [403, { exc_type: 'PermissionError' }]

function answerOf(site: FakeSite, path: string, query: URLSearchParams, body: Row): [number, unknown] {
  if (path.startsWith('/api/resource/')) return listOf(site, path.slice('/api/resource/'.length), query)
  switch (path.slice('/api/method/'.length)) {
    case 'frappe.auth.get_logged_user': return [200, { message: 'loader@example.com' }]
    case 'frappe.utils.change_log.get_versions': return [200, { message: Object.fromEntries(Object.entries(site.apps).map(([app, version]) => [app, { version }])) }]
    case 'frappe.utils.scheduler.get_scheduler_status': return [200, { message: { status: 'inactive' } }]
    case 'frappe.client.has_permission': return [200, { message: { has_permission: !site.lacks.has(`${query.get('perm_type')} ${query.get('doctype')}`) } }]
    case 'frappe.client.get_value': {
      const doctype = query.get('doctype')!, values = site.singles[doctype] ?? {}
      if (site.denied.has(doctype)) return REFUSED
      return [200, { message: Object.fromEntries((JSON.parse(query.get('fieldname')!) as string[]).filter((name) => values[name] !== undefined).map((name) => [name, values[name]])) }]
    }
    case 'frappe.desk.form.load.getdoctype': return appliedOf(site, query.get('doctype')!)
    case 'run_doc_method': {
      if (site.denied.has('Document Naming Settings')) return REFUSED
      if (body['method'] === 'get_transactions_and_prefixes') return [200, { docs: [{ doctype: 'Document Naming Settings' }], message: { prefixes: ['', ...Object.keys(site.series)] } }]
      return [200, { message: site.series[(JSON.parse(String(body['docs'])) as { prefix: string }).prefix] ?? 0 }]
    }
    default: return [404, { exc_type: 'DoesNotExistError' }]
  }
}

function appliedOf(site: FakeSite, name: string): [number, unknown] {
  const bundle = (one: string): Row[] => {
    const found = site.rows['DocType']!.find((record) => record['name'] === one)
    if (found === undefined) return []
    const fields = site.rows['DocField']!.filter((record) => record['parent'] === one).map((record) => ({ ...record }))
    for (const custom of site.rows['Custom Field']!.filter((record) => record['dt'] === one)) fields.splice(fields.findIndex((record) => record['fieldname'] === custom['insert_after']) + 1 || fields.length, 0, { ...custom })
    for (const setter of site.rows['Property Setter']!.filter((record) => record['doc_type'] === one)) Object.assign(fields.find((record) => record['fieldname'] === setter['field_name']) ?? {}, { [String(setter['property'])]: Number(setter['value']) })
    return [site.applied[one] ?? { ...found, fields }]
  }
  const docs = bundle(name)
  return docs.length === 0 ? [404, { exc_type: 'DoesNotExistError' }] : [200, { docs }]
}

function listOf(site: FakeSite, doctype: string, query: URLSearchParams): [number, unknown] {
  const parent = query.get('parent')
  if (site.denied.has(doctype) || (parent !== null && site.denied.has(parent))) return REFUSED
  if (site.broken.has(doctype)) return [500, { exc_type: 'ProgrammingError', exception: 'pymysql.err.ProgrammingError: (1146, no such table)' }]
  const filters = JSON.parse(query.get('filters') ?? '[]') as unknown[][], fields = JSON.parse(query.get('fields') ?? '["name"]') as string[]
  const all = (site.rows[doctype] ?? []).filter((record) => matches(record, filters)).sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1))
  if (fields.some((name) => name.startsWith('count('))) return [200, { data: [{ n: all.length, m: all.reduce<string | null>((max, record) => (max === null || String(record['modified']) > max ? String(record['modified']) : max), null) }] }]
  const limit = Number(query.get('limit_page_length') ?? 20), page = limit > 0 ? all.slice(0, limit) : all
  // As Frappe does: a column whose name contains `_seen` is lost from a list.
  return [200, { data: page.map((record) => Object.fromEntries(Object.entries(record).filter(([key]) => (fields.includes('*') || fields.includes(key)) && !key.includes('_seen')))) }]
}

function baseRows(): Record<string, Row[]> {
  const single = { issingle: 1, autoname: null }
  return {
    DocType: [
      doctype('DocType', { module: 'Core' }), doctype('Custom Field', { module: 'Custom' }), doctype('Property Setter', { module: 'Custom' }), doctype('User', { module: 'Core' }), doctype('Workflow', { module: 'Workflow' }),
      doctype('Customer', { autoname: 'naming_series:', track_seen: 1, search_fields: 'customer_group' }), doctype('Sales Team', { istable: 1 }), doctype('Sales Invoice', { is_submittable: 1, module: 'Accounts' }),
      doctype('Fleet Car', { module: 'Fleet' }), doctype('Visit Note', { module: 'Selling', custom: 1 }), doctype('Selling Settings', single), doctype('System Settings', { ...single, module: 'Core' }),
    ],
    DocField: [
      field('Customer', 1, 'naming_series', 'Select', { options: 'CUST-', reqd: 1 }), field('Customer', 2, 'customer_name', 'Data', { reqd: 1, search_index: 1 }), field('Customer', 3, 'customer_group', 'Link', { options: 'Customer Group' }),
      field('Customer', 4, 'opens_at', 'Time'), field('Customer', 5, 'portal_key', 'Password'), field('Customer', 6, 'sales_team', 'Table', { options: 'Sales Team' }), field('Sales Team', 1, 'share', 'Percent'),
      field('Selling Settings', 1, 'cust_master_name', 'Select'), field('Selling Settings', 2, 'secret', 'Password'), field('System Settings', 1, 'setup_complete', 'Check'), field('System Settings', 2, 'time_zone', 'Select'),
      field('Fleet Car', 1, 'plate', 'Data', { unique: 1 }), field('Visit Note', 1, 'note', 'Text'), field('User', 1, 'enabled', 'Check'), field('User', 2, 'api_key', 'Data'), field('User', 3, 'full_name', 'Data'),
      field('Workflow', 1, 'document_type', 'Link', { options: 'DocType' }), field('Workflow', 2, 'is_active', 'Check'),
    ],
    'Custom Field': [row('Customer-landfall_key', { dt: 'Customer', fieldname: 'landfall_key', fieldtype: 'Data', label: 'Legacy', insert_after: 'customer_name', unique: 1, idx: 9 })],
    'Property Setter': [row('Customer-customer_group-reqd', { doc_type: 'Customer', doctype_or_field: 'DocField', field_name: 'customer_group', property: 'reqd', property_type: 'Check', value: '1' })],
    User: [row('loader@example.com', { enabled: 1, full_name: 'Loader', api_key: 'abcdef' })],
    Workflow: [],
    Customer: [row('Alpha', { customer_name: 'Alpha', customer_group: null, opens_at: '9:30:00', portal_key: '*****' }), row('Beta', { customer_name: 'Beta', customer_group: '' })],
    'Sales Team': [row('t1', { parent: 'Alpha', parenttype: 'Customer', parentfield: 'sales_team', share: 100 }), row('t2', { parent: 'Beta', parenttype: 'Customer', parentfield: 'sales_team', share: 50 })],
    'Sales Invoice': [row('SINV-1'), row('SINV-2')],
    'Fleet Car': [row('c1', { plate: 'B-X 1' })], 'Visit Note': [],
    DefaultValue: [row('d1', { parent: '__default', defkey: 'company', defvalue: 'Northwind' }), row('d2', { parent: 'loader@example.com', defkey: 'company', defvalue: 'Other' })],
    'RQ Worker': [{ name: 'w1', queue_type: 'default,short' }], Company: [row('Northwind')],
  }
}
