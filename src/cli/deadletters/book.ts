import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CellValue, Worksheet } from 'exceljs'
import { LandfallError, messageOf } from '../../errors/error.ts'
import type { DeadLetterSheet } from '../../phases/dead-letters.ts'

/** Columns of ours before those of the legacy record; the rest of a sheet is the record, as text. */
const OWN = ['_row', '_key', '_causes', '_reason', '_fix', '_state', '_raw'] as const
const COVER = 'Read me', FIRST_ENTITY = 9
/** Excel holds no more in a cell. */
const LONGEST = 32_767
const MOST_BYTES = 200_000_000

/** What a sheet says of one record. `state` and `unread` as exported; `values` by column: text, or null for an empty cell. `line`: row of the sheet, from 1. */
export interface BookRow { line: number; row: number; unread: boolean; state: string; causes: string[]; values: Map<string, string | null> }
export interface BookSheet { sheet: string; entity: string; rows: BookRow[] }

/** Text as a cell can hold it: XML has no other control characters, and knows one kind of line end. Long text is cut, and such a cell is never read back. */
export function asCell(text: string | null): string {
  // eslint-disable-next-line no-control-regex
  return (text ?? '').replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '').slice(0, LONGEST)
}

/** Whether a cell holds less than the record did, so that it cannot be edited here. */
export const isCut = (text: string | null): boolean => text !== null && text.length > LONGEST

/**
 * Writes dead letters as an Excel book, one sheet per entity. Every cell is text in a cell of format Text: what begins with =, +, - or @ is never a
 * formula, there and when it is edited. Throws `usage` when the file cannot be written.
 */
export async function writeLetterBook(path: string, sheets: DeadLetterSheet[], about: { project: string; at: string; idOf: (cause: DeadLetterSheet['letters'][number]['causes'][number]) => string }): Promise<void> {
  const { default: exceljs } = await import('exceljs')
  mkdirSync(dirname(path), { recursive: true })
  const book = new exceljs.Workbook(), cover = book.addWorksheet(COVER)
  const names = sheetNames(sheets.map((sheet) => sheet.entity))
  for (const line of [
    [`Dead letters of ${about.project}, ${about.at.slice(0, 19)} UTC`], [],
    ['Correct the white cells: they are the legacy record, as text. Leave the grey ones as they are. Rows you leave alone, or delete, stay as they were.'],
    ['An empty cell means no value. Dates and numbers are written as the record has them elsewhere.'],
    ['Nothing is altered in the source: corrections are kept beside the project (corrections.ndjson), with who, when, before and after, and can be taken back.'],
    ['Take it back with: landfall deadletters import FILE --retry'], [], ['Sheet', 'Entity', 'Records'],
    ...sheets.map((sheet, i) => [names[i]!, sheet.entity, String(sheet.letters.length)]),
  ]) cover.addRow(line)
  cover.getColumn(1).width = 40
  cover.getColumn(1).numFmt = '@'
  cover.getRow(1).font = { bold: true, size: 14 }
  cover.getRow(FIRST_ENTITY - 1).font = { bold: true }
  sheets.forEach((sheet, i) => { addSheet(book.addWorksheet(names[i]!, { views: [{ state: 'frozen', ySplit: 1, xSplit: 2 }] }), sheet, about.idOf) })
  await book.xlsx.writeFile(path).catch((error: unknown) => { throw new LandfallError('usage', `${path} cannot be written: ${messageOf(error)}`, { hint: 'Close it where it is open, or name another file.', cause: error }) })
}

function addSheet(page: Worksheet, sheet: DeadLetterSheet, idOf: (cause: DeadLetterSheet['letters'][number]['causes'][number]) => string): void {
  const unread = sheet.letters.some((letter) => letter.unread), own = OWN.filter((name) => name !== '_raw' || unread)
  page.columns = [...own, ...sheet.columns].map((head) => ({ header: head, width: Math.min(40, Math.max(12, head.length + 2)), style: { numFmt: '@', alignment: { vertical: 'top', wrapText: head === '_reason' || head === '_fix' } } }))
  page.getRow(1).font = { bold: true }
  for (const letter of sheet.letters) {
    const given = { _row: String(letter.row), _key: letter.key ?? '', _causes: [...new Set(letter.causes.map(idOf))].join(' '), _reason: letter.reasons.join('\n'), _fix: letter.fixes.join('\n'), _state: `${letter.unread ? 'unread ' : ''}${letter.state}`, _raw: letter.raw ?? '' }
    const row = page.addRow([...own.map((name) => asCell(given[name])), ...letter.values.map((value) => (value === null ? null : asCell(value)))])
    own.forEach((_, i) => { row.getCell(i + 1).fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: 'FFEEEEEE' } } })
  }
  page.getColumn(own.indexOf('_state') + 1).hidden = true
}

/** Names a sheet may have: 31 characters, none of []:*?/\, each once whatever the case. */
function sheetNames(entities: string[]): string[] {
  const taken = new Set([COVER.toLowerCase()])
  return entities.map((entity) => {
    const base = entity.replaceAll(/[[\]:*?/\\']/g, '_').slice(0, 28) || 'entity'
    let name = base
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}~${n}`
    taken.add(name.toLowerCase())
    return name
  })
}

/** Reads such a book again. Throws `file-unreadable` for a file that is none, and for a cell that holds a formula or an error. */
export async function readLetterBook(path: string): Promise<BookSheet[]> {
  const { default: exceljs } = await import('exceljs')
  const size = statSync(path, { throwIfNoEntry: false })?.size
  const refuse = (message: string, hint: string, cause?: unknown): LandfallError => new LandfallError('file-unreadable', message, { where: { file: path }, hint, cause })
  if (size === undefined) throw refuse(`${path} does not exist.`, 'landfall deadletters export FILE writes one.')
  if (size > MOST_BYTES) throw refuse(`${path} has ${size} bytes, more than a book of dead letters may have.`, 'Export fewer records: --cause, --limit.')
  const book = new exceljs.Workbook()
  await book.xlsx.readFile(path).catch((error: unknown) => { throw refuse(`${path} is no Excel book: ${messageOf(error)}`, 'Save it as .xlsx.', error) })
  const cover = book.getWorksheet(COVER)
  if (!cover) throw refuse(`${path} has no sheet "${COVER}".`, 'It says which sheet is of which entity: take the file that was exported.')
  const sheets: BookSheet[] = []
  for (let line = FIRST_ENTITY; line <= cover.rowCount; line++) {
    const sheet = plain(cover.getRow(line).getCell(1).value, path, COVER), entity = plain(cover.getRow(line).getCell(2).value, path, COVER)
    const page = sheet === null ? undefined : book.getWorksheet(sheet)
    if (page && entity !== null) sheets.push({ sheet: page.name, entity, rows: rowsOf(page, path) })
  }
  return sheets
}

function rowsOf(page: Worksheet, path: string): BookRow[] {
  const heads: string[] = []
  page.getRow(1).eachCell((cell, column) => { heads[column] = plain(cell.value, path, `${page.name}!${cell.address}`) ?? '' })
  for (const name of ['_row', '_causes', '_state']) if (!heads.includes(name)) throw new LandfallError('file-unreadable', `Sheet "${page.name}" of ${path} has no column ${name}.`, { where: { file: path }, hint: 'Columns whose name begins with _ must stay: take the file that was exported.' })
  const rows: BookRow[] = []
  for (let line = 2; line <= page.rowCount; line++) {
    const row = page.getRow(line), values = new Map<string, string | null>()
    heads.forEach((head, column) => { values.set(head, plain(row.getCell(column).value, path, `${page.name}!${row.getCell(column).address}`)) })
    const ordinal = values.get('_row') ?? null, state = values.get('_state') ?? ''
    if (ordinal === null) continue
    const causes = (values.get('_causes') ?? '').split(' ').filter(Boolean)
    for (const name of OWN) values.delete(name)
    rows.push({ line, row: Number(ordinal), unread: state.startsWith('unread '), state: state.replace('unread ', ''), causes, values })
  }
  return rows
}

/** A cell as text: numbers without an exponent, dates as ISO writes them, true and false as words. */
function plain(value: CellValue, file: string, where: string): string | null {
  if (value === null || value === undefined || value === '') return null
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : String(value)
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace(/ 00:00:00\.000Z$/, '').replace(/\.000Z$/, '')
  if ('richText' in value) return value.richText.map((part) => part.text).join('')
  if ('hyperlink' in value) return value.text
  throw new LandfallError('file-unreadable', `Cell ${where} of ${file} holds ${'error' in value ? 'an error' : 'a formula'}, not a value.`, { where: { file }, hint: 'Paste the value in its place (Paste special, Values).' })
}
