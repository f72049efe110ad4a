/**
 * Numbers as the site's Python writes them. JavaScript and Python hold the same doubles; they differ only in how they print and in the
 * sign of a remainder.
 */

/** `repr(float)`: the shortest digits that read back as `value`, with `.0` for whole numbers and an exponent outside 1e-4 ... 1e16. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e16) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** `a % b` of two floats: the result has the sign of `b`. */
export function floorRemainder(a: number, b: number): number {
  const rest = a % b
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
}

/** `json.dumps` of a string with `ensure_ascii`, as it stands in `item_wise_tax_detail`. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Fixed notation with `places` decimals, ties to even as C's printf rounds them (`%.2f`). */
export function fixed(value: number, places: number): string {
  const text = value.toFixed(places)
  // toFixed picks the larger of two equally near values, printf the even one: both know the exact binary value, so a tie is exact.
  const scaled = Math.abs(value) * 10 ** places
  if (scaled < 2 ** 52 && scaled - Math.floor(scaled) === 0.5 && Math.floor(scaled) % 2 === 0 && isExactTie(value, places)) {
    return (Math.sign(value) * Math.floor(scaled) / 10 ** places).toFixed(places)
  }
  return text
}

function isExactTie(value: number, places: number): boolean {
  const [, fraction = ''] = Math.abs(value).toFixed(Math.min(100, places + 30)).split('.')
  return fraction[places] === '5' && /^0*$/.test(fraction.slice(places + 1))
}
