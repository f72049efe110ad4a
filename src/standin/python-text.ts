/** JSON as Python's `json.dumps` writes it by default: `", "` and `": "` between parts, everything beyond ASCII escaped. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (value !== null && typeof value === 'object') return `{${Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => `${pythonJson(key)}: ${pythonJson(item)}`).join(', ')}}`
  if (typeof value !== 'string') return JSON.stringify(value ?? null)
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A text as Python's `repr` shows it. */
export function pythonRepr(value: string | number | null): string {
  if (value === null) return 'None'
  if (typeof value === 'number') return String(value)
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  return quote + value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r') + quote
}

/** A time of day as Frappe writes the span since midnight: `9:00:00`, `9:00:00.500000`. */
export function pythonSpan(time: string): string {
  const [whole, fraction] = time.split('.') as [string, string?]
  return whole.replace(/^0(?=\d)/, '') + (fraction === undefined || /^0*$/.test(fraction) ? '' : `.${fraction.padEnd(6, '0')}`)
}

/** A moment as `str(datetime)`: microseconds are left out when there are none. */
export function pythonMoment(text: string): string {
  const [whole, fraction] = text.split('.') as [string, string?]
  return fraction === undefined || /^0*$/.test(fraction) ? whole : `${whole}.${fraction.padEnd(6, '0')}`
}

/** Frappe's `cint`: leading number of a text, else 0. */
export function cint(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = Math.trunc(Number(typeof value === 'string' ? value.trim().replace(/^([+-]?\d+(?:\.\d+)?).*$/s, '$1') : value ?? 0))
  return Number.isFinite(number) ? number : 0
}
