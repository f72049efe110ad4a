import { LandfallError, messageOf } from '../../errors/error.ts'
import { numbersSurvive } from '../plain-numbers.ts'

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
    // Without a reviver it is several times as fast.
    if (numbersSurvive(text)) return JSON.parse(text) as unknown
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

type TakeValue = (name: string, value: string | null) => void

/** Gives each value of a record to `take` by column: nested objects as `a.b`, arrays as JSON text, a bare value as `value`. */
export function flatten(record: unknown, take: TakeValue): void {
  if (record !== null && typeof record === 'object' && !Array.isArray(record) && !(record instanceof Numeral)) for (const key of Object.keys(record)) walk((record as Record<string, unknown>)[key], key, take)
  else walk(record, 'value', take)
}

/** Gives what one member of a record holds to `take`, under `name` or names that begin with it. */
export function walk(value: unknown, name: string, take: TakeValue): void {
  if (typeof value === 'string') take(name, value)
  else if (value === null || value === undefined) take(name, null)
  else if (typeof value === 'number' || typeof value === 'boolean') take(name, String(value))
  else if (value instanceof Numeral) take(name, value.text)
  else if (Array.isArray(value)) take(name, writeJson(value))
  else {
    const keys = Object.keys(value)
    if (keys.length === 0) take(name, '{}')
    for (const key of keys) walk((value as Record<string, unknown>)[key], name === '' ? key : `${name}.${key}`, take)
  }
}
