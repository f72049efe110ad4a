import type { PostingContext } from '../framework/rule.ts'

interface Claim { id: number; idx: number; doctype: string; name: string; allocated: number; submitted: boolean; open: number; payable: boolean; closed: boolean; gain: boolean }

const SOURCES = [
  ['Sales Invoice', false], ['Purchase Invoice', false], ['Sales Order', true], ['Purchase Order', true],
] as const

/**
 * What is left of the documents a payment refers to when its turn comes, after the payments before it: kept in the reference, and no more may be paid. A submitted payment looks once more
 * at what is left of its invoices. For the stage named, when who goes on is known.
 */
export async function settleReferences(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('references') === 0) return
  const claims: Claim[] = []
  for (const [doctype, order] of SOURCES) {
    const currency = `CASE d.payment_type WHEN 'Receive' THEN d.paid_from_account_currency ELSE d.paid_to_account_currency END = c.default_currency`, n = (column: string) => `CAST(i.${column} AS DOUBLE)`
    const amount = `CASE WHEN ${currency} THEN COALESCE(NULLIF(${n('base_rounded_total')}, 0), ${n('base_grand_total')}) ELSE COALESCE(NULLIF(${n('rounded_total')}, 0), ${n('grand_total')}) END`
    const open = order ? `r.total_amount - COALESCE(${n('advance_paid')}, 0)` : n('outstanding_amount')
    const closed = order ? `i.status = 'Closed' OR NOT (${amount} > ${n('advance_paid')}) OR abs(100 - ${n('per_billed')}) <= 0.01` : 'FALSE'
    const rows = await ctx.staging.all<{ id: number; idx: number; name: string; allocated: number; submitted: boolean; left_over: number; closed: boolean; gain: boolean }>(`SELECT r._parent AS id, r._idx AS idx, r.reference_name AS name, r.allocated_amount AS allocated, d._submit AS submitted,
      COALESCE(${open}, 0) AS left_over, ${closed} AS closed, COALESCE(r.exchange_gain_loss, 0) <> 0 AS gain FROM ${ctx.child('references')} r JOIN ${ctx.live} d ON d._id = r._parent JOIN rows."tab${doctype}" i ON i.name = r.reference_name LEFT JOIN rows."tabCompany" c ON c.name = d.company WHERE r.reference_doctype = '${doctype}'`)
    for (const row of rows) claims.push({ id: row.id, idx: row.idx, doctype, name: row.name, allocated: row.allocated, submitted: row.submitted, open: row.left_over, payable: !order, closed: row.closed, gain: row.gain })
  }
  claims.sort((a, b) => a.id - b.id || a.idx - b.idx)
  const { refused, left } = walk(claims)
  await ctx.push(ctx.child('references'), [{ name: '_parent', kind: 'BIGINT', values: claims.map((claim) => claim.id) }, { name: '_idx', kind: 'BIGINT', values: claims.map((claim) => claim.idx) }], [{ name: 'outstanding_amount', kind: 'DOUBLE', values: left }])
  await ctx.findAll({ type: 'ValidationError', field: 'references.allocated_amount', stage: 'validate', hint: 'Pay no more than is left.' }, refused)
}

const cents = (value: number) => Math.round(value * 100) / 100

function walk(claims: Claim[]): { refused: { id: number; idx: number; message: string; value: string }[]; left: number[] } {
  const paid = new Map<string, number>(), refused: { id: number; idx: number; message: string; value: string }[] = [], left: number[] = new Array<number>(claims.length)
  for (let first = 0; first < claims.length;) {
    let end = first, bad = false
    while (end < claims.length && claims[end]!.id === claims[first]!.id) end++
    for (let i = first; i < end; i++) {
      const claim = claims[i]!, before = paid.get(`${claim.doctype}/${claim.name}`) ?? 0, open = before === 0 ? claim.open : cents(claim.open - before)
      left[i] = open
      const gone = claim.closed || (claim.payable ? open === 0 : open <= 0), over = (claim.allocated > 0 && claim.allocated > open) || (claim.allocated < 0 && claim.allocated < open)
      if (!gone && !over) continue
      bad = true
      refused.push({ id: claim.id, idx: claim.idx, value: claim.name, message: gone ? `${claim.doctype} ${claim.name} has already been fully paid.` : `Row #${claim.idx}: Allocated Amount cannot be greater than outstanding amount.` })
    }
    if (!bad) {
      for (let i = first; i < end; i++) {
        const claim = claims[i]!, key = `${claim.doctype}/${claim.name}`
        if (!claim.submitted) continue
        paid.set(key, (paid.get(key) ?? 0) + claim.allocated)
        // Advances on orders are counted after the reference was looked at for the last time; one with a gain or loss is not looked at again.
        if (claim.payable && !claim.gain) left[i] = cents(claim.open - paid.get(key)!)
      }
    }
    first = end
  }
  return { refused, left }
}
