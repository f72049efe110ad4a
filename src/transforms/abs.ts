import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const abs = defineTransform({ name: 'abs', about: 'A number without its sign.', options: z.strictObject({}), output: 'DECIMAL(38,9)', input: 'number', sql: (x) => `CAST(abs(${x}) AS DECIMAL(38,9))` })
