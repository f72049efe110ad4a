import { z } from 'zod'
import { defineTransform } from './transform.ts'

/** An address as mail servers accept it, without quoted local parts and literals. */
const ADDRESS = '[\\p{L}\\p{N}!#$%&\\x27*+/=?^_`{|}~-]+(?:\\.[\\p{L}\\p{N}!#$%&\\x27*+/=?^_`{|}~-]+)*@(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?\\.)+[\\p{L}]{2,63}'

export const email = defineTransform({
  name: 'email', about: 'An e-mail address: taken out of "Name <a@b.de>" and mailto:, the first of several, in lower case; anything else is refused.',
  options: z.strictObject({ which: z.enum(['first', 'second', 'all']).default('first').describe('Of several addresses in one text'), lower: z.boolean().default(true) }),
  output: 'VARCHAR', positional: ['which'],
  sql: (x, o) => {
    const found = `list_filter(regexp_extract_all(regexp_replace(${x}, '(?i)mailto:', ' ', 'g'), '(?:^|[\\s<>\\[\\](),;:"\\x27|])(${ADDRESS})(?:[\\s<>\\[\\](),;:"\\x27|?.]|$)', 1), lambda a: length(a) <= 140)`
    const listed = o.which === 'all' ? `nullif(array_to_string(${found}, ', '), '')` : `${found}[${o.which === 'first' ? 1 : 2}]`
    return o.lower ? `lower(${listed})` : listed
  },
})
