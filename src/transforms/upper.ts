import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const upper = defineTransform({ name: 'upper', about: 'Upper case.', options: z.strictObject({}), output: 'VARCHAR', sql: (x) => `upper(${x})` })
