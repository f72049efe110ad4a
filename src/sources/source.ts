import type { Batch, Cursor, Measure } from '../model/batch.ts'
import type { SourceCatalog } from '../model/entity.ts'
import type { ChangeReader, LogSettings } from './changes.ts'

export interface ReadRequest {
  entity: string
  /** Columns wanted, in this order; all when absent. */
  columns?: string[]
  /** Cursor of the last batch already staged; absent: from the start. */
  after?: Cursor
  /** Wanted records per batch; a source may give fewer, never more than twice as many. */
  batchRows: number
  /** Folder for spool files (csv or parquet batches); the reader of the batch removes the file. */
  spoolFolder: string
  signal?: AbortSignal
}

/** What a source can do. Tests and phases branch on these, never on the kind's name. */
export interface SourceAbilities {
  /** `read({after})` continues after a batch without reading what came before it again from the origin's point of view. */
  resume: boolean
  /** describe() declares keys and foreign keys. */
  keys: boolean
  /** The connection is made read-only on the server's side. */
  readOnly: boolean
  /** NULL and '' are told apart. */
  nulls: boolean
}

/**
 * Where legacy data comes from. Opened by its factory (registry.ts), which throws `source-unreachable`/`source-denied`.
 * Values are text exactly as meant: integers and decimals with all digits, dates `YYYY-MM-DD`, timestamps `YYYY-MM-DD HH:MM:SS[.ffffff]`
 * (with `+00` offset in UTC when the type carries a zone), booleans `true`/`false`, binary lower-case hex, zero dates as found.
 */
export interface Source {
  readonly name: string
  readonly kind: string
  readonly can: SourceAbilities
  /** Called once or more, before reading. Fails only with source-*, file-* or limit errors. */
  describe(): Promise<SourceCatalog>
  /**
   * Batches in a stable order; every record of the entity exactly once, in `rows`, `csv` or `parquet` data or in `rejected`. Bounded memory.
   * Ends normally only when the source was read completely: an early end is `source-short`. A failure in the middle throws; batches
   * yielded before remain valid and their cursors resumable.
   */
  read(request: ReadRequest): AsyncIterable<Batch>
  /** Count and sums computed by the origin where it can, else by an independent second reading (not through read()). Null where impossible. */
  measure(entity: string, sums: string[]): Promise<Measure | null>
  /** What changed since an earlier reading, also from its log where `log` is given; absent where a source can only be read whole. */
  changes?(log?: LogSettings): ChangeReader
  close(): Promise<void>
}
