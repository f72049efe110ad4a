/**
 * A named, pure function on one value, used in mappings. Exactly one of `sql` and `apply`. `sql` (preferred) gets a DuckDB expression of
 * type VARCHAR unless `input` says otherwise and returns one of type `output`; a value that cannot be transformed gives NULL there, and
 * the mapping's type-mismatch policy decides what follows (so `sql` must not raise). Options arrive validated by `options`.
 */
export interface Transform<O = Record<string, unknown>> {
  name: string
  /** One line for the generated reference. */
  about: string
  /** zod schema of the options; its `.describe` texts are the reference. */
  options: import('zod').ZodType<O>
  output: 'VARCHAR' | 'DOUBLE' | 'DECIMAL(38,9)' | 'BIGINT' | 'DATE' | 'TIMESTAMP' | 'BOOLEAN'
  sql?(expression: string, options: O): string
  apply?(value: string | null, options: O): string | null
}
