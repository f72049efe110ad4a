import type { Json } from './value.ts'

/** By object or list of parsed JSON, the keys whose number was written as a float though it is whole: `659.0`, `1e3`. Python keeps the two apart, and texts show it. */
const floats = new WeakMap<object, Set<string>>()

/** Parses JSON, remembering which whole numbers were written as floats. Throws SyntaxError. */
export function parseJson(text: string): Json {
  const reviver = function (this: object, key: string, value: unknown, context?: { source?: string }): unknown {
    if (typeof value === 'number' && Number.isInteger(value) && context?.source !== undefined && /[.eE]/.test(context.source)) remember(this, key)
    return value
  }
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as Json
}

function remember(holder: object, key: string): void {
  const keys = floats.get(holder)
  if (keys === undefined) floats.set(holder, new Set([key]))
  else keys.add(key)
}

/** True for a number with a fraction, and for a whole one that was written as a float in the JSON `holder` was parsed from. */
export function isWrittenAsFloat(holder: object, key: string): boolean {
  const value = (holder as Record<string, unknown>)[key]
  return typeof value === 'number' && (!Number.isInteger(value) || (floats.get(holder)?.has(key) ?? false))
}

/** Says of `copy` what is known of the object it was made from. Returns the copy. */
export function keepFloats<T extends object>(original: object, copy: T): T {
  const keys = floats.get(original)
  if (keys !== undefined) floats.set(copy, keys)
  return copy
}
