import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

const YES = ['1', '-1', 'true', 't', 'yes', 'y', 'on', 'x', 'ja', 'j', 'wahr', 'oui', 'o', 'vrai', 'si', 'sí', 's', 'sì', 'sim', 'vero', 'verdadero', 'tak', 'ano', 'da', 'evet', 'active', 'aktiv', 'enabled', '✓', '✔', '☑', '1.0']
const NO = ['0', 'false', 'f', 'no', 'n', 'off', 'nein', 'falsch', 'non', 'faux', 'não', 'nao', 'falso', 'nie', 'ne', 'nee', 'hayır', 'inactive', 'inaktiv', 'disabled', '-', '✗', '✘', '☐', '0.0']
const words = z.array(z.union([z.string(), z.number()]).transform(String))

export const boolean = defineTransform({
  name: 'boolean', about: 'Yes or no, in many spellings: ja/nein, Y/N, 1/0, -1, x, oui/non, wahr/falsch, ✓.',
  options: z.strictObject({ true: words.optional().describe('Spellings of yes instead of the usual'), false: words.optional(), empty: z.boolean().optional().describe('What an empty text means; default: nothing') }),
  output: 'BOOLEAN',
  sql: (x, o) => {
    const set = (given: string[] | undefined, usual: string[]) => (given ?? usual).map((w) => literal(w.trim().toLowerCase())).join(', ')
    const v = `lower(trim(${x}))`
    return `CASE WHEN ${v} IN (${set(o.true, YES)}) THEN true WHEN ${v} IN (${set(o.false, NO)}) THEN false${o.empty === undefined ? '' : ` WHEN ${v} = '' THEN ${o.empty}`} END`
  },
})
