import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonText } from '../../../src/sources/json/json-text.ts'
import { PlainRecord } from '../../../src/sources/json/plain-record.ts'
import { spoolRecord } from '../../../src/sources/spool-writer.ts'

const KEYS = ['id', 'a"b', 'ü', 'x', 'name']
const VALUES = ['1', '-0', '1.50', '1e5', '01', '1.', '-', '12345678901234567890', 'true', 'false', 'null', 'nul', '""', '"a"', String.raw`"\""`, String.raw`"a\\b\/\n\t\r\b\f"`, String.raw`"\u00fc\u20ac\u0022"`,
  String.raw`"\ud83d\ude00"`, String.raw`"\ud83d"`, String.raw`"\u0000"`, String.raw`"\x"`, '"ü€😀"', '"a\tb"', '{}', '[1]', '{"q":1}', String.raw`"\\N"`, '"N,x"', '1 2', '+1', '"', `"${'y'.repeat(70)}"`]

/** What the strict reader makes of the line: its values, or null where it finds a fault or a key twice. */
function strictly(text: string): Map<string, string | null> | null {
  const found = new Map<string, string | null>()
  let twice = false
  try {
    new JsonText(text).record({ value: (path, value) => { found.set(path, value) }, doubled: () => { twice = true } })
  } catch {
    return null
  }
  return twice ? null : found
}

it('takes a line by the short way only where the strict reader gives the same', () => {
  const space = fc.constantFrom('', '', ' ', '\t', '\r'), member = fc.tuple(fc.constantFrom(...KEYS, 'new'), fc.constantFrom(...VALUES), space).map(([key, value, gap]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${value}${gap}`)
  let taken = 0
  fc.assert(fc.property(fc.array(member, { maxLength: 4 }), fc.nat(400), fc.nat(400), (members, cut, broken) => {
    const bytes = Buffer.from(`{${members.join(',')}}`.slice(0, cut < 40 ? cut : undefined) + '\nrest')
    const end = bytes.indexOf(10)
    if (broken < end) bytes[broken] = 0xff
    const plain = new PlainRecord(KEYS, 60), next = plain.scan(bytes, 0, bytes.length)
    if (next < 0) return
    taken++
    const values = strictly(bytes.toString('utf8', 0, end))
    const line = plain.line(bytes, Int32Array.from(KEYS, (_, i) => i), next * 2 + KEYS.length * 3).toString('utf8', 0, plain.used)
    expect(next).toBe(end + 1)
    expect(spoolRecord(line.replace(/\n$/, ''))).toEqual(KEYS.map((key) => values?.get(key) ?? null))
    expect(values).not.toBeNull()
    expect(KEYS.map((_, slot) => plain.text(bytes, slot))).toEqual(KEYS.map((key) => values?.get(key) ?? null))
  }), { numRuns: 5000 })
  expect(taken).toBeGreaterThan(200)
})
