import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'

const row = (text: string) => `'Row ' || a._idx || ${literal(`: ${text}`)}`
const SIDES = { 'Sales Invoice': ['customer', 'debit_to', 'credit'], 'Purchase Invoice': ['supplier', 'credit_to', 'debit'], 'Sales Order': ['customer', null, 'credit'], 'Purchase Order': ['supplier', null, 'debit'] } as const
type Referred = keyof typeof SIDES
const REFERRED = Object.keys(SIDES) as Referred[]

/** A reference is a type and a name, or nothing. It must fit its invoice or order. */
export async function checkReferences(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts')
  await ctx.staging.run(`UPDATE ${lines} SET reference_name = NULL WHERE NOT ${filled('reference_type')}; UPDATE ${lines} SET reference_type = NULL WHERE NOT ${filled('reference_name')}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${lines} WHERE reference_type IS NOT NULL LIMIT 1`) === undefined) return
  for (const doctype of REFERRED) {
    const [party, account, side] = SIDES[doctype], from = `FROM ${lines} a JOIN ${ctx.doc} d ON d._id = a._parent JOIN rows."tab${doctype}" r ON r.name = a.reference_name WHERE a.reference_type = '${doctype}'`
    const base = { type: 'ValidationError', field: 'accounts.reference_name', causeByValue: true }
    if (account === null) await ctx.find({
      ...base, hint: 'Correct the side, or leave the reference out.', select: `SELECT a._parent AS id, a._idx AS idx, a.reference_name AS "value", ${row(`A ${doctype} is paid on the other side`)} AS message ${from} AND a.${side === 'credit' ? 'debit' : 'credit'} > 0`,
    })
    await ctx.find({
      ...base, hint: 'Use the party and the account of the document referred to.', select: `SELECT a._parent AS id, a._idx AS idx, a.reference_name AS "value", ${row(`Party / Account does not match with ${doctype} `)} || a.reference_name AS message
        ${from} AND (r.${party} IS DISTINCT FROM COALESCE(a.party, '')${account === null ? '' : ` OR r.${account} IS DISTINCT FROM a.account`})`,
    })
    await ctx.find({
      ...base, hint: 'Submit it first.', select: `SELECT a._parent AS id, a._idx AS idx, a.reference_name AS "value", '${doctype} ' || a.reference_name || ' is not submitted' AS message ${from} AND r.docstatus <> 1${account === null ? '' : ` AND d.voucher_type NOT IN ('Debit Note', 'Credit Note')`}`,
    })
    if (account === null) await ctx.find({
      ...base, hint: 'Refer to the invoice instead.', select: `SELECT a._parent AS id, a._idx AS idx, a.reference_name AS "value", '${doctype} ' || a.reference_name || ' is fully billed or closed' AS message ${from} AND (r.per_billed >= 100 OR r.status = 'Closed')`,
    })
  }
}

interface Claim { id: number; doctype: Referred; name: string; total: number; effect: number; submitted: boolean; note: boolean; left: number; limit: number; paid: number }

/**
 * Journals may not settle more than is left of an invoice, nor pay more on an order than it comes to. They are looked at in order, each after what those before it settled;
 * for the stage named, when who goes on is known.
 */
export async function checkAmounts(ctx: PostingContext): Promise<void> {
  const lines = ctx.child('accounts'), claims: Claim[] = []
  if (await ctx.staging.one(`SELECT 1 FROM ${lines} WHERE reference_type IS NOT NULL LIMIT 1`) === undefined) return
  for (const doctype of REFERRED) {
    const [, account, side] = SIDES[doctype], other = side === 'credit' ? 'debit' : 'credit'
    const limit = `CASE WHEN any_value(k.account_currency) = any_value(c.default_currency) THEN any_value(CAST(r.base_grand_total AS DOUBLE)) ELSE any_value(CAST(r.grand_total AS DOUBLE)) END`
    const own = account === null ? `0 AS left_over, any_value(CAST(r.advance_paid AS DOUBLE)) AS paid, ${limit} AS lim` : `any_value(CAST(r.outstanding_amount AS DOUBLE)) AS left_over, 0 AS paid, 0 AS lim`
    const rows = await ctx.staging.all<{ id: number; name: string; total: number; effect: number; submitted: boolean; note: boolean; left_over: number; paid: number; lim: number }>(
      `SELECT d._id AS id, a.reference_name AS name, SUM(a.${side}_in_account_currency) AS total, SUM(a.${side}_in_account_currency - a.${other}_in_account_currency) AS effect, any_value(d._submit) AS submitted, any_value(d.voucher_type IN ('Debit Note', 'Credit Note')) AS note, ${own}
       FROM ${lines} a JOIN ${ctx.live} d ON d._id = a._parent JOIN rows."tab${doctype}" r ON r.name = a.reference_name LEFT JOIN rows."tabCompany" c ON c.name = d.company LEFT JOIN rows."tabAccount" k ON k.name = a.account
       WHERE a.reference_type = '${doctype}' GROUP BY d._id, a.reference_name`)
    for (const row of rows) claims.push({ id: row.id, doctype, name: row.name, total: row.total, effect: row.effect, submitted: row.submitted, note: row.note, left: row.left_over, limit: row.lim, paid: row.paid })
  }
  await ctx.findAll({ type: 'ValidationError', field: 'accounts.reference_name', stage: 'validate', hint: 'Settle no more than is left.' }, refuse(claims.sort((a, b) => a.id - b.id)))
}

function refuse(claims: Claim[]): { id: number; message: string; value: string }[] {
  const settled = new Map<string, number>(), refused = new Map<number, { id: number; message: string; value: string }>()
  for (let first = 0; first < claims.length;) {
    let end = first
    while (end < claims.length && claims[end]!.id === claims[first]!.id) end++
    const mine = claims.slice(first, end)
    for (const claim of mine) {
      const before = settled.get(`${claim.doctype}/${claim.name}`) ?? 0
      const invoice = claim.doctype.endsWith('Invoice')
      if (invoice && !claim.note && claim.total !== 0 && Math.round((claim.left - before) * 100) / 100 < claim.total) {
        refused.set(claim.id, { id: claim.id, value: claim.name, message: `Payment against ${claim.doctype} ${claim.name} cannot be greater than Outstanding Amount ${claim.left - before}` })
      } else if (!invoice && claim.limit < claim.paid + before + claim.total) {
        refused.set(claim.id, { id: claim.id, value: claim.name, message: `Advance paid against ${claim.doctype} ${claim.name} cannot be greater than Grand Total ${claim.limit}` })
      }
    }
    if (!refused.has(mine[0]!.id)) for (const claim of mine) if (claim.submitted) settled.set(`${claim.doctype}/${claim.name}`, (settled.get(`${claim.doctype}/${claim.name}`) ?? 0) + claim.effect)
    first = end
  }
  return [...refused.values()]
}
