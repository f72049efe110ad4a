import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Activity, Ticket } from './trade.ts'

export const API_TOKEN = 'demo-token-4711'

export interface DemoApi { url: string; requests: { total: number; throttled: number }; close(): Promise<void> }

/**
 * The legacy help desk: `GET /api/tickets?page=N&size=M` (pages from 1, `{data, total}`) and `GET /api/activities?cursor=C&limit=M`
 * (`{items, next}`), both behind a bearer token. Every `throttleEvery`-th request is answered 429 with Retry-After: 0, as real ones do.
 */
export async function serveApi(data: { tickets: Ticket[]; activities: Activity[] }, options: { port?: number; throttleEvery?: number } = {}): Promise<DemoApi> {
  const requests = { total: 0, throttled: 0 }, every = options.throttleEvery ?? 7
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    requests.total++
    const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      response.end(JSON.stringify(body))
    }
    if (request.headers.authorization !== `Bearer ${API_TOKEN}`) return send(401, { error: 'a token is needed' })
    if (requests.total % every === 0) {
      requests.throttled++
      return send(429, { error: 'slow down' }, { 'retry-after': '0' })
    }
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname === '/api/tickets') {
      const page = Math.max(1, Number(url.searchParams.get('page') ?? 1)), size = Math.min(1000, Number(url.searchParams.get('size') ?? 100))
      return send(200, { data: data.tickets.slice((page - 1) * size, page * size), total: data.tickets.length })
    }
    if (url.pathname === '/api/activities') {
      const at = Number(url.searchParams.get('cursor') ?? 0), limit = Math.min(1000, Number(url.searchParams.get('limit') ?? 100)), next = at + limit
      return send(200, { items: data.activities.slice(at, next), next: next < data.activities.length ? String(next) : null })
    }
    send(404, { error: `nothing at ${url.pathname}` })
  })
  await new Promise<void>((ready, failed) => server.once('error', failed).listen(options.port ?? 0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`, requests,
    close: () => new Promise<void>((done) => { server.close(() => done()); server.closeAllConnections() }),
  }
}
