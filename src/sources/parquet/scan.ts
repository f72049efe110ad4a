/** What the source needs of somebody who reads Parquet. staging/parquet-scan.ts is that somebody; sources may not know it. */
export interface ParquetReader {
  describe(path: string): Promise<{ columns: { name: string; type: string }[]; rows: number; groups: number[] }>
  measure(path: string, columns: string[]): Promise<{ count: number; sums: (string | null)[] }>
}
