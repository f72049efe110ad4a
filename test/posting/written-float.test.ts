import { describe, expect, it } from 'vitest'
import { isWrittenAsFloat, keepFloats, parseJson } from '../../src/model/written-float.ts'

describe('numbers of JSON as they were written', () => {
  it('tells 659.0 and 1e3 from 659 and 1000', () => {
    const given = parseJson('{"a": 659.0, "b": 659, "c": 1e3, "d": 0.5, "e": "659.0", "f": [1, 2.0]}') as Record<string, never>
    expect(Object.keys(given).filter((key) => isWrittenAsFloat(given, key))).toEqual(['a', 'c', 'd'])
    expect([0, 1].map((i) => isWrittenAsFloat(given['f']!, String(i)))).toEqual([false, true])
    expect(given).toEqual({ a: 659, b: 659, c: 1000, d: 0.5, e: '659.0', f: [1, 2] })
  })

  it('keeps it with a copy', () => {
    const given = parseJson('{"a": 1.0}') as object
    expect(isWrittenAsFloat({ ...given }, 'a')).toBe(false)
    expect(isWrittenAsFloat(keepFloats(given, { ...given }), 'a')).toBe(true)
  })
})
