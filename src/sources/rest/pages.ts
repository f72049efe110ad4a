import { query } from 'jsonpath-rfc9535'
import { LandfallError } from '../../errors/error.ts'
import { Numeral, parseJson } from './json.ts'
import { shown, type Answer, type RestClient } from './client.ts'
import type { RestEntityOptions } from './options.ts'

/** Where a page lies: a number or offset, a cursor token, a whole URL; '' is the first page of token and link paging. */
export type Place = string | number

/** `escapes`: a text of the answer is written with `\u`, so that it may hold characters no database takes. */
export interface Page { place: Place; records: unknown[]; escapes: boolean; total: number | null; next: Place | null }

type Json = Parameters<typeof query>[0]

const asNumber = (value: unknown) => value instanceof Numeral ? Number(value.text) : typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : Number.NaN

/** The pages of one endpoint. Numbered pages end with an empty one or at the announced total; a short page alone is no end. */
export class Pages {
  readonly #client: RestClient
  readonly #base: string
  readonly #entity: RestEntityOptions
  readonly #concurrency: number
  readonly #name: string

  constructor(client: RestClient, base: string, name: string, entity: RestEntityOptions, concurrency: number) {
    this.#client = client
    this.#base = base
    this.#name = name
    this.#entity = entity
    this.#concurrency = concurrency
  }

  /** Place of the first page. */
  first(): Place {
    return this.#entity.paging.kind === 'page' ? this.#entity.paging.start : this.#entity.paging.kind === 'offset' ? 0 : ''
  }

  /** Pages from `place` on, in order. `seen` are the records before it, for totals. A place that comes twice is an endless loop: `source-failed`. */
  async *from(place: Place, seen: number, signal?: AbortSignal): AsyncGenerator<Page> {
    const visited = new Set<Place>(), ahead = new Map<Place, Promise<Page>>()
    let before = seen
    for (let at: Place | null = place; at !== null;) {
      if (visited.has(at)) throw new LandfallError('source-failed', `The pages of \`${this.#name}\` run in a circle: ${shown(String(at)).slice(0, 200)} came twice.`, { where: { entity: this.#name }, hint: 'Check the option `paging`.' })
      visited.add(at)
      const page: Page = await (ahead.get(at) ?? this.page(at, signal))
      ahead.delete(at)
      before += page.records.length
      const ended = page.next === null || (this.#numbered() && (page.records.length === 0 || (page.total !== null && before >= page.total)))
      if (ended && page.total !== null && before < page.total) {
        throw new LandfallError('source-short', `\`${this.#name}\` announced ${page.total} records and gave ${before}.`, { where: { entity: this.#name }, hint: 'The collection may have changed: read it again.' })
      }
      yield page
      if (ended) return
      at = page.next
      // Places of numbered pages are known beforehand; offsets are only while every page is full.
      const step = this.#stride(page)
      if (step === null) continue
      for (let n = 0; n < this.#concurrency; n++) {
        const place = (at as number) + n * step
        if (ahead.has(place) || ahead.size >= this.#concurrency || (page.total !== null && before + n * page.records.length >= page.total)) continue
        const coming = this.page(place, signal)
        coming.catch(() => undefined)
        ahead.set(place, coming)
      }
    }
  }

  /** One page. */
  async page(place: Place, signal?: AbortSignal): Promise<Page> {
    const { method, body } = this.#request(place)
    const answer = await this.#client.ask({ url: this.#url(place), method, body, signal })
    const json = parseJson(answer.text, shown(answer.url))
    const found = query(json as Json, this.#entity.records) as unknown[]
    // `$.data` and `$.data[*]` mean the same to people.
    const records = found.length === 1 && Array.isArray(found[0]) ? found[0] as unknown[] : found
    const total = this.#entity.total ? asNumber(query(json as Json, this.#entity.total)[0]) : Number.NaN
    if (found.length === 0 && json !== null && typeof json === 'object' && 'error' in json) throw new LandfallError('source-failed', `${shown(answer.url)} answered with an error: ${answer.text.slice(0, 200)}`, { where: { entity: this.#name } })
    return { place, records, escapes: answer.text.includes('\\u'), total: Number.isNaN(total) ? null : total, next: this.#next(place, records.length, json, answer) }
  }

  #numbered(): boolean {
    return this.#entity.paging.kind === 'page' || this.#entity.paging.kind === 'offset'
  }

  #stride(page: Page): number | null {
    const paging = this.#entity.paging
    if (this.#concurrency === 1) return null
    if (paging.kind === 'page') return 1
    return paging.kind === 'offset' && page.records.length === paging.size ? paging.size : null
  }

  /** What the page's place adds to the request, by name. */
  #asked(place: Place): Record<string, Place> {
    const paging = this.#entity.paging
    if (paging.kind === 'none' || paging.kind === 'link') return {}
    const size = paging.sizeParam && paging.size ? { [paging.sizeParam]: paging.size } : {}
    return paging.kind === 'cursor' && (place === '' || paging.in === 'url') ? size : { ...size, [paging.param]: place }
  }

  #in(): 'query' | 'body' {
    const paging = this.#entity.paging
    return 'in' in paging && paging.in === 'body' ? 'body' : 'query'
  }

  #request(place: Place): { method: 'GET' | 'POST'; body?: string } {
    if (this.#entity.method === 'GET') return { method: 'GET' }
    return { method: 'POST', body: JSON.stringify({ ...this.#entity.body, ...(this.#in() === 'body' ? this.#asked(place) : {}) }) }
  }

  #url(place: Place): string {
    const paging = this.#entity.paging
    if (place !== '' && (paging.kind === 'link' || (paging.kind === 'cursor' && paging.in === 'url'))) return String(place)
    const url = new URL(`${this.#base.replace(/\/+$/, '')}/${this.#entity.path.replace(/^\/+/, '')}`)
    for (const [name, value] of Object.entries(this.#entity.query)) url.searchParams.set(name, value)
    if (this.#in() === 'query') for (const [name, value] of Object.entries(this.#asked(place))) url.searchParams.set(name, String(value))
    return url.href
  }

  #next(place: Place, count: number, json: unknown, answer: Answer): Place | null {
    const paging = this.#entity.paging
    if (paging.kind === 'page') return Number(place) + 1
    // By what came, not by what was asked for: a server may give fewer than that.
    if (paging.kind === 'offset') return Number(place) + count
    if (paging.kind === 'cursor') {
      const token = query(json as Json, paging.next)[0] as unknown
      const text = token instanceof Numeral ? token.text : token
      if (paging.in === 'url') return typeof text === 'string' && text !== '' ? new URL(text, answer.url).href : null
      return typeof text === 'string' && text !== '' ? text : typeof text === 'number' ? text : null
    }
    if (paging.kind === 'link') {
      const link = [answer.headers['link'] ?? []].flat().join(', ')
      const next = [...link.matchAll(/<([^>]*)>\s*((?:;[^,<]*)*)/g)].find((match) => /;\s*rel\s*=\s*"?(?:[^";]*\s)?next\b/i.test(match[2] ?? ''))
      return next ? new URL(next[1] as string, answer.url).href : null
    }
    return null
  }
}
