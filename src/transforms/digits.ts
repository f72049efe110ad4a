import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const digits = defineTransform({
  name: 'digits', about: 'Only the digits of a text.', options: z.strictObject({}), output: 'VARCHAR', mayBeNull: true,
  sql: (x) => `nullif(regexp_replace(${x}, '[^0-9]', '', 'g'), '')`,
})
