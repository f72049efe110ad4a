import { z } from 'zod'
import { parsePersonName } from './person-name.ts'
import { defineTransform } from './transform.ts'

export const lastName = defineTransform({
  name: 'last_name', about: 'The last name out of a person\'s whole name, also of "Last, First"; titles are left out.',
  options: z.strictObject({}), output: 'VARCHAR', mayBeNull: true,
  apply: (value) => (value === null ? null : parsePersonName(value).last || null),
})
