import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LandfallError, messageOf } from '../errors/error.ts'
import { systemClock, type Clock } from '../model/clock.ts'
import { Site } from '../site/site.ts'
import { apiRequest, readBody } from './api-request.ts'
import { answerApi } from './api.ts'
import type { Answer } from './answer.ts'
import { ServedSite } from './served-site.ts'

export interface StandinOptions {
  /** The site served: a description, a folder of one, or null for the shipped one. */
  site?: Site | string | null
  /** `key:secret` of its one user, Administrator. */
  token?: string
  clock?: Clock
  /** File the site is kept in; null: in memory, gone when it is closed. */
  storePath?: string | null
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
  close(): Promise<void>
}

/** Requests answered since the start, by status (`200`) and by method and path without names (`POST /api/resource/Customer`). */
export interface Counters { requests: number; statuses: Record<string, number>; paths: Record<string, number> }

export const DEFAULT_TOKEN = 'standin:secret'

/** Serves a rehearsal site over HTTP as Frappe's REST API. Throws `target-failed` when the port cannot be had, `site-invalid` for a damaged site. */
export async function startStandin(options: StandinOptions = {}): Promise<Standin> {
  const site = options.site instanceof Site ? options.site : Site.load(options.site ?? null)
  const served = await ServedSite.open({ site, clock: options.clock ?? systemClock, storePath: options.storePath ?? null })
  const token = options.token ?? DEFAULT_TOKEN, host = options.host ?? '127.0.0.1'
  const counters: Counters = { requests: 0, statuses: {}, paths: {} }
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request)
      const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : value]))
      const parsed = body === null ? null : apiRequest(request.method ?? 'GET', request.url ?? '/', headers, body)
      const answer = parsed === null ? unreadable(body === null) : await answerApi(served, parsed, token)
      count(counters, request.method ?? 'GET', parsed?.path ?? '', answer.status)
      send(response, answer)
    })().catch(() => response.destroy())
  })
  await listen(server, host, options.port ?? 0).catch(async (error: unknown) => {
    await served.close()
    throw new LandfallError('target-failed', `The stand-in cannot listen on ${host}:${options.port ?? 0}: ${messageOf(error)}`, { hint: 'Choose another port.', cause: error })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`, token, served, counters,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((done) => { server.close(() => done()) })
      await served.close()
    },
  }
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
  const text = answer.text ?? JSON.stringify(answer.body).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  response.writeHead(answer.status, { 'Content-Type': answer.text === undefined ? 'application/json' : 'text/html; charset=utf-8', 'Content-Length': Buffer.byteLength(text), ...answer.headers })
  response.end(text)
}
