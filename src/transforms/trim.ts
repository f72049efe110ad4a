import { z } from 'zod'
import { defineTransform } from './transform.ts'

/** Spaces of every width, no-break spaces, zero-width characters and byte order marks. */
export const SPACES = "' \t\r\n\u000b\u000c\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u2060\u3000\ufeff'"

export const trim = defineTransform({
  name: 'trim', about: 'Removes white space of any kind at both ends, also no-break and zero-width.',
  options: z.strictObject({}), output: 'VARCHAR',
  sql: (x) => `trim(${x}, ${SPACES})`,
})
