/** What came of one request: an answer, or none. `sent` false: the request certainly never reached the site. */
export type Exchange = { kind: 'answer'; status: number; retryAfter: string | null; body: unknown; text: string } | { kind: 'lost'; sent: boolean; message: string }

/**
 * What an exchange means. `again`: try later; `undone` says that the site certainly did not do it, otherwise it must be looked for. `too-large`: fewer at once.
 * `denied`: the login, not the document. `broken`: nothing that asking again would change.
 */
export type Verdict =
  | { kind: 'done'; data: unknown }
  | { kind: 'refused'; type: string; message: string }
  | { kind: 'again'; type: string; message: string; undone: boolean; retryAfter: string | null }
  | { kind: 'too-large'; message: string }
  | { kind: 'denied'; message: string }
  | { kind: 'broken'; message: string }

/** Errors of the database or the queue that pass, by exception; the site rolled back. */
const PASSING_TYPES = new Set(['QueryDeadlockError', 'QueryTimeoutError', 'TooManyRequestsError', 'RateLimitExceededError', 'SessionStopped', 'InReadOnlyMode', 'DocumentLockedError', 'FileLockError', 'TimestampMismatchError', 'InterfaceError'])
/** MySQL's deadlock, lock wait, server gone or full; and what Frappe says for a locked row. */
const PASSING_TEXT = /\b(1213|1205|2006|2013|1040|1290)\b, |deadlock|lock wait timeout|query timeout|server has gone away|too many connections/i
/** The server gave up before it knew the document. */
const PASSING_STATUS = new Set([408, 425, 429, 500, 502, 503, 504, 508, 520, 521, 522, 523, 524])

/** Reads an exchange; never throws. `method` tells whether a page instead of data may be the site's own. */
export function judge(exchange: Exchange): Verdict {
  if (exchange.kind === 'lost') return { kind: 'again', type: 'no-answer', message: exchange.message, undone: !exchange.sent, retryAfter: null }
  const { status, body, text, retryAfter } = exchange
  if (status < 300) {
    if (isRecord(body)) return { kind: 'done', data: 'data' in body ? body['data'] : body['message'] }
    return { kind: 'broken', message: `the site answered ${status} with a page instead of data: ${excerpt(text)}` }
  }
  if (status < 400) return { kind: 'broken', message: `the site answered ${status}, a redirect: write its final address into \`target.url\`` }
  if (status === 413) return { kind: 'too-large', message: 'the request is larger than the server in front of the site allows' }
  const error = isRecord(body) ? errorOf(body) : null
  if (error === null) return judgePage(status, text, retryAfter)
  if (status === 429 || PASSING_TYPES.has(error.type) || PASSING_TEXT.test(error.message)) return { kind: 'again', type: error.type, message: error.message, undone: true, retryAfter }
  // Two requests made the same row on demand (stock of an item): the site does not see the other's before it begins anew.
  if (error.type === 'DoesNotExistError' && /must be unique/i.test(error.message)) return { kind: 'again', type: error.type, message: error.message, undone: true, retryAfter }
  if (status === 401 || error.type === 'AuthenticationError') return { kind: 'denied', message: `the site refuses the login: ${error.message}` }
  if (status === 502 || status === 503 || status === 504) return { kind: 'again', type: error.type, message: error.message, undone: false, retryAfter }
  return { kind: 'refused', ...error }
}

/** An answer that is no JSON comes from a proxy, or from a server that died over it: what happened behind is not known. */
function judgePage(status: number, text: string, retryAfter: string | null): Verdict {
  const message = `the site answered ${status}: ${excerpt(text)}`
  if (PASSING_STATUS.has(status)) return { kind: 'again', type: `HTTP ${status}`, message, undone: status === 429, retryAfter }
  if (status === 401 || status === 403 || status === 407) return { kind: 'denied', message }
  return { kind: 'broken', message }
}

/** Exception and message of an error answer: what the user of the site would be shown, else what was raised. Null when the answer speaks of no exception. */
export function errorOf(body: Record<string, unknown>): { type: string; message: string } | null {
  const exception = typeof body['exception'] === 'string' ? body['exception'] : ''
  const raised = /^(?:[\w.]+\.)?(\w+)(?::\s*([\s\S]*))?$/.exec(exception)
  const type = typeof body['exc_type'] === 'string' && body['exc_type'] !== '' ? body['exc_type'] : raised?.[1] ?? ''
  if (type === '') return null
  const shown = serverMessages(body['_server_messages'])
  const last = shown.findLast((entry) => entry.raised) ?? null
  const said = typeof body['_error_message'] === 'string' ? body['_error_message'] : ''
  return { type, message: plain(last?.message || raised?.[2] || said || shown.at(-1)?.message || type) }
}

/** `_server_messages` is JSON of a list of JSON texts. */
function serverMessages(value: unknown): { message: string; raised: boolean }[] {
  if (typeof value !== 'string') return []
  try {
    return (JSON.parse(value) as unknown[]).map((entry) => {
      const message = typeof entry === 'string' ? JSON.parse(entry) as unknown : entry
      return isRecord(message) ? { message: String(message['message'] ?? ''), raised: Boolean(message['raise_exception']) } : { message: String(message), raised: false }
    })
  } catch {
    return []
  }
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Text without HTML, in one line. */
export function plain(html: string): string {
  return html.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<br\s*\/?>|<\/(p|div|li|h\d|title)>/gi, ' ').replace(/<\/?[a-z!][^>]*>/gi, '')
    .replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => (name.startsWith('#') ? codePoint(name, whole) : ENTITIES[name.toLowerCase()] ?? whole)).replace(/\s+/g, ' ').trim().slice(0, 1000)
}

function codePoint(name: string, whole: string): string {
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

function excerpt(text: string): string {
  return plain(text).slice(0, 200) || 'nothing'
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
