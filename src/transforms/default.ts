import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { defineTransform } from './transform.ts'

export const defaultValue = defineTransform({
  name: 'default', about: 'A value where there is none (null, empty or white space).',
  options: z.strictObject({ value: z.union([z.string(), z.number(), z.boolean()]).transform(String) }), output: 'VARCHAR', positional: ['value'],
  sql: (x, o) => `CASE WHEN ${x} IS NULL OR trim(${x}) = '' THEN ${literal(o.value)} ELSE ${x} END`,
})
