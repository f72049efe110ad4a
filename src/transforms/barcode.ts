import { z } from 'zod'
import { defineTransform } from './transform.ts'

/** GS1 check digit of the digits before it. */
export function checkDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 3 : 1), 0)
  return String((10 - (sum % 10)) % 10)
}

export const barcode = defineTransform({
  name: 'barcode', about: 'An EAN, UPC or GTIN whose check digit is right; spaces and hyphens are removed, lost leading zeros restored.',
  options: z.strictObject({ lengths: z.array(z.int()).default([8, 12, 13, 14]), add: z.boolean().default(false).describe('The text lacks the check digit: append it') }), output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    let digits = value.replace(/[\s-]/g, '').replace(/^(\d+)\.0+$/, '$1')
    if (!/^\d{6,14}$/.test(digits)) return null
    if (o.add) digits += checkDigit(digits)
    const fits = (text: string) => o.lengths.includes(text.length) && checkDigit(text.slice(0, -1)) === text.slice(-1)
    if (fits(digits)) return digits
    const padded = [12, 13].map((n) => digits.padStart(n, '0')).find((text) => text.length > digits.length && digits.length >= n12(text) && fits(text))
    return padded ?? null
  },
})

/** How short a code may be before lost zeros are no longer believed. */
function n12(text: string): number {
  return text.length - 2
}
