import type { Batch, Cursor, Rejected } from '../../model/batch.ts'
import type { ReadRequest } from '../source.ts'
import { SpoolWriter } from '../spool-writer.ts'
import type { Columns, Values } from './columns.ts'

/** A batch ends when its file has this many bytes, however few records it holds. */
const BATCH_BYTES = 24 << 20

/**
 * Gathers records into batches: those of a page in memory, and when it was gone through (`settle`) in the spool file. Rows kept for a whole batch would
 * grow old in memory and cost the collector more than their making. All lines of a file have the same columns, so a page that brings more ends the batch before it.
 */
export class Gathering {
  /** Good records since the last `settle`. */
  rows: Values[] = []
  readonly #entity: string
  readonly #stem: string
  readonly #request: ReadRequest
  readonly #columns: Columns
  #pending: Rejected[] = []
  #spool: SpoolWriter | null = null
  #width = 0
  /** Settled records without any column, which no file can hold. */
  #bare = 0
  #rejected: Rejected[] = []
  /** Where reading goes on behind what is settled. */
  #cursor: Cursor = {}

  constructor(entity: string, stem: string, request: ReadRequest, columns: Columns) {
    this.#entity = entity
    this.#stem = stem
    this.#request = request
    this.#columns = columns
  }

  reject(record: Rejected): void {
    this.#pending.push(record)
  }

  get full(): boolean {
    return (this.#spool?.bytes ?? 0) >= BATCH_BYTES || this.#count + this.#rejected.length + this.rows.length + this.#pending.length >= this.#request.batchRows
  }

  /** Writes what came since the last time; `cursor` goes on behind it. Gives the batch before when its file is too narrow. */
  *settle(cursor: Cursor): Generator<Batch> {
    const wanted = this.#request.columns, width = this.#columns.names.length
    if (wanted === undefined && this.#count > 0 && width > this.#width) yield* this.hand()
    if (this.#count === 0) this.#width = width
    if (this.rows.length > 0) {
      const places = wanted?.map((name) => this.#columns.names.indexOf(name)) ?? Array.from({ length: width }, (_, place) => place)
      if (places.length > 0) this.#spool ??= new SpoolWriter(this.#request.spoolFolder, this.#stem)
      for (const row of this.rows) this.#spool?.record(places.map((place) => row[place] ?? null))
      this.#bare += places.length > 0 ? 0 : this.rows.length
    }
    for (const one of this.#pending) this.#rejected.push(one)
    this.rows = []
    this.#pending = []
    this.#cursor = cursor
  }

  /** Gives what is settled as a batch, if it is anything; with a cursor, what came since is settled before. */
  *hand(cursor?: Cursor): Generator<Batch> {
    if (cursor !== undefined) yield* this.settle(cursor)
    const count = this.#count, read = count + this.#rejected.length
    if (read === 0) return
    const columns = this.#request.columns ?? this.#columns.names.slice(0, this.#width)
    const batch: Batch = {
      entity: this.#entity, columns, data: this.#spool === null ? { kind: 'rows', columns: columns.map(() => []) } : { kind: 'csv', path: this.#spool.finish() },
      count, firstOrdinal: Number(this.#cursor['n']) - read + 1, read, rejected: this.#rejected, cursor: this.#cursor,
    }
    this.#spool = null
    this.#bare = 0
    this.#rejected = []
    yield batch
  }

  /** Removes what was gathered and will not be handed out. */
  discard(): void {
    this.#spool?.discard()
    this.#spool = null
  }

  get #count(): number {
    return this.#bare + (this.#spool?.count ?? 0)
  }
}
