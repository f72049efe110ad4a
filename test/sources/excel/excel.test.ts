import { join } from 'node:path'
import ExcelJS from 'exceljs'
import * as XLSX from '@e965/xlsx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookOf, momentText, numberText, unescapeText } from '../../../src/sources/excel/cell-text.ts'
import { describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'
import { Folder } from '../file/folder.ts'

/** What exceljs can write: texts up to 32,767 characters, and line ends as XML reads them (it does not write CR as `_x000D_`, as Excel does). */
function excelEntities(): ExpectedEntity[] {
  return standardEntities().map((entity) => ({ ...entity, rows: entity.rows.map((row) => row.map((value) => value === null ? null : value.slice(0, 32_000).replace(/\r\n?/g, '\n'))) }))
}

function fill(sheet: ExcelJS.Worksheet, entity: ExpectedEntity): void {
  sheet.addRow(entity.columns.map((column) => column.name))
  for (const row of entity.rows) sheet.addRow(row.map((value) => value))
}

describeSource({ describe, it, beforeAll, afterAll }, 'xlsx', async () => {
  const folder = new Folder(), entities = excelEntities(), book = new ExcelJS.Workbook()
  for (const entity of entities) fill(book.addWorksheet(entity.name), entity)
  await book.xlsx.writeFile(join(folder.path, 'book.xlsx'))
  return { entities, open: () => folder.open('excel', { path: 'book.xlsx' }), dispose: async () => folder.remove() }
})

describe('excel', () => {
  const folder = new Folder()
  afterAll(() => folder.remove())

  it('reads numbers, dates, booleans, formulas, errors and rich text as they are meant', async () => {
    const book = new ExcelJS.Workbook(), sheet = book.addWorksheet('Data')
    sheet.addRow(['number', 'date', 'moment', 'yes', 'formula', 'error', 'rich', 'link', 'percent'])
    sheet.addRow([1.1000000000000001, new Date(Date.UTC(2024, 1, 29)), new Date(Date.UTC(2024, 1, 29, 13, 45, 30, 250)), true, { formula: 'A2*2', result: 2.2 }, { error: '#N/A' }, { richText: [{ text: 'bold', font: { bold: true } }, { text: ' plain' }] }, { text: 'site', hyperlink: 'https://example.com' }, 0.255])
    sheet.addRow([0.1 + 0.2, null, null, false, { formula: '=cmd|calc', result: '=cmd|\'/C calc\'!A0' }, null, null, null, 1e21])
    sheet.getCell('B2').numFmt = 'dd/mm/yyyy'
    sheet.getCell('C2').numFmt = 'yyyy-mm-dd hh:mm:ss.000'
    sheet.getCell('I2').numFmt = '0.0%'
    sheet.getRow(3).hidden = true
    await book.xlsx.writeFile(join(folder.path, 'types.xlsx'))
    const { rows, entity } = await folder.load('excel', { path: 'types.xlsx' })
    expect(rows).toEqual([
      ['1.1', '2024-02-29', '2024-02-29 13:45:30.250', 'true', '2.2', null, 'bold plain', 'site', '0.255'],
      ['0.3', null, null, 'false', "=cmd|'/C calc'!A0", null, null, null, '1000000000000000000000'],
    ])
    expect(entity.columns.map((column) => column.type).slice(0, 4)).toEqual(['decimal', 'date', 'timestamp', 'boolean'])
    expect(entity.notes.join('\n')).toMatch(/1 cells hold an error/)
    expect(entity.notes.join('\n')).toMatch(/1 records stand in hidden rows/)
  })

  it('finds the header below a title, notes hidden sheets and merged cells', async () => {
    const book = new ExcelJS.Workbook(), sheet = book.addWorksheet('Report')
    sheet.addRow(['Customers of 2024'])
    sheet.mergeCells('A1:C1')
    sheet.addRow([])
    sheet.addRow([null, 'Id', 'Name', 'Name'])
    sheet.addRow([null, 1, 'Ada', 'x'])
    sheet.addRow([])
    sheet.addRow([null, 2, 'Bob', null, 'unnamed'])
    book.addWorksheet('Secret', { state: 'veryHidden' }).addRow(['a', 'b'])
    await book.xlsx.writeFile(join(folder.path, 'report.xlsx'))
    const { rows, columns, entity, catalog } = await folder.load('excel', { path: 'report.xlsx' })
    expect(columns).toEqual(['Id', 'Name', 'Name_2', 'column_4'])
    expect(rows).toEqual([['1', 'Ada', 'x', null], ['2', 'Bob', null, 'unnamed']])
    expect(entity.notes).toContain('header on row 3')
    expect(entity.notes.join()).toMatch(/merged/)
    expect(catalog.entities[1]?.notes).toContain('the sheet is hidden')
  })

  it('counts dates from 1904 where the book does', async () => {
    const book = new ExcelJS.Workbook(), sheet = book.addWorksheet('S')
    book.properties.date1904 = true
    sheet.addRow(['day', 'n'])
    sheet.addRow([new Date(Date.UTC(2024, 0, 1)), 1])
    await book.xlsx.writeFile(join(folder.path, 'mac.xlsx'))
    expect((await folder.load('excel', { path: 'mac.xlsx' })).rows).toEqual([['2024-01-01', '1']])
  })

  it('reads .xls, .xlsb and .ods in a thread of its own', async () => {
    const sheet = XLSX.utils.aoa_to_sheet([['id', 'name', 'amount', 'day'], [1, 'Ärger', 12.5, 45351], [2, 'x', 0.1, 45352.25]])
    for (const cell of ['D2', 'D3']) sheet[cell]!.z = cell === 'D2' ? 'yyyy-mm-dd' : 'yyyy-mm-dd hh:mm'
    const book = XLSX.utils.book_new()
    XLSX.utils.book_append_sheet(book, sheet, 'Old')
    for (const type of ['biff8', 'xlsb', 'ods'] as const) {
      const ending = type === 'biff8' ? 'xls' : type
      folder.write(`old.${ending}`, XLSX.write(book, { type: 'buffer', bookType: type }) as Buffer)
      const { rows } = await folder.load('excel', { path: `old.${ending}` })
      expect(rows.map((row) => row.slice(0, 3)), ending).toEqual([['1', 'Ärger', '12.5'], ['2', 'x', '0.1']])
      expect(rows[0]?.[3], ending).toMatch(/^2024-02-29/)
    }
  })

  it('reads control characters as Excel writes them', async () => {
    expect(unescapeText('a_x000D_b _x005F_x000D_ x_y')).toBe('a\rb _x000D_ x_y')
  })

  it('knows its numbers and moments', () => {
    expect(['1.1000000000000001', '0.30000000000000004', '12345678901234567', '1E-3', '-0.5', '1.0'].map(numberText)).toEqual(['1.1', '0.3', '12345678901234567', '0.001', '-0.5', '1'])
    const day = lookOf(14, undefined), both = lookOf(22, undefined), clock = lookOf(0, 'hh:mm'), long = lookOf(0, '[h]:mm:ss')
    expect([momentText('1', day, false), momentText('59', day, false), momentText('60', day, false), momentText('61', day, false), momentText('0', day, true)])
      .toEqual(['1900-01-01', '1900-02-28', '1900-02-29', '1900-03-01', '1904-01-01'])
    expect([momentText('45351.5', both, false), momentText('45351', both, false), momentText('0.75', clock, false), momentText('1.5', long, false), momentText('-3', day, false)])
      .toEqual(['2024-02-29 12:00:00', '2024-02-29 00:00:00', '18:00:00', '36:00:00', '-3'])
    expect([lookOf(0, '0.00 "days"').date, lookOf(0, '#,##0\\d').date, lookOf(0, '[$-409]d-mmm-yy;@').date, lookOf(0, '[Red]0.0').date, lookOf(0, 'General').date, lookOf(0, 'mm:ss.0').time]).toEqual([false, false, true, false, false, true])
  })
})
