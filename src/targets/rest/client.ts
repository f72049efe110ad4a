import { setTimeout as timer } from 'node:timers/promises'
import { Agent, request, type FormData } from 'undici'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { redact, registerSecret } from '../../errors/redact.ts'
import { seededRandom, type Clock } from '../../model/clock.ts'
import type { RestSettings } from '../registry.ts'
import { judge, type Exchange, type Verdict } from './answers.ts'
import { Pace, retryAfterMs } from './pace.ts'

export interface Login { url: string; key: string; secret: string }
/** `documents`: how many are in it, for the pace. */
export interface Ask { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; body?: unknown; form?: FormData; documents?: number }

/** Failures before a request was sent. */
const UNSENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT|CERT|SELF_SIGNED|TLS_ALTNAME/
const FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 30_000

/** Asks one site, as one user, at a pace that the site sets. What an answer means is said by `judge`; what to do about it is the caller's. */
export class SiteClient {
  readonly #base: URL
  readonly #headers: Record<string, string>
  readonly #agent: Agent
  readonly #settings: RestSettings
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #random: () => number
  readonly #wait: (ms: number) => Promise<void>

  constructor(login: Login, settings: RestSettings, clock: Clock, wait?: (ms: number) => Promise<void>) {
    registerSecret(login.secret)
    this.#base = new URL(login.url.endsWith('/') ? login.url : `${login.url}/`)
    this.#headers = { accept: 'application/json', 'user-agent': 'landfall', authorization: `token ${login.key}:${login.secret}`, ...settings.headers }
    const patience = settings.timeout_seconds * 1000
    this.#agent = new Agent({ headersTimeout: patience, bodyTimeout: patience, connect: { timeout: Math.min(patience, 20_000) }, connections: settings.concurrency })
    this.#settings = settings
    this.#clock = clock
    this.#wait = wait ?? ((ms) => timer(ms))
    this.#pace = new Pace(clock, settings.concurrency, this.#wait)
    this.#random = seededRandom(clock.now())
  }

  /** Host of the site, for people. */
  get name(): string {
    return this.#base.host
  }

  /** One request, once. Waits for its turn, and longer when the site asked for it. */
  async once(ask: Ask, attempt = 0): Promise<Verdict> {
    return this.#pace.run<Verdict>(async () => {
      const began = this.#clock.elapsed()
      const verdict = judge(await this.#exchange(ask))
      if (verdict.kind !== 'again') return { felt: { kind: 'good', milliseconds: this.#clock.elapsed() - began, documents: ask.documents ?? 1 }, result: verdict }
      const asked = retryAfterMs(verdict.retryAfter, this.#clock.now())
      const waitMs = asked ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + this.#random())
      return { felt: { kind: 'pushed-back', waitMs: Math.min(waitMs, this.#settings.timeout_seconds * 1000) }, result: verdict }
    })
  }

  /**
   * A request that does no harm when it is done twice, until it has an answer: what the site says, or why it refuses. Throws `target-failed` when the site pushes
   * back longer than `retries` allow, `target-denied` when it refuses the login.
   */
  async insist(ask: Ask): Promise<{ data: unknown; refusal: null } | { data: null; refusal: { type: string; message: string } }> {
    for (let attempt = 0; ; attempt++) {
      const verdict = await this.once(ask, attempt)
      if (verdict.kind === 'done') return { data: verdict.data, refusal: null }
      if (verdict.kind === 'refused') return { data: null, refusal: { type: verdict.type, message: verdict.message } }
      if (verdict.kind !== 'again' || attempt >= this.#settings.retries) throw this.failure(verdict, ask)
    }
  }

  /** Rows of a DocType whose `field` is one of `values`; null when the user may not read it or it is no DocType. `fields`: all unless given. */
  async rows(doctype: string, field: string, values: string[], options: { parent?: string; fields?: string[] } = {}): Promise<Record<string, unknown>[] | null> {
    const found: Record<string, unknown>[] = []
    for (let start = 0; start < values.length; start += VALUES_PER_LIST) {
      const body = { doctype, fields: options.fields ?? ['*'], filters: [[doctype, field, 'in', values.slice(start, start + VALUES_PER_LIST)]], limit_page_length: 0, order_by: 'creation asc, name asc', ...(options.parent === undefined ? {} : { parent: options.parent }) }
      const { data, refusal } = await this.insist({ method: 'POST', path: 'api/method/frappe.client.get_list', body })
      if (refusal !== null) return null
      found.push(...(Array.isArray(data) ? data as Record<string, unknown>[] : []))
    }
    return found
  }

  /** The error for a verdict that ends the work. */
  failure(verdict: Verdict, ask: Ask): LandfallError {
    const what = 'message' in verdict ? verdict.message : 'no reason was given'
    const where = { url: `${this.#base.origin}/${ask.path}` }
    if (verdict.kind === 'denied') return new LandfallError('target-denied', redact(what), { where, hint: 'Check `target.api_key` and `target.api_secret`, and the roles of that user.' })
    const hint = verdict.kind === 'again' ? 'landfall run --resume goes on when the site is back; what was sent is looked for, nothing is written twice.' : 'Check `target.url`: it must lead to the site itself.'
    return new LandfallError('target-failed', redact(`${ask.method} /${ask.path}: ${what}`), { where, hint })
  }

  pause(ms: number): Promise<void> {
    return this.#wait(ms)
  }

  async close(): Promise<void> {
    await this.#agent.destroy().catch(() => undefined)
  }

  async #exchange(ask: Ask): Promise<Exchange> {
    try {
      const headers = { ...this.#headers, ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }) }
      const response = await request(new URL(ask.path, this.#base), { method: ask.method, headers, body: ask.form ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body)), dispatcher: this.#agent })
      const text = await response.body.text()
      const after = response.headers['retry-after']
      return { kind: 'answer', status: response.statusCode, retryAfter: typeof after === 'string' ? after : null, text, body: parsed(text) }
    } catch (error) {
      const code = (error as { code?: string }).code ?? ''
      return { kind: 'lost', sent: !UNSENT.test(code), message: redact(`no answer from ${this.#base.origin}: ${messageOf(error) || code}`) }
    }
  }
}

const VALUES_PER_LIST = 200

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Path of a document: names may hold anything. */
export function documentPath(doctype: string, name?: string): string {
  return `api/resource/${encodeURIComponent(doctype)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}
