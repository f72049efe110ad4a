import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const pad = defineTransform({
  name: 'pad', about: 'Fills a text up to a length, at the left by default; a longer text stays whole.',
  options: z.strictObject({ length: z.int().min(1).max(10_000), with: z.string().length(1).default('0'), side: z.enum(['left', 'right']).default('left') }),
  output: 'VARCHAR', positional: ['length', 'with'],
  sql: (x, o) => {
    const fill = `repeat(${literal(o.with)}, greatest(${o.length} - length(${x}), 0))`
    return o.side === 'left' ? `${fill} || ${x}` : `${x} || ${fill}`
  },
})
