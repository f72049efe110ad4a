/** What the source needs of somebody who reads Parquet. staging/parquet-scan.ts is that somebody; sources may not know it. */
export interface ParquetReader {
  describe(path: string): Promise<{ columns: { name: string; type: string }[]; rows: number; groups: number[] }>
  /** Writes rows as text into a Parquet file; columns are named `as` there. */
  slice(path: string, columns: { name: string; type: string; as: string }[], from: number, count: number, target: string): Promise<number>
  measure(path: string, columns: string[]): Promise<{ count: number; sums: (string | null)[] }>
}
