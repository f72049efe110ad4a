import { z } from 'zod'
import { defineTransform } from './transform.ts'

const SMALL = new Set(['von', 'van', 'der', 'den', 'de', 'del', 'della', 'di', 'da', 'do', 'dos', 'du', 'la', 'le', 'les', 'y', 'e', 'und', 'and', 'of', 'the', 'für', 'zu', 'zur', 'am', 'an'])

export const titleCase = defineTransform({
  name: 'title_case', about: 'Upper case initials, for names typed in capitals: O\'NEILL-MÜLLER becomes O\'Neill-Müller; particles (van der) stay small.',
  options: z.strictObject({ only_if_uniform: z.boolean().default(false).describe('Leave text alone that already mixes upper and lower case'), particles: z.boolean().default(true).describe('Keep particles such as van, de, und small') }),
  output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    if (o.only_if_uniform && value !== value.toUpperCase() && value !== value.toLowerCase()) return value
    return value.toLowerCase().replace(/[\p{L}\p{M}\p{N}]+/gu, (word, at: number, all: string) => {
      const before = all[at - 1] ?? ' '
      if (o.particles && at > 0 && /\s/.test(before) && SMALL.has(word)) return word
      if ((before === "'" || before === '’') && word.length === 1) return word
      return word.slice(0, 1).toUpperCase() + word.slice(1)
    })
  },
})
