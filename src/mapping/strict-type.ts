import type { TransformStep } from '../config/mapping-schema.ts'
import type { ColumnType } from '../model/entity.ts'
import { decimalCast } from '../transforms/decimal-cast.ts'
import { noDate } from '../transforms/date-text.ts'
import { isBlank } from '../transforms/transform.ts'

/** Text as a value of a type exactly as sources write it (sources/source.ts), else NULL. DuckDB's own casts are too lenient ('12.7' as a whole number is 13). */
export function strictSql(x: string, type: ColumnType): string {
  switch (type) {
    case 'integer': return `CASE WHEN regexp_full_match(${x}, '[-+]?\\d{1,19}') THEN TRY_CAST(${x} AS BIGINT) END`
    case 'decimal': return `CASE WHEN regexp_full_match(${x}, '[-+]?(\\d+(\\.\\d*)?|\\.\\d+)') THEN ${decimalCast(x)} END`
    case 'float': return `CASE WHEN regexp_full_match(${x}, '[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d{1,3})?') THEN TRY_CAST(${x} AS DOUBLE) END`
    case 'boolean': return `CASE WHEN lower(${x}) IN ('true', 't', '1') THEN true WHEN lower(${x}) IN ('false', 'f', '0') THEN false END`
    case 'date': return `CASE WHEN regexp_full_match(${x}, '\\d{4}-\\d{2}-\\d{2}') THEN TRY_CAST(${x} AS DATE) WHEN regexp_full_match(${x}, '\\d{4}-\\d{2}-\\d{2}[ T]00:00(:00(\\.0+)?)?') THEN TRY_CAST(left(${x}, 10) AS DATE) END`
    case 'timestamp': return `CASE WHEN regexp_full_match(${x}, '\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?)?') THEN TRY_CAST(${x} AS TIMESTAMP) END`
    case 'timestamptz': return `CASE WHEN regexp_full_match(${x}, '\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[-+]\\d{2}(:?\\d{2})?)?') THEN TRY(timezone('UTC', TRY_CAST(${x} AS TIMESTAMPTZ))) END`
    case 'time': return `CASE WHEN regexp_full_match(${x}, '\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?') THEN TRY_CAST(${x} AS TIME) END`
    default: return x
  }
}

/** The transform tried under the policy `transform` when a column names none. */
export function lenientFor(type: ColumnType): TransformStep[] {
  const chain: Partial<Record<ColumnType, TransformStep[]>> = { integer: ['integer'], decimal: ['number'], float: ['number'], boolean: ['boolean'], date: ['date'], timestamp: ['timestamp'], timestamptz: ['timestamp'] }
  return chain[type] ?? []
}

/** Values that mean nothing for a type: NULL without a complaint. */
export function meansNothing(x: string, type: ColumnType): string {
  return type === 'date' || type === 'timestamp' || type === 'timestamptz' ? noDate(x) : isBlank(x)
}
