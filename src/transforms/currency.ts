import { z } from 'zod'
import { foldText } from './text-fold.ts'
import { defineTransform } from './transform.ts'

/** Signs that name one currency; `$` and `¥` only by custom, `kr` not at all. */
const SIGNS: Record<string, string> = {
  '€': 'EUR', '$': 'USD', 'us$': 'USD', '£': 'GBP', '¥': 'JPY', '円': 'JPY', '元': 'CNY', '₹': 'INR', 'rs': 'INR', 'rs.': 'INR', 'fr': 'CHF', 'fr.': 'CHF', 'sfr': 'CHF', 'sfr.': 'CHF', 'zł': 'PLN', 'kč': 'CZK', 'ft': 'HUF', 'r$': 'BRL',
  'a$': 'AUD', 'c$': 'CAD', 'nz$': 'NZD', 's$': 'SGD', 'hk$': 'HKD', '₺': 'TRY', '₽': 'RUB', '₩': 'KRW', '₪': 'ILS', '฿': 'THB', '₫': 'VND', '₴': 'UAH', 'lei': 'RON', 'skr': 'SEK', 'nkr': 'NOK', 'dkr': 'DKK', 'dm': 'DEM',
}
let names: Map<string, string> | null = null

function currencyNames(): Map<string, string> {
  if (names) return names
  names = new Map([['euros', 'EUR'], ['dollar', 'USD'], ['dollars', 'USD'], ['us dollars', 'USD'], ['pound', 'GBP'], ['pounds', 'GBP'], ['sterling', 'GBP'], ['franken', 'CHF'], ['rupees', 'INR'], ['rupee', 'INR'], ['yen', 'JPY'], ['zloty', 'PLN']])
  for (const language of ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl']) {
    const display = new Intl.DisplayNames([language], { type: 'currency' })
    for (const code of Intl.supportedValuesOf('currency')) {
      const name = foldText(display.of(code) ?? '')
      if (!names.has(name)) names.set(name, code)
    }
  }
  return names
}

export const currency = defineTransform({
  name: 'currency', about: 'A currency by code, sign or name as its ISO code: €, Euro and eur are EUR.',
  options: z.strictObject({ signs: z.record(z.string(), z.string().length(3)).default({}).describe('What a sign means here, e.g. {"$": CAD, kr: SEK}') }), output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    const text = value.normalize('NFC').trim()
    const given = Object.hasOwn(o.signs, text) ? o.signs[text] : undefined
    if (given !== undefined) return given
    const sign = text.toLowerCase()
    if (Object.hasOwn(SIGNS, sign)) return SIGNS[sign] ?? null
    if (/^[a-z]{3}$/i.test(text) && currencyNames().size > 0 && Intl.supportedValuesOf('currency').includes(text.toUpperCase())) return text.toUpperCase()
    return currencyNames().get(foldText(text)) ?? null
  },
})
