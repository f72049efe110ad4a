import type { Folder } from '../file/folder.ts'

/** What must become of a file: so many records loaded and rejected, or a refusal with one of the codes; `any`: either, but never anything else. */
export type Fate = { loaded: number; rejected?: number } | { code: string | string[]; says?: RegExp } | 'any'

export interface HostileCase {
  name: string
  kind: 'file' | 'json' | 'excel' | 'parquet'
  /** Content of the file, or a function that makes whatever stands at `path` of the folder. */
  make: string | Buffer | ((folder: Folder, path: string) => void)
  /** File name; made from the kind when absent. */
  file?: string
  options?: Record<string, unknown>
  fate: Fate
}
