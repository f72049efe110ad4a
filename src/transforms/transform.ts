import type { z } from 'zod'

/** SQL types a transform may answer with. */
export type TransformOutput = 'VARCHAR' | 'DOUBLE' | 'DECIMAL(38,9)' | 'BIGINT' | 'DATE' | 'TIMESTAMP' | 'BOOLEAN'

/**
 * A named, pure function on one value, used in mappings. Exactly one of `sql` and `apply`. `sql` (preferred) gets a DuckDB expression of
 * type VARCHAR (of DECIMAL(38,9) when `input` is `number`) and returns one of type `output`; a value that cannot be transformed gives NULL
 * there, and the mapping's type-mismatch policy decides what follows (so `sql` must not raise). Options arrive validated by `options`.
 * The expression is a column or lambda variable: it may be repeated freely.
 */
export interface Transform<O = Record<string, unknown>> {
  name: string
  /** One line for the generated reference. */
  about: string
  /** zod schema of the options; its `.describe` texts are the reference. */
  options: z.ZodType<O>
  output: TransformOutput
  input?: 'text' | 'number'
  /** Options that may be given without a name in an expression, in this order: `left(code, 3)`. */
  positional?: string[]
  /** NULL is an answer for any value (`null_if`, `regex_extract`), never a failure. */
  mayBeNull?: boolean
  sql?(expression: string, options: O): string
  apply?(value: string | null, options: O): string | null
  /** SQL condition: the value means nothing, so that NULL is the right answer (zero dates). Default: nothing but white space. */
  blank?(expression: string, options: O): string
  /** SQL condition: the transform drops something worth a warning (`truncate`). */
  loses?(expression: string, options: O): string
}

/** Gives a transform its option types by inference. */
export function defineTransform<S extends z.ZodType>(transform: Omit<Transform<z.output<S>>, 'options'> & { options: S }): Transform {
  return transform as unknown as Transform
}

/** Input that carries nothing, for transforms without a rule of their own. */
export function isBlank(expression: string): string {
  return `trim(${expression}, ' \t\r\n\u00a0') = ''`
}
