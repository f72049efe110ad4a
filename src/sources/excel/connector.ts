import { resolve } from 'node:path'
import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import { FileSource } from '../file/file-source.ts'
import { limitsSchema, type Limits } from '../file/limits.ts'
import { findFiles } from '../file/paths.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { XlsxBook, bookFormat, type Book } from './book.ts'
import { SheetTable } from './excel-table.ts'

const ENDINGS = ['.xlsx', '.xlsm', '.xltx', '.xlsb', '.xls', '.ods']

const sheetShape = {
  header: z.union([z.boolean(), z.number().int().positive()]).optional().describe('true: the first row with values names the columns; false: none does; a number: the row. Found when absent.'),
  skipBottom: z.number().int().nonnegative().optional().describe('Records left out at the bottom, e.g. totals.'),
}

export const optionsSchema = z.strictObject({
  path: z.string().optional().describe('A book, a folder or a glob of books. Each sheet is an entity, named after it; with several books `<book>.<sheet>`. Relative to landfall.yaml.'),
  sheets: z.array(z.string()).optional().describe('Sheets to read; all when absent, hidden ones too.'),
  entities: z.record(z.string(), z.union([z.string(), z.strictObject({ path: z.string().optional(), sheet: z.string().optional(), ...sheetShape })])).optional()
    .describe('Entities by name: a path (its first sheet), or an object with `path`, `sheet` and options of its own.'),
  ...sheetShape,
  emptyIsNull: z.boolean().default(false).describe('Cells holding an empty text mean NULL.'),
  limits: limitsSchema.prefault({}).describe('Guards against files made to exhaust the machine.'),
})

export type ExcelOptions = z.infer<typeof optionsSchema>

/** Books: .xlsx streamed; .xls, .xlsb and .ods read whole in a thread with limits. The format is told by the content. */
export async function open(name: string, options: ExcelOptions, env: SourceEnv): Promise<Source> {
  const base = resolve(env.baseFolder), tables: SheetTable[] = []
  const wishes = { header: options.header, skipBottom: options.skipBottom ?? 0, emptyIsNull: options.emptyIsNull }
  if (options.entities !== undefined) {
    for (const [entity, own] of Object.entries(options.entities)) {
      const place = typeof own === 'string' ? { path: own } : own
      const [found] = findFiles(base, place.path ?? options.path, undefined, ENDINGS)
      const path = found?.files[0] as string
      const sheets = await sheetsOf(path, options.limits)
      const sheet = place.sheet === undefined ? sheets[0] : sheets.find((one) => one.name === place.sheet)
      if (!sheet) throw noSheet(path, place.sheet ?? '', sheets)
      const given = { header: place.header ?? options.header, skipBottom: place.skipBottom ?? wishes.skipBottom, emptyIsNull: wishes.emptyIsNull }
      tables.push(new SheetTable(entity, '', path, base, sheet, () => openBook(path, options.limits), given, options.limits))
    }
    return new FileSource(name, 'excel', tables, true)
  }
  const books = findFiles(base, options.path, undefined, ENDINGS).flatMap((found) => found.files.map((path) => ({ path, title: found.files.length > 1 ? titleOf(path) : found.name })))
  for (const { path, title } of books) {
    const sheets = await sheetsOf(path, options.limits)
    for (const wanted of options.sheets ?? []) if (books.length === 1 && !sheets.some((sheet) => sheet.name === wanted)) throw noSheet(path, wanted, sheets)
    for (const sheet of sheets) {
      if (options.sheets !== undefined && !options.sheets.includes(sheet.name)) continue
      tables.push(new SheetTable(books.length > 1 ? `${title}.${sheet.name}` : sheet.name, title, path, base, sheet, () => openBook(path, options.limits), wishes, options.limits))
    }
  }
  return new FileSource(name, 'excel', tables, true)
}

function titleOf(path: string): string {
  return (path.split(/[\\/]/).pop() ?? path).replace(/\.[^.]+$/, '')
}

async function openBook(path: string, limits: Limits): Promise<Book> {
  const format = await bookFormat(path, limits)
  if (format === 'xlsx') return XlsxBook.open(path, limits)
  const { WholeBook } = await import('./whole-book.ts')
  return WholeBook.open(path, format, limits)
}

async function sheetsOf(path: string, limits: Limits) {
  const book = await openBook(path, limits)
  try {
    return book.sheets
  } finally {
    await book.close()
  }
}

function noSheet(path: string, sheet: string, sheets: { name: string }[]): LandfallError {
  return new LandfallError('source-entity-unknown', `The book has no sheet \`${sheet}\`: ${path}`, { hint: `It has: ${sheets.map((one) => one.name).join(', ')}.`, where: { file: path } })
}
