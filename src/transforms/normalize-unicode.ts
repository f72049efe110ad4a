import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const normalizeUnicode = defineTransform({
  name: 'normalize_unicode', about: 'Unicode normal form NFC: e + combining accent becomes é, so that equal texts compare equal.',
  options: z.strictObject({}), output: 'VARCHAR', sql: (x) => `nfc_normalize(${x})`,
})
