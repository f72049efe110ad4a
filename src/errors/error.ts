import { CODES, type ErrorCode, type ErrorKind } from './codes.ts'

export interface Where { file?: string; line?: number; column?: number; entity?: string; doctype?: string; record?: string; url?: string }

/**
 * The only error Landfall throws on purpose. `message` says what happened and to what; `hint` the way out; `where` the place.
 * Data that ERPNext would refuse is never an error: it is a Finding.
 */
export class LandfallError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly hint: string | null
  readonly where: Where

  constructor(code: ErrorCode, message: string, options: { hint?: string; where?: Where; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'LandfallError'
    this.code = code
    this.kind = CODES[code].kind
    this.hint = options.hint ?? null
    this.where = options.where ?? {}
  }
}

/** `landfall.yaml:5:8`, `orders.csv:17`, or '' when the place is unknown. */
export function formatWhere(where: Where): string {
  const place = [where.file, where.line, where.column].filter((part) => part !== undefined).join(':')
  return [place, where.url, where.entity && `entity ${where.entity}`, where.doctype && `DocType ${where.doctype}`, where.record && `record ${where.record}`]
    .filter(Boolean).join(', ')
}

/** Message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
