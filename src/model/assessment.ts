import type { ColumnType } from './entity.ts'
import type { PlanPhase } from './plan.ts'

/** What values of a column look like; `type` of a column says what they are. */
export type Format =
  | 'empty' | 'integer' | 'decimal' | 'decimal-comma' | 'decimal-grouped' | 'boolean' | 'date-iso' | 'date-dmy-dot' | 'date-dmy' | 'date-mdy' | 'date-compact' | 'date-serial'
  | 'timestamp' | 'time' | 'email' | 'phone' | 'url' | 'uuid' | 'iban' | 'vat-number' | 'json' | 'code' | 'text'

/** The time at which growth was measured: records by year or month of the entity's best date. */
export interface Growth { column: string; unit: 'year' | 'month'; points: { period: string; records: number }[] }

/**
 * A column as found. Counts are records of the whole entity unless `sampled` says that format, frequent values and patterns rest on a sample;
 * `distinct` is an estimate where `distinctExact` is false. `misfits`: values that are not of the inferred type and format.
 */
export interface AssessedColumn {
  name: string
  declared: string
  declaredType: ColumnType
  type: ColumnType
  format: Format
  /** Shares of formats among the values, the best first. */
  formats: { format: Format; share: number }[]
  values: number
  nulls: number
  blanks: number
  distinct: number
  distinctExact: boolean
  unique: boolean
  min: string | null
  max: string | null
  minLength: number
  maxLength: number
  meanLength: number
  frequent: { value: string; records: number }[]
  /** Values with letters as A or a and digits as 9. */
  patterns: { pattern: string; records: number; example: string }[]
  outliers: { records: number; low: string | null; high: string | null; examples: string[] } | null
  misfits: number
  /** Why this is personal data; null: nothing says so. */
  personal: string | null
  sampled: boolean
  /** What the schema's documentation says it is; absent: nothing. */
  about?: string
}

export interface AssessedEntity {
  /** `source.entity`. */
  id: string
  source: string
  name: string
  namespace: string
  records: number
  rejected: number
  /** Null: all was read. Else how many of how many records the entity was judged by. */
  sample: { read: number; of: number | null } | null
  key: { columns: string[]; declared: boolean; why: string } | null
  uniqueColumns: string[]
  columns: AssessedColumn[]
  growth: Growth | null
  phase: PlanPhase
  phaseWhy: string
  /** Records that are rows of another entity's documents: `order lines`; the entity they belong to. */
  partOf: string | null
  duplicates: { whole: number; exact: number; near: number }
  notes: string[]
  /** What the schema's documentation says it is; absent: nothing. */
  about?: string
}

/** A relation: records of `from` name a record of `to`. `orphans`: records whose value no record of `to` has. */
export interface AssessedRelation {
  from: { entity: string; columns: string[] }
  to: { entity: string; columns: string[] }
  declared: boolean
  inferred: boolean
  /** 0 to 1; 1 where the source declares it. */
  score: number
  why: string[]
  records: number
  distinct: number
  orphans: number
  orphanExamples: string[]
  cardinality: 'one to one' | 'many to one'
}

/**
 * `refused`: the site or the reading would refuse the record; `changed`: it would arrive altered or beside the point; `look`: somebody should look; `read`: it
 * arrives whole once the mapping says how it is written.
 */
export type FindingEffect = 'refused' | 'changed' | 'look' | 'read'

/** A finding about the source's data. `cost` ranks: records touched, weighted by what would become of them. */
export interface AssessedFinding {
  id: string
  kind: string
  entity: string
  columns: string[]
  title: string
  message: string
  records: number
  share: number
  effect: FindingEffect
  cost: number
  /** What of Landfall answers it: `kind` transform, policy or mapping, its name, and how it is written in a mapping file. */
  remedy: { kind: 'transform' | 'policy' | 'mapping' | 'source'; name: string; text: string; yaml: string | null }
  examples: { key: string | null; value: string | null }[]
  sampled: boolean
}

/** What a way into the site would need for all records, from measured rates. */
export interface LaneTime { lane: string; seconds: number; documents: number; byPhase: Record<PlanPhase, { documents: number; seconds: number; rate: number }>; basis: string }

export interface Assessment {
  project: string
  assessedAt: string
  landfall: string
  seconds: number
  sources: { name: string; kind: string; version: string }[]
  totals: { entities: number; columns: number; records: number; relations: number; findings: number; personalColumns: number }
  /** What does not rest on every record, in words; empty when all does. */
  restsOnSample: string[]
  entities: AssessedEntity[]
  relations: AssessedRelation[]
  findings: AssessedFinding[]
  lanes: LaneTime[]
  /** Documentation that was held against what is there: tables and columns of it, and how many of them are as it says. Absent: none was given. */
  documentation?: { files: string[]; tables: number; columns: number; found: number; agreeing: number }
}
