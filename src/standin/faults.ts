import { LandfallError } from '../errors/error.ts'
import { seededRandom } from '../model/clock.ts'
import type { Json } from '../model/value.ts'
import { errorAnswer, type Answer } from './answer.ts'
import { SiteException } from './exception.ts'

/**
 * What can go wrong between a client and a site. `reset`: the connection breaks before the request is looked at. `drop`: the request is done and committed, the answer is lost.
 * `429`: too many requests, with Retry-After. `503`: the site is down for an update. `deadlock`: the database chose this transaction to give way; nothing of it stays. `slow`: the answer comes late.
 */
export const FAULT_KINDS = ['reset', 'drop', '429', '503', 'deadlock', 'slow'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface FaultRule {
  kind: FaultKind
  /** Share of the matching requests it strikes, from 0 to 1. */
  rate?: number
  /** Or: exactly these of the matching requests, counted from 1. */
  at?: number[]
  /** Strikes so often and no more. */
  times?: number
  /** Only requests whose method and path (`POST /api/resource/Customer`) contain this. */
  match?: string
  /** Of `429` (default 1 s) and `503` (none). */
  retryAfterSeconds?: number
  /** Of `slow` (default 1000). */
  delayMs?: number
}

export interface FaultOptions { rules?: FaultRule[]; seed?: number; /** `/standin/faults` and the header `X-Standin-Fault` may set them while the stand-in runs. */ control?: boolean }

/** Which requests go wrong. The same seed and the same requests in the same order give the same faults. */
export class Faults {
  readonly control: boolean
  readonly #random: () => number
  #rules: { rule: FaultRule; seen: number; struck: number }[] = []
  /** How often each kind struck. */
  readonly struck: Record<FaultKind, number> = { reset: 0, drop: 0, '429': 0, '503': 0, deadlock: 0, slow: 0 }

  constructor(options: FaultOptions = {}) {
    this.control = options.control ?? false
    this.#random = seededRandom(options.seed ?? 1)
    this.set(options.rules ?? [])
  }

  get rules(): FaultRule[] { return this.#rules.map((item) => item.rule) }

  /** Replaces the rules; what was counted for the old ones is forgotten. */
  set(rules: FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, struck: 0 }))
  }

  /** The fault that strikes this request, or null. The first rule that strikes wins; every matching rule counts the request. */
  draw(method: string, path: string, header: string | undefined): FaultRule | null {
    let found: FaultRule | null = null
    if (this.control && header !== undefined) found = parseRule(header)
    for (const item of this.#rules) {
      const { rule } = item
      if (rule.match !== undefined && !`${method} ${path}`.includes(rule.match)) continue
      item.seen++
      const drawn = rule.at !== undefined ? rule.at.includes(item.seen) : this.#random() < (rule.rate ?? 1)
      if (found !== null || !drawn || (rule.times !== undefined && item.struck >= rule.times)) continue
      item.struck++
      found = rule
    }
    if (found !== null) this.struck[found.kind]++
    return found
  }
}

/**
 * Rules as an option gives them: `drop:0.05`, `deadlock@3` (the third), `429:0.1(2)` (Retry-After 2 s), `slow:1(250)` (250 ms), each with `=TEXT` at the end for requests that contain the text;
 * several separated by commas, `seed=7` among them. Throws `usage`.
 */
export function parseFaults(text: string): FaultOptions {
  const options: FaultOptions = { rules: [] }
  for (const part of text.split(',').map((item) => item.trim()).filter((item) => item !== '')) {
    const seed = /^seed=(\d+)$/.exec(part)
    if (seed !== null) options.seed = Number(seed[1])
    else if (part === 'control') options.control = true
    else options.rules!.push(parseRule(part))
  }
  return options
}

function parseRule(part: string): FaultRule {
  const match = /^(\w+?)(?::(\d*\.?\d+)|@([\d+]+))?(?:\((\d+)\))?(?:=(.+))?$/.exec(part.trim())
  const kind = match?.[1] as FaultKind | undefined
  if (match === null || kind === undefined || !FAULT_KINDS.includes(kind)) {
    throw new LandfallError('usage', `${part} is no fault.`, { hint: `KIND, KIND:RATE or KIND@NUMBER with KIND one of ${FAULT_KINDS.join(', ')}; for example drop:0.05,deadlock@3,429:0.1(2)` })
  }
  const [, , rate, at, number, text] = match
  return {
    kind, ...(rate === undefined ? {} : { rate: Number(rate) }), ...(at === undefined ? {} : { at: at.split('+').map(Number) }), ...(text === undefined ? {} : { match: text }),
    ...(number === undefined ? {} : kind === 'slow' ? { delayMs: Number(number) } : { retryAfterSeconds: Number(number) }),
  }
}

/** The answer of a request that a fault keeps from being done, or null for faults that strike later. */
export function faultAnswer(rule: FaultRule): Answer | null {
  switch (rule.kind) {
    case '429': {
      const seconds = String(rule.retryAfterSeconds ?? 1)
      return { ...errorAnswer(new SiteException('TooManyRequestsError', '', { messages: [] }), ''), headers: { 'Retry-After': seconds, 'X-RateLimit-Reset': seconds, 'X-RateLimit-Remaining': '0', 'X-RateLimit-Limit': '3600000000' } }
    }
    case '503': return { ...errorAnswer(new SiteException('SessionStopped', 'Session Stopped', { messages: [] }), ''), ...(rule.retryAfterSeconds === undefined ? {} : { headers: { 'Retry-After': String(rule.retryAfterSeconds) } }) }
    case 'deadlock': return errorAnswer(new SiteException('QueryDeadlockError', '(1213, \'Deadlock found when trying to get lock; try restarting transaction\')', { messages: [], driver: false }), '')
    default: return null
  }
}

/** `/standin/faults`: what the rules are and how often they struck; POST a list of rules (or the option's text) to replace them. */
export function faultsControl(faults: Faults, method: string, given: Json | undefined): Answer {
  if (method === 'POST' && given !== undefined) faults.set(typeof given === 'string' ? parseFaults(given).rules ?? [] : given as unknown as FaultRule[])
  return { status: 200, body: { rules: faults.rules, struck: faults.struck } }
}
