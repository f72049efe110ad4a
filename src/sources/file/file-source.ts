import { LandfallError } from '../../errors/error.ts'
import type { Batch, Cursor, Measure } from '../../model/batch.ts'
import type { Entity } from '../../model/entity.ts'
import { addDecimal, formatDecimal, parseDecimal, type Decimal } from '../../model/decimal.ts'
import type { ReadRequest, Source, SourceAbilities } from '../source.ts'
import { assertUnchanged, fingerprintOf } from './fingerprint.ts'

/** Where reading goes on, as the kind of file needs it; flat, so that it travels in a Cursor. */
export type Position = Cursor

export interface ReadPart { columns: string[]; pick: number[] | null; batchRows: number; spoolFolder: string; after: Position | null; ordinal: number; signal: AbortSignal | undefined }

/** One entity out of files, as each kind of file implements it. FileSource adds what all have in common. */
export interface FileTable {
  readonly name: string
  /** Files whose change means that the entity changed. */
  readonly paths: string[]
  /** Goes through all of it once: columns, exact count, notes. */
  prepare(): Promise<Entity>
  /** Batches; `cursor` holds the table's own position plus `ordinal`. Called after prepare. */
  read(part: ReadPart): AsyncIterable<Batch>
  /** Count and sums where the reader of the files has a way of its own to compute them; else they are made from values(). */
  measure?(positions: number[]): Promise<Measure>
  /** Values of the columns at `positions`, record by record, by a way of its own; nulls for a record that read() would reject. */
  values(positions: number[]): AsyncIterable<(string | null)[]>
}

/** Sum and count of a column read independently. */
class Sum {
  #total: Decimal | null = null
  add(text: string | null): void {
    const value = text === null ? null : parseDecimal(text)
    if (value !== null) this.#total = this.#total === null ? value : addDecimal(this.#total, value)
  }
  get text(): string | null {
    return this.#total === null ? null : formatDecimal(this.#total)
  }
}

/** A source made of files: finds the entity, guards against files that change, and proves at the end that all announced records came. */
export class FileSource implements Source {
  readonly name: string
  readonly kind: string
  readonly can: SourceAbilities
  readonly #tables: FileTable[]
  readonly #known = new Map<string, { entity: Entity; fingerprint: string }>()

  constructor(name: string, kind: string, tables: FileTable[], nulls: boolean) {
    this.name = name
    this.kind = kind
    this.#tables = tables
    this.can = { resume: true, keys: false, readOnly: false, nulls }
  }

  async describe() {
    const entities: Entity[] = []
    for (const table of this.#tables) entities.push((await this.#prepared(table)).entity)
    return { source: this.name, kind: this.kind, version: '', entities }
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch> {
    const table = this.#table(request.entity)
    this.#stopIfAsked(table, request)
    const { entity, fingerprint } = await this.#prepared(table)
    const after = request.after ?? null
    if (after !== null) assertUnchanged(table.name, table.paths, String(after['fingerprint']))
    assertUnchanged(table.name, table.paths, fingerprint)
    const names = entity.columns.map((column) => column.name)
    const pick = request.columns === undefined ? null : request.columns.map((column) => this.#position(entity, column))
    const columns = pick === null ? names : pick.map((n) => names[n] as string)
    let ordinal = after === null ? 1 : Number(after['ordinal'])
    const part: ReadPart = { columns, pick, batchRows: request.batchRows, spoolFolder: request.spoolFolder, after, ordinal, signal: request.signal }
    for await (const batch of table.read(part)) {
      ordinal += batch.read
      yield { ...batch, cursor: { ...batch.cursor, fingerprint, ordinal } }
      this.#stopIfAsked(table, request)
    }
    assertUnchanged(table.name, table.paths, fingerprint)
    const announced = entity.rowCount.value
    if (announced !== null && ordinal - 1 !== announced) {
      throw new LandfallError('source-short', `\`${table.name}\` announced ${announced} records and delivered ${ordinal - 1}.`, { hint: 'Is the file still being written? Read it again when it is complete.', where: { entity: table.name } })
    }
  }

  async measure(entity: string, sums: string[]): Promise<Measure> {
    const table = this.#table(entity)
    const prepared = await this.#prepared(table)
    // Without a record nothing names the columns of JSON: their sums are those of nothing.
    const nameless = prepared.entity.columns.length === 0
    const positions = nameless ? [] : sums.map((column) => this.#position(prepared.entity, column))
    if (table.measure) return table.measure(positions)
    const totals = sums.map(() => new Sum())
    let count = 0
    for await (const values of table.values(positions)) {
      count++
      for (let i = 0; i < totals.length; i++) totals[i]?.add(values[i] ?? null)
    }
    return { count, sums: Object.fromEntries(sums.map((column, i) => [column, totals[i]?.text ?? null])) }
  }

  async close(): Promise<void> {
    this.#known.clear()
  }

  #stopIfAsked(table: FileTable, request: ReadRequest): void {
    if (request.signal?.aborted) throw new LandfallError('interrupted', `Reading of \`${table.name}\` was stopped.`, { where: { entity: table.name } })
  }

  #table(name: string): FileTable {
    const found = this.#tables.find((table) => table.name === name)
    if (found) return found
    throw new LandfallError('source-entity-unknown', `Source \`${this.name}\` has no entity \`${name}\`.`, { hint: `It has: ${this.#tables.map((table) => table.name).slice(0, 30).join(', ')}.`, where: { entity: name } })
  }

  #position(entity: Entity, column: string): number {
    const at = entity.columns.findIndex((one) => one.name === column)
    if (at >= 0) return at
    throw new LandfallError('source-entity-unknown', `\`${entity.name}\` has no column \`${column}\`.`, { hint: `It has: ${entity.columns.map((one) => one.name).slice(0, 50).join(', ')}.`, where: { entity: entity.name } })
  }

  async #prepared(table: FileTable): Promise<{ entity: Entity; fingerprint: string }> {
    const before = this.#known.get(table.name)
    if (before) return before
    const fingerprint = fingerprintOf(table.paths)
    const prepared = { entity: await table.prepare(), fingerprint }
    this.#known.set(table.name, prepared)
    return prepared
  }
}
