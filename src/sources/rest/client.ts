import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Readable } from 'node:stream'
import { setTimeout as timer } from 'node:timers/promises'
import Bottleneck from 'bottleneck'
import { Agent, request } from 'undici'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { redact, registerSecret } from '../../errors/redact.ts'
import { seededRandom } from '../../model/clock.ts'
import type { SourceEnv } from '../registry.ts'
import { excerpt, parseJson } from './json.ts'
import type { RestOptions } from './options.ts'

export interface Answer { url: string; headers: Record<string, string | string[] | undefined>; text: string }
export interface Ask { url: string; method: 'GET' | 'POST'; body?: string; signal?: AbortSignal }

type Status = Answer & { status: number }

const REDIRECTS = 5
const AGAIN = new Set([429, 500, 502, 503, 504])
/** Failures before the request was sent. */
const UNSENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|CONNECT_TIMEOUT|CERT|SELF_SIGNED/
const SECRET_PARAM = /([?&](?:[^=&]*(?:token|key|secret|password|signature)[^=&]*)=)[^&]*/gi

/** Asks an API politely: allow-listed hosts only, credentials for their own origin only, Retry-After and back-off, bounded bodies. */
export class RestClient {
  readonly #options: RestOptions
  readonly #env: SourceEnv
  readonly #agent: Agent
  readonly #limiter: Bottleneck
  readonly #random: () => number
  readonly #base: URL
  readonly #hosts: Set<string>
  #token: Promise<string> | null = null

  constructor(options: RestOptions, env: SourceEnv) {
    this.#options = options
    this.#env = env
    this.#base = new URL(options.baseUrl)
    this.#hosts = new Set([this.#base.host, ...options.allowedHosts.map((host) => host.toLowerCase())])
    this.#agent = new Agent({ headersTimeout: options.timeoutMs, bodyTimeout: options.timeoutMs, connect: { timeout: options.timeoutMs }, connections: options.concurrency })
    this.#limiter = new Bottleneck({ maxConcurrent: options.concurrency, minTime: options.ratePerSecond ? Math.ceil(1000 / options.ratePerSecond) : 0 })
    this.#random = seededRandom(env.clock.now())
    for (const secret of [options.auth.kind === 'token' ? options.auth.token : '', options.auth.kind === 'basic' ? options.auth.password : '', options.auth.kind === 'oauth2' ? options.auth.clientSecret : '']) registerSecret(secret)
  }

  /** The answer with a good status. Throws `source-unreachable`, `source-denied`, `source-failed`, `host-not-allowed`, `limit-exceeded`, `interrupted`. */
  async ask(ask: Ask): Promise<Answer> {
    return this.#limiter.schedule(() => this.#persist(ask))
  }

  async close(): Promise<void> {
    await this.#limiter.stop({ dropWaitingJobs: true }).catch(() => undefined)
    await this.#agent.destroy().catch(() => undefined)
  }

  async #persist(ask: Ask): Promise<Answer> {
    const got = await this.#insist(ask, () => this.#once(ask))
    if (got.status !== 401 || this.#options.auth.kind !== 'oauth2') return good(got)
    // The token ran out: once more with a new one.
    this.#token = null
    return good(await this.#insist(ask, () => this.#once(ask)))
  }

  /** Asks until an answer comes that asking again would not change, whatever its status. */
  async #insist(ask: Ask & { harmless?: boolean }, once: () => Promise<Status>): Promise<Status> {
    const harmless = ask.harmless ?? ask.method === 'GET'
    for (let attempt = 0; ; attempt++) {
      try {
        const got = await once()
        // A POST may have had its effect unless the server says that it did not take it.
        const again = AGAIN.has(got.status) && (harmless || got.status === 429 || got.status === 503)
        if (!again || attempt >= this.#options.retries) return got
        await this.#wait(this.#pause(attempt, got.headers['retry-after']), ask.signal)
      } catch (error) {
        if (ask.signal?.aborted) throw new LandfallError('interrupted', `Asking ${shown(ask.url)} was stopped.`)
        if (error instanceof LandfallError) throw error
        const code = (error as { code?: string }).code ?? '', unsent = UNSENT.test(code)
        if (!(harmless || unsent) || attempt >= this.#options.retries) {
          throw new LandfallError(unsent ? 'source-unreachable' : 'source-failed', `${ask.method} ${shown(ask.url)} failed after ${attempt + 1} attempts: ${redact(messageOf(error) || code)}`,
            { where: { url: shown(ask.url) }, cause: error })
        }
        await this.#wait(this.#pause(attempt, undefined), ask.signal)
      }
    }
  }

  async #once(ask: Ask): Promise<Status> {
    let url = new URL(ask.url)
    for (let hop = 0; ; hop++) {
      this.#check(url)
      const headers: Record<string, string> = { accept: 'application/json', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'landfall' }
      if (ask.body !== undefined) headers['content-type'] = 'application/json'
      if (url.origin === this.#base.origin) Object.assign(headers, this.#options.headers, await this.#credentials(ask.signal))
      const response = await request(url, { method: ask.method, headers, body: ask.body, dispatcher: this.#agent, signal: ask.signal })
      const location = response.headers['location']
      if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
        response.body.destroy()
        response.body.on('error', () => undefined)
        if (ask.method !== 'GET' || hop >= REDIRECTS) throw new LandfallError('source-failed', `${shown(url.href)} redirects ${hop >= REDIRECTS ? 'without end' : 'a POST'}.`, { where: { url: shown(url.href) } })
        url = new URL(location, url)
        continue
      }
      return { status: response.statusCode, url: url.href, headers: response.headers, text: await this.#body(response.body, response.headers, url.href) }
    }
  }

  /** Redirects and next-links lead elsewhere too: every request is checked. */
  #check(url: URL): void {
    const allowed = (url.protocol === 'http:' || url.protocol === 'https:') && (this.#hosts.has(url.host) || this.#hosts.has(url.hostname))
    if (allowed && !(this.#base.protocol === 'https:' && url.protocol === 'http:')) return
    throw new LandfallError('host-not-allowed', `The source leads to ${shown(url.origin)}, which is not allowed.`, { where: { url: shown(url.href) }, hint: 'Add the host to `allowedHosts` if it belongs to the source.' })
  }

  async #credentials(signal?: AbortSignal): Promise<Record<string, string>> {
    const auth = this.#options.auth
    if (auth.kind === 'token') return { [auth.header]: `${auth.prefix}${auth.token}` }
    if (auth.kind === 'basic') return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` }
    if (auth.kind === 'none') return {}
    this.#token ??= this.#newToken(signal)
    this.#token.catch(() => { this.#token = null })
    return { authorization: `Bearer ${await this.#token}` }
  }

  async #newToken(signal?: AbortSignal): Promise<string> {
    const auth = this.#options.auth
    if (auth.kind !== 'oauth2') return ''
    const url = new URL(auth.tokenUrl)
    this.#check(url)
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: auth.clientId, client_secret: auth.clientSecret, ...(auth.scope ? { scope: auth.scope } : {}) })
    // Asking twice for a token does no harm, so the token server is asked as patiently as any other.
    const got = await this.#insist({ url: url.href, method: 'POST', signal, harmless: true }, async () => {
      const response = await request(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }, body: form.toString(), dispatcher: this.#agent, signal })
      return { status: response.statusCode, url: url.href, headers: response.headers, text: await this.#body(response.body, response.headers, url.href) }
    })
    if (got.status >= 300) throw refusal(got, got.status >= 400 && got.status < 500 && got.status !== 429 ? 'source-denied' : 'source-failed')
    const token = (parseJson(got.text, shown(url.href)) as { access_token?: unknown } | null)?.access_token
    if (typeof token !== 'string') throw new LandfallError('source-denied', `The token server ${shown(url.href)} gave no access_token.`, { where: { url: shown(url.href) } })
    registerSecret(token)
    return token
  }

  async #body(body: Readable, headers: Answer['headers'], url: string): Promise<string> {
    const unpack = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }[String(headers['content-encoding'] ?? '').toLowerCase()]
    const stream: Readable = unpack ? body.pipe(unpack()) : body
    if (unpack) body.on('error', (error) => stream.destroy(error))
    const parts: Buffer[] = []
    let size = 0
    for await (const part of stream) {
      size += (part as Buffer).length
      if (size > this.#options.maxBodyBytes) {
        body.destroy()
        throw new LandfallError('limit-exceeded', `An answer of ${shown(url)} is larger than ${this.#options.maxBodyBytes} bytes.`, { where: { url: shown(url) }, hint: 'Ask for smaller pages, or raise `maxBodyBytes`.' })
      }
      parts.push(part as Buffer)
    }
    const charset = /charset="?([\w-]+)/i.exec(String(headers['content-type'] ?? ''))?.[1] ?? 'utf-8'
    try {
      return new TextDecoder(charset, { fatal: true }).decode(Buffer.concat(parts))
    } catch (error) {
      throw new LandfallError('source-failed', `An answer of ${shown(url)} is not in ${charset}: ${messageOf(error)}`, { where: { url: shown(url) }, cause: error })
    }
  }

  /** Retry-After in seconds or as a date; else half a second doubled each time, give or take half. */
  #pause(attempt: number, retryAfter: string | string[] | undefined): number {
    const asked = typeof retryAfter === 'string' ? (/^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - this.#env.clock.now()) : Number.NaN
    const pause = Number.isNaN(asked) ? 500 * 2 ** attempt * (0.5 + this.#random()) : asked + 100 * this.#random()
    return Math.round(Math.min(Math.max(0, pause), this.#options.maxWaitMs))
  }

  async #wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#env.wait) await this.#env.wait(ms, signal)
    else await timer(ms, undefined, { signal })
  }
}

/** A URL for messages: no credentials, no values of telling parameters. */
export function shown(url: string): string {
  return redact(url.replace(/\/\/[^/@]*@/, '//').replace(SECRET_PARAM, '$1[redacted]'))
}

function good(got: Status): Answer {
  if (got.status < 300) return got
  throw refusal(got)
}

function refusal(got: Status, code?: 'source-denied' | 'source-failed'): LandfallError {
  const denied = code ?? (got.status === 401 || got.status === 403 ? 'source-denied' : 'source-failed')
  return new LandfallError(denied, `${shown(got.url)} answered ${got.status}: ${redact(excerpt(got.text))}`, { where: { url: shown(got.url) }, hint: denied === 'source-denied' ? 'Check the credentials in `auth` and their rights.' : undefined })
}
