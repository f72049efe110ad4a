import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { AuditTrail, checkTrail } from '../../src/ledger/audit-trail.ts'
import { fixedClock, seededRandom } from '../../src/model/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'landfall-audit-')), file = join(folder, 'audit.jsonl')
let lines: string[], head: string
beforeEach(() => {
  rmSync(file, { force: true }); rmSync(`${file}.head`, { force: true })
  const trail = new AuditTrail(file, fixedClock('2026-11-22'))
  for (let i = 1; i <= 12; i++) trail.append(i % 2 ? 'anna' : 'ben', 'step', { number: i, text: `é "${i}"` })
  lines = readFileSync(file, 'utf8').trim().split('\n')
  head = trail.head()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const written = (changed: string[]): string[] => { writeFileSync(file, `${changed.join('\n')}\n`); return checkTrail(file).faults.map((fault) => fault.what) }

test('an untouched trail has no fault, and goes on', () => {
  expect(checkTrail(file, head)).toEqual({ entries: 12, head, faults: [] })
  expect(new AuditTrail(file, fixedClock('2026-11-22')).append('anna', 'more').seq).toBe(13)
  expect(checkTrail(file, head).faults).toEqual([])
})

test('every edit, removal, insertion, swap and cut is found', () => {
  const random = seededRandom(11)
  for (let i = 0; i < lines.length; i++) {
    expect(written(lines.with(i, lines[i]!.replace('"step"', '"stop"'))).length, `edit of ${i + 1}`).toBeGreaterThan(0)
    expect(written(lines.toSpliced(i, 1)).length, `removal of ${i + 1}`).toBeGreaterThan(0)
    expect(written(lines.toSpliced(i, 0, lines[Math.floor(random() * lines.length)]!)).length, `insertion at ${i + 1}`).toBeGreaterThan(0)
    if (i > 0) expect(written([...lines.slice(0, i - 1), lines[i]!, lines[i - 1]!, ...lines.slice(i + 1)]).length, `swap of ${i}`).toBeGreaterThan(0)
    expect(written(lines.slice(0, i)).length, `cut after ${i}`).toBeGreaterThan(0)
  }
})

test('who rewrites the end and its hash is given away by the signed head; nothing is appended to a cut trail', () => {
  writeFileSync(file, `${lines.slice(0, 5).join('\n')}\n`)
  expect(() => new AuditTrail(file, fixedClock('2026-11-22')).append('mallory', 'x')).toThrow(/does not end where it ended/)
  writeFileSync(`${file}.head`, `${(JSON.parse(lines[4]!) as { hash: string }).hash}\n`)
  expect(checkTrail(file).faults).toEqual([])
  expect(checkTrail(file, head).faults).toEqual([{ line: 5, what: expect.stringContaining('signed') as string }])
})
