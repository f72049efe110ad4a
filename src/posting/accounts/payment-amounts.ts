import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { floatRepr } from '../orders/python-number.ts'
import { roundingFor } from '../orders/rounding.ts'
import type { Round } from '../orders/totals-batch.ts'
import { inWords, readCurrencies } from './site-text.ts'

interface Reference { idx: number; doctype: string; name: string; allocated: number; rate: number; order: boolean; gain: number | null }
interface Deduction { idx: number; account: string | null; amount: number; exchange: boolean; removed: boolean }
interface Payment {
  id: number; type: string; party: string | null; from: string; to: string; fromCurrency: string; toCurrency: string; companyCurrency: string; submitted: boolean
  paid: number; received: number; sourceRate: number; targetRate: number; gainAccount: string | null; gainCenter: string | null; references: Reference[]; deductions: Deduction[]
  referenceNo: string | null; referenceDate: string | null; customRemarks: boolean; remarks: string | null
  basePaid: number; baseReceived: number; allocated: number; baseAllocated: number; unallocated: number; difference: number; paidAfter: number; basePaidAfter: number; receivedAfter: number; baseReceivedAfter: number
}

/** Which numbers are written with a fraction because the draft gives them so. */
interface Written { paid: boolean; received: boolean; allocated: boolean; deducted: boolean; /** Rows (`_parent/_idx`) that give a whole number all the same. */ wholeAllocated: Set<string>; wholeDeducted: Set<string> }

/** Amounts, difference, remarks and words of every payment, in the site's order of operations; a line for the exchange gain or loss where there is one. */
export async function settlePayments(ctx: PostingContext): Promise<void> {
  const payments = await readPayments(ctx), round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null)
  const own = (field: string) => fieldPrecision(ctx, ctx.meta, field), amountPlaces = fieldPrecision(ctx, ctx.site.doctype('Payment Entry Deduction'), 'amount')
  const places = { base: own('base_paid_amount'), amount: amountPlaces, after: own('paid_amount_after_tax'), baseAfter: own('base_paid_amount_after_tax'), difference: own('difference_amount') }
  for (const payment of payments) compute(payment, places, round)
  await ctx.findAll({ type: 'ValidationError', field: 'deductions', stage: 'on_submit', seq: 0, message: 'Please set the exchange gain / loss account and cost center in Company', hint: 'Company, Accounts.' },
    payments.filter((p) => p.submitted && p.difference !== 0 && gainOf(p, amountPlaces, round) !== 0 && (!p.gainAccount || !p.gainCenter)).map(({ id }) => ({ id })))
  await ctx.findAll({ type: 'ValidationError', field: 'received_amount', message: 'Received Amount cannot be greater than Paid Amount', hint: 'Correct the amounts.' },
    payments.filter((p) => p.fromCurrency === p.toCurrency && p.paid < p.received).map(({ id }) => ({ id })))
  await ctx.findAll({ type: 'ValidationError', field: 'difference_amount', stage: 'on_submit', seq: 1, message: 'Difference Amount must be zero', hint: 'Book the difference as a deduction.' }, payments.filter((p) => p.submitted && p.difference !== 0).map((p) => ({ id: p.id, value: String(p.difference) })))
  await write(ctx, payments)
}

const number = (value: unknown) => Number(value ?? 0)
const text = (value: unknown) => (value === null || value === undefined ? null : String(value))

async function readPayments(ctx: PostingContext): Promise<Payment[]> {
  const payments = new Map<number, Payment>()
  const rows = await ctx.staging.all<Record<string, string | number | boolean | null>>(`SELECT d._id AS id, d.payment_type, d.party, d.paid_from, d.paid_to, d.paid_from_account_currency, d.paid_to_account_currency, d._submit AS submitted, d.paid_amount, d.received_amount,
      d.source_exchange_rate, d.target_exchange_rate, d.reference_no, CAST(d.reference_date AS VARCHAR) AS reference_date, d.custom_remarks, d.remarks, c.default_currency, c.exchange_gain_loss_account, c.cost_center
    FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company ORDER BY d._id`)
  for (const r of rows) {
    payments.set(number(r['id']), {
      id: number(r['id']), type: String(r['payment_type'] ?? ''), party: text(r['party']), from: String(r['paid_from'] ?? ''), to: String(r['paid_to'] ?? ''), fromCurrency: String(r['paid_from_account_currency'] ?? ''),
      toCurrency: String(r['paid_to_account_currency'] ?? ''), companyCurrency: String(r['default_currency'] ?? ''), submitted: Boolean(r['submitted']), paid: number(r['paid_amount']), received: number(r['received_amount']),
      sourceRate: number(r['source_exchange_rate']), targetRate: number(r['target_exchange_rate']), gainAccount: text(r['exchange_gain_loss_account']), gainCenter: text(r['cost_center']), references: [], deductions: [],
      referenceNo: text(r['reference_no']), referenceDate: text(r['reference_date']), customRemarks: number(r['custom_remarks']) !== 0, remarks: text(r['remarks']),
      basePaid: 0, baseReceived: 0, allocated: 0, baseAllocated: 0, unallocated: 0, difference: 0, paidAfter: 0, basePaidAfter: 0, receivedAfter: 0, baseReceivedAfter: 0,
    })
  }
  for (const r of await ctx.staging.all<Record<string, string | number | null>>(`SELECT _parent, _idx, reference_doctype, reference_name, COALESCE(allocated_amount, 0) AS allocated, COALESCE(exchange_rate, 1) AS rate FROM ${ctx.child('references')} ORDER BY _parent, _idx`)) {
    const doctype = String(r['reference_doctype'] ?? '')
    payments.get(number(r['_parent']))!.references.push({ idx: number(r['_idx']), doctype, name: String(r['reference_name'] ?? ''), allocated: number(r['allocated']), rate: number(r['rate']), order: doctype.endsWith(' Order'), gain: null })
  }
  for (const r of await ctx.staging.all<Record<string, string | number | null>>(`SELECT _parent, _idx, account, COALESCE(amount, 0) AS amount, COALESCE(is_exchange_gain_loss, 0) AS exchange FROM ${ctx.child('deductions')} ORDER BY _parent, _idx`)) {
    payments.get(number(r['_parent']))!.deductions.push({ idx: number(r['_idx']), account: text(r['account']), amount: number(r['amount']), exchange: number(r['exchange']) !== 0, removed: false })
  }
  return [...payments.values()]
}

const gainOf = (payment: Payment, places: number, round: Round) => round(payment.basePaid - payment.baseReceived, places)

function compute(p: Payment, places: { base: number; amount: number; after: number; baseAfter: number; difference: number }, round: Round): void {
  const internal = p.type === 'Internal Transfer', receive = p.type === 'Receive'
  if (p.fromCurrency === p.toCurrency && !internal) p.received = p.paid
  p.basePaid = p.paid === 0 ? 0 : round(p.paid * p.sourceRate, places.base)
  p.baseReceived = p.received === 0 ? 0 : round(p.received * p.targetRate, places.base)
  if (!internal) {
    const rate = receive ? p.sourceRate : p.targetRate
    let allocated = 0, base = 0
    for (const reference of p.references) {
      const own = round(reference.allocated * rate, places.base)
      if (!reference.order) reference.gain = own - round(reference.allocated * reference.rate, places.base)
      allocated += reference.allocated
      base += own
    }
    p.allocated = Math.abs(allocated)
    p.baseAllocated = Math.abs(base)
  }
  if (p.party) {
    const deducted = p.deductions.reduce((sum, row) => (row.exchange ? sum : sum + row.amount), 0)
    if (receive && p.baseAllocated < p.basePaid + deducted) p.unallocated = (p.basePaid + deducted - p.baseAllocated) / p.sourceRate
    else if (p.type === 'Pay' && p.baseAllocated < p.baseReceived - deducted) p.unallocated = (p.baseReceived - deducted - p.baseAllocated) / p.targetRate
  }
  exchangeLine(p, places.amount, round)
  const baseParty = p.baseAllocated + p.unallocated * (receive ? p.sourceRate : p.targetRate)
  const difference = receive ? baseParty - p.baseReceived : p.type === 'Pay' ? p.basePaid - baseParty : p.basePaid - p.baseReceived
  p.difference = round(difference - p.deductions.reduce((sum, row) => (row.removed ? sum : sum + row.amount), 0), places.difference)
  p.paidAfter = round(p.paid, places.after)
  p.basePaidAfter = round(p.paidAfter * p.sourceRate, places.baseAfter)
  p.receivedAfter = round(p.received, places.after)
  p.baseReceivedAfter = round(p.receivedAfter * p.targetRate, places.baseAfter)
}

/** One line for what the two sides differ by in company currency. */
function exchangeLine(p: Payment, places: number, round: Round): void {
  const gain = gainOf(p, places, round), rows = p.deductions.filter((row) => row.exchange)
  for (const row of rows.slice(gain === 0 ? 0 : 1)) row.removed = true
  if (gain === 0) return
  if (rows[0] !== undefined) rows[0].amount = gain
  else if (p.gainAccount && p.gainCenter) p.deductions.push({ idx: p.deductions.length + 1, account: p.gainAccount, amount: gain, exchange: true, removed: false })
}

function remarksOf(p: Payment, written: Written): string | null {
  if (p.customRemarks) return p.remarks
  const shown = (amount: number, float: boolean) => (float || !Number.isInteger(amount) ? floatRepr(amount) : String(amount))
  const sameCurrency = p.fromCurrency === p.toCurrency, currency = p.type === 'Receive' ? p.fromCurrency : p.toCurrency
  const lines = p.type === 'Internal Transfer' ? [`Amount ${p.fromCurrency} ${shown(p.paid, written.paid)} transferred from ${p.from} to ${p.to}`]
    : [`Amount ${currency} ${p.type === 'Receive' ? shown(p.paid, written.paid) : shown(p.received, sameCurrency ? written.paid : written.received)} ${p.type === 'Receive' ? 'received from' : 'to'} ${p.party}`]
  if (p.referenceNo) lines.push(`Transaction reference no ${p.referenceNo} dated ${p.referenceDate ?? 'None'}`)
  if (p.type !== 'Internal Transfer') for (const row of p.references) lines.push(`Amount ${currency} ${shown(row.allocated, written.allocated && !written.wholeAllocated.has(`${p.id}/${row.idx}`))} against ${row.doctype} ${row.name}`)
  for (const row of p.deductions) if (!row.removed && row.amount !== 0) lines.push(`Amount ${p.companyCurrency} ${shown(row.amount, row.exchange || (written.deducted && !written.wholeDeducted.has(`${p.id}/${row.idx}`)))} deducted against ${row.account}`)
  return lines.join('\n')
}

async function write(ctx: PostingContext, payments: Payment[]): Promise<void> {
  const currencies = await readCurrencies(ctx)
  const written: Written = {
    paid: ctx.isGivenAsFloat('paid_amount'), received: ctx.isGivenAsFloat('received_amount'), allocated: ctx.isGivenAsFloat('allocated_amount', 'references'), deducted: ctx.isGivenAsFloat('amount', 'deductions'),
    wholeAllocated: await ctx.givenWhole('allocated_amount', 'references'), wholeDeducted: await ctx.givenWhole('amount', 'deductions'),
  }
  const doubles = (name: string, pick: (p: Payment) => number) => ({ name, kind: 'DOUBLE' as const, values: payments.map(pick) }), texts = (name: string, pick: (p: Payment) => string | null) => ({ name, kind: 'VARCHAR' as const, values: payments.map(pick) })
  const receive = (p: Payment) => p.type === 'Receive'
  await ctx.push(ctx.doc, [{ name: '_id', kind: 'BIGINT', values: payments.map((p) => p.id) }], [
    doubles('received_amount', (p) => p.received), doubles('base_paid_amount', (p) => p.basePaid), doubles('base_received_amount', (p) => p.baseReceived), doubles('total_allocated_amount', (p) => p.allocated), doubles('base_total_allocated_amount', (p) => p.baseAllocated),
    doubles('unallocated_amount', (p) => p.unallocated), doubles('difference_amount', (p) => p.difference), doubles('paid_amount_after_tax', (p) => p.paidAfter), doubles('base_paid_amount_after_tax', (p) => p.basePaidAfter),
    doubles('received_amount_after_tax', (p) => p.receivedAfter), doubles('base_received_amount_after_tax', (p) => p.baseReceivedAfter), texts('remarks', (p) => remarksOf(p, written)), texts('title', (p) => (p.type === 'Internal Transfer' ? `${p.from} - ${p.to}` : p.party)),
    texts('base_in_words', (p) => inWords(ctx, currencies, Math.abs(receive(p) ? p.baseReceived : p.basePaid), p.companyCurrency)), texts('in_words', (p) => inWords(ctx, currencies, Math.abs(receive(p) ? p.received : p.paid), receive(p) ? p.toCurrency : p.fromCurrency)),
  ])
  const references = payments.flatMap((p) => p.references.flatMap((row) => (row.gain === null ? [] : [{ id: p.id, row }])))
  await ctx.push(ctx.child('references'), [{ name: '_parent', kind: 'BIGINT', values: references.map(({ id }) => id) }, { name: '_idx', kind: 'BIGINT', values: references.map(({ row }) => row.idx) }],
    [{ name: 'exchange_gain_loss', kind: 'DOUBLE', values: references.map(({ row }) => row.gain!) }, { name: 'exchange_rate', kind: 'DOUBLE', values: references.map(({ row }) => row.rate) }])
  await writeDeductions(ctx, payments)
}

async function writeDeductions(ctx: PostingContext, payments: Payment[]): Promise<void> {
  const table = ctx.child('deductions'), before = new Set((await ctx.staging.all<{ k: string }>(`SELECT _parent || '/' || _idx AS k FROM ${table}`)).map((row) => row.k))
  const all = payments.flatMap((p) => p.deductions.map((row) => ({ id: p.id, row, p }))), kept = all.filter(({ id, row }) => before.has(`${id}/${row.idx}`) && !row.removed && row.exchange)
  await ctx.push(table, [{ name: '_parent', kind: 'BIGINT', values: kept.map(({ id }) => id) }, { name: '_idx', kind: 'BIGINT', values: kept.map(({ row }) => row.idx) }], [{ name: 'amount', kind: 'DOUBLE', values: kept.map(({ row }) => row.amount) }])
  const gone = all.filter(({ row }) => row.removed)
  if (gone.length > 0) await ctx.staging.run(`DELETE FROM ${table} WHERE (_parent, _idx) IN (${gone.map(({ id, row }) => `(${id}, ${row.idx})`).join(', ')})`)
  const added = all.filter(({ id, row }) => !before.has(`${id}/${row.idx}`))
  if (added.length > 0) {
    await ctx.staging.run(`INSERT INTO ${table} (_parent, _idx, idx, name, creation, modified, owner, modified_by, docstatus, parenttype, parentfield, account, cost_center, amount, is_exchange_gain_loss)
      SELECT v.id, v.idx, v.idx, ${ctx.hash('deductions', 'v.id', 'v.idx')}, TIMESTAMP ${literal(ctx.now)}, TIMESTAMP ${literal(ctx.now)}, ${literal(ctx.user)}, ${literal(ctx.user)}, 0, 'Payment Entry', 'deductions', v.account, v.center, v.amount, 1
      FROM (VALUES ${added.map(({ id, row, p }) => `(CAST(${id} AS BIGINT), CAST(${row.idx} AS BIGINT), ${literal(row.account)}, ${literal(p.gainCenter)}, CAST('${row.amount}' AS DOUBLE))`).join(', ')}) v(id, idx, account, center, amount)`)
  }
  await ctx.recount('deductions')
}
