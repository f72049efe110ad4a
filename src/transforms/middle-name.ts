import { z } from 'zod'
import { parsePersonName } from './person-name.ts'
import { defineTransform } from './transform.ts'

export const middleName = defineTransform({
  name: 'middle_name', about: 'The middle name out of a person\'s whole name, also of "Last, First"; titles are left out.',
  options: z.strictObject({}), output: 'VARCHAR', mayBeNull: true,
  apply: (value) => (value === null ? null : parsePersonName(value).middle || null),
})
