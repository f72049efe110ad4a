import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { registerSecret } from '../../src/errors/redact.ts'
import { Journal, readJournal } from '../../src/ledger/journal.ts'

let folder: string, file: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'landfall-journal-')); file = join(folder, 'journal.ndjson') })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const event = (type: string) => ({ type, run: 'r-1', at: '2026-11-22 10:00:00.000000' })

test('events come back in order, also after opening again', () => {
  const journal = Journal.open(file)
  journal.append([event('a'), event('b')])
  journal.close()
  const again = Journal.open(file)
  again.append([event('c')])
  expect(again.replay().map((entry) => entry.type)).toEqual(['a', 'b', 'c'])
  again.close()
})

test('a torn last line is dropped and the next event stands on a line of its own', () => {
  const journal = Journal.open(file)
  journal.append([event('a')])
  journal.close()
  appendFileSync(file, '{"type":"b","ru')
  expect(readJournal(file).map((entry) => entry.type)).toEqual(['a'])
  const again = Journal.open(file)
  again.append([event('c')])
  expect(again.replay().map((entry) => entry.type)).toEqual(['a', 'c'])
  again.close()
})

test('damage in the middle is an error that names the line', () => {
  writeFileSync(file, `${JSON.stringify(event('a'))}\n{broken\n${JSON.stringify(event('b'))}\n`)
  expect(() => readJournal(file)).toThrow(/Line 2 of the journal is damaged/)
})

test('secrets never reach the file', () => {
  registerSecret('swordfish-99')
  const journal = Journal.open(file)
  journal.append([{ ...event('a'), note: 'password is swordfish-99' }])
  journal.close()
  expect(readFileSync(file, 'utf8')).not.toContain('swordfish-99')
})
