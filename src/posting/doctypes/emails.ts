import { ident } from '../../staging/staging.ts'
import { emailProblem } from '../framework/formats.ts'
import type { PostingContext } from '../framework/rule.ts'
import { given } from './conditions.ts'

/** Addresses nobody needs to look at twice; the rest is judged one by one. */
const PLAIN = '[a-z0-9_+-]+(\\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9]+'

/** Finds documents whose controller refuses an address by itself (frappe.utils.validate_email_address), before the framework would look at it. */
export async function findBadEmails(ctx: PostingContext, fields: readonly string[]): Promise<void> {
  for (const field of fields) {
    if (!ctx.has(field)) continue
    const column = ident(field), found: { id: number; message: string; value: string }[] = []
    for (const row of await ctx.staging.all<{ id: number; value: string }>(
      `SELECT _id AS id, ${column} AS "value" FROM ${ctx.doc} WHERE ${given(column)} AND NOT regexp_full_match(${column}, '${PLAIN}', 'i')`)) {
      const problem = emailProblem(row.value)
      if (problem !== null) found.push({ id: row.id, message: problem.message, value: row.value })
    }
    await ctx.findAll({ type: 'InvalidEmailAddressError', field, causeByValue: false, hint: 'Correct or leave out the address.' }, found)
  }
}
