import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact, registerSecret } from '../../src/errors/redact.ts'
import { addDecimal, compareDecimal, formatDecimal, parseDecimal, subtractDecimal } from '../../src/model/decimal.ts'
import { formatKey, parseKey } from '../../src/model/key.ts'
import { seededRandom } from '../../src/model/clock.ts'
import { distinctNames } from '../../src/model/names.ts'

const decimalText = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 12 })).map(([units, scale]) => formatDecimal({ units, scale }, scale))

describe('keys', () => {
  test('a tuple comes back as it was, whatever is in it', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }), (parts) => { expect(parseKey(formatKey(parts))).toEqual(parts) }))
    expect(parseKey(formatKey(['a\u001fb', 'c\\', '\\u']))).toEqual(['a\u001fb', 'c\\', '\\u'])
  })

  test('different tuples have different texts', () => {
    const part = fc.stringMatching(/^[\\u\u001fa]{0,4}$/)
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.array(part, { minLength: 1, maxLength: 3 }), (a, b) => {
      expect(formatKey(a) === formatKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }), { numRuns: 1000 })
  })
})

describe('decimals', () => {
  test('sums are exact and order does not matter', () => {
    fc.assert(fc.property(decimalText, decimalText, decimalText, (a, b, c) => {
      const [x, y, z] = [parseDecimal(a)!, parseDecimal(b)!, parseDecimal(c)!]
      expect(compareDecimal(addDecimal(addDecimal(x, y), z), addDecimal(z, addDecimal(y, x)))).toBe(0)
      expect(compareDecimal(subtractDecimal(addDecimal(x, y), y), x)).toBe(0)
    }))
    expect(formatDecimal(addDecimal(parseDecimal('0.1')!, parseDecimal('0.2')!))).toBe('0.3')
  })

  test('text that is no number is none', () => {
    for (const text of ['', ' ', '.', '1,200', 'NaN', 'Infinity', '1.2.3', '0x1F', '--1', '1e99999']) expect(parseDecimal(text), text).toBeNull()
    expect(['-12.50', '.5', '1e-3', '+7', '12e2'].map((text) => formatDecimal(parseDecimal(text)!, 2))).toEqual(['-12.50', '0.50', '0.001', '7.00', '1200.00'])
  })
})

describe('small things', () => {
  test('column names are distinct without case, keep their order, and stay when they can', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', 'A', 'b', '', '_row', 'a_2', 'x')), (names) => {
      const distinct = distinctNames(names)
      expect(distinct).toHaveLength(names.length)
      expect(new Set(['_row', ...distinct.map((name) => name.toLowerCase())]).size).toBe(names.length + 1)
    }))
    expect(distinctNames(['Name', 'name', '', '_row'])).toEqual(['Name', 'name_2', 'column_3', '_row_2'])
  })

  test('secrets leave by no door', () => {
    registerSecret('s3cr3t/+pass word')
    for (const form of ['s3cr3t/+pass word', encodeURIComponent('s3cr3t/+pass word'), Buffer.from('s3cr3t/+pass word').toString('base64')]) expect(redact(`at ${form} end`)).toBe('at [redacted] end')
    expect(redact('postgres://reader:hunter22@db/erp')).toBe('postgres://reader:[redacted]@db/erp')
  })

  test('the same seed draws the same numbers', () => {
    const [a, b] = [seededRandom(7), seededRandom(7)]
    const drawn = Array.from({ length: 100 }, () => a())
    expect(drawn).toEqual(Array.from({ length: 100 }, () => b()))
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(1)
    expect(new Set(drawn).size).toBeGreaterThan(95)
  })
})
