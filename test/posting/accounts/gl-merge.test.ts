import { expect, test } from 'vitest'
import { AMOUNTS, settleVouchers, type Amount, type GlBatch } from '../../../src/posting/accounts/gl-merge.ts'
import { roundingFor } from '../../../src/posting/orders/rounding.ts'

interface Line { debit?: number; credit?: number; into?: number; net?: boolean; roundOff?: boolean }

function batchOf(lines: Line[]): GlBatch {
  const amounts = Object.fromEntries(AMOUNTS.map((amount: Amount) => [amount, lines.map((line) => (amount.startsWith('debit') ? line.debit : line.credit) ?? 0)])) as GlBatch['amounts']
  return {
    ids: [1], start: [0, lines.length], seq: lines.map((_, i) => i), into: lines.map((line, i) => line.into ?? i), amounts, net: Uint8Array.from(lines, (line) => (line.net ? 1 : 0)), roundOff: Uint8Array.from(lines, (line) => (line.roundOff ? 1 : 0)),
    kept: new Uint8Array(lines.length), owed: { amount: new Float64Array(lines.length), inAccountCurrency: new Float64Array(lines.length) }, difference: [null], error: [null],
  }
}

function settle(lines: Line[], allowance = 0.05): GlBatch {
  const batch = batchOf(lines)
  settleVouchers(batch, { round: roundingFor("Banker's Rounding"), precision: 2, allowance, merge: true })
  return batch
}

test('lines alike become one, and lines that come to nothing none', () => {
  const batch = settle([{ debit: 10 }, { credit: 4 }, { credit: 6, into: 1 }, { debit: 0.001 }])
  expect([...batch.kept]).toEqual([1, 1, 0, 0])
  expect(batch.amounts.credit[1]).toBe(10)
  expect(batch.error[0]).toBeNull()
})

test('a negative debit is a credit', () => {
  const batch = settle([{ debit: -5 }, { debit: 5 }])
  expect([batch.amounts.debit[0], batch.amounts.credit[0]]).toEqual([0, 5])
  expect(batch.owed.amount[0]).toBe(-5)
})

test('cents go to the rounding account, more is refused', () => {
  expect(settle([{ debit: 10.01 }, { credit: 10 }]).difference[0]).toEqual({ amount: 0.01, inTransactionCurrency: 0.01 })
  expect(settle([{ debit: 10.06 }, { credit: 10 }]).error[0]).toContain('Debit and Credit not equal')
  expect(settle([{ debit: 10.06 }, { credit: 10 }], 0.5).error[0]).toBeNull()
})

test('a voucher of one ledger line is refused', () => {
  expect(settle([{ debit: 10, net: true, credit: 10 }, { debit: 0 }]).error[0]).toContain('Incorrect number of General Ledger Entries')
})
