import { z } from 'zod'
import { foldText } from './text-fold.ts'
import { defineTransform } from './transform.ts'

const CODES = ['af', 'am', 'ar', 'bg', 'bn', 'bo', 'bs', 'ca', 'cs', 'da', 'de', 'el', 'en', 'eo', 'es', 'et', 'eu', 'fa', 'fi', 'fr', 'gl', 'gu', 'he', 'hi', 'hr', 'hu', 'id', 'is', 'it', 'ja', 'km', 'kn', 'ko', 'ku', 'lo', 'lt', 'lv', 'mk', 'ml', 'mn', 'mr', 'ms', 'my', 'nb', 'ne', 'nl', 'no', 'pl', 'ps', 'pt', 'ro', 'ru', 'rw', 'si', 'sk', 'sl', 'sq', 'sr', 'sv', 'sw', 'ta', 'te', 'th', 'tr', 'uk', 'ur', 'uz', 'vi', 'zh']
const THREE: Record<string, string> = { deu: 'de', ger: 'de', eng: 'en', fra: 'fr', fre: 'fr', spa: 'es', ita: 'it', nld: 'nl', dut: 'nl', por: 'pt', pol: 'pl', rus: 'ru', swe: 'sv', dan: 'da', nor: 'no', fin: 'fi', ces: 'cs', cze: 'cs', hun: 'hu', tur: 'tr', ara: 'ar', zho: 'zh', chi: 'zh', jpn: 'ja', kor: 'ko', hin: 'hi', ell: 'el', gre: 'el', ron: 'ro', rum: 'ro', d: 'de', e: 'en', f: 'fr', i: 'it' }
let names: Map<string, string> | null = null

function languageNames(): Map<string, string> {
  if (names) return names
  names = new Map()
  for (const inLanguage of ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl']) {
    const display = new Intl.DisplayNames([inLanguage], { type: 'language' })
    for (const code of CODES) {
      const own = new Intl.DisplayNames([code], { type: 'language' })
      for (const name of [display.of(code), own.of(code)]) if (name && !names.has(foldText(name))) names.set(foldText(name), code)
    }
  }
  return names
}

export const language = defineTransform({
  name: 'language', about: 'A language by name or code as the code ERPNext uses: Deutsch, German, deu and de-AT are de.',
  options: z.strictObject({}), output: 'VARCHAR',
  apply: (value) => {
    if (value === null) return null
    const text = value.trim().toLowerCase()
    const code = /^([a-z]{2})([-_].*)?$/.exec(text)?.[1]
    if (code !== undefined && CODES.includes(code)) return code
    return (Object.hasOwn(THREE, text) ? THREE[text] : undefined) ?? languageNames().get(foldText(text)) ?? null
  },
})
