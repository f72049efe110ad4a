import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min'
import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const phone = defineTransform({
  name: 'phone', about: 'A telephone number in international form; a number that cannot be one is refused.',
  options: z.strictObject({
    region: z.string().regex(/^[A-Za-z]{2}$/, 'a country code such as DE').transform((r) => r.toUpperCase()).optional().describe('Country of numbers written without a country code'),
    format: z.enum(['international', 'e164', 'national', 'frappe']).default('international').describe('frappe: +49-30123456, as its Phone field keeps it'),
    keep_invalid: z.boolean().default(false).describe('Keep what is no number as it is'),
  }),
  output: 'VARCHAR', positional: ['region'],
  apply: (value, o) => {
    if (value === null || value.trim() === '') return null
    const text = value.normalize('NFKC').replace(/\(0\)/g, '').replace(/^\s*00(?=[1-9])/, '+').slice(0, 100)
    const parsed = parsePhoneNumberFromString(text, o.region as CountryCode | undefined)
    if (!parsed?.isPossible()) return o.keep_invalid ? value.trim() : null
    if (o.format === 'frappe') return `+${parsed.countryCallingCode}-${parsed.nationalNumber}`
    const number = { international: parsed.formatInternational(), e164: parsed.number as string, national: parsed.formatNational() }[o.format]
    return parsed.ext && o.format !== 'e164' && !number.includes(parsed.ext) ? `${number} ext. ${parsed.ext}` : number
  },
})
