import { query } from 'jsonpath-rfc9535'
import { LandfallError } from '../../errors/error.ts'
import type { Batch, Cursor, Measure, Rejected } from '../../model/batch.ts'
import { ZERO, addDecimal, formatDecimal, parseDecimal, type Decimal } from '../../model/decimal.ts'
import type { Column, ColumnType, Entity, SourceCatalog } from '../../model/entity.ts'
import { checkStopped, chooseColumns, chooseEntity } from '../choice.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import type { RestClient } from './client.ts'
import { flatten, writeJson } from './json.ts'
import type { RestEntityOptions, RestOptions } from './options.ts'
import { Pages, type Place } from './pages.ts'

/** Keys remembered to notice a collection that shifts between pages: twins of a shift are near each other. */
const REMEMBERED_KEYS = 50_000

type Values = Map<string, string | null>

/** Columns in the order met, under names that differ by more than case; `_row` is taken. */
class Columns {
  readonly names: string[] = []
  readonly #shown = new Map<string, string>()
  readonly #taken = new Set(['_row'])

  shown(raw: string): string {
    const known = this.#shown.get(raw)
    if (known !== undefined) return known
    let name = raw === '' ? 'value' : raw
    for (let n = 2; this.#taken.has(name.toLowerCase()); n++) name = `${raw}_${n}`
    this.#taken.add(name.toLowerCase())
    this.#shown.set(raw, name)
    this.names.push(name)
    return name
  }

  take(record: unknown): Values {
    return new Map([...flatten(record)].map(([raw, value]) => [this.shown(raw), value]))
  }
}

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
    for (const column of item.entity.columns) columns.shown(column.name)
    const recent = new Recent(item.options.key)
    let done = Number(after?.['n'] ?? 0), skip = Number(after?.['skip'] ?? 0)
    let rows: Values[] = [], rejected: Rejected[] = []
    const hand = (cursor: Cursor): Batch => {
      const names = request.columns ?? [...columns.names], read = rows.length + rejected.length
      const batch: Batch = {
        entity: item.name, columns: names, data: { kind: 'rows', columns: names.map((name) => rows.map((row) => row.get(name) ?? null)) }, count: rows.length,
        firstOrdinal: done - read + 1, read, rejected, cursor: { n: done, ...cursor },
      }
      rows = []
      rejected = []
      return batch
    }
    const start = (after?.['at'] ?? pages.first()) as Place
    for await (const page of pages.from(start, done - skip, request.signal)) {
      for (let i = skip; i < page.records.length; i++) {
        const values = columns.take(page.records[i])
        done++
        const twin = recent.met(values)
        if (twin === null) rows.push(values)
        else if (item.options.duplicates === 'reject') {
          rejected.push({ entity: item.name, ordinal: done, where: String(page.place), line: null, reason: `The key ${twin} came before: the collection shifted between pages.`, raw: writeJson(page.records[i]).slice(0, 10_000) })
        } else {
          throw new LandfallError('source-changed', `\`${item.name}\`: the key ${twin} came twice. The collection shifted between pages, so records may be missing too.`,
            { where: { entity: item.name }, hint: 'Read it again while nothing changes, sort it by its key, or set `duplicates: reject`.' })
        }
        // Within a page the cursor tells how many of its records to skip.
        if (rows.length + rejected.length >= request.batchRows && i + 1 < page.records.length) yield hand({ at: page.place, skip: i + 1 })
      }
      skip = 0
      if (rows.length + rejected.length >= request.batchRows || (page.next === null && rows.length + rejected.length > 0)) {
        yield hand(page.next === null ? { end: true } : { at: page.next, skip: 0 })
      }
      checkStopped(request.signal, item.name)
    }
    if (rows.length + rejected.length > 0) yield hand({ end: true })
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
          const value = parseDecimal(values.get(name) ?? '')
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
          name, namespace: '', columns: columns.names.map((column) => inferred(column, rows)), primaryKey: options.key, uniqueKeys: [], foreignKeys: [],
          rowCount: { value: whole, exact: options.paging.kind === 'none' }, notes: [`columns from the first ${rows.length} records`],
        },
      })
    }
    return items
  }
}

/** The last keys met. */
class Recent {
  readonly #key: string[]
  readonly #seen = new Set<string>()
  constructor(key: string[]) {
    this.#key = key
  }

  /** The key when it came before, else null. */
  met(values: Values): string | null {
    if (this.#key.length === 0) return null
    const key = JSON.stringify(this.#key.map((name) => values.get(name) ?? null))
    if (this.#seen.has(key)) return key
    this.#seen.add(key)
    if (this.#seen.size > REMEMBERED_KEYS) this.#seen.delete(this.#seen.values().next().value as string)
    return null
  }
}

const KINDS: [ColumnType, RegExp][] = [
  ['boolean', /^(true|false)$/], ['integer', /^-?\d{1,19}$/], ['decimal', /^-?\d+(\.\d+)?$/], ['float', /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/], ['date', /^\d{4}-\d\d-\d\d$/],
  ['timestamp', /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/], ['timestamptz', /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/],
]

function inferred(name: string, rows: Values[]): Column {
  const values = rows.map((row) => row.get(name)).filter((value): value is string => typeof value === 'string' && value !== '')
  const kind = values.length === 0 ? undefined : KINDS.find(([, pattern]) => values.every((value) => pattern.test(value)))
  const json = values.length > 0 && values.every((value) => /^[[{]/.test(value))
  return { name, type: kind?.[0] ?? (json ? 'json' : values.length > 0 ? 'text' : 'unknown'), declared: '', nullable: rows.some((row) => row.get(name) === null || !row.has(name)), inferred: true }
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
