import { LandfallError, messageOf } from '../../errors/error.ts'

/** A number that a double would change: `1.50`, `12345678901234567890`. Smaller ones stay numbers, so that JSONPath can compare them. */
export class Numeral {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Parses JSON keeping every digit. Throws `source-failed` with the place and what stands there. */
export function parseJson(text: string, where: string): unknown {
  try {
    // The reviver is given the number as written (ECMAScript's JSON.parse source text access).
    return (JSON.parse as (text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown) => unknown)(text, (_key, value, context) =>
      typeof value === 'number' && context.source !== undefined && String(value) !== context.source ? new Numeral(context.source) : value)
  } catch (error) {
    throw new LandfallError('source-failed', `The answer is no JSON: ${messageOf(error)}: ${excerpt(text)}`, { where: { url: where }, cause: error })
  }
}

/** The beginning of a body for a message. */
export function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}

/** JSON text of a value, numerals as they were written. */
export function writeJson(value: unknown): string {
  if (value instanceof Numeral) return value.text
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`
  if (value !== null && typeof value === 'object') return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${writeJson(one)}`).join(',')}}`
  return JSON.stringify(value)
}

/** Values of a record by column: nested objects as `a.b`, arrays as JSON text, a bare value as `value`. */
export function flatten(record: unknown): Map<string, string | null> {
  const found = new Map<string, string | null>()
  const walk = (value: unknown, name: string) => {
    if (value === null || value === undefined) found.set(name, null)
    else if (typeof value === 'string') found.set(name, value)
    else if (typeof value === 'number' || typeof value === 'boolean') found.set(name, String(value))
    else if (value instanceof Numeral) found.set(name, value.text)
    else if (Array.isArray(value)) found.set(name, writeJson(value))
    else {
      const entries = Object.entries(value)
      if (entries.length === 0) found.set(name, '{}')
      for (const [key, one] of entries) walk(one, name === '' ? key : `${name}.${key}`)
    }
  }
  if (record !== null && typeof record === 'object' && !Array.isArray(record) && !(record instanceof Numeral)) for (const [key, one] of Object.entries(record)) walk(one, key)
  else walk(record, 'value')
  return found
}
