import type { Loose } from '../../../site/compact.ts'
import type { Got, Series, SnapshotReader, Tally } from '../../snapshot/reader.ts'
import { exceptionOf, type SiteAnswer, type SiteClient } from './site-client.ts'

const PAGE = 500, FIELD_PAGE = 2000
/** Servers in front of a site take request lines of some 4,000 characters. */
const FIELDS_LENGTH = 1800
const NAMING = 'Document Naming Settings'

/** Statuses by which a site refuses what was asked for; 500 among them, because one DocType whose table or code is broken is no reason to know nothing of the others. */
const REFUSALS = new Set([400, 403, 404, 417, 500])

/** Reads a site over REST. Needs a user with the right to read what is asked for; `System Manager` for DocTypes, and for `Server Script` its own role. */
export class RestReader implements SnapshotReader {
  readonly way = 'rest'
  readonly #client: SiteClient

  constructor(client: SiteClient) {
    this.#client = client
  }

  get site(): string { return this.#client.url }
  get requests(): number { return this.#client.requests }

  who(): Promise<string | null> {
    return this.#client.read<string>('/api/method/frappe.auth.get_logged_user')
  }

  async apps(): Promise<Got<Record<string, string>>> {
    const got = await this.#ask<Record<string, { version?: string }>>('/api/method/frappe.utils.change_log.get_versions')
    return 'refused' in got ? got : { value: Object.fromEntries(Object.entries(got.value).map(([app, about]) => [app, about.version ?? '?'])) }
  }

  async doctypes(): Promise<Got<Loose[]>> {
    const [got, seen] = [await this.#pages('DocType', null, [], PAGE), await this.#pages('DocType', [], [['track_seen', '=', 1]], PAGE)]
    if ('refused' in got || 'refused' in seen) return got
    // A list leaves out every column whose name contains `_seen`: it takes them for the column of that name, which DocType has not.
    const tracked = new Set(seen.value.map((row) => row['name']))
    return { value: got.value.map((row) => (tracked.has(row['name']) ? { ...row, track_seen: 1 } : row)) }
  }

  async fields(doctypes: readonly string[] | null): Promise<Got<Loose[]>> {
    if (doctypes === null) return this.#pages('DocField', null, [], FIELD_PAGE, 'DocType')
    return this.#inChunks(doctypes, (chunk) => this.#pages('DocField', null, [['parent', 'in', chunk]], FIELD_PAGE, 'DocType'))
  }

  async applied(doctypes: readonly string[]): Promise<{ row: Loose; fields: Loose[] }[]> {
    const found = new Map<string, { row: Loose; fields: Loose[] }>()
    await Promise.all(doctypes.map(async (doctype) => {
      const answer = await this.#client.ask('/api/method/frappe.desk.form.load.getdoctype', { doctype })
      if (answer.status >= 300) return
      for (const row of (answer.body as { docs?: Loose[] }).docs ?? []) found.set(String(row['name']), { row, fields: (row['fields'] as Loose[] | undefined) ?? [] })
    }))
    return [...found.values()]
  }

  async tally(doctype: string): Promise<Got<Tally>> {
    const got = await this.#ask<{ n: number; m: string | null }[]>(resource(doctype), { fields: ['count(name) as n', 'max(modified) as m'], limit_page_length: 1 })
    return 'refused' in got ? got : { value: { count: got.value[0]?.n ?? 0, modified: got.value[0]?.m ?? '' } }
  }

  rows(doctype: string, columns: readonly string[] | null, since: string | null, most: number): Promise<Got<Loose[]>> {
    return this.#pages(doctype, columns, since === null ? [] : [['modified', '>=', since]], PAGE, undefined, most)
  }

  async names(doctype: string): Promise<Got<string[]>> {
    const got = await this.#pages(doctype, [], [], FIELD_PAGE)
    return 'refused' in got ? got : { value: got.value.map((row) => String(row['name'])) }
  }

  async children(doctype: string, parentDoctypes: readonly string[], parents: readonly string[] | null): Promise<Got<Loose[]>> {
    // A child table may be read by whoever may read one of the DocTypes that have it: the first that may answers for all.
    let last: Got<Loose[]> = { refused: 'no parent' }
    for (const parent of parentDoctypes) {
      const filters: unknown[] = [['parenttype', 'in', parentDoctypes]]
      last = parents === null
        ? await this.#pages(doctype, null, filters, PAGE, parent)
        : await this.#inChunks(parents, (chunk) => this.#pages(doctype, null, [...filters, ['parent', 'in', chunk]], PAGE, parent))
      if (!('refused' in last)) return last
    }
    return last
  }

  async single(doctype: string, fields: readonly string[]): Promise<Got<Record<string, string>>> {
    const values: Record<string, string> = {}
    let chunk: string[] = []
    const flush = async (): Promise<Got<null>> => {
      const got = await this.#ask<Record<string, string | null> | unknown[]>('/api/method/frappe.client.get_value', { doctype, fieldname: chunk })
      chunk = []
      if ('refused' in got) return got
      for (const [field, value] of Object.entries(got.value ?? {})) if (value !== null) values[field] = String(value)
      return { value: null }
    }
    for (const field of ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', ...fields]) {
      chunk.push(field)
      if (chunk.join('","').length < FIELDS_LENGTH / 1.5) continue
      const got = await flush()
      if ('refused' in got) return got
    }
    const got = chunk.length > 0 ? await flush() : { value: null }
    return 'refused' in got ? got : { value: values }
  }

  async defaults(): Promise<Got<Record<string, string>>> {
    const got = await this.#pages('DefaultValue', ['defkey', 'defvalue'], [['parent', '=', '__default']], PAGE, 'User')
    return 'refused' in got ? got : { value: Object.fromEntries(got.value.filter((row) => row['defvalue'] !== null).map((row) => [String(row['defkey']), String(row['defvalue'])])) }
  }

  /** Counters, asked for one by one: the method that tells them is the naming settings' own, which answers to POST only and writes nothing. */
  async series(): Promise<Got<Series>> {
    const answer = await this.#client.ask('/api/method/run_doc_method', {}, { dt: NAMING, method: 'get_transactions_and_prefixes' })
    if (answer.status >= 300) return { refused: refusedBy(answer) }
    const { docs, message } = answer.body as { docs: Loose[]; message: { prefixes: string[] } }
    const values: Record<string, number> = {}
    await Promise.all(message.prefixes.map(async (prefix) => {
      const current = await this.#client.ask('/api/method/run_doc_method', {}, { docs: JSON.stringify({ ...docs[0], prefix }), method: 'get_current' })
      const value = (current.body as { message?: number } | null)?.message
      if (current.status < 300 && typeof value === 'number' && value > 0) values[prefix] = value
    }))
    return { value: { values: Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))), note: 'Counters at 0 cannot be told from those that are not there.' } }
  }

  columns(): Promise<null> {
    return Promise.resolve(null)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #ask<T>(path: string, query: Record<string, string | number | unknown[] | undefined> = {}): Promise<Got<T>> {
    const answer = await this.#client.ask(path, query)
    if (REFUSALS.has(answer.status)) return { refused: refusedBy(answer) }
    if (answer.status >= 300) throw this.#client.refusal(answer, path)
    const body = answer.body as { data?: T; message?: T }
    return { value: (body.data ?? body.message) as T }
  }

  /** All rows in order of name, page after page: each begins after the last name of the one before, so that rows that come and go meanwhile move nothing. */
  async #pages(doctype: string, columns: readonly string[] | null, filters: unknown[], size: number, parent?: string, most = Number.POSITIVE_INFINITY): Promise<Got<Loose[]>> {
    const all: Loose[] = [], fields = columns === null ? ['*'] : ['name', 'docstatus', 'idx', 'modified', ...columns]
    for (let after: unknown = null; ;) {
      const where = after === null ? filters : [...filters, ['name', '>', after]]
      const got = await this.#ask<Loose[]>(resource(doctype), { fields, filters: where.length > 0 ? where : undefined, order_by: 'name asc', limit_page_length: size, parent })
      if ('refused' in got) return got
      all.push(...got.value)
      if (got.value.length < size || all.length > most) return { value: all }
      after = got.value.at(-1)!['name']
    }
  }

  async #inChunks(names: readonly string[], read: (chunk: string[]) => Promise<Got<Loose[]>>): Promise<Got<Loose[]>> {
    const all: Loose[] = []
    for (let from = 0; from < names.length;) {
      let to = from, length = 0
      while (to < names.length && (to === from || length + encodeURIComponent(names[to]!).length + 10 < FIELDS_LENGTH)) length += encodeURIComponent(names[to++]!).length + 10
      const got = await read(names.slice(from, to))
      if ('refused' in got) return got
      all.push(...got.value)
      from = to
    }
    return { value: all }
  }
}

function resource(doctype: string): string {
  return `/api/resource/${encodeURIComponent(doctype)}`
}

function refusedBy(answer: SiteAnswer): string {
  const { exception } = (answer.body ?? {}) as { exception?: string }
  return answer.status === 403 ? 'the user may not read it' : `${exceptionOf(answer)}${exception === undefined ? '' : `: ${exception.split(': ').slice(1).join(': ').slice(0, 200)}`}`
}
