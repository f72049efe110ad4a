import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const stripControl = defineTransform({
  name: 'strip_control', about: 'Removes control, zero-width and direction characters; tabs and line breaks stay unless `lines` is false.',
  options: z.strictObject({ lines: z.boolean().default(true).describe('Keep tabs and line breaks; else they become spaces') }), output: 'VARCHAR',
  sql: (x, o) => {
    const kept = `regexp_replace(regexp_replace(${x}, '\\r\\n?', e'\\n', 'g'), '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x{9f}\\x{ad}\\x{200b}-\\x{200f}\\x{202a}-\\x{202e}\\x{2060}-\\x{2064}\\x{2066}-\\x{2069}\\x{feff}\\x{fffe}]', '', 'g')`
    return o.lines ? kept : `regexp_replace(${kept}, '[\\t\\n]+', ' ', 'g')`
  },
})
