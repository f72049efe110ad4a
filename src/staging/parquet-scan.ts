import { LandfallError, messageOf } from '../errors/error.ts'
import { ident, literal, type Staging } from './staging.ts'

/**
 * Reads Parquet files with the staging database's own reader, for the source kind `parquet`, which has no other (its port: sources/parquet/scan.ts). The
 * database must be allowed the folders of the files.
 */
export class ParquetScan {
  readonly #staging: Staging

  constructor(staging: Staging) {
    this.#staging = staging
  }

  /** Columns with DuckDB's type names, the rows counted from the footer and the rows of each row group. `file-unreadable` when it is no whole Parquet file. */
  async describe(path: string): Promise<{ columns: { name: string; type: string }[]; rows: number; groups: number[] }> {
    return this.#guard(path, async () => {
      const columns = await this.#staging.columnsOf(`SELECT * FROM read_parquet(${pathLiteral(path)})`)
      const groups = await this.#staging.all<{ n: number }>(`SELECT row_group_id, max(row_group_num_rows) AS n FROM parquet_metadata(${pathLiteral(path)}) GROUP BY 1 ORDER BY 1`)
      const footer = await this.#staging.one<{ n: number }>(`SELECT num_rows AS n FROM parquet_file_metadata(${pathLiteral(path)})`)
      return { columns, rows: Number(footer?.n ?? 0), groups: groups.map((group) => Number(group.n)) }
    })
  }

  /** Rows counted by reading them, and exact sums of columns as decimal text. */
  async measure(path: string, columns: string[]): Promise<{ count: number; sums: (string | null)[] }> {
    return this.#guard(path, async () => {
      const found = await this.#staging.measure(`read_parquet(${pathLiteral(path)})`, columns)
      return { count: found.count, sums: columns.map((column) => found.sums[column] ?? null) }
    })
  }

  async #guard<T>(path: string, body: () => Promise<T>): Promise<T> {
    return body().catch((error: unknown) => { throw parquetError(path, error) })
  }
}

/**
 * SQL for `count` rows of a Parquet file from row `from` (0-based) on: `_row` counting from `first`, then the columns as text. By the number of the row,
 * so row groups outside the range are not read.
 */
export function parquetRows(path: string, fields: { name: string; type: string }[], from: number, count: number, first: number): string {
  const place = fields.some((field) => field.name.toLowerCase() === 'file_row_number') ? null : 'file_row_number'
  if (place === null) throw new LandfallError('file-unreadable', `The Parquet file has a column named \`file_row_number\`, which its reader needs for itself: ${path}`, { hint: 'Rename the column.', where: { file: path } })
  return `SELECT ${first - from} + ${place}, ${fields.map((field) => asText(field.name, field.type)).join(', ')} FROM read_parquet(${pathLiteral(path)}, file_row_number = true) WHERE ${place} >= ${from} AND ${place} < ${from + count}`
}

/** The path as SQL that names this one file: DuckDB takes any path for a pattern. */
function pathLiteral(path: string): string {
  return literal(path.replaceAll(/[*?[]/g, '[$&]'))
}

/** What DuckDB says of a Parquet file as an error of the file. */
export function parquetError(path: string, error: unknown): LandfallError {
  if (error instanceof LandfallError && error.code !== 'staging-failed') return error
  const text = messageOf(error).split('\n')[0] ?? ''
  const closed = /permission|not allowed|disabled/i.test(text)
  return new LandfallError('file-unreadable', `The Parquet file cannot be read: ${text}`, {
    hint: closed ? 'The staging database must be allowed the folder of the file.' : 'It may be cut off or damaged; copy or export it again.', where: { file: path }, cause: error,
  })
}

/** SQL for a column's text: nested values as JSON, binary as hex, everything else as DuckDB writes it. */
function asText(name: string, type: string): string {
  const column = ident(name)
  if (/(\[\d*\]|^(STRUCT|MAP|UNION)\(.*\))$/.test(type)) return `CAST(to_json(${column}) AS VARCHAR)`
  if (type === 'BLOB') return `lower(hex(${column}))`
  return `CAST(${column} AS VARCHAR)`
}
