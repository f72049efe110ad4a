import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LandfallError } from '../../src/errors/error.ts'
import { Site } from '../../src/site/site.ts'

const DOCTYPE = { name: 'Thing', module: 'Stock', autoname: 'field:title', fields: [{ fieldname: 'title', fieldtype: 'Data', reqd: 1 }], columns: [['name',
  'varchar(140)', false, 'PRI', null], ['title', 'varchar(140)', true, '', null]], controller: [] }
const RECORD = { doctype: 'Thing', name: 'A', title: 'A' }
const SETTINGS = { singles: { 'System Settings': { language: 'en' } }, defaults: { company: 'C' }, series: { 'X-': 4 }, apps: { frappe: '15' } }

let root: string
beforeAll(() => { root = mkdtempSync(join(tmpdir(), 'landfall-site-')) })
afterAll(() => rmSync(root, { recursive: true, force: true }))

let made = 0
function folder(files: Record<string, string | Buffer | null>): string {
  const path = join(root, `site${made++}`)
  mkdirSync(path)
  const all = { 'doctypes.jsonl': `${JSON.stringify(DOCTYPE)}\n`, 'records.jsonl': `${JSON.stringify(RECORD)}\n`, 'settings.json': JSON.stringify(SETTINGS),
    ...files }
  for (const [name, content] of Object.entries(all)) if (content !== null) writeFileSync(join(path, name), content)
  return path
}

function problemOf(files: Record<string, string | Buffer | null>): LandfallError {
  try {
    Site.load(folder(files))
  } catch (error) {
    expect(error).toBeInstanceOf(LandfallError)
    return error as LandfallError
  }
  throw new Error('The folder was accepted')
}

describe('a site folder', () => {
  it('loads plain and compressed files, and differs in hash when it says something else', () => {
    const plain = Site.load(folder({}))
    const packed = Site.load(folder({ 'doctypes.jsonl': null, 'doctypes.jsonl.gz': gzipSync(`${JSON.stringify(DOCTYPE)}\n`) }))
    const other = Site.load(folder({ 'records.jsonl': JSON.stringify({ ...RECORD, title: 'B' }) }))
    expect(plain.doctype('Thing')?.field('title')).toMatchObject({ label: '', reqd: true, unique: false, options: null })
    expect(packed.hash()).toBe(plain.hash())
    expect(other.hash()).not.toBe(plain.hash())
    expect(plain.records('Thing')).toEqual([{ name: 'A', title: 'A' }])
    expect(plain.series).toEqual({ 'X-': 4 })
  })

  it.each<[string, Record<string, string | Buffer | null>, string, number | undefined, RegExp]>([
    ['torn line', { 'doctypes.jsonl': `${JSON.stringify(DOCTYPE)}\n{"name": "Torn", "fie\n` }, 'doctypes.jsonl', 2, /Not JSON/],
    ['DocType without a name', { 'doctypes.jsonl': '{"module": "Stock"}' }, 'doctypes.jsonl', 1, /without a name/],
    ['DocType twice', { 'doctypes.jsonl': `${JSON.stringify(DOCTYPE)}\n\n${JSON.stringify(DOCTYPE)}` }, 'doctypes.jsonl', 3, /twice, first in line 1/],
    ['no fields', { 'doctypes.jsonl': '{"name": "T", "module": "M", "columns": []}' }, 'doctypes.jsonl', 1, /no list of fields/],
    ['field without type', { 'doctypes.jsonl': '{"name": "T", "module": "M", "columns": [], "fields": [{"fieldname": "a"}]}' }, 'doctypes.jsonl', 1,
      /no fieldname or fieldtype/],
    ['column of the wrong form', { 'doctypes.jsonl': '{"name": "T", "module": "M", "columns": [{"name": "a"}], "fields": []}' }, 'doctypes.jsonl', 1,
      /is not \[name, type/],
    ['an array for an object', { 'records.jsonl': '[1]' }, 'records.jsonl', 1, /Expected a JSON object/],
    ['record without name', { 'records.jsonl': '\n{"doctype": "Thing"}' }, 'records.jsonl', 2, /needs doctype and name/],
    ['nested record', { 'records.jsonl': '{"doctype": "Thing", "name": "A", "title": {"a": 1}}' }, 'records.jsonl', 1, /not a plain value/],
    ['torn archive', { 'records.jsonl': null, 'records.jsonl.gz': gzipSync('x'.repeat(9000)).subarray(0, 20) }, 'records.jsonl.gz', undefined,
      /cannot be read/],
    ['other encoding', { 'records.jsonl': Buffer.from([0x7b, 0xe9, 0x7d]) }, 'records.jsonl', undefined, /cannot be read/],
    ['no settings', { 'settings.json': null }, '', undefined, /no settings\.json/],
    ['settings torn', { 'settings.json': '{\n"singles": {}\n"defaults": {}}' }, 'settings.json', 3, /Not JSON/],
    ['settings incomplete', { 'settings.json': '{"singles": {}}' }, 'settings.json', undefined, /lacks "defaults"/],
    ['no records', { 'records.jsonl': null }, '', undefined, /no records\.jsonl/],
    ['no DocType', { 'doctypes.jsonl': '' }, 'doctypes.jsonl', undefined, /describes no DocType/],
  ])('is refused with file and line: %s', (_, files, file, line, message) => {
    const error = problemOf(files)
    expect(error.code).toBe('site-invalid')
    expect(error.message).toMatch(message)
    expect(error.where.line).toBe(line)
    expect(error.where.file?.endsWith(file)).toBe(true)
    expect(error.hint).toContain('doctypes.jsonl')
  })

  it('is refused when the folder is not there', () => {
    expect(() => Site.load(join(root, 'nowhere'))).toThrow(/no such folder/)
  })
})
