import type { ColumnType } from './entity.ts'

/** A schema as somebody wrote it down: DDL, or a data dictionary as a sheet. Null and empty: not said. */
export interface DocumentedColumn {
  name: string
  /** The type's own words: `varchar(40)`. */
  declared: string
  /** What those words mean; null where they are none we know. */
  type: ColumnType | null
  length: number | null
  required: boolean
  key: boolean
  references: { table: string; column: string | null } | null
  /** Values it may have, where they are listed. */
  values: string[]
  about: string
}

/** `where`: file and line, or file and sheet. */
export interface DocumentedTable { name: string; where: string; about: string; columns: DocumentedColumn[] }
