import { describe, expect, it } from 'vitest'
import { fold, sameText } from '../../src/posting/framework/collation.ts'

describe('utf8mb4_unicode_ci', () => {
  it('does not see case, accents and trailing spaces', () => {
    expect(sameText('Ana Trujillo', 'ANA TRUJILLO  ')).toBe(true)
    expect(sameText('Bólido', 'bolido')).toBe(true)
    expect(sameText(' x', 'x')).toBe(false)
    expect(sameText('a\tb', 'a b')).toBe(false)
  })
  it('expands and ignores as measured', () => {
    expect(fold('Straße')).toBe('strasse')
    expect(sameText('a\u200bb', 'ab')).toBe(true)
    expect(sameText('😀', '🚀')).toBe(true)
    expect(sameText('か', 'ガ')).toBe(true)
    expect(sameText('大', '小')).toBe(false)
  })
})
