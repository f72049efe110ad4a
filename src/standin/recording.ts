import type { Json } from '../model/value.ts'
import type { Answer } from './answer.ts'
import { apiRequest } from './api-request.ts'
import { answerApi } from './api.ts'
import type { ServedSite } from './served-site.ts'

/** A line of a recording: a request and the site's whole answer. `token`: false without a login, `bad` with a wrong one; recordings that do not say so name it in `id` (no-token, bad-token). */
export interface RecordedRequest {
  id: string
  /** Day of the recording, on the first line where it is another than that of the ground truth. */
  at?: string
  request: { method: string; path: string; body: Json }
  response: { status: number; headers?: Record<string, string>; body: Json }
}

export interface AnswerDifference { path: string; recorded: string; answered: string }

/**
 * What is not compared, by a pattern over the path in the answer (`data.items.0.name`); each with the reason. Everything else is, messages and the beginning of tracebacks included.
 */
export const NOT_COMPARED: { path: RegExp; why: string; unless?: (recorded: Json, answered: Json) => boolean }[] = [
  { path: /(^|\.)(creation|modified|owner|modified_by)$/, why: 'when and by whom' },
  { path: /./, why: 'times of day that default to now', unless: (value) => typeof value !== 'string' || !/^\d{1,2}:\d{2}:\d{2}\.\d{6}$/.test(value) },
  { path: /(^|\.)name$/, why: 'random names of ten characters', unless: (value, answered) => typeof value !== 'string' || typeof answered !== 'string' || !/^[a-z0-9]{10}$/.test(value) || !/^z[a-z0-9]{9}$/.test(answered) },
  { path: /\.__frappe_exc_id$/, why: 'a random id' },
]

/** Parts of texts that two recordings of one request would differ in, and what stands for them. */
const MASKS: [RegExp, string][] = [
  [/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?/g, '<moment>'],
  [/(\d{4}-\d{2}-\d{2}) \d{1,2}:\d{2}:\d{2}\.\d{6}/g, '$1 <time>'],
  // Names of ten random characters, where a refused document would have had one.
  [/\b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{10}\b/g, '<random>'],
  [/`_[0-9a-f]{16}`|'\w+(?=\.tab\w)/g, '<database>'],
]

/** The recorder kept 300 characters of `exception` and `exc`. */
const CUT = 300

/** Replays a recording against a site, request after request: what one wrote the next finds, as when it was recorded. */
export async function* replayRecording(served: ServedSite, token: string, recording: Iterable<RecordedRequest>): AsyncGenerator<{ id: string; differences: AnswerDifference[]; answer: Answer }> {
  for (const recorded of recording) {
    const { method, path, body } = recorded.request
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (!/^no-token/.test(recorded.id)) headers['authorization'] = /^bad-token/.test(recorded.id) ? 'token wrong:wrong' : `token ${token}`
    const request = apiRequest(method, encodeURI(path).replaceAll('%25', '%'), headers, Buffer.from(body === null || method === 'GET' ? '' : JSON.stringify(body)))
    const answer = await answerApi(served, request!, token)
    const differences: AnswerDifference[] = []
    if (answer.status !== recorded.response.status) differences.push({ path: 'status', recorded: String(recorded.response.status), answered: String(answer.status) })
    compareAnswers('', recorded.response.body, answer.body as Json, differences)
    yield { id: recorded.id, differences, answer }
  }
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}

function masked(text: string): string {
  return MASKS.reduce((result, [pattern, stand]) => result.replace(pattern, stand), text)
}

/** Lists of messages travel as JSON within JSON. */
function opened(path: string, value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || !(path === '_server_messages' || /^_server_messages\.\d+$/.test(path))) return value
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

export function compareAnswers(path: string, recorded: Json | undefined, answered: Json | undefined, out: AnswerDifference[]): void {
  const rule = NOT_COMPARED.find((item) => item.path.test(path) && !(item.unless?.(recorded ?? null, answered ?? null) ?? false))
  if (rule !== undefined && (recorded === undefined) === (answered === undefined)) return
  const left = opened(path, recorded), right = opened(path, answered)
  if (left !== null && right !== null && typeof left === 'object' && typeof right === 'object' && Array.isArray(left) === Array.isArray(right)) {
    const a = left as Record<string, Json>, b = right as Record<string, Json>
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) compareAnswers(path === '' ? key : `${path}.${key}`, a[key], b[key], out)
    return
  }
  if (typeof left === 'string' && typeof right === 'string') {
    const cut = (path === 'exception' || path === 'exc') && left.length === CUT
    if (masked(left) === masked(cut ? right.slice(0, CUT) : right)) return
  } else if (left === right) return
  out.push({ path: path === '' ? 'body' : path, recorded: shown(left), answered: shown(right) })
}
