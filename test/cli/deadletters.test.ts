import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import exceljs from 'exceljs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inProcess, type Said } from './in-process.ts'

vi.setConfig({ testTimeout: 240_000 })
let folder: string
const run = (...args: string[]): Promise<Said> => inProcess(folder, ...args)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-letters-'))
  mkdirSync(join(folder, 'exports'))
  mkdirSync(join(folder, 'mappings'))
  writeFileSync(join(folder, 'landfall.yaml'), 'project: shop\nsources: {old: {kind: csv, path: exports, entities: {items: {path: items.csv, delimiter: ";"}, brands: {path: brands.csv, delimiter: ";"}}}}\nrun: {now: 2026-11-22, on_blocking: skip_documents}\nlimits: {load_batch: 100}\n')
  writeFileSync(join(folder, 'exports/brands.csv'), 'id;brand;about;founded\n1;Alpha;first;1999-01-01\n2;Beta;=2+3;2001-02-03\n3;;@SUM(A1);2001-13-03\n4;short;bad\n')
  writeFileSync(join(folder, 'exports/items.csv'), 'code;name;unit;brand\nA1;Anvil;Nos;1\nA2;-Axe;pcs;1\nA3;+Awl;pcs;1\n')
  writeFileSync(join(folder, 'mappings/brands.yaml'), 'entity: brands\nkey: id\ntext_columns: [trim, {null_if: {value: ""}}]\ncolumns: {founded: {type: date}}\ndoctype: Brand\nfields:\n  brand: brand\n  description: about\n')
  writeFileSync(join(folder, 'mappings/items.yaml'), 'entity: items\nkey: code\ndoctype: Item\nfields:\n  item_code: code\n  item_name: name\n  stock_uom: unit # as they wrote it\n  item_group: {value: Products}\n  brand: {ref: brands, key: brand}\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Opens the book, changes cells of a record, saves it under another name. */
async function edit(from: string, to: string, changes: { sheet: string; row: number; column: string; value: exceljs.CellValue }[]): Promise<exceljs.Workbook> {
  const book = new exceljs.Workbook()
  await book.xlsx.readFile(join(folder, from))
  for (const { sheet, row, column, value } of changes) {
    const page = book.getWorksheet(sheet)!, heads = page.getRow(1).values as string[]
    page.eachRow((line, number) => { if (number > 1 && String(line.getCell(heads.indexOf('_row')).value) === String(row)) line.getCell(heads.indexOf(column)).value = value })
  }
  await book.xlsx.writeFile(join(folder, to))
  return book
}

function columnOf(book: exceljs.Workbook, sheet: string, column: string): unknown[] {
  const page = book.getWorksheet(sheet)!
  return [...page.getColumn((page.getRow(1).values as string[]).indexOf(column)).values]
}

test('dead letters go to Excel, are corrected by hand, come back, and only their cluster is retried', async () => {
  const first = await run('run', '--json')
  expect(first.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 3, refused: 3 } })
  const exported = await run('deadletters', 'export', join(folder, 'letters.xlsx'), '--json')
  expect([exported.code, exported.lines[0]]).toMatchObject([0, { records: 4, entities: [{ entity: 'brands', records: 2 }, { entity: 'items', records: 2 }] }])

  const book = await edit('letters.xlsx', 'corrected.xlsx', [
    { sheet: 'brands', row: 3, column: 'brand', value: 'Gamma' },
    { sheet: 'brands', row: 4, column: 'id', value: 4 }, { sheet: 'brands', row: 4, column: 'brand', value: 'Delta' }, { sheet: 'brands', row: 4, column: 'founded', value: '2004-05-06' },
    { sheet: 'items', row: 2, column: 'unit', value: 'Nos' },
  ])
  // What looks like a formula is text, in a cell of format Text, and is what it was.
  expect(columnOf(book, 'brands', 'about')).toContain('@SUM(A1)')
  expect(book.getWorksheet('items')!.getRow(2).getCell('H').numFmt).toBe('@')

  const wrong = await edit('letters.xlsx', 'wrong.xlsx', [{ sheet: 'brands', row: 3, column: 'founded', value: 'soon' }, { sheet: 'items', row: 2, column: 'unit', value: { formula: '1+1', result: 2 } as exceljs.CellValue }])
  expect(wrong).toBeDefined()
  const formula = await run('deadletters', 'import', join(folder, 'wrong.xlsx'))
  expect([formula.code, formula.err]).toEqual([1, expect.stringMatching(/holds a formula, not a value/)])
  await edit('letters.xlsx', 'wrong.xlsx', [{ sheet: 'brands', row: 3, column: 'founded', value: 'soon' }])
  const mistyped = await run('deadletters', 'import', join(folder, 'wrong.xlsx'))
  expect([mistyped.code, mistyped.err]).toEqual([2, expect.stringMatching(/brands row 2, founded: "soon" cannot be read as date/)])

  const taken = await run('deadletters', 'import', join(folder, 'corrected.xlsx'), '--retry', '--json')
  expect(taken.lines[0], taken.out).toMatchObject({ type: 'corrected', records: 3, cells: 5, unchanged: 1 })
  const results = taken.lines.filter((line) => line['type'] === 'result').map((line) => (line['outcomes'] as { loaded: number }).loaded)
  expect(results.reduce((sum, n) => sum + n, 0)).toBe(3)
  expect((taken.lines.filter((line) => line['type'] === 'result').at(-1)!['proof'] as { passed: boolean }).passed).toBe(true)

  // The record was corrected since the export: the same file is stale now. Nothing changed where the cells are what the record is.
  await edit('letters.xlsx', 'stale.xlsx', [{ sheet: 'items', row: 2, column: 'unit', value: 'Box' }])
  expect((await run('deadletters', 'import', join(folder, 'stale.xlsx'))).err).toMatch(/items row 2: record 2 of items has changed since the export/)

  const history = await run('corrections', 'list', '--json')
  expect(history.lines.map((line) => [line['entity'], line['changes'], line['undone']])).toEqual([
    ['brands', { brand: { old: null, new: 'Gamma' } }, null],
    ['brands', { id: { old: null, new: '4' }, brand: { old: null, new: 'Delta' }, founded: { old: null, new: '2004-05-06' } }, null],
    ['items', { unit: { old: 'pcs', new: 'Nos' } }, null],
  ])
  const report = JSON.parse(readFileSync(join(folder, (taken.lines.filter((line) => line['type'] === 'result').at(-1)!['report'] as string[]).find((file) => file.endsWith('report.json'))!.replace(/^.*\.landfall/, '.landfall')), 'utf8')) as { statistics?: { totalRecords: number; failed: number } }
  expect(JSON.stringify(report)).toContain('"brands"')

  // One record by hand, type-checked, and taken back.
  expect((await run('corrections', 'set', 'items', 'A3', 'unit=Nos', '--json')).lines[0]).toMatchObject({ type: 'corrected', entity: 'items', key: 'A3', row: 3 })
  expect((await run('corrections', 'set', 'brands', '1', 'founded=never')).err).toMatch(/founded: "never" cannot be read as date/)
  expect((await run('corrections', 'set', 'brands', '1', 'foundd=2001-01-01')).err).toMatch(/no column=value of brands.*founded/)
  const last = String((await run('corrections', 'list', '--json')).lines.at(-1)!['id'])
  expect((await run('corrections', 'undo', last)).out).toMatch(/taken back/)
  expect((await run('corrections', 'undo', last)).code).toBe(2)
})

test('corrections hold when the source is read again, and are stale findings where the record changed there', async () => {
  writeFileSync(join(folder, 'exports/brands.csv'), 'id;brand;about;founded\n9;New;ninth;1999-01-01\n1;Alpha;first;1999-01-01\n2;Beta;=2+3;2001-02-03\n3;;@SUM(A1);2001-13-03\n4;short;bad\n')
  writeFileSync(join(folder, 'exports/items.csv'), 'code;name;unit;brand\nA1;Anvil;Nos;1\nA2;Ax;pcs;1\nA3;+Awl;pcs;1\n')
  const again = await run('run', '--json')
  expect(again.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 1, unchanged: 6, refused: 1 } })
  const stale = (await run('findings', '--json')).lines.find((line) => line['type'] === 'correction-stale')
  expect(stale).toMatchObject({ doctype: 'entity:items', documents: 1 })
})

test('a cause is fixed once, in the mapping, with all else in the file kept; what is not sure is refused', async () => {
  const cause = String((await run('findings', '--json')).lines.find((line) => line['type'] === 'LinkValidationError')!['id'])
  const before = readFileSync(join(folder, 'mappings/items.yaml'), 'utf8')
  expect((await run('fix', cause, '--map', 'pcs=Nos', '--dry-run')).out).toContain('stock_uom: {field: unit, map: {pcs: Nos}, unmapped: keep} # as they wrote it')
  expect(readFileSync(join(folder, 'mappings/items.yaml'), 'utf8')).toBe(before)
  expect(await run('fix', cause, '--policy', 'missing_reference=skip')).toMatchObject({ code: 2, err: expect.stringContaining('does not go with stock_uom') as string })
  expect(await run('fix', cause, '--transform', 'nonsense')).toMatchObject({ code: 2 })
  expect(readFileSync(join(folder, 'mappings/items.yaml'), 'utf8')).toBe(before)
  const fixed = await run('fix', cause, '--map', 'pcs=Nos', '--retry', '--json')
  expect(fixed.lines[0]).toMatchObject({ type: 'fixed', written: true, changes: [expect.stringContaining('stock_uom: pcs becomes Nos') as string] })
  expect(fixed.lines.find((line) => line['type'] === 'result')).toMatchObject({ outcomes: { loaded: 1, refused: 0 } })
})
