/** A value as node:sqlite gives it: integers as bigint, reals as number, text, bytes. */
export type SqliteValue = null | bigint | number | string | Uint8Array

/** The first `width` values of a record as a line of staging's dialect: text in quotes, numbers with all digits, bytes as hex. */
export function recordLine(values: SqliteValue[], width: number): string {
  let line = ''
  for (let i = 0; i < width; i++) {
    const value = values[i] as SqliteValue
    if (i > 0) line += ','
    if (typeof value === 'string') line += value.includes('"') ? `"${value.replaceAll('"', '""')}"` : `"${value}"`
    else if (typeof value === 'bigint') line += value
    else if (value === null) line += '\\N'
    else if (typeof value === 'number') line += realText(value)
    else line += `"${valueText(value)}"`
  }
  return `${line}\n`
}

/** A value as text: numbers with all digits, bytes as hex. */
export function valueText(value: SqliteValue): string | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'number' ? realText(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
}

/**
 * A real number as SQLite prints it with 15 significant digits (`%!.15g`), with 17 where 15 do not give it back. Up to 15 digits the shortest text that
 * gives the number back, which is JavaScript's, has the same digits.
 */
export function realText(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0.0'
  if (size === Infinity) return value < 0 ? '-Inf' : 'Inf'
  if (size >= 1e-4 && size < 1e15) {
    const text = String(value)
    if (text.length <= 15) return Number.isInteger(value) ? `${text}.0` : text
  }
  const few = value.toExponential(14), digits = Number(few) === value ? few : value.toExponential(16)
  return withExponent(digits, digits === few ? 15 : 17)
}

/** `d.ddde[+-]x` in the form of `%!.<precision>g`: an exponent of two digits below 1e-4 and from 10^precision on, no zeros at the end but the first behind the point. */
function withExponent(text: string, precision: number): string {
  const [mantissa = '', power = '0'] = text.split('e'), exponent = Number(power), sign = mantissa.startsWith('-') ? '-' : ''
  const digits = mantissa.replace('-', '').replace('.', '').replace(/0+$/, '')
  const cut = (at: number) => `${digits.slice(0, at).padEnd(at, '0')}.${digits.slice(at) || '0'}`
  if (exponent < -4 || exponent >= precision) return `${sign}${cut(1)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return `${sign}${cut(exponent + 1)}`
}
