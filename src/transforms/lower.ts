import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const lower = defineTransform({ name: 'lower', about: 'Lower case.', options: z.strictObject({}), output: 'VARCHAR', sql: (x) => `lower(${x})` })
