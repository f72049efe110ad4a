import type { PostingRule } from '../framework/rule.ts'
import { given } from './conditions.ts'

/** What a Custom Field without a name is called. */
const FIELDNAME = `CASE WHEN ${given('d.fieldname')} THEN lower(d.fieldname) ELSE lower('custom_' || regexp_replace(replace(d.label, ' ', '_'), '[^\\p{L}\\p{Nd}_]', '', 'g')) END`

/** What Frappe refuses of a Custom Field; what it does (it changes tables) only the site itself can do. */
export const rule: PostingRule = {
  doctype: 'Custom Field', refusalsOnly: true, reads: [],
  steps: [{
    stage: 'validate', id: 'name',
    run: async (ctx) => {
      await ctx.find({
        type: 'ValidationError', stage: 'autoname', field: 'label', message: 'Label is mandatory', hint: 'Give a label or a fieldname.',
        select: `SELECT d._id AS id FROM ${ctx.doc} d WHERE NOT ${given('d.fieldname')} AND NOT ${given('d.label')} AND COALESCE(d.fieldtype, '') NOT IN ('Section Break', 'Column Break', 'Tab Break')`,
      })
      const asked = await ctx.staging.all<{ id: number; dt: string | null; fieldname: string | null }>(`SELECT d._id AS id, d.dt, ${FIELDNAME} AS fieldname FROM ${ctx.doc} d ORDER BY d._id`)
      await ctx.findAll({ type: 'ValidationError', field: 'fieldname', hint: 'Choose another name, or leave the field out.' }, asked.flatMap(({ id, dt, fieldname }) => (dt === null || fieldname === null || ctx.site.doctype(dt)?.field(fieldname) === undefined ? []
        : [{ id, value: fieldname, message: `A field with the name ${fieldname} already exists in ${dt}` }])))
    },
  }],
}
