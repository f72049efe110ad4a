/**
 * Exact decimal arithmetic on text, for proofs over money: a value is an integer `units` and the number of decimal places `scale`
 * (12.50 is units 1250n, scale 2). Used where a sum must be right to the last digit, never for the site's own (floating) arithmetic.
 */
export interface Decimal { readonly units: bigint; readonly scale: number }

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** Reads `-12.50`, `.5`, `1e-3`; null when the text is not a decimal number (grouping, NaN and Infinity are not). */
export function parseDecimal(text: string): Decimal | null {
  const match = FORM.exec(text.trim())
  if (!match) return null
  const whole = match[2] ?? '', fraction = match[3] ?? ''
  if (whole === '' && fraction === '') return null
  const exponent = match[4] === undefined ? 0 : Number(match[4])
  let units = BigInt(whole + fraction), scale = fraction.length - exponent
  if (scale < 0) { units *= 10n ** BigInt(-scale); scale = 0 }
  return { units: match[1] === '-' ? -units : units, scale }
}

function align(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale)
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale]
}

export const ZERO: Decimal = { units: 0n, scale: 0 }

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const [x, y, scale] = align(a, b)
  return { units: x + y, scale }
}

export function subtractDecimal(a: Decimal, b: Decimal): Decimal {
  return addDecimal(a, { units: -b.units, scale: b.scale })
}

/** -1, 0 or 1, independent of scale: 1.50 equals 1.5. */
export function compareDecimal(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const [x, y] = align(a, b)
  return x < y ? -1 : x > y ? 1 : 0
}

export function absDecimal(a: Decimal): Decimal {
  return a.units < 0n ? { units: -a.units, scale: a.scale } : a
}

/** Plain notation without trailing zeros beyond `minScale` places. */
export function formatDecimal(a: Decimal, minScale = 0): string {
  const negative = a.units < 0n
  let digits = (negative ? -a.units : a.units).toString().padStart(a.scale + 1, '0')
  let fraction = a.scale === 0 ? '' : digits.slice(-a.scale)
  digits = a.scale === 0 ? digits : digits.slice(0, -a.scale)
  while (fraction.length > minScale && fraction.endsWith('0')) fraction = fraction.slice(0, -1)
  fraction = fraction.padEnd(minScale, '0')
  return `${negative ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`
}
