/** Where to resume after a batch: opaque to everybody but the source that wrote it; JSON so that staging can store it. */
export type Cursor = { [key: string]: string | number | boolean | null }

/** A record that could not be read or typed, kept with its place and reason. `raw` is the record as found (text, cut at 10,000 characters). */
export interface Rejected {
  entity: string
  /** Ordinal of the record in the source's reading order, from 1. */
  ordinal: number
  /** File, URL or table it came from. */
  where: string
  /** Line in the file from 1, or null where the source has none. */
  line: number | null
  reason: string
  raw: string
}

/**
 * A piece of an entity on its way into `raw.*`. Every value is text or null (NULL and '' stay apart; binary is lower-case hex).
 * `rows`: values by column, each column an array of `count` texts. `csv`: a file in staging's own dialect (sources/spool-writer.ts writes it,
 * staging/spool.ts reads it); `width` counts the columns in the file when it has more than `columns` names (at its end, ignored: keys for the cursor).
 * `parquet`: `count` rows from row `from` (0-based) on of a Parquet file of the origin, which stays; `fields` are its columns, in the order of `columns`,
 * with DuckDB's type names. Staging reads them itself and casts them to text.
 */
export type BatchData =
  | { kind: 'rows'; columns: (string | null)[][] }
  | { kind: 'csv'; path: string; width?: number }
  | { kind: 'parquet'; path: string; from: number; fields: { name: string; type: string }[] }

export interface Batch {
  entity: string
  columns: string[]
  data: BatchData
  /** Records in `data`. */
  count: number
  /** Ordinal of the first record of the batch in reading order, from 1. */
  firstOrdinal: number
  /** Records read from the source for this batch: `count + rejected.length`. */
  read: number
  rejected: Rejected[]
  /** Pass as `after` to read what follows this batch. */
  cursor: Cursor
}

/** Count and exact sums, for comparing both sides of a hop. Sums are decimal texts; null where a column held no number. */
export interface Measure { count: number; sums: Record<string, string | null> }
