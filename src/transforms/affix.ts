import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const affix = defineTransform({
  name: 'affix', about: 'Puts texts before and after a value; nothing stays nothing.',
  options: z.strictObject({ prefix: z.string().default(''), suffix: z.string().default('') }), output: 'VARCHAR', positional: ['prefix', 'suffix'],
  sql: (x, o) => `CASE WHEN trim(${x}) <> '' THEN ${literal(o.prefix)} || ${x} || ${literal(o.suffix)} END`,
})
