import { z } from 'zod'
import { COUNTRIES, COUNTRY_ALIASES, type CountryRow } from './country-table.ts'
import { foldText } from './text-fold.ts'
import { defineTransform } from './transform.ts'

const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'sv', 'da', 'nb', 'fi', 'cs', 'hu', 'ro', 'tr', 'ru', 'el', 'ar', 'hi', 'zh', 'ja', 'ko']
let index: Map<string, CountryRow> | null = null

/** Every spelling to its country; built when first asked for. */
function spellings(): Map<string, CountryRow> {
  if (index) return index
  index = new Map()
  const byCode = new Map(COUNTRIES.map((row) => [row.iso2, row]))
  for (const language of LANGUAGES) {
    const names = new Intl.DisplayNames([language], { type: 'region' })
    for (const row of COUNTRIES) {
      const folded = foldText(names.of(row.iso2) ?? '')
      if (folded !== '' && !index.has(folded)) index.set(folded, row)
    }
  }
  for (const [alias, code] of Object.entries(COUNTRY_ALIASES)) {
    const row = byCode.get(code)
    if (row) index.set(alias, row)
  }
  for (const row of COUNTRIES) {
    for (const spelling of [row.name, row.iso2, row.iso3, row.numeric, String(Number(row.numeric))]) index.set(foldText(spelling), row)
  }
  return index
}

export const country = defineTransform({
  name: 'country', about: 'A country by its name in many languages, ISO code or number, as ERPNext\'s Country: Deutschland, DE, DEU and 276 are Germany.',
  options: z.strictObject({ as: z.enum(['name', 'iso2', 'iso3']).default('name') }), output: 'VARCHAR', positional: ['as'],
  apply: (value, o) => {
    if (value === null) return null
    const folded = foldText(value)
    const found = spellings().get(folded) ?? spellings().get(folded.replace(/^(the|republic of|republik|kingdom of) /, ''))
    return found === undefined ? null : found[o.as]
  },
})
