import { z } from 'zod'
import { literal } from '../staging/staging.ts'
import { stripAccents } from './strip-accents.ts'
import { defineTransform } from './transform.ts'

export const slug = defineTransform({
  name: 'slug', about: 'Lower-case letters and digits joined by hyphens: "Müller & Söhne" becomes muller-sohne.',
  options: z.strictObject({ separator: z.enum(['-', '_']).default('-') }), output: 'VARCHAR', mayBeNull: true, positional: ['separator'],
  sql: (x, o) => `nullif(trim(regexp_replace(lower(${stripAccents.sql!(x, { german: false })}), '[^a-z0-9]+', ${literal(o.separator)}, 'g'), ${literal(o.separator)}), '')`,
})
