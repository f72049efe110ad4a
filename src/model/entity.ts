/** The types a source column may declare or be inferred to have. They name meaning, not storage; staging maps them to its own. */
export type ColumnType = 'text' | 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'timestamp' | 'timestamptz' | 'time' | 'binary' | 'json' | 'uuid' | 'unknown'

/** A column of a legacy entity. */
export interface Column {
  name: string
  type: ColumnType
  /** The source's own type name, e.g. `numeric(12,2)`; empty when inferred. */
  declared: string
  nullable: boolean
  /** Declared maximal length in characters, precision and scale, where there are any. */
  length?: number
  precision?: number
  scale?: number
  /** True when the type was inferred from values rather than declared. */
  inferred?: boolean
}

/** A relation of an entity to another, declared in the source. */
export interface ForeignKey { columns: string[]; references: { entity: string; columns: string[] } }

/** A legacy table, sheet, file or endpoint. */
export interface Entity {
  name: string
  /** Schema, workbook, folder: where the source keeps it; empty where that means nothing. */
  namespace: string
  columns: Column[]
  primaryKey: string[]
  uniqueKeys: string[][]
  foreignKeys: ForeignKey[]
  /** Number of records; `exact` false when it is the source's estimate; null when unknown before reading. */
  rowCount: { value: number | null; exact: boolean }
  /** Anything a person should know: encoding found, dialect, header row, truncated sheet... */
  notes: string[]
}

/** What a source says about itself. */
export interface SourceCatalog { source: string; kind: string; version: string; entities: Entity[] }
