import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seededRandom } from '../../../src/model/clock.ts'

/** What may go wrong with a request that writes. `drop`: it is done, the answer is lost. `reset`: it never arrives. The rest: it is answered so and not done. */
export const FAULTS = ['drop', 'reset', '429', '503', '502', 'deadlock'] as const
export type Fault = (typeof FAULTS)[number]

type Row = Record<string, unknown>

/**
 * As much of Frappe's REST API as the lane uses, with documents as plain rows in memory and no controllers: for what the lane does about failures, of which it can have hundreds in
 * seconds. Not for what ERPNext does with documents; that is the stand-in's.
 */
export class FakeSite {
  readonly tables = new Map<string, Map<string, Row>>()
  /** Requests by method and path without names, and how often each fault struck. */
  readonly requests: Record<string, number> = {}
  readonly struck: Record<Fault, number> = { drop: 0, reset: 0, '429': 0, '503': 0, '502': 0, deadlock: 0 }
  /** Faults that are still to come, and the share of writing requests they strike. */
  faults: Fault[] = []
  rate = 0
  /** Called before a document is inserted; a text refuses it. */
  refuse: (doctype: string, doc: Row) => string | null = () => null
  /** Changes the name the site gives, or the row it keeps. */
  rename: (doctype: string, name: string) => string = (_doctype, name) => name
  alter: (doctype: string, row: Row) => Row = (_doctype, row) => row
  /** Documents of these DocTypes answer before they are submitted; so many looks later they are. */
  late: Record<string, number> = {}
  url = ''
  readonly #random: () => number
  readonly #server = createServer((request, response) => { void this.#serve(request, response) })
  #ticks = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  async start(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  table(doctype: string): Map<string, Row> {
    const table = this.tables.get(doctype) ?? new Map<string, Row>()
    this.tables.set(doctype, table)
    return table
  }

  /** Everything that is on the site, for before and after. */
  snapshot(): string {
    return JSON.stringify([...this.tables].filter(([doctype, rows]) => rows.size > 0 && doctype !== 'Custom Field').map(([doctype, rows]) => [doctype, [...rows.values()]]).sort())
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const url = new URL(request.url ?? '/', 'http://x'), method = request.method ?? 'GET'
    const [, , kind = '', target = '', name] = url.pathname.split('/').map(decodeURIComponent)
    this.requests[`${method} ${kind} ${target}`] = (this.requests[`${method} ${kind} ${target}`] ?? 0) + 1
    const text = Buffer.concat(parts).toString('utf8'), body = text === '' || !String(request.headers['content-type']).includes('json') ? {} : JSON.parse(text) as Row
    const writes = method !== 'GET' && !target.includes('get_list') && !target.includes('run_doc_method')
    const fault = writes && this.faults.length > 0 && this.#random() < this.rate ? this.faults.splice(Math.floor(this.#random() * this.faults.length), 1)[0] ?? null : null
    if (fault !== null) this.struck[fault]++
    if (fault === 'reset') { request.socket.destroy(); return }
    const answer = fault === null || fault === 'drop' ? this.#answer(method, kind, target, name, body) : refusalOf(fault)
    if (fault === 'drop') { request.socket.destroy(); return }
    response.writeHead(answer.status, { 'content-type': typeof answer.body === 'string' ? 'text/html' : 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  }

  #answer(method: string, kind: string, target: string, name: string | undefined, body: Row): { status: number; body: unknown; headers?: Record<string, string> } {
    try {
      return { status: 200, body: kind === 'resource' ? { data: this.#resource(method, target, name, body) } : { message: this.#method(target, body) } }
    } catch (error) {
      const { type, message, status } = error as { type: string; message: string; status: number }
      return { status: status ?? 500, body: { exc_type: type ?? 'TypeError', exception: `frappe.exceptions.${type}: ${message}`, _server_messages: JSON.stringify([JSON.stringify({ message: `<b>${message}</b>`, raise_exception: 1 })]) } }
    }
  }

  #resource(method: string, doctype: string, name: string | undefined, body: Row): unknown {
    const table = this.table(doctype), row = name === undefined ? undefined : table.get(name)
    if (method === 'POST') return this.#insert([{ ...body, doctype }], true)[0]
    if (doctype === 'File') return body
    if (!row) throw { type: 'DoesNotExistError', message: `${doctype} ${name} not found`, status: 404 }
    if (method === 'DELETE') {
      if (row['docstatus'] === 1) throw { type: 'ValidationError', message: `${doctype} ${name}: submitted records can not be deleted`, status: 417 }
      table.delete(String(name))
      return 'ok'
    }
    if (method === 'PUT') {
      const refused = body['docstatus'] === 1 ? this.refuse(doctype, { ...row, ...body, submitted: true }) : null
      if (refused !== null) throw { type: 'ValidationError', message: refused, status: 417 }
      Object.assign(row, body, { modified: this.#now() })
    }
    return row
  }

  #method(method: string, body: Row): unknown {
    if (method === 'frappe.utils.change_log.get_versions') return { frappe: { version: '15.72.4' }, erpnext: { version: '15.71.1' } }
    if (method === 'frappe.client.insert_many') return this.#insert(body['docs'] as Row[], false).map((row) => row['name'])
    if (method === 'frappe.client.cancel') return Object.assign(this.table(String(body['doctype'])).get(String(body['name'])) ?? {}, { docstatus: 2 })
    if (method === 'run_doc_method') return 1_000_000
    if (method === 'frappe.client.get_single_value') return 1
    if (method === 'upload_file') return { name: 'file-1', file_url: '/private/files/logo.png' }
    const [[, field, , values]] = body['filters'] as [[string, string, string, unknown[]]], wanted = new Set(values.map(String)), doctype = String(body['doctype'])
    const rows = [...this.table(doctype).values()].filter((row) => wanted.has(String(row[field])))
    if (this.late[doctype] !== undefined && this.late[doctype]-- <= 0) for (const row of rows) row['docstatus'] = 1
    return rows
  }

  /** All or none. */
  #insert(docs: Row[], keepName: boolean): Row[] {
    const rows = docs.map((doc) => {
      const doctype = String(doc['doctype']), own = doctype === 'Brand' ? doc['brand'] : doctype === 'Custom Field' ? `${String(doc['dt'])}-${String(doc['fieldname'])}` : undefined
      const name = this.rename(doctype, String(own ?? (keepName ? doc['name'] : undefined) ?? `h${(this.#ticks++).toString(32).padStart(9, '0')}`)), refused = this.refuse(doctype, doc)
      if (refused !== null) throw { type: 'ValidationError', message: refused, status: 417 }
      if (this.table(doctype).has(name)) throw { type: 'DuplicateEntryError', message: `${doctype} ${name} already exists`, status: 409 }
      const key = doc['landfall_key']
      if (key !== undefined && [...this.table(doctype).values()].some((row) => row['landfall_key'] === key)) throw { type: 'UniqueValidationError', message: 'Landfall Key must be unique', status: 417 }
      return { ...this.alter(doctype, doc), name, docstatus: this.late[doctype] === undefined ? doc['docstatus'] ?? 0 : 0, creation: this.#now(), modified: this.#now(), owner: 'Administrator', modified_by: 'Administrator' }
    })
    for (const row of rows) this.table(String((row as Row)['doctype'])).set(row.name, row)
    return rows
  }

  #now(): string {
    return `2026-11-22 10:00:00.${String(this.#ticks++ % 1_000_000).padStart(6, '0')}`
  }
}

function refusalOf(fault: Fault): { status: number; body: unknown; headers?: Record<string, string> } {
  if (fault === '429') return { status: 429, body: { exc_type: 'TooManyRequestsError', exception: 'frappe.exceptions.TooManyRequestsError' }, headers: { 'retry-after': '0.02' } }
  if (fault === 'deadlock') return { status: 500, body: { exc_type: 'QueryDeadlockError', exception: "frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock found when trying to get lock; try restarting transaction')" }, headers: { 'retry-after': '0' } }
  return { status: Number(fault), body: `<html><head><title>${fault}</title></head><body>Try later</body></html>`, headers: { 'retry-after': '0.01' } }
}
