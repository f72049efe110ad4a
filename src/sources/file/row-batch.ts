import type { Batch, Cursor, Rejected } from '../../model/batch.ts'
import { SpoolWriter } from '../spool-writer.ts'
import { BATCH_BYTES } from './limits.ts'

const RAW_CHARS = 10_000

/** What every batch of an entity is gathered with: counts, rejected records and the end of a batch. */
export class BatchTally {
  read = 0
  count = 0
  bytes = 0
  rejected: Rejected[] = []
  /** Ordinal of the next record to be read, from 1. */
  ordinal: number
  readonly entity: string
  readonly #batchRows: number

  constructor(entity: string, batchRows: number, ordinal: number) {
    this.entity = entity
    this.#batchRows = batchRows
    this.ordinal = ordinal
  }

  /** Counts a record that was taken; `bytes` is its size. */
  take(bytes: number): void {
    this.read++
    this.count++
    this.ordinal++
    this.bytes += bytes
  }

  reject(where: string, line: number | null, reason: string, raw: string): void {
    this.rejected.push({ entity: this.entity, ordinal: this.ordinal, where, line, reason, raw: raw.slice(0, RAW_CHARS).replaceAll('\0', '\u2400').toWellFormed() })
    this.bytes += Math.min(raw.length, RAW_CHARS)
    this.read++
    this.ordinal++
  }

  get full(): boolean {
    return this.read >= this.#batchRows || this.bytes >= BATCH_BYTES
  }

  /** Starts over for the next batch; answers the numbers of the one that ended. */
  cut(): { read: number; count: number; rejected: Rejected[]; firstOrdinal: number } {
    const numbers = { read: this.read, count: this.count, rejected: this.rejected, firstOrdinal: this.ordinal - this.read }
    this.read = this.count = this.bytes = 0
    this.rejected = []
    return numbers
  }
}

/** Gathers records as texts into `csv` batches in staging's dialect, which load faster than values handed over one by one. */
export class RowBatch {
  readonly tally: BatchTally
  readonly columns: string[]
  readonly #folder: string
  #spool: SpoolWriter | null = null

  constructor(entity: string, columns: string[], batchRows: number, ordinal: number, spoolFolder: string) {
    this.tally = new BatchTally(entity, batchRows, ordinal)
    this.columns = columns
    this.#folder = spoolFolder
  }

  /** Adds a record with one value per column. Text that no database holds (NUL, lone surrogates) rejects it, with the reason. */
  add(values: readonly (string | null)[], where: string, line: number | null, raw: () => string): void {
    let bytes = 0
    for (const value of values) {
      if (value === null || value === undefined) continue
      bytes += value.length
      if (value.includes('\0')) return this.tally.reject(where, line, 'it holds a NUL character', raw())
      if (!value.isWellFormed()) return this.tally.reject(where, line, 'it holds half a character (a lone surrogate)', raw())
    }
    this.#spool ??= new SpoolWriter(this.#folder, this.tally.entity)
    this.#spool.record(values as (string | null)[])
    this.tally.take(bytes)
  }

  /** Adds a record that is a line of staging's dialect already: the first `size` bytes, its end included. They may be used again afterwards. */
  addLine(line: Buffer, size: number): void {
    this.#spool ??= new SpoolWriter(this.#folder, this.tally.entity)
    this.#spool.piece(line, 0, size)
    this.#spool.count++
    this.tally.take(size)
  }

  /** The batch gathered so far, or null when nothing was read. */
  cut(cursor: Cursor): Batch | null {
    if (this.tally.read === 0) return null
    const data: Batch['data'] = this.#spool === null ? { kind: 'rows', columns: this.columns.map(() => []) } : { kind: 'csv', path: this.#spool.finish() }
    this.#spool = null
    return { entity: this.tally.entity, columns: this.columns, data, ...this.tally.cut(), cursor }
  }

  /** Removes what was gathered and will not be handed out. */
  discard(): void {
    this.#spool?.discard()
    this.#spool = null
  }
}
