import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LandfallError } from '../../../src/errors/error.ts'
import { fixedClock } from '../../../src/model/clock.ts'
import { openSource } from '../../../src/sources/registry.ts'
import type { Source } from '../../../src/sources/source.ts'
import { collect, describeSource, standardEntities } from '../../../src/testing/source-conformance.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void
const routes = new Map<string, Handler>(), asked: { url: string; auth?: string }[] = [], waits: number[] = []
let server: Server, other: Server, base = '', otherBase = ''
const clock = fixedClock('2026-11-22T12:00:00Z')
const env = { clock, baseFolder: '.', wait: async (ms: number) => { waits.push(ms) } }

const send = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(typeof value === 'string' ? value : JSON.stringify(value))
const listen = (handler: (request: IncomingMessage, response: ServerResponse) => void) => new Promise<[Server, string]>((resolve) => {
  const made = createServer(handler).listen(0, '127.0.0.1', () => { const at = made.address(); resolve([made, `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`]) })
})

const rest = (entities: object, more: object = {}): Promise<Source> => openSource('api', 'rest', { baseUrl: base, entities, retries: 2, ...more }, env)
const read = async (entity: object, more: object = {}) => {
  const source = await rest({ e: entity }, more)
  try {
    return await collect(source, 'e', { batchRows: 7 })
  } finally {
    await source.close()
  }
}
const page = (url: URL, size: number, param = 'page') => (Number(url.searchParams.get(param)) - 1) * size

beforeAll(async () => {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://x')
    asked.push({ url: request.url ?? '', auth: request.headers.authorization })
    const handler = routes.get(url.pathname)
    if (handler) handler(request, response, url)
    else response.writeHead(404).end('nothing here')
  };
  [server, base] = await listen(handle);
  [other, otherBase] = await listen(handle)
  for (const entity of standardEntities()) {
    const records = entity.rows.map((row) => Object.fromEntries(entity.columns.map((column, i) => [column.name, row[i]])))
    routes.set(`/standard/${entity.name}`, (_request, response, url) => {
      const at = Number(url.searchParams.get('offset')), size = Number(url.searchParams.get('limit'))
      send(response, { data: records.slice(at, at + size), meta: { total: records.length } })
    })
  }
})
afterAll(() => { for (const one of [server, other]) { one?.closeAllConnections(); one?.close() } })
beforeEach(() => { asked.length = 0; waits.length = 0 })

const numbered = Array.from({ length: 25 }, (_, i) => ({ id: i + 1 }))

describeSource({ describe, it, beforeAll, afterAll }, 'REST', async () => ({
  open: () => rest({
    ...Object.fromEntries(standardEntities().map(({ name }) => [name, { path: `standard/${name}`, records: '$.data[*]', total: '$.meta.total', key: ['id'], paging: { kind: 'offset', size: 200 } }])),
  }, { concurrency: 2 }),
  entities: standardEntities(),
  broken: [
    { name: '500 in the middle', entity: 'e', codes: ['source-failed'], before: 10, open: () => {
      routes.set('/dies', (_request, response, url) => page(url, 10) >= 20 ? response.writeHead(500).end('boom') : send(response, numbered.slice(page(url, 10), page(url, 10) + 10)))
      return rest({ e: { path: 'dies', paging: { kind: 'page' } } })
    } },
    { name: 'cut in the middle', entity: 'e', codes: ['source-failed'], before: 10, open: () => {
      routes.set('/cut', (_request, response, url) => {
        if (page(url, 10) < 10) { send(response, numbered.slice(0, 10)); return }
        response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
        response.write('[{"id": 11},')
        setTimeout(() => response.socket?.destroy(), 10)
      })
      return rest({ e: { path: 'cut', paging: { kind: 'page' } } })
    } },
    { name: 'no JSON', entity: 'e', codes: ['source-failed'], before: 10, open: () => {
      routes.set('/html', (_request, response, url) => page(url, 10) === 0 ? send(response, numbered.slice(0, 10)) : send(response, '<html>busy</html>'))
      return rest({ e: { path: 'html', paging: { kind: 'page' } } })
    } },
    { name: 'endless', entity: 'e', codes: ['source-failed'], before: 1, open: () => {
      routes.set('/circle', (_request, response, url) => send(response, { data: [{ id: url.searchParams.get('cursor') ?? '0' }], next: url.searchParams.get('cursor') === 'a' ? 'b' : 'a' }))
      return rest({ e: { path: 'circle', records: '$.data[*]', paging: { kind: 'cursor', next: '$.next' } } })
    }, batchRows: 1 },
    { name: 'fewer than announced', entity: 'e', codes: ['source-short'], open: () => {
      routes.set('/short', (_request, response, url) => send(response, { data: numbered.slice(page(url, 10), page(url, 10) + 10), total: 30 }))
      return rest({ e: { path: 'short', records: '$.data', total: '$.total', paging: { kind: 'page' } } })
    } },
    { name: 'shifting', entity: 'e', codes: ['source-changed'], open: () => {
      routes.set('/shift', (_request, response, url) => send(response, numbered.slice(Math.max(0, page(url, 10) - 1), Math.max(10, page(url, 10) + 9))))
      return rest({ e: { path: 'shift', key: ['id'], paging: { kind: 'page' } } })
    } },
  ],
  refused: [
    { name: 'denied', codes: ['source-denied'], secrets: ['very-secret-token'], open: () => {
      routes.set('/denied', (request, response) => response.writeHead(403).end(`go away, ${request.headers.authorization}`))
      return rest({ e: { path: 'denied?api_key=very-secret-token' } }, { auth: { kind: 'token', token: 'very-secret-token' } })
    } },
    { name: 'nobody there', codes: ['source-unreachable'], open: () => rest({ e: { path: 'x' } }, { baseUrl: 'http://127.0.0.1:1', retries: 0 }) },
    { name: 'not found', codes: ['source-failed'], open: () => rest({ e: { path: 'nothing' } }) },
    { name: 'gigantic', codes: ['limit-exceeded'], open: () => {
      routes.set('/giant', (_request, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }); response.end(gzipSync(Buffer.alloc(5_000_000, 32))) })
      return rest({ e: { path: 'giant' } }, { maxBodyBytes: 1_000_000 })
    } },
    { name: 'bad path', codes: ['config-invalid'], open: () => rest({ e: { path: 'x', records: 'data[' } }) },
  ],
}))

describe('REST', () => {
  it('keeps numbers, nested values and texts as they were written', async () => {
    routes.set('/values', (_request, response) => send(response, `{"data":[{"id":12345678901234567890,"price":1.50,"tiny":1e-7,"ok":true,"none":null,"empty":"","nested":{"a":{"b":0.10},"none":{}},"list":[1.20,{"x":null}],"__proto__":{"polluted":1}}]}`))
    const found = await read({ path: 'values', records: '$.data' })
    expect(found.error).toBeNull()
    expect(Object.fromEntries(found.columns.map((name, i) => [name, found.rows[0]?.[i]]))).toEqual(Object.fromEntries([
      ['id', '12345678901234567890'], ['price', '1.50'], ['tiny', '1e-7'], ['ok', 'true'], ['none', null], ['empty', ''], ['nested.a.b', '0.10'], ['nested.none', '{}'], ['list', '[1.20,{"x":null}]'], ['__proto__.polluted', '1'],
    ]))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('follows Link headers, gzip and other charsets', async () => {
    routes.set('/link', (_request, response, url) => {
      const n = Number(url.searchParams.get('n') ?? 1)
      const body = Buffer.from(JSON.stringify(n === 1 ? [{ id: 1, t: 'Ä' }] : [{ id: 2, t: 'ß' }]), 'latin1')
      response.writeHead(200, { 'content-type': 'application/json; charset=iso-8859-1', 'content-encoding': 'gzip', ...(n === 1 ? { link: '</link?n=0>; rel="prev", </link?n=2>; rel="next"' } : {}) }).end(gzipSync(body))
    })
    const found = await read({ path: 'link', paging: { kind: 'link' } })
    expect(found.rows).toEqual([['1', 'Ä'], ['2', 'ß']])
  })

  it('asks by POST with the cursor in the body', async () => {
    routes.set('/search', (request, response) => {
      let text = ''
      request.on('data', (part: Buffer) => { text += part.toString() }).on('end', () => {
        const body = JSON.parse(text) as { q: string; after?: string }
        send(response, body.after === undefined ? { hits: [{ id: 1, q: body.q }], next: 'p2' } : { hits: [{ id: 2, q: body.q, late: 'x' }], next: null })
      })
    })
    const found = await read({ path: 'search', method: 'POST', body: { q: 'all' }, records: '$.hits[*]', paging: { kind: 'cursor', param: 'after', in: 'body', next: '$.next' } })
    expect(found.columns).toEqual(['id', 'q', 'late'])
    expect(found.rows).toEqual([['1', 'all', null], ['2', 'all', 'x']])
  })

  it('waits as told by Retry-After, in seconds and as a date, else longer each time', async () => {
    let turn = 0
    const date = new Date(Date.parse('2026-11-22T12:00:10Z')).toUTCString()
    routes.set('/busy', (_request, response) => {
      turn++
      if (turn === 1) response.writeHead(429, { 'retry-after': '3' }).end()
      else if (turn === 2) response.writeHead(503, { 'retry-after': date }).end()
      else send(response, [{ id: 1 }])
    })
    const source = await rest({ e: { path: 'busy' } })
    await source.describe()
    await source.close()
    expect(waits).toHaveLength(2)
    expect(waits[0]).toBeGreaterThanOrEqual(3000)
    expect(waits[0]).toBeLessThan(3200)
    expect(waits[1]).toBeGreaterThanOrEqual(10_000)
  })

  it('renews an OAuth token once after 401', async () => {
    let tokens = 0
    routes.set('/token', (_request, response) => send(response, { access_token: `access-token-${++tokens}` }))
    routes.set('/guarded', (request, response) => request.headers.authorization === 'Bearer access-token-2' ? send(response, [{ id: 1 }]) : response.writeHead(401).end('expired'))
    const auth = { kind: 'oauth2', tokenUrl: `${base}/token`, clientId: 'me', clientSecret: 'client-secret' }
    expect((await read({ path: 'guarded' }, { auth })).rows).toEqual([['1']])
    expect(tokens).toBe(2)
  })

  it('asks the token server as patiently as any other, and takes its no for an answer', async () => {
    let turn = 0
    routes.set('/moody', (_request, response) => {
      turn++
      if (turn === 1) response.writeHead(429, { 'retry-after': '7' }).end()
      else if (turn === 2) response.writeHead(502).end()
      else send(response, { access_token: 'access-token-9' })
    })
    routes.set('/after', (request, response) => request.headers.authorization === 'Bearer access-token-9' ? send(response, [{ id: 1 }]) : response.writeHead(403).end())
    const auth = { kind: 'oauth2', tokenUrl: `${base}/moody`, clientId: 'me', clientSecret: 'client-secret' }
    expect((await read({ path: 'after', method: 'POST' }, { auth })).rows).toEqual([['1']])
    expect(waits[0]).toBeGreaterThanOrEqual(7000)
    routes.set('/moody', (_request, response) => response.writeHead(400).end('{"error":"invalid_client"}'))
    expect((await read({ path: 'after' }, { auth })).error).toMatchObject({ code: 'source-denied' })
    routes.set('/moody', (_request, response) => response.writeHead(503).end())
    expect((await read({ path: 'after' }, { auth })).error).toMatchObject({ code: 'source-failed' })
  })

  it('pages in the body of a POST, and by URLs in the answer', async () => {
    routes.set('/body', (request, response) => {
      let text = ''
      request.on('data', (part: Buffer) => { text += part.toString() }).on('end', () => {
        const body = JSON.parse(text) as { at: number; count: number }
        send(response, numbered.slice(body.at, body.at + body.count))
      })
    })
    expect((await read({ path: 'body', method: 'POST', paging: { kind: 'offset', in: 'body', param: 'at', sizeParam: 'count', size: 10 } })).rows.flat()).toEqual(numbered.map((one) => String(one.id)))
    expect((await read({ path: 'body', paging: { kind: 'offset', in: 'body' } }).catch((error: unknown) => ({ error }))).error).toMatchObject({ code: 'config-invalid' })
    routes.set('/odata', (_request, response, url) => {
      const at = Number(url.searchParams.get('skip') ?? 0)
      send(response, { value: numbered.slice(at, at + 10), ...(at < 20 ? { '@odata.nextLink': `/odata?skip=${at + 10}` } : {}) })
    })
    expect((await read({ path: 'odata', records: '$.value[*]', paging: { kind: 'cursor', in: 'url', next: `$['@odata.nextLink']` } })).rows.flat()).toEqual(numbered.map((one) => String(one.id)))
  })

  it('goes nowhere that is not allowed, and carries credentials to no other host', async () => {
    routes.set('/away', (_request, response) => response.writeHead(302, { location: `${otherBase}/landed` }).end())
    routes.set('/landed', (_request, response) => send(response, [{ id: 1 }]))
    routes.set('/nextaway', (_request, response) => send(response, [{ id: 1 }], { link: `<${otherBase}/landed>; rel=next` }))
    const auth = { kind: 'token', token: 'very-secret-token' }
    expect(((await read({ path: 'away' }, { auth })).error as LandfallError).code).toBe('host-not-allowed')
    expect(((await read({ path: 'nextaway', paging: { kind: 'link' } }, { auth })).error as LandfallError).code).toBe('host-not-allowed')
    expect(asked.some((one) => one.url === '/landed')).toBe(false)
    const found = await read({ path: 'away' }, { auth, allowedHosts: [new URL(otherBase).host] })
    expect(found.rows).toEqual([['1']])
    expect(asked.find((one) => one.url === '/away')?.auth).toBe('Bearer very-secret-token')
    expect(asked.find((one) => one.url === '/landed')?.auth).toBeUndefined()
  })

  it('goes on behind a short page, and rejects twins when told to', async () => {
    const answers = [[1, 2, 3], [4], [4, 5, 6], []]
    routes.set('/uneven', (_request, response, url) => send(response, (answers[Number(url.searchParams.get('page')) - 1] ?? []).map((id) => ({ id }))))
    const found = await read({ path: 'uneven', key: ['id'], duplicates: 'reject', paging: { kind: 'page' } })
    expect(found.error).toBeNull()
    expect(found.rows.flat()).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(found.rejected).toBe(1)
  })
})
