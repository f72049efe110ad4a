import type { Round } from '../orders/totals-batch.ts'

/** Amounts of a ledger line, in the site's pairs of debit and credit. */
export const AMOUNTS = [
  'debit', 'credit', 'debit_in_account_currency', 'credit_in_account_currency', 'debit_in_transaction_currency', 'credit_in_transaction_currency',
] as const
export type Amount = (typeof AMOUNTS)[number]
const PAIRS: readonly [Amount, Amount][] = [
  ['debit', 'credit'], ['debit_in_account_currency', 'credit_in_account_currency'], ['debit_in_transaction_currency', 'credit_in_transaction_currency'],
]

/**
 * Ledger lines of many vouchers: voucher `v` owns the lines `start[v] .. start[v + 1]`, in the order in which the site makes them. The pure functions here
 * change the arrays in place.
 */
export interface GlBatch {
  ids: number[]
  start: number[]
  seq: number[]
  /** Line its amounts are merged into: its own number, or that of an earlier line of the voucher. */
  into: number[]
  amounts: Record<Amount, number[]>
  /** 1: debit and credit of the line are set off against each other. */
  net: Uint8Array
  /** 1: the line is on the account that takes rounding differences. */
  roundOff: Uint8Array
  /** 1: the line goes into the ledger. */
  kept: Uint8Array
  /** Amounts of the lines as the payment ledger sees them: before they are rounded. */
  owed: { amount: Float64Array; inAccountCurrency: Float64Array }
  /** By voucher: what the rounding line gets (null: none), and a refusal. */
  difference: ({ amount: number; inTransactionCurrency: number } | null)[]
  error: (string | null)[]
}

export interface GlSettings { round: Round; precision: number; allowance: number; merge: boolean }

/** Merges, nets, rounds and balances the lines of every voucher as make_gl_entries does. */
export function settleVouchers(batch: GlBatch, settings: GlSettings): void {
  for (let v = 0; v < batch.ids.length; v++) settleVoucher(batch, settings, v)
}

function settleVoucher(batch: GlBatch, settings: GlSettings, v: number): void {
  const first = batch.start[v]!, end = batch.start[v + 1]!, { amounts, kept } = batch, { round, precision } = settings
  if (settings.merge) mergeLines(batch, first, end)
  else kept.fill(1, first, end)
  if (settings.merge) for (let i = first; i < end; i++) if (kept[i] === 1 && round(amounts.debit[i]!, precision) === 0 && round(amounts.credit[i]!, precision) === 0) kept[i] = 0
  let lines = 0
  for (let i = first; i < end; i++) {
    if (kept[i] === 0) continue
    lines++
    for (const pair of PAIRS) toggle(amounts, pair, i, batch.net[i] === 1)
    batch.owed.amount[i] = amounts.debit[i]! - amounts.credit[i]!
    batch.owed.inAccountCurrency[i] = amounts.debit_in_account_currency[i]! - amounts.credit_in_account_currency[i]!
  }
  if (lines === 1) batch.error[v] = 'Incorrect number of General Ledger Entries found. You might have selected a wrong Account in the transaction.'
  if (lines > 1) balance(batch, settings, v)
}

function mergeLines({ amounts, into, kept }: GlBatch, first: number, end: number): void {
  for (let i = first; i < end; i++) {
    const target = into[i]!
    kept[i] = target === i ? 1 : 0
    if (target !== i) for (const field of AMOUNTS) amounts[field][target]! += amounts[field][i]!
  }
}

/** A negative debit is a credit and the other way round. */
function toggle(amounts: GlBatch['amounts'], [debitField, creditField]: readonly [Amount, Amount], i: number, net: boolean): void {
  let debit = amounts[debitField][i]!, credit = amounts[creditField][i]!
  if (debit < 0 && credit < 0 && debit === credit) {
    debit *= -1
    credit *= -1
  }
  if (debit < 0) {
    credit -= debit
    debit = 0
  }
  if (credit < 0) {
    debit -= credit
    credit = 0
  }
  if (net && debit !== 0 && credit !== 0) {
    if (debit > credit) [debit, credit] = [debit - credit, 0]
    else [debit, credit] = [0, credit - debit]
  }
  amounts[debitField][i] = debit
  amounts[creditField][i] = credit
}

/** Rounds the lines; what debit and credit then differ by goes to the rounding account, or refuses the voucher when it is more than allowed. */
function balance(batch: GlBatch, { round, precision, allowance }: GlSettings, v: number): void {
  const { amounts, kept } = batch, first = batch.start[v]!, end = batch.start[v + 1]!
  let difference = 0, inTransaction = 0
  for (let i = first; i < end; i++) {
    if (kept[i] === 0) continue
    for (const field of ['debit', 'credit', 'debit_in_transaction_currency', 'credit_in_transaction_currency'] as const) amounts[field][i] = round(amounts[field][i]!, precision)
    difference += amounts.debit[i]! - amounts.credit[i]!
    inTransaction += amounts.debit_in_transaction_currency[i]! - amounts.credit_in_transaction_currency[i]!
  }
  difference = round(difference, precision)
  inTransaction = round(inTransaction, precision)
  if (Math.abs(difference) > allowance) batch.error[v] = `Debit and Credit not equal. Difference is ${difference}.`
  else if (Math.abs(difference) >= 1 / 10 ** precision) roundOff(batch, v, difference, inTransaction, precision)
}

/** A rounding line of its own, unless the voucher has one on that account already: that one then takes the difference as well. */
function roundOff(batch: GlBatch, v: number, difference: number, inTransaction: number, precision: number): void {
  const { amounts, kept } = batch, first = batch.start[v]!, end = batch.start[v + 1]!
  let line = -1
  for (let i = first; i < end; i++) {
    if (kept[i] === 0 || batch.roundOff[i] === 0) continue
    line = i
    if (amounts.debit[i] !== 0) difference -= amounts.debit[i]! - amounts.credit[i]!
    else difference += amounts.credit[i]!
  }
  if (line < 0) {
    batch.difference[v] = { amount: difference, inTransactionCurrency: inTransaction }
    return
  }
  if (Math.abs(difference) < 1 / 10 ** precision) {
    kept[line] = 0
    return
  }
  const [debit, credit] = difference < 0 ? [Math.abs(difference), 0] : [0, difference]
  amounts.debit[line] = amounts.debit_in_account_currency[line] = debit
  amounts.credit[line] = amounts.credit_in_account_currency[line] = credit
  amounts.debit_in_transaction_currency[line] = inTransaction < 0 ? Math.abs(inTransaction) : 0
  amounts.credit_in_transaction_currency[line] = inTransaction > 0 ? inTransaction : 0
}
