import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LandfallError, messageOf } from '../errors/error.ts'
import { systemClock, type Clock } from '../model/clock.ts'
import { Site } from '../site/site.ts'
import { apiRequest, readBody } from './api-request.ts'
import { answerApi } from './api.ts'
import type { Answer } from './answer.ts'
import { faultAnswer, Faults, faultsControl, type FaultOptions } from './faults.ts'
import { ServedSite } from './served-site.ts'

export interface StandinOptions {
  /** The site served: a description, a folder of one, or null for the shipped one. */
  site?: Site | string | null
  /** `key:secret` of its one user, Administrator. */
  token?: string
  clock?: Clock
  /** File the site is kept in; null: in memory, gone when it is closed. */
  storePath?: string | null
  /** What goes wrong on the way; nothing by default. */
  faults?: FaultOptions
  host?: string
  /** 0: any free port. */
  port?: number
}

/** A site that is being served. */
export interface Standin {
  /** `http://127.0.0.1:38123`, without a slash at the end. */
  readonly url: string
  readonly token: string
  readonly served: ServedSite
  readonly counters: Readonly<Counters>
  /** What goes wrong from now on: `faults.set([{ kind: 'drop', at: [3] }])`. */
  readonly faults: Faults
  close(): Promise<void>
}

/** Requests answered since the start, by status (`200`, or `none` where the connection was broken) and by method and path without names (`POST /api/resource/Customer`). */
export interface Counters { requests: number; statuses: Record<string, number>; paths: Record<string, number> }

export const DEFAULT_TOKEN = 'standin:secret'

/** Serves a rehearsal site over HTTP as Frappe's REST API. Throws `target-failed` when the port cannot be had, `site-invalid` for a damaged site. */
export async function startStandin(options: StandinOptions = {}): Promise<Standin> {
  const site = options.site instanceof Site ? options.site : Site.load(options.site ?? null)
  const served = await ServedSite.open({ site, clock: options.clock ?? systemClock, storePath: options.storePath ?? null })
  const token = options.token ?? DEFAULT_TOKEN, host = options.host ?? '127.0.0.1'
  const counters: Counters = { requests: 0, statuses: {}, paths: {} }, faults = new Faults(options.faults)
  const server = createServer((request, response) => {
    void serve({ served, token, counters, faults }, request, response).catch(() => response.destroy())
  })
  await listen(server, host, options.port ?? 0).catch(async (error: unknown) => {
    await served.close()
    throw new LandfallError('target-failed', `The stand-in cannot listen on ${host}:${options.port ?? 0}: ${messageOf(error)}`, { hint: 'Choose another port.', cause: error })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`, token, served, counters, faults,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((done) => { server.close(() => done()) })
      await served.close()
    },
  }
}

interface Serving { served: ServedSite; token: string; counters: Counters; faults: Faults }

async function serve({ served, token, counters, faults }: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET', body = await readBody(request)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : value]))
  const parsed = body === null ? null : apiRequest(method, request.url ?? '/', headers, body)
  if (parsed === null) return finish(counters, method, '', response, unreadable(body === null))
  if (faults.control && parsed.path === '/standin/faults') return send(response, faultsControl(faults, method, parsed.form['data'] ?? parsed.form['rules']))
  const fault = faults.draw(method, parsed.path, headers['x-standin-fault'])
  if (fault?.kind === 'reset') return hangUp(counters, response)
  const answer = (fault === null ? null : faultAnswer(fault)) ?? await answerApi(served, parsed, token)
  if (fault?.kind === 'drop') return hangUp(counters, response)
  if (fault?.kind === 'slow') await new Promise((done) => setTimeout(done, fault.delayMs ?? 1000))
  finish(counters, method, parsed.path, response, answer)
}

/** The client sees its connection break. */
function hangUp(counters: Counters, response: ServerResponse): void {
  counters.requests++
  counters.statuses['none'] = (counters.statuses['none'] ?? 0) + 1
  response.socket?.resetAndDestroy()
}

function finish(counters: Counters, method: string, path: string, response: ServerResponse, answer: Answer): void {
  count(counters, method, path, answer.status)
  send(response, answer)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(port, host, () => done())
  })
}

function unreadable(large: boolean): Answer {
  return { status: large ? 413 : 400, body: {}, text: large ? '<!doctype html>\n<title>413 Request Entity Too Large</title>\n' : '<!doctype html>\n<title>400 Bad Request</title>\n' }
}

function count(counters: Counters, method: string, path: string, status: number): void {
  const place = `${method} ${/^\/api\/resource\/[^/]+|^\/api\/method\/[^/]+/.exec(path)?.[0] ?? path}`
  counters.requests++
  counters.statuses[status] = (counters.statuses[status] ?? 0) + 1
  counters.paths[place] = (counters.paths[place] ?? 0) + 1
}

/** JSON beyond ASCII is escaped, as Python writes it. */
function send(response: ServerResponse, answer: Answer): void {
  const kind = answer.bytes !== undefined ? 'application/octet-stream' : answer.text !== undefined ? 'text/html; charset=utf-8' : 'application/json'
  const data = answer.bytes ?? Buffer.from(answer.text ?? JSON.stringify(answer.body).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))
  response.writeHead(answer.status, { 'Content-Type': kind, 'Content-Length': data.length, ...answer.headers })
  response.end(data)
}
