import type { ColumnType } from '../model/entity.ts'
import type { TransformOutput } from '../transforms/transform.ts'

/** Types of the expression language. Numbers are whole, decimal (exact, 9 places) or double (as read from a float column). */
export type ValueType = 'text' | 'integer' | 'decimal' | 'double' | 'boolean' | 'date' | 'timestamp' | 'time' | 'null'

/** A piece of SQL with its type. `literal`: its value, where it is a constant text. */
export interface Typed { sql: string; type: ValueType; literal?: string }

const FROM_COLUMN: Record<ColumnType, ValueType> = {
  text: 'text', integer: 'integer', decimal: 'decimal', float: 'double', boolean: 'boolean', date: 'date', timestamp: 'timestamp', timestamptz: 'timestamp', time: 'time',
  binary: 'text', json: 'text', uuid: 'text', unknown: 'text',
}
const FROM_OUTPUT: Record<TransformOutput, ValueType> = { VARCHAR: 'text', DOUBLE: 'double', 'DECIMAL(38,9)': 'decimal', BIGINT: 'integer', DATE: 'date', TIMESTAMP: 'timestamp', BOOLEAN: 'boolean' }
const SQL: Record<ValueType, string> = { text: 'VARCHAR', integer: 'BIGINT', decimal: 'DECIMAL(38,9)', double: 'DOUBLE', boolean: 'BOOLEAN', date: 'DATE', timestamp: 'TIMESTAMP', time: 'TIME', null: 'VARCHAR' }

export function typeOfColumn(type: ColumnType): ValueType {
  return FROM_COLUMN[type]
}

export function typeOfOutput(output: TransformOutput): ValueType {
  return FROM_OUTPUT[output]
}

/** The DuckDB type a value of this type is stored as. */
export function sqlType(type: ValueType): string {
  return SQL[type]
}

export function isNumeric(type: ValueType): boolean {
  return type === 'integer' || type === 'decimal' || type === 'double'
}

/** As text in its canonical form: decimals without trailing zeros, booleans 1/0, timestamps without empty fractions. */
export function asText(value: Typed): string {
  if (value.type === 'text' || value.type === 'null') return value.type === 'null' ? 'CAST(NULL AS VARCHAR)' : value.sql
  if (value.type === 'decimal') return `regexp_replace(regexp_replace(CAST(${value.sql} AS VARCHAR), '(\\.\\d*?)0+$', '\\1'), '\\.$', '')`
  if (value.type === 'double') return `regexp_replace(CAST(${value.sql} AS VARCHAR), '\\.0$', '')`
  if (value.type === 'boolean') return `CAST(CAST(${value.sql} AS INTEGER) AS VARCHAR)`
  return `CAST(${value.sql} AS VARCHAR)`
}

/** As an exact decimal; a double beyond its range gives NULL. */
export function asDecimal(value: Typed): string {
  if (value.type === 'decimal') return value.sql
  return value.type === 'integer' ? `CAST(${value.sql} AS DECIMAL(38,9))` : `TRY_CAST(${value.sql} AS DECIMAL(38,9))`
}

/** The type both can be read as, or null when they do not go together. */
export function commonType(a: ValueType, b: ValueType): ValueType | null {
  if (a === b || b === 'null') return a
  if (a === 'null') return b
  if (isNumeric(a) && isNumeric(b)) return 'decimal'
  if ((a === 'date' && b === 'timestamp') || (a === 'timestamp' && b === 'date')) return 'timestamp'
  return null
}

/** Cast to a type that `commonType` gave. */
export function castTo(value: Typed, type: ValueType): string {
  if (value.type === type || value.type === 'null') return value.type === 'null' ? `CAST(NULL AS ${SQL[type]})` : value.sql
  if (type === 'decimal') return asDecimal(value)
  if (type === 'text') return asText(value)
  return `CAST(${value.sql} AS ${SQL[type]})`
}
