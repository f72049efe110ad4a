import { createHash } from 'node:crypto'
import { readShippedCatalog } from './catalog.ts'
import { packColumn, packDocType, packField, unpackDocType, type CompactDocType, type Loose } from './compact.ts'
import { DocTypeMeta, type Column } from './doctype.ts'
import { readSiteFolder, type SiteData } from './folder.ts'
import { impliedRecords } from './implied.ts'
import { createTables, loadRecords } from './tables.ts'
import type { Staging } from '../staging/staging.ts'

/** A record of the site: column to value, absent columns left out. Numbers are numbers, dates and all else text. */
export type SiteRecord = Record<string, string | number | null>

/**
 * What the target site is: its DocTypes, settings and the records that are on it before anything is loaded. Immutable. DocTypes are unpacked
 * when first asked for.
 */
export class Site {
  readonly #data: SiteData
  readonly #packed: Map<string, CompactDocType>
  readonly #doctypes = new Map<string, DocTypeMeta>()
  readonly #records = new Map<string, SiteRecord[]>()
  #hash: string | null = null
  /** The folder it was read from; null for the shipped catalog. */
  readonly folder: string | null

  /** The site as it was described, before anything was added to it here. */
  readonly described: Site

  private constructor(data: SiteData, folder: string | null, described?: Site) {
    this.#data = data
    this.described = described ?? this
    this.folder = folder
    this.#packed = new Map(data.doctypes.map((doctype) => [doctype[0], doctype]))
  }

  /** The shipped catalog, or a folder in the form of the ground truth. Throws `site-invalid` naming file and line. */
  static load(folder?: string | null): Site {
    return new Site(folder === undefined || folder === null ? readShippedCatalog() : readSiteFolder(folder), folder ?? null)
  }

  doctype(name: string): DocTypeMeta | undefined {
    const known = this.#doctypes.get(name)
    if (known !== undefined) return known
    const packed = this.#packed.get(name)
    if (packed === undefined) return undefined
    const meta = new DocTypeMeta(unpackDocType(packed))
    this.#doctypes.set(name, meta)
    return meta
  }

  /** This site with one more field of a DocType, and its column when it has one: what a Custom Field makes of it. This one stays as it is. */
  withField(doctype: string, field: Loose, column: Column | null): Site {
    const doctypes = this.#data.doctypes.map((packed): CompactDocType => {
      if (packed[0] !== doctype) return packed
      const [name, module, flags, texts, controller, fields, columns] = packed
      return [name, module, flags, texts, controller, [...fields, packField(field)], column === null ? columns : [...columns, packColumn([column.name, column.type, column.nullable, column.key, column.default])]]
    })
    return new Site({ ...this.#data, doctypes }, this.folder, this.described)
  }

  /** This site with a DocType of its own, or with another form of one it has; in the form of a line of `doctypes.jsonl`. This one stays as it is. */
  withDocType(line: Loose): Site {
    const packed = packDocType(line), others = this.#data.doctypes.filter(([name]) => name !== packed[0])
    return new Site({ ...this.#data, doctypes: [...others, packed] }, this.folder, this.described)
  }

  /** This site with more records of a DocType; those it has under the same names give way. This one stays as it is. */
  withRecords(doctype: string, added: SiteRecord[]): Site {
    if (added.length === 0) return this
    const names = new Set(added.map((record) => record['name'])), all = [...this.records(doctype).filter((record) => !names.has(record['name'] ?? null)), ...added]
    const columns = [...new Set(all.flatMap((record) => Object.keys(record)))]
    return new Site({ ...this.#data, records: { ...this.#data.records, [doctype]: { columns, rows: all.map((record) => columns.map((column) => record[column] ?? null)) } } }, this.folder, this.described)
  }

  /** Every DocType, in order of name. */
  doctypes(): DocTypeMeta[] {
    return this.doctypeNames().map((name) => this.doctype(name)!)
  }

  /** Names only: nothing is unpacked. */
  doctypeNames(): string[] {
    return [...this.#packed.keys()].sort()
  }

  /** Stored values of a single DocType as the site stores them, as text; empty when nothing is stored. */
  single(doctype: string): Record<string, string> {
    return this.#data.settings.singles[doctype] ?? {}
  }

  /** Names of the singles that hold values. */
  singles(): string[] {
    return Object.keys(this.#data.settings.singles)
  }

  /** A global default (`company`, `currency`...), or null. */
  default(key: string): string | null {
    return this.#data.settings.defaults[key] ?? null
  }

  /** All global defaults. */
  get defaults(): Readonly<Record<string, string>> {
    return this.#data.settings.defaults
  }

  /** Counters of naming series: prefix to the last number given. */
  get series(): Readonly<Record<string, number>> {
    return this.#data.settings.series
  }

  /** Code of other apps that runs on documents of a DocType, as a bench told it. */
  hooks(doctype: string): readonly string[] {
    const hooks = this.#data.settings.hooks ?? {}
    return [...hooks[doctype] ?? [], ...hooks['*'] ?? []]
  }

  /** Installed apps and their versions. */
  get apps(): Readonly<Record<string, string>> {
    return this.#data.settings.apps
  }

  /** The records of a DocType (child rows with parent, parentfield, parenttype), in the order given; among them those every site has (see implied.ts). */
  records(doctype: string): readonly SiteRecord[] {
    const known = this.#records.get(doctype)
    if (known !== undefined) return known
    const packed = this.#data.records[doctype]
    const records = packed === undefined ? impliedRecords(this, doctype) : packed.rows.map((row) => {
      const record: SiteRecord = {}
      packed.columns.forEach((column, i) => { if (row[i] !== null && row[i] !== undefined) record[column] = row[i] })
      return record
    })
    this.#records.set(doctype, records)
    return records
  }

  /** DocTypes that have records, in order of name. */
  recordDoctypes(): string[] {
    return this.doctypeNames().filter((name) => this.records(name).length > 0)
  }

  /** See `createTables` in tables.ts. */
  createTables(staging: Staging, schema: string, doctypes: readonly string[] | 'all' = 'all'): Promise<void> {
    return createTables(this, staging, schema, doctypes)
  }

  /** See `loadRecords` in tables.ts. */
  loadRecords(staging: Staging, schema: string): Promise<void> {
    return loadRecords(this, staging, schema)
  }

  /** SHA-256 over everything the site says (64 hex digits): a proof made against one site does not hold for another. */
  hash(): string {
    this.#hash ??= createHash('sha256').update(JSON.stringify([this.#data.doctypes, this.#data.records, this.#data.settings])).digest('hex')
    return this.#hash
  }
}
