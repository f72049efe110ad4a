import { LandfallError } from '../../errors/error.ts'
import { contentOf, notWhatItSays } from '../file/magic.ts'
import type { Limits } from '../file/limits.ts'
import { readHead } from '../file/fingerprint.ts'
import { ZipFile, type ZipEntry } from '../file/zip.ts'
import { lookOf, unescapeText, type NumberLook } from './cell-text.ts'
import { XmlFeed, attribute, type XmlHandler } from './xml.ts'

/** One row of a sheet: texts by column from 0, null for empty. `textual` says which were text in the book. */
export interface SheetRow { row: number; cells: (string | null)[]; textual: boolean[]; hidden: boolean; errors: number }

export interface SheetInfo { name: string; hidden: boolean }

/** What a sheet says about itself beside its rows, known once all rows were read. */
export interface SheetExtras { merged: number }

/** An open book, whatever its format. */
export interface Book {
  readonly sheets: SheetInfo[]
  readonly notes: string[]
  rows(sheet: string, extras: SheetExtras): AsyncIterable<SheetRow>
  close(): Promise<void>
}

export type BookFormat = 'xlsx' | 'xlsb' | 'xls' | 'ods'

const PART_BYTES = 64 * 2 ** 20
const SHARED_CHARS = 2 ** 27

/** What format a file really is, whatever its name says; `file-unreadable` when it is no book or is encrypted. */
export async function bookFormat(path: string, limits: Limits): Promise<BookFormat> {
  const head = readHead(path, 4096), content = contentOf(head)
  if (content === 'ole') {
    const bytes = readHead(path, 4 * 2 ** 20)
    if (bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))) {
      throw new LandfallError('file-unreadable', `The book is encrypted with a password: ${path}`, { hint: 'Open it in a spreadsheet program and save it without password.', where: { file: path } })
    }
    if (!bytes.includes(Buffer.from('Workbook', 'utf16le')) && !bytes.includes(Buffer.from('Book', 'utf16le'))) throw notWhatItSays(path, 'a book', 'ole')
    return 'xls'
  }
  if (content !== 'zip') throw notWhatItSays(path, 'a book', content)
  const zip = await ZipFile.open(path, limits)
  try {
    if (zip.find('xl/workbook.xml') || zip.entries.some((entry) => /^xl\/worksheets\//.test(entry.name))) return zip.find('xl/workbook.bin') ? 'xlsb' : 'xlsx'
    if (zip.find('xl/workbook.bin')) return 'xlsb'
    if (zip.find('content.xml') && zip.find('mimetype')) return 'ods'
    const what = zip.find('word/document.xml') ? 'a Word document' : zip.find('ppt/presentation.xml') ? 'a PowerPoint presentation' : 'a zip archive of other things'
    throw new LandfallError('file-unreadable', `The file is not a book but ${what}: ${path}`, { hint: 'Give the .xlsx, or unpack the archive.', where: { file: path } })
  } finally {
    await zip.close()
  }
}

/** An .xlsx read part by part; sheets stream. */
export class XlsxBook implements Book {
  readonly sheets: SheetInfo[] = []
  readonly notes: string[] = []
  readonly #zip: ZipFile
  readonly #parts = new Map<string, ZipEntry>()
  #epoch1904 = false
  #looks: NumberLook[] = []
  #shared: string[] | null = null
  #sharedPart: ZipEntry | undefined

  private constructor(zip: ZipFile) {
    this.#zip = zip
  }

  /** Reads the list of sheets and the formats. */
  static async open(path: string, limits: Limits): Promise<XlsxBook> {
    const zip = await ZipFile.open(path, limits)
    try {
      for (const entry of zip.entries) zip.guard(entry, entry.size)
      const book = new XlsxBook(zip)
      await book.#readParts()
      return book
    } catch (error) {
      await zip.close()
      throw error
    }
  }

  async #readParts(): Promise<void> {
    const targets = new Map<string, string>(), found: { id: string; name: string; hidden: boolean }[] = []
    const part = (name: string) => this.#zip.find(name)
    await this.#small(part('xl/_rels/workbook.xml.rels'), {
      open: (name, attributes) => { if (name === 'Relationship') targets.set(attributes['Id'] ?? '', attributes['Target'] ?? '') }, close: () => undefined,
    })
    await this.#small(part('xl/workbook.xml'), {
      open: (name, attributes) => {
        if (name === 'workbookPr') this.#epoch1904 = /^(1|true)$/.test(attributes['date1904'] ?? '')
        if (name === 'sheet') found.push({ id: attribute(attributes, 'id') ?? '', name: attributes['name'] ?? '', hidden: (attributes['state'] ?? 'visible') !== 'visible' })
      },
      close: () => undefined,
    })
    for (const sheet of found) {
      const target = targets.get(sheet.id) ?? ''
      const entry = part(target.startsWith('/') ? target.slice(1) : `xl/${target}`.replace(/\/\.\//g, '/'))
      if (!/worksheets\//.test(target)) { this.notes.push(`sheet \`${sheet.name}\` holds a chart or macro, no cells`); continue }
      if (!entry) throw this.#damaged(`its sheet \`${sheet.name}\` is missing`)
      if (this.#parts.has(sheet.name)) throw this.#damaged(`it has two sheets \`${sheet.name}\``)
      this.#parts.set(sheet.name, entry)
      this.sheets.push({ name: sheet.name, hidden: sheet.hidden })
    }
    if (found.length === 0) throw this.#damaged('it lists no sheet')
    if (this.#epoch1904) this.notes.push('dates count from 1904')
    this.#sharedPart = part([...targets.values()].filter((target) => /sharedStrings/i.test(target)).map((target) => target.startsWith('/') ? target.slice(1) : `xl/${target}`)[0] ?? 'xl/sharedStrings.xml')
    await this.#readStyles(part('xl/styles.xml'))
  }

  async #readStyles(entry: ZipEntry | undefined): Promise<void> {
    const codes = new Map<number, string>()
    let inside = false
    await this.#small(entry, {
      open: (name, attributes) => {
        if (name === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '')
        else if (name === 'cellXfs') inside = true
        else if (name === 'xf' && inside) { const id = Number(attributes['numFmtId'] ?? 0); this.#looks.push(lookOf(id, codes.get(id))) }
      },
      close: (name) => { if (name === 'cellXfs') inside = false },
    })
  }

  async #small(entry: ZipEntry | undefined, handler: XmlHandler): Promise<void> {
    if (!entry) return
    const feed = new XmlFeed(this.#zip.path, entry.name, handler)
    feed.write(await this.#zip.readAll(entry, PART_BYTES))
    feed.end()
  }

  async #sharedStrings(): Promise<string[]> {
    if (this.#shared !== null) return this.#shared
    const strings: string[] = []
    if (this.#sharedPart) {
      let text = '', taking = false, phonetic = 0, chars = 0
      const feed = new XmlFeed(this.#zip.path, this.#sharedPart.name, {
        open: (name) => { if (name === 'si') text = ''; else if (name === 't') taking = phonetic === 0; else if (name === 'rPh') phonetic++ },
        close: (name) => {
          if (name === 'si') { strings.push(unescapeText(text)); chars += text.length + 16 } else if (name === 't') taking = false; else if (name === 'rPh') phonetic--
        },
        text: (piece) => { if (taking) text += piece },
      })
      for await (const chunk of this.#zip.read(this.#sharedPart)) {
        feed.write(chunk)
        if (chars + text.length > SHARED_CHARS) throw new LandfallError('limit-exceeded', `The book holds more than ${SHARED_CHARS} characters of shared text: ${this.#zip.path}`, { hint: 'Save the sheet as CSV and read that.', where: { file: this.#zip.path } })
      }
      feed.end()
    }
    this.#shared = strings
    return strings
  }

  async *rows(sheet: string, extras: SheetExtras): AsyncGenerator<SheetRow> {
    const entry = this.#parts.get(sheet)
    if (!entry) return
    const { SheetRows } = await import('./sheet-rows.ts')
    const collector = new SheetRows(await this.#sharedStrings(), this.#looks, this.#epoch1904, (why) => this.#damaged(`sheet \`${sheet}\`: ${why}`))
    const feed = new XmlFeed(this.#zip.path, entry.name, collector)
    for await (const chunk of this.#zip.read(entry)) {
      feed.write(chunk)
      extras.merged = collector.merged
      yield* collector.take()
    }
    feed.end()
    extras.merged = collector.merged
    yield* collector.take()
  }

  async close(): Promise<void> {
    this.#shared = null
    await this.#zip.close()
  }

  #damaged(why: string): LandfallError {
    return new LandfallError('file-unreadable', `The book is damaged: ${why}: ${this.#zip.path}`, { hint: 'Open it in a spreadsheet program and save it again.', where: { file: this.#zip.path } })
  }
}
