import iconv from 'iconv-lite'
import { appendFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import type { Cursor } from '../../../src/model/batch.ts'
import { collect } from '../../../src/testing/source-conformance.ts'
import { Folder } from './folder.ts'

const folder = new Folder()
afterAll(() => folder.remove())

async function csv(content: string | Buffer, options: Record<string, unknown> = {}, name = 'f.csv') {
  folder.write(name, content)
  return folder.load('file', { path: name, ...options })
}

describe('dialects', () => {
  const rows = [['id', 'name', 'amount'], ['1', 'Ada', '1,50'], ['2', 'Bob', '2,75']]
  for (const delimiter of [';', '\t', '|', '||', '^', '~', '\u0001', '§', '::']) {
    it(`finds the delimiter ${JSON.stringify(delimiter)}`, async () => {
      const found = await csv(rows.map((row) => row.join(delimiter)).join('\r\n'))
      expect(found.columns).toEqual(rows[0])
      expect(found.rows).toEqual(rows.slice(1))
      expect(found.entity.columns[2]).toMatchObject({ type: 'decimal', inferred: true })
      expect(found.entity.notes.join('\n')).toMatch(/column `amount`: decimal comma/)
    })
  }

  it('reads single quotes, backslash escapes and no quotes', async () => {
    expect((await csv("id,name\n1,'a, b'\n2,'it''s'\n")).rows).toEqual([['1', 'a, b'], ['2', "it's"]])
    expect((await csv('id,name\n1,"a \\"b\\", c"\n2,"d\\\\e"\n')).rows).toEqual([['1', 'a "b", c'], ['2', 'd\\e']])
    expect((await csv('id\tname\n1\t5" pipe\n2\t"x\n', { quote: null })).rows).toEqual([['1', '5" pipe'], ['2', '"x']])
  })

  it('keeps a quote inside an unquoted value', async () => {
    expect((await csv('id,size,note\n1,5" pipe,"a ""b"""\n2,6,x\n')).rows).toEqual([['1', '5" pipe', 'a "b"'], ['2', '6', 'x']])
  })

  it('reads CR, LF and CRLF, also mixed', async () => {
    expect((await csv('a,b\r1,2\r3,4\r')).rows).toEqual([['1', '2'], ['3', '4']])
    expect((await csv('a,b\r\n1,2\n3,4\r\n5,6')).rows).toEqual([['1', '2'], ['3', '4'], ['5', '6']])
    expect((await csv('a,b\n1,2\r3,4\r\n5,6\n')).rows).toEqual([['1', '2'], ['3', '4'], ['5', '6']])
  })

  it('tells NULL from empty', async () => {
    expect((await csv('a,b,c,d\n1,,"",\\N\n2,NA,"NA","\\N"\n', { nulls: ['', '\\N', 'NA'] })).rows).toEqual([['1', null, '', null], ['2', null, 'NA', '\\N']])
    expect((await csv('a;b\n1;\n2;\\N\n', { nulls: [] })).rows).toEqual([['1', ''], ['2', '\\N']])
  })

  it('tells a header from values, and takes the one at a given line', async () => {
    expect((await csv('1,Ada,2024-01-01\n2,Bob,2024-01-02\n')).columns).toEqual(['column_1', 'column_2', 'column_3'])
    const report = 'Report of January\n\nid,name\n1,Ada\n2,Bob\nTotal,2\n'
    await expect(csv(report)).rejects.toMatchObject({ code: 'file-unreadable', hint: expect.stringContaining('header: 3') })
    expect((await csv(report, { header: 3, skip: ['^Total'] })).rows).toEqual([['1', 'Ada'], ['2', 'Bob']])
    expect((await csv(report, { header: 3, skipBottom: 1 })).rows).toEqual([['1', 'Ada'], ['2', 'Bob']])
    expect((await csv('# made by X\nid,name\n# half\n1,Ada\n', { comment: '#' })).rows).toEqual([['1', 'Ada']])
    expect((await csv('1,2\n3,4\n', { header: false, names: ['a', 'b'] })).columns).toEqual(['a', 'b'])
  })

  it('makes names unique and notes it', async () => {
    const { columns, entity } = await csv('name,Name,,name_2,_row\na,b,c,d,e\n')
    expect(columns).toEqual(['name', 'Name_3', 'column_3', 'name_2', '_row_2'])
    expect(entity.notes.join('\n')).toMatch(/second `Name`, read as `Name_3`/)
  })

  it('drops the empty value behind a trailing delimiter', async () => {
    expect((await csv('a,b,\n1,2,\n3,4,\n')).rows).toEqual([['1', '2'], ['3', '4']])
    expect((await csv('a,b\n1,2,\n3,4,\n')).rows).toEqual([['1', '2'], ['3', '4']])
  })

  it('reads fixed-width text', async () => {
    const text = 'ID   NAME      AMOUNT\n00001Ärger       1.50\n00002Bob      \n'
    const { rows, columns } = await csv(text, { widths: [5, 10, 6], header: true }, 'fixed.txt')
    expect(columns).toEqual(['ID', 'NAME', 'AMOUNT'])
    expect(rows).toEqual([['00001', 'Ärger', '1.50'], ['00002', 'Bob', null]])
  })
})

describe('dirty records', () => {
  it('rejects ragged records with their line, in the presence of line ends in quotes', async () => {
    const { rows, rejects, entity } = await csv('a,b\n1,"x\ny\nz"\n2\n3,4,5\n6,7\n')
    expect(rows).toEqual([['1', 'x\ny\nz'], ['6', '7']])
    expect(rejects.map((one) => [one.line, one.ordinal, one.raw])).toEqual([[5, 2, '2'], [6, 3, '3,4,5']])
    expect(entity.rowCount).toEqual({ value: 4, exact: true })
    expect((await csv('a,b\n1\n3,4\n', { ragged: 'pad' })).rows).toEqual([['1', null], ['3', '4']])
  })

  it('loses one record to a quote never closed, not the file', async () => {
    const { rows, rejects } = await csv(`a,b\n1,x\n2,"open\n${Array.from({ length: 50 }, (_, i) => `${i + 3},y\n`).join('')}`)
    expect(rows).toHaveLength(51)
    expect(rejects.map((one) => [one.line, one.reason])).toEqual([[3, 'a quote is opened and never closed']])
    const second = await csv(`a,b\n1,"x" y\n${'2,"ok"\n'.repeat(20)}`)
    expect(second.rows).toEqual(Array.from({ length: 20 }, () => ['2', 'ok']))
    expect(second.rejects[0]?.reason).toMatch(/text follows a closing quote/)
  })

  it('sees a torn last line', async () => {
    const { rows, rejects, entity } = await csv('a,b,c\n1,2,3\n4,5')
    expect(rows).toEqual([['1', '2', '3']])
    expect(rejects[0]).toMatchObject({ line: 3, reason: expect.stringContaining('the file ends in it') })
    expect(entity.notes.join('\n')).toMatch(/last line has no line end/)
  })

  it('rejects NUL bytes or removes them, and values and records beyond the limits', async () => {
    expect((await csv('a,b\n1,x\0y\n2,z\n')).rejects[0]).toMatchObject({ line: 2, reason: 'it holds a NUL byte' })
    expect((await csv('a,b\n1,x\0y\n2,z\n', { nul: 'remove' })).rows).toEqual([['1', 'xy'], ['2', 'z']])
    const long = 'x'.repeat(3_000_000)
    const cell = await csv(`a,b\n1,${long}\n2,z\n`, { limits: { cellBytes: 1_000_000 } })
    expect([cell.rows, cell.rejects[0]?.reason, cell.rejects[0]?.raw.length]).toEqual([[['2', 'z']], 'value 2 is longer than 1000000 bytes', 10_000])
    const record = await csv(`a,b\n1,${long}\n2,z\n`, { limits: { recordBytes: 1_000_000 } })
    expect([record.rows, record.rejects[0]?.line, record.rejects[0]?.reason]).toEqual([[['2', 'z']], 2, 'it is longer than 1000000 bytes'])
  })

  it('keeps formulas and markup as text', async () => {
    expect((await csv('a,b\n=cmd|\'/C calc\'!A0,<script>\n+1,@x\n')).rows).toEqual([["=cmd|'/C calc'!A0", '<script>'], ['+1', '@x']])
  })
})

describe('encodings', () => {
  const german = 'id,name,town\n1,Müller,Köln\n2,Groß,Düsseldorf\n3,Jäger,Nürnberg\n4,Schröder,Überlingen\n'
  for (const [encoding, options] of [['utf-8', {}], ['windows-1252', {}], ['utf-16le', {}], ['utf-16be', { encoding: 'utf-16be' }], ['utf-32le', { encoding: 'utf-32le' }], ['cp850', { encoding: 'cp850' }], ['macroman', { encoding: 'macroman' }]] as const) {
    it(`reads ${encoding}`, async () => {
      const { rows } = await csv(iconv.encode(german, encoding), options)
      expect(rows.map((row) => row[1])).toEqual(['Müller', 'Groß', 'Jäger', 'Schröder'])
    })
  }
  for (const [encoding, text] of [['shift_jis', 'id,名前\n1,東京都に住む人々の会社\n2,大阪の株式会社である\n'], ['windows-1251', 'id,имя\n1,Общество с ограниченной ответственностью\n2,Москва и область\n'], ['gb18030', 'id,名字\n1,我们的公司在中国上海\n2,这是一个有限公司的名字\n']] as const) {
    it(`reads ${encoding} or asks, never guesses`, async () => {
      folder.write('e.csv', iconv.encode(text, encoding))
      const found = await folder.load('file', { path: 'e.csv' }).catch((error: unknown) => error as { code: string })
      if ('code' in found) expect(found.code).toBe('encoding-uncertain')
      else expect(found.rows.map((row) => row[1])).toEqual(text.trim().split('\n').slice(1).map((line) => line.split(',')[1]))
      expect((await folder.load('file', { path: 'e.csv', encoding })).columns[1]).toBe(text.slice(3, text.indexOf('\n')))
    })
  }

  it('asks where detectors differ, naming candidates and what they read', async () => {
    const error = await csv(iconv.encode('id,name\n1,M\u00fcller\n2,\u00c4rzte\n3,Stra\u00dfe\n', 'cp850')).then(() => null, (thrown: unknown) => thrown as { code: string; message: string; hint: string })
    expect(error).toMatchObject({ code: 'encoding-uncertain', hint: expect.stringContaining('encoding') })
    expect(error?.message).toMatch(/cp850 reads/)
  })

  it('rejects lines that do not decode, with their number', async () => {
    const mixed = Buffer.concat([Buffer.from('id,name\n1,Müller\n2,Größe\n3,Jäger\n4,'), Buffer.from([0xe9, 0x0a]), Buffer.from('5,Ñandú\n')])
    const { rows, rejects, entity } = await csv(mixed)
    expect(rows).toHaveLength(4)
    expect(rejects).toMatchObject([{ line: 5, reason: 'it does not decode in the encoding of the file' }])
    expect(entity.notes.join('\n')).toMatch(/mixed encodings/)
    expect((await csv(Buffer.from([0x61, 0x2c, 0x62, 10, 0x31, 0x2c, 0x81, 10, 0x32, 0x2c, 0xe9, 10]), { encoding: 'windows-1252' })).rejects).toMatchObject([{ line: 2 }])
  })
})

describe('files', () => {
  const many = `id,name\n${Array.from({ length: 5000 }, (_, i) => `${i + 1},name ${i + 1}\n`).join('')}`

  it('unpacks gz, zst and zip by content', async () => {
    expect((await csv(gzipSync(many), {}, 'm.csv.gz')).rows).toHaveLength(5000)
    expect((await csv(zstdCompressSync(many), {}, 'm.csv')).rows).toHaveLength(5000)
    await expect(csv(gzipSync(many).subarray(0, 9000), {}, 'torn.csv.gz')).rejects.toMatchObject({ code: 'file-unreadable' })
    await expect(csv(gzipSync(Buffer.alloc(60_000_000)), { limits: { ratio: 100 } }, 'bomb.csv.gz')).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  it('joins the files of a glob and names the one whose header differs', async () => {
    folder.write('parts/sales-1.csv', 'id,v\n1,a\n')
    folder.write('parts/sales-2.csv', 'id,v\n2,b\n')
    const { rows, entity } = await folder.load('file', { path: 'parts/sales-*.csv' })
    expect([entity.name, entity.rowCount.value, rows]).toEqual(['sales', 2, [['1', 'a'], ['2', 'b']]])
    folder.write('parts/sales-3.csv', 'id,w\n3,c\n')
    await expect(folder.load('file', { path: 'parts/sales-*.csv' })).rejects.toMatchObject({ code: 'file-unreadable', message: expect.stringMatching(/sales-3.csv.*it lacks v; it adds w/) })
  })

  it('makes an entity per file of a folder, and of named entries with options of their own', async () => {
    folder.write('two/a.csv', 'id;v\n1;a\n')
    folder.write('two/b.tsv', 'id\tv\n2\tb\n')
    const source = await folder.open('file', { path: 'two' })
    expect((await source.describe()).entities.map((entity) => entity.name)).toEqual(['a', 'b'])
    const named = await folder.open('file', { path: 'two', quote: '"', entities: { first: { path: 'a.csv', header: false }, second: 'b.tsv' } })
    expect((await named.describe()).entities.map((entity) => [entity.name, entity.rowCount.value])).toEqual([['first', 2], ['second', 1]])
  })

  it('refuses to resume in a file that changed', async () => {
    const path = folder.write('grow.csv', many)
    const source = await folder.open('file', { path: 'grow.csv' })
    const first = await collect(source, 'grow', { batchRows: 100, stopAfterBatches: 1 })
    appendFileSync(path, '5001,more\n')
    utimesSync(path, 1, 1)
    const again = await folder.open('file', { path: 'grow.csv' })
    expect((await collect(again, 'grow', { after: first.batches[0]?.cursor as Cursor })).error).toMatchObject({ code: 'source-changed' })
    expect((await collect(source, 'grow')).error).toMatchObject({ code: 'source-changed' })
  })

  it('refuses what is no regular file', async () => {
    symlinkSync(join(folder.path, 'loop.csv'), join(folder.path, 'loop.csv'))
    await expect(folder.open('file', { path: 'loop.csv' })).rejects.toMatchObject({ code: 'file-unreadable', message: expect.stringContaining('leads to itself') })
    await expect(folder.load('file', { path: 'absent.csv' })).rejects.toMatchObject({ code: 'config-missing' })
  })
})
