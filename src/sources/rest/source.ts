import { query } from 'jsonpath-rfc9535'
import { LandfallError } from '../../errors/error.ts'
import type { Batch, Measure } from '../../model/batch.ts'
import { ZERO, addDecimal, formatDecimal, parseDecimal, type Decimal } from '../../model/decimal.ts'
import type { Column, ColumnType, Entity, SourceCatalog } from '../../model/entity.ts'
import { checkStopped, chooseColumns, chooseEntity } from '../choice.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import type { RestClient } from './client.ts'
import { Columns, type Values } from './columns.ts'
import { Gathering } from './gathering.ts'
import { writeJson } from './json.ts'
import type { RestEntityOptions, RestOptions } from './options.ts'
import { Pages, type Page, type Place } from './pages.ts'

/** Keys remembered to notice a collection that shifts between pages: twins of a shift are near each other. */
const REMEMBERED_KEYS = 50_000

interface Item { name: string; entity: Entity; options: RestEntityOptions }

/**
 * A REST API: endpoints as entities. Numbers keep all digits, nested objects become `a.b`, arrays JSON text. Columns are those of the first page,
 * more are added as they appear. Resuming asks for the page the last batch ended in.
 */
export class RestSource implements Source {
  readonly kind = 'rest'
  readonly can: SourceAbilities = { resume: true, keys: false, readOnly: false, nulls: true }
  readonly name: string
  readonly #options: RestOptions
  readonly #client: RestClient
  #items: Promise<Item[]> | null = null

  constructor(name: string, options: RestOptions, client: RestClient) {
    this.name = name
    this.#options = options
    this.#client = client
  }

  async describe(): Promise<SourceCatalog> {
    this.#items = null
    return { source: this.name, kind: this.kind, version: new URL(this.#options.baseUrl).host, entities: (await this.#described()).map((item) => item.entity) }
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch> {
    checkStopped(request.signal, request.entity)
    const item = chooseEntity(this.name, await this.#described(), request.entity)
    if (item.entity.columns.length > 0) chooseColumns(item.name, item.entity.columns, request.columns)
    const after = request.after
    if (after?.['end'] === true) return
    const pages = this.#pages(item.name, item.options), columns = new Columns()
    for (const column of item.entity.columns) columns.place(column.name)
    const recent = new Recent(item.options.key, columns)
    let done = Number(after?.['n'] ?? 0), skip = Number(after?.['skip'] ?? 0)
    const batch = new Gathering(item.name, `${this.name}.${item.name}`, request, columns)
    const reject = (page: Page, record: unknown, reason: string) => {
      batch.reject({ entity: item.name, ordinal: done, where: String(page.place), line: null, reason, raw: writeJson(record).slice(0, 10_000).replaceAll('\0', '\u2400').toWellFormed() })
    }
    const start = (after?.['at'] ?? pages.first()) as Place
    try {
      for await (const page of pages.from(start, done - skip, request.signal)) {
        for (let i = skip; i < page.records.length; i++) {
          const values = columns.take(page.records[i])
          done++
          const twin = recent.met(values), unfit = twin === null && page.escapes ? unfitText(values) : null
          if (twin === null && unfit === null) batch.rows.push(values)
          else if (twin === null) reject(page, page.records[i], unfit as string)
          else if (item.options.duplicates === 'reject') reject(page, page.records[i], `The key ${twin} came before: the collection shifted between pages.`)
          else {
            throw new LandfallError('source-changed', `\`${item.name}\`: the key ${twin} came twice. The collection shifted between pages, so records may be missing too.`,
              { where: { entity: item.name }, hint: 'Read it again while nothing changes, sort it by its key, or set `duplicates: reject`.' })
          }
          // Within a page the cursor tells how many of its records to skip.
          if (batch.full && i + 1 < page.records.length) yield* batch.hand({ n: done, at: page.place, skip: i + 1 })
        }
        skip = 0
        yield* batch.settle(page.next === null ? { n: done, end: true } : { n: done, at: page.next, skip: 0 })
        if (batch.full || page.next === null) yield* batch.hand()
        checkStopped(request.signal, item.name)
      }
      yield* batch.hand({ n: done, end: true })
    } finally {
      batch.discard()
    }
  }

  /** The announced total where no sums are wanted; else a second reading of all pages. */
  async measure(entity: string, sums: string[]): Promise<Measure> {
    const item = chooseEntity(this.name, await this.#described(), entity)
    // An endpoint without records shows no columns.
    if (item.entity.columns.length > 0) chooseColumns(item.name, item.entity.columns, sums)
    const pages = this.#pages(item.name, item.options), columns = new Columns()
    const totals = new Map<string, Decimal | null>(sums.map((name) => [name, null]))
    let count = 0
    for await (const page of pages.from(pages.first(), 0)) {
      if (page.total !== null && sums.length === 0) return { count: page.total, sums: {} }
      count += page.records.length
      for (const record of page.records) {
        const values = columns.take(record)
        for (const name of sums) {
          const value = parseDecimal(values[columns.names.indexOf(name)] ?? '')
          if (value) totals.set(name, addDecimal(totals.get(name) ?? ZERO, value))
        }
      }
    }
    return { count, sums: Object.fromEntries([...totals].map(([name, sum]) => [name, sum ? formatDecimal(sum) : null])) }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  #pages(name: string, options: RestEntityOptions): Pages {
    return new Pages(this.#client, this.#options.baseUrl, name, options, this.#options.concurrency)
  }

  #described(): Promise<Item[]> {
    this.#items ??= this.#sample()
    this.#items.catch(() => { this.#items = null })
    return this.#items
  }

  /** The first page of every endpoint, for columns and totals. */
  async #sample(): Promise<Item[]> {
    const items: Item[] = []
    for (const [name, options] of Object.entries(this.#options.entities)) {
      const pages = this.#pages(name, options), page = await pages.page(pages.first()), columns = new Columns()
      const rows = page.records.map((record) => columns.take(record))
      const whole = options.paging.kind === 'none' ? page.records.length : page.total
      items.push({
        name, options, entity: {
          name, namespace: '', columns: columns.names.map((column, place) => inferred(column, place, rows)), primaryKey: options.key, uniqueKeys: [], foreignKeys: [],
          rowCount: { value: whole, exact: options.paging.kind === 'none' }, notes: [`columns from the first ${rows.length} records`],
        },
      })
    }
    return items
  }
}

/** The last keys met, REMEMBERED_KEYS of them or up to twice as many: the older half is dropped whole, since taking a Set's oldest members one by one takes quadratic time. */
class Recent {
  readonly #key: string[]
  readonly #columns: Columns
  #places: number[] = []
  #seen = new Set<string>()
  #older = new Set<string>()

  constructor(key: string[], columns: Columns) {
    this.#key = key
    this.#columns = columns
  }

  /** The key when it came before, else null. */
  met(values: Values): string | null {
    if (this.#key.length === 0) return null
    // A column that no record had yet has no place.
    if (this.#places.length === 0 || this.#places.includes(-1)) this.#places = this.#key.map((name) => this.#columns.names.indexOf(name))
    const only = this.#places.length === 1 ? values[this.#places[0] as number] : undefined
    const key = typeof only === 'string' ? only : JSON.stringify(this.#places.map((place) => values[place] ?? null))
    const before = this.#seen.size
    if (!this.#older.has(key) && this.#seen.add(key).size > before) {
      if (this.#seen.size >= REMEMBERED_KEYS) {
        this.#older = this.#seen
        this.#seen = new Set()
      }
      return null
    }
    return typeof only === 'string' ? JSON.stringify([only]) : key
  }
}

/** Why no database holds these texts, or null. Only an escape can write such a character: an answer is decoded strictly. */
function unfitText(values: Values): string | null {
  for (const value of values) {
    if (typeof value !== 'string') continue
    if (value.includes('\0')) return 'it holds a NUL character'
    if (!value.isWellFormed()) return 'it holds half a character (a lone surrogate)'
  }
  return null
}

const KINDS: [ColumnType, RegExp][] = [
  ['boolean', /^(true|false)$/], ['integer', /^-?\d{1,19}$/], ['decimal', /^-?\d+(\.\d+)?$/], ['float', /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/], ['date', /^\d{4}-\d\d-\d\d$/],
  ['timestamp', /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/], ['timestamptz', /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/],
]

function inferred(name: string, place: number, rows: Values[]): Column {
  const values = rows.map((row) => row[place]).filter((value): value is string => typeof value === 'string' && value !== '')
  const kind = values.length === 0 ? undefined : KINDS.find(([, pattern]) => values.every((value) => pattern.test(value)))
  const json = values.length > 0 && values.every((value) => /^[[{]/.test(value))
  return { name, type: kind?.[0] ?? (json ? 'json' : values.length > 0 ? 'text' : 'unknown'), declared: '', nullable: rows.some((row) => (row[place] ?? null) === null), inferred: true }
}

/** True when the text is a path RFC 9535 knows. */
export function isJsonPath(path: string): boolean {
  try {
    query(null, path)
    return true
  } catch {
    return false
  }
}
