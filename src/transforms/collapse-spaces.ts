import { z } from 'zod'
import { defineTransform } from './transform.ts'
import { SPACES } from './trim.ts'

export const collapseSpaces = defineTransform({
  name: 'collapse_spaces', about: 'Makes every run of white space one space and trims.',
  options: z.strictObject({ keep_lines: z.boolean().default(false).describe('Keep line breaks') }), output: 'VARCHAR',
  sql: (x, o) => o.keep_lines
    ? `trim(regexp_replace(regexp_replace(replace(${x}, chr(13), ''), '[\\t\\x0b\\x0c\\x{00a0}\\p{Zs}\\x{200b}\\x{2060}\\x{feff}]+', ' ', 'g'), ' ?\\n ?', e'\\n', 'g'), ${SPACES})`
    : `trim(regexp_replace(${x}, '[\\s\\x0b\\x{00a0}\\p{Z}\\x{200b}\\x{2060}\\x{feff}]+', ' ', 'g'))`,
})
