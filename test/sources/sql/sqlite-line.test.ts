import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { realText, recordLine } from '../../../src/sources/sqlite/line.ts'

it('writes real numbers as SQLite prints them with 15 digits, and with 17 where those do not give the number back', () => {
  const database = new DatabaseSync(':memory:'), print = database.prepare(`SELECT printf('%!.15g', CAST(:x AS REAL)) AS v`)
  fc.assert(fc.property(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }), fc.integer({ min: -25, max: 25 }), (digits, power) => {
    const value = Number(`${digits}e${power}`)
    expect(realText(value)).toBe((print.get({ x: value }) as { v: string }).v)
  }), { numRuns: 3000 })
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => { expect(Number(realText(value))).toBe(value === 0 ? 0 : value) }), { numRuns: 3000 })
  expect([0.1 + 0.2, 1e15, 0.0001, 1.25, 3, Infinity].map(realText)).toEqual(['0.30000000000000004', '1.0e+15', '0.0001', '1.25', '3.0', 'Inf'])
  database.close()
})

it('keeps NULL, empty text, large integers and bytes apart', () => {
  expect(recordLine([null, '', 9223372036854775807n, new Uint8Array([0, 255]), 'a "b",\n', '\\N'], 6)).toBe('\\N,"",9223372036854775807,"00ff","a ""b"",\n","\\N"\n')
})
