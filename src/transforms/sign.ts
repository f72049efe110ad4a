import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const sign = defineTransform({ name: 'sign', about: '-1, 0 or 1.', options: z.strictObject({}), output: 'BIGINT', input: 'number', sql: (x) => `CAST(sign(${x}) AS BIGINT)` })
