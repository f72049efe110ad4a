/** Weights 3, 1, 3... from the right, as in EAN, UPC and GTIN. */
function checkDigit(digits: string): string {
  let sum = 0
  for (let i = 0; i < digits.length; i++) sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1)
  return String((10 - (sum % 10)) % 10)
}

const compact = (text: string) => text.replace(/[ -]/g, '').trim()

function validEan(text: string): boolean {
  const number = compact(text)
  return /^\d+$/.test(number) && [8, 12, 13, 14].includes(number.length) && checkDigit(number.slice(0, -1)) === number.at(-1)
}

/** `ISBN10`, `ISBN13`, or null for anything else. */
function isbnType(text: string): 'ISBN10' | 'ISBN13' | null {
  const bare = compact(text).toUpperCase(), number = bare.length === 9 ? `0${bare}` : bare
  if (!/^\d+$/.test(number.slice(0, -1))) return null
  if (number.length === 13) return validEan(number) && /^97[89]/.test(number) ? 'ISBN13' : null
  if (number.length !== 10) return null
  const sum = [...number.slice(0, 9)].reduce((total, digit, i) => total + (i + 1) * Number(digit), 0) % 11
  return (sum === 10 ? 'X' : String(sum)) === number.at(-1) ? 'ISBN10' : null
}

const ofLength = (length: number) => (text: string) => validEan(text) && text.length === length

/** Kinds of barcode the site checks; it lets any other kind pass. */
const CHECKS: Record<string, (text: string) => boolean> = {
  CODE39: (text) => /^[A-Z\d*\s\-$%./+]*$/.test(text),
  EAN: ofLength(12), EAN13: ofLength(13), EAN8: ofLength(8), GTIN: ofLength(13), GTIN14: ofLength(14), UPC: ofLength(12),
  ISBN: (text) => isbnType(text) !== null, ISBN10: (text) => isbnType(text) === 'ISBN10', ISBN13: (text) => isbnType(text) === 'ISBN13',
}

const RENAMED: Record<string, string> = { 'UPC-A': 'UPCA', 'CODE-39': 'CODE39', 'ISBN-10': 'ISBN10', 'ISBN-13': 'ISBN13' }

/** True when the site takes `barcode` for one of `type` (an option of Item Barcode's barcode_type); EAN means 8 or 13 digits. */
export function validBarcode(type: string, barcode: string): boolean {
  const upper = type.toUpperCase()
  const kind = upper === 'EAN' && (barcode.length === 8 || barcode.length === 13) ? `EAN${barcode.length}` : RENAMED[upper] ?? upper
  return CHECKS[kind]?.(barcode) ?? true
}
