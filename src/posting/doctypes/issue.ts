import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findUnsupported, given, missing, on } from './conditions.ts'

/** SQL: the address Python's parseaddr takes from `Name <address>`, as the site's collation compares it. */
const ADDRESS = `lower(trim(COALESCE(NULLIF(regexp_extract(t.raised_by, '<([^<>]*)>', 1), ''), t.raised_by)))`

/** SQL: of the rows of one table the one with the address, the latest where there are several. */
const byAddress = (table: string, columns: string) =>
  `SELECT lower(rtrim(email_id)) AS address, name${columns} FROM rows.${table} x WHERE ${given('email_id')}
    QUALIFY row_number() OVER (PARTITION BY lower(rtrim(email_id)) ORDER BY name) = 1`

const CUSTOMER = `, (SELECT first(link_name ORDER BY idx) FROM rows."tabDynamic Link" l WHERE l.parent = x.name AND l.parenttype = 'Contact'
  AND l.link_doctype = 'Customer') AS customer`

async function setParties(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET raised_by = ${literal(ctx.user)} WHERE ${missing('raised_by')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET contact = CASE WHEN ${missing('t.contact')} AND ${missing('t.customer')} THEN NULL ELSE t.contact END, lead = NULLIF(t.lead, '') WHERE ${ADDRESS} <> ''`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET lead = r.name FROM (${byAddress('tabLead', '')}) r WHERE r.address = ${ADDRESS} AND ${missing('t.lead')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET contact = r.name, customer = r.customer FROM (${byAddress('tabContact', CUSTOMER)}) r
    WHERE r.address = ${ADDRESS} AND ${missing('t.contact')} AND ${missing('t.customer')}`)
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET company = COALESCE((SELECT NULLIF(l.company, '') FROM rows.tabLead l WHERE l.name = t.lead),
    ${literal(ctx.site.default('company'))}) WHERE ${missing('t.company')}`)
}

/** An issue raised in the portal begins with a message of whoever raised it. */
async function writeMessages(ctx: PostingContext): Promise<void> {
  await ctx.post({
    doctype: 'Communication',
    documents: `SELECT _id AS _id, _id AS _root, 'Communication' AS communication_type, 'Email' AS communication_medium, 'Received' AS sent_or_received, 'Open' AS email_status, subject, raised_by AS sender,
      description AS content, 'Linked' AS status, 'Issue' AS reference_doctype, name AS reference_name FROM ${ctx.live} WHERE ${on('via_customer_portal')}`,
  })
}

/** An issue knows who raised it: lead, contact and customer follow from the address. */
export const rule: PostingRule = {
  doctype: 'Issue',
  reads: ['Lead', 'Contact', 'Contact Email', 'Dynamic Link', 'Service Level Agreement', 'User', 'Email Rule', 'Email Account', 'Assignment Rule', 'Prospect', 'Prospect Lead', 'Prospect Opportunity'],
  writes: ['Communication', 'Communication Link'],
  steps: [
    { stage: 'validate', id: 'parties', run: setParties },
    {
      stage: 'validate', id: 'service-level',
      async run(ctx) {
        await findUnsupported(ctx, `EXISTS (SELECT 1 FROM rows."tabService Level Agreement" WHERE document_type = 'Issue')`,
          'service level agreements are not predicted', 'service_level_agreement')
      },
    },
    {
      stage: 'on_update', id: 'portal',
      async run(ctx) {
        if (ctx.has('via_customer_portal')) await writeMessages(ctx)
        if (ctx.has('service_level_agreement')) await ctx.find({
          type: 'agreement-ignored', severity: 'warning', field: 'service_level_agreement', message: 'The site has no such agreement in force',
            hint: 'Leave the field out.',
          select: `SELECT _id AS id, service_level_agreement AS "value" FROM ${ctx.doc} WHERE ${given('service_level_agreement')}`,
        })
      },
    },
  ],
}
