import { z } from 'zod'
import { defineTransform } from './transform.ts'

/** Letters that Unicode does not decompose. */
const PAIRS: [string, string][] = [['ß', 'ss'], ['ø', 'o'], ['Ø', 'O'], ['æ', 'ae'], ['Æ', 'AE'], ['œ', 'oe'], ['Œ', 'OE'], ['ł', 'l'], ['Ł', 'L'], ['đ', 'd'], ['Đ', 'D'], ['ı', 'i'], ['þ', 'th'], ['Þ', 'Th']]

export const stripAccents = defineTransform({
  name: 'strip_accents', about: 'Removes accents; ß, ø, æ, ł and their like are spelled out.',
  options: z.strictObject({ german: z.boolean().default(false).describe('ä becomes ae, ö oe, ü ue') }), output: 'VARCHAR',
  sql: (x, o) => {
    const german: [string, string][] = o.german ? [['ä', 'ae'], ['ö', 'oe'], ['ü', 'ue'], ['Ä', 'Ae'], ['Ö', 'Oe'], ['Ü', 'Ue']] : []
    const composed = o.german ? `nfc_normalize(${x})` : x
    return `strip_accents(${[...german, ...PAIRS].reduce((sql, [from, to]) => `replace(${sql}, '${from}', '${to}')`, composed)})`
  },
})
