import { setTimeout as timer } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { LandfallError, messageOf } from '../../../errors/error.ts'
import { redact, registerSecret } from '../../../errors/redact.ts'
import type { Clock } from '../../../model/clock.ts'

/** How a site is reached. `token` is `KEY:SECRET` of a user; `site` names one of several sites behind an address that is none of them. */
export interface SiteAddress { url: string; token: string | null; site?: string }

export interface SiteClientOptions extends SiteAddress {
  clock: Clock
  /** Requests at once; a site has a handful of workers, which others need too. */
  concurrency?: number
  /** Further attempts after 429, 502, 503, 504 and broken connections. */
  retries?: number
  timeoutMs?: number
  /** Waits between attempts; timers when absent. Tests pass one that returns at once. */
  wait?: (ms: number) => Promise<void>
  /** Aborted by Ctrl-C: what is asked then is `interrupted`. */
  signal?: AbortSignal
}

/** An answer of the site: `body` is parsed JSON, or the text where it is none. */
export interface SiteAnswer { status: number; body: unknown; headers: Record<string, string | string[] | undefined>; ms: number; bytes: number }

type Query = Record<string, string | number | unknown[] | undefined>

const AGAIN = new Set([429, 502, 503, 504])

/** The exception a refusal names, in Frappe's words: `PermissionError`, `DoesNotExistError`... */
export function exceptionOf(answer: SiteAnswer): string {
  const body = answer.body as { exc_type?: string; exception?: string } | null
  return body?.exc_type ?? body?.exception?.split(':')[0] ?? `status ${answer.status}`
}

/** Reads a site over REST. It only asks: GET, and POST for the few methods that read and answer to nothing else. */
export class SiteClient {
  readonly #options: SiteClientOptions
  readonly #agent: Agent
  readonly #base: string
  #free: number
  readonly #queue: (() => void)[] = []
  /** Requests made and bytes received so far. */
  requests = 0
  bytes = 0

  constructor(options: SiteClientOptions) {
    if (!/^https?:\/\//.test(options.url) || !URL.canParse(options.url)) {
      throw new LandfallError('config-invalid', `Not the address of a site: ${redact(options.url)}`, { hint: 'Such as https://erp.example.com' })
    }
    const timeout = options.timeoutMs ?? 60_000
    this.#options = options
    this.#base = options.url.replace(/\/+$/, '')
    this.#free = options.concurrency ?? 4
    this.#agent = new Agent({ headersTimeout: timeout, bodyTimeout: timeout, connect: { timeout: Math.min(timeout, 15_000) }, connections: this.#free })
    if (options.token !== null) for (const part of [options.token, ...options.token.split(':').slice(1)]) registerSecret(part)
  }

  get url(): string { return this.#base }

  /** The answer, whatever its status. Throws `target-failed` when none comes, or only that the site is busy or in maintenance; `interrupted`. */
  async ask(path: string, query: Query = {}, post?: Record<string, unknown>): Promise<SiteAnswer> {
    await this.#take()
    try {
      if (this.#options.signal?.aborted) throw new LandfallError('interrupted', 'Reading the site was stopped.')
      return await this.#insist(this.#urlOf(path, query), post)
    } finally {
      this.#free++
      this.#queue.shift()?.()
    }
  }

  /** `message` of a whitelisted method, or `data` of a resource. Throws `target-failed` for any refusal, naming the exception. */
  async read<T>(path: string, query: Query = {}, post?: Record<string, unknown>): Promise<T> {
    const answer = await this.ask(path, query, post)
    if (answer.status >= 300) throw this.refusal(answer, path)
    const body = answer.body as { message?: T; data?: T } | null
    return (body?.data ?? body?.message) as T
  }

  refusal(answer: SiteAnswer, path: string): LandfallError {
    const login = answer.status === 401, nobody = this.#options.token === null
    return new LandfallError('target-failed', `The site answered ${answer.status} (${exceptionOf(answer)}) to ${path}`, {
      where: { url: this.#base }, hint: nobody ? 'No token was given: set LANDFALL_TOKEN=KEY:SECRET, as the user\'s settings show them under API Access.' : login ? 'The token is wrong or was withdrawn: make a new one in the user\'s settings, API Access.' : 'landfall doctor says which rights are missing.',
    })
  }

  async close(): Promise<void> {
    await this.#agent.destroy().catch(() => undefined)
  }

  #urlOf(path: string, query: Query): string {
    const search = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, typeof value === 'object' ? JSON.stringify(value) : String(value))
    const text = search.toString()
    return `${this.#base}${path}${text === '' ? '' : `?${text}`}`
  }

  async #take(): Promise<void> {
    while (this.#free <= 0) await new Promise<void>((resolve) => { this.#queue.push(resolve) })
    this.#free--
  }

  async #insist(url: string, post?: Record<string, unknown>): Promise<SiteAnswer> {
    const { retries = 3, wait = (ms: number) => timer(ms) as Promise<unknown> as Promise<void> } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.#once(url, post)
        if (!AGAIN.has(answer.status) || attempt >= retries) {
          if (!AGAIN.has(answer.status)) return answer
          throw new LandfallError('target-failed', `The site answers ${answer.status} (${exceptionOf(answer)})`, { where: { url: this.#base }, hint: 'It is in maintenance, or too busy: try again later.' })
        }
        const after = Number(answer.headers['retry-after'])
        await wait(Number.isFinite(after) && after > 0 ? Math.min(after * 1000, 60_000) : 300 * 2 ** attempt)
      } catch (error) {
        if (error instanceof LandfallError) throw error
        if (this.#options.signal?.aborted) throw new LandfallError('interrupted', 'Reading the site was stopped.')
        if (attempt >= retries) {
          const why = messageOf(error) || (error as { code?: string }).code || 'no answer'
          throw new LandfallError('target-failed', `The site cannot be reached: ${redact(why)}`, { where: { url: this.#base }, cause: error, hint: 'Check the address, the network and the certificate.' })
        }
        await wait(300 * 2 ** attempt)
      }
    }
  }

  async #once(url: string, post?: Record<string, unknown>): Promise<SiteAnswer> {
    const { token, site, clock, signal } = this.#options
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'landfall' }
    if (token !== null) headers['authorization'] = `token ${token}`
    if (site !== undefined) headers['x-frappe-site-name'] = site
    if (post !== undefined) headers['content-type'] = 'application/json'
    const started = clock.elapsed()
    const response = await request(url, { method: post === undefined ? 'GET' : 'POST', headers, body: post === undefined ? undefined : JSON.stringify(post), dispatcher: this.#agent, signal })
    const text = await response.body.text()
    const ms = clock.elapsed() - started, bytes = Buffer.byteLength(text)
    this.requests++
    this.bytes += bytes
    let body: unknown = text
    try { body = JSON.parse(text) } catch { /* an HTML page: the body stays text */ }
    return { status: response.statusCode, body, headers: response.headers, ms, bytes }
  }
}
