import { floatRepr } from '../orders/python-number.ts'

/** A number as the site's Python holds it: an `int` literal prints and stores without its `.0`. */
export interface Num { value: number; int: boolean }

export const float = (value: number): Num => ({ value, int: false })
export const ZERO: Num = { value: 0, int: true }

/** What `repr` and `json.dumps` write. */
export function text({ value, int }: Num): string {
  return int ? String(value) : floatRepr(value)
}

/** A double as a DECIMAL(21,9) column gives it back: its shortest decimal digits, cut at nine with halves away from zero. */
export function stored(value: number): number {
  const digits = floatRepr(value)
  if (digits.includes('e')) return Number(value.toFixed(9))
  const fraction = digits.slice(digits.indexOf('.') + 1)
  if (fraction.length <= 9) return value
  const size = Math.abs(value), whole = Math.trunc(size), scaled = BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9)) + (fraction[9]! >= '5' ? 1n : 0n)
  const kept = `${scaled / 1_000_000_000n}.${String(scaled % 1_000_000_000n).padStart(9, '0')}`
  return Math.sign(value) * Number(kept)
}

/** 0 for what is smaller than a ten-millionth. */
export const nearZero = (value: number): number => (Math.abs(0 - value) < 1 / 10 ** 7 ? 0 : value)
