import { describe, expect, it } from 'vitest'
import { formatMoney, inWords, moneyInWords, type Currency } from '../../../src/posting/orders/money-in-words.ts'
import { asciiJson, fixed, floatRepr, floorRemainder } from '../../../src/posting/orders/python-number.ts'
import { roundingFor } from '../../../src/posting/orders/rounding.ts'
import { roundToFraction } from '../../../src/posting/orders/taxes-and-totals.ts'

const usd: Currency = { name: 'USD', fraction: 'Cent', fractionUnits: 100, smallestFraction: 0.01, symbol: '$', symbolOnRight: false, numberFormat: '#,###.##' }
const format = { format: '#,###.##', currencyPrecision: 0, hideSymbol: false }

describe('numbers as Python has them', () => {
  it('writes floats', () => {
    expect([20, 0.1, 1e16, 1e-5, 123456789.125, 0].map(floatRepr)).toEqual(['20.0', '0.1', '1e+16', '1e-05', '123456789.125', '0.0'])
  })
  it('keeps the sign of the divisor', () => {
    expect(floorRemainder(-3, 2)).toBe(1)
    expect(floorRemainder(3, 2)).toBe(1)
  })
  it('rounds printed halves to even', () => {
    expect([fixed(0.125, 2), fixed(0.375, 2), fixed(2.5, 0), fixed(1.005, 2)]).toEqual(['0.12', '0.38', '2', '1.00'])
  })
  it('escapes what is not ASCII', () => {
    expect(asciiJson('Ü"✓')).toBe('"\\u00dc\\"\\u2713"')
  })
})

describe('rounding', () => {
  const bankers = roundingFor("Banker's Rounding")
  it('takes halves to even, noise or not', () => {
    expect([bankers(0.125, 2), bankers(0.375, 2), bankers(2.675, 2), bankers(1.005, 2), bankers(-0.125, 2)]).toEqual([0.12, 0.38, 2.68, 1, -0.12])
  })
  it('sees a half in a large amount, where noise is larger than a billionth', () => {
    expect(bankers(657811.81 * 50 / 100, 2)).toBe(328905.9)
  })
  it('has no negative zero', () => {
    expect(Object.is(bankers(-0.001, 2), 0)).toBe(true)
    expect(Object.is(bankers(-0, 2), 0)).toBe(true)
  })
  it('knows the other methods and refuses unknown ones', () => {
    expect(roundingFor('Commercial Rounding')(2.5, 0)).toBe(3)
    expect(roundingFor("Banker's Rounding (legacy)")(0.125, 2)).toBe(0.13)
    expect(() => roundingFor('By mood')).toThrow(/unknown rounding method/)
  })
  it('rounds to the smallest fraction of a currency', () => {
    expect(roundToFraction(9263.01, 0.01, 2, bankers)).toBe(9263.01)
    expect(roundToFraction(12.33, 0.05, 2, bankers)).toBe(12.35)
    expect(roundToFraction(12.5, 0, 2, bankers)).toBe(12)
  })
})

describe('amounts in words', () => {
  it('says the fraction, only where there is one', () => {
    expect(moneyInWords(9263.01, usd, null)).toBe('USD Nine Thousand, Two Hundred And Sixty Three and One Cent only.')
    expect(moneyInWords(180, usd, null)).toBe('USD One Hundred And Eighty only.')
    expect(moneyInWords(0, usd, null)).toBe('USD Zero only.')
    expect(moneyInWords(0.35, usd, null)).toBe('Thirty Five Cent only.')
  })
  it('joins the last two digits with and', () => {
    expect(inWords('1000050')).toBe('One Million And Fifty')
    expect(inWords('1234567', true)).toBe('Twelve Lakh, Thirty Four Thousand, Five Hundred And Sixty Seven')
  })
  it('prints money with groups and symbol', () => {
    expect(formatMoney(1234567.005, usd, format)).toBe('$ 1,234,567.00')
    expect(formatMoney(-5, usd, format)).toBe('$ -5.00')
    expect(formatMoney(12345678, { ...usd, symbolOnRight: true }, { ...format, format: '#,##,###.##' })).toBe('1,23,45,678.00 $')
  })
})
