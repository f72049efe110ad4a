import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const hash = defineTransform({
  name: 'hash', about: 'A digest in hexadecimal, e.g. to hide a value yet keep it comparable; with `salt` it cannot be guessed from a list.',
  options: z.strictObject({ algorithm: z.enum(['sha256', 'md5', 'sha1']).default('sha256'), length: z.int().min(4).max(64).optional(), salt: z.string().default('') }),
  output: 'VARCHAR', positional: ['algorithm', 'length'],
  sql: (x, o) => {
    const digest = `${o.algorithm}(${o.salt === '' ? x : `${literal(o.salt)} || ${x}`})`
    return o.length === undefined ? digest : `left(${digest}, ${o.length})`
  },
  blank: () => 'false',
})
