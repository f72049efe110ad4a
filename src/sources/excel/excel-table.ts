import { LandfallError } from '../../errors/error.ts'
import type { Batch } from '../../model/batch.ts'
import type { Entity } from '../../model/entity.ts'
import { uniqueNames } from '../file/column-names.ts'
import type { FileTable, ReadPart } from '../file/file-source.ts'
import { ColumnShape, shapeOf } from '../file/infer.ts'
import type { Limits } from '../file/limits.ts'
import { displayPath } from '../file/paths.ts'
import { RowBatch } from '../file/row-batch.ts'
import type { Book, SheetExtras, SheetInfo, SheetRow } from './book.ts'

const LOOK_ROWS = 60, SAMPLE_RECORDS = 5000

export interface SheetWishes { header?: boolean | number | undefined; skipBottom: number; emptyIsNull: boolean }

/** A sheet of a book as an entity: one header row, then records. Rows without any value are no records. */
export class SheetTable implements FileTable {
  readonly name: string
  readonly paths: string[]
  readonly #namespace: string
  readonly #sheet: SheetInfo
  readonly #openBook: () => Promise<Book>
  readonly #wishes: SheetWishes
  readonly #limits: Limits
  readonly #where: string
  /** Row of the header (0: none), positions of the columns in the sheet, and how many records there are. */
  #headerRow = 0
  #positions: number[] = []
  #records = 0

  constructor(name: string, namespace: string, path: string, base: string, sheet: SheetInfo, openBook: () => Promise<Book>, wishes: SheetWishes, limits: Limits) {
    this.name = name
    this.paths = [path]
    this.#namespace = namespace
    this.#sheet = sheet
    this.#openBook = openBook
    this.#wishes = wishes
    this.#limits = limits
    this.#where = `${displayPath(base, path)}#${sheet.name}`
  }

  async prepare(): Promise<Entity> {
    const book = await this.#openBook(), extras: SheetExtras = { merged: 0 }
    const first: SheetRow[] = [], shapes: ColumnShape[] = [], notes: string[] = []
    let header: SheetRow | null = null, decided = false, records = 0, hidden = 0, errors = 0, above = 0
    const used: boolean[] = []
    const take = (row: SheetRow) => {
      if (row.row <= this.#headerRow) { if (row.row < this.#headerRow) above++; return }
      records++
      if (row.hidden) hidden++
      errors += row.errors
      row.cells.forEach((cell, i) => {
        if (cell === null) return
        used[i] = true
        if (records <= SAMPLE_RECORDS) (shapes[i] ??= new ColumnShape()).add(cell)
      })
    }
    const decide = () => {
      header = this.#findHeader(first)
      this.#headerRow = header?.row ?? (typeof this.#wishes.header === 'number' ? this.#wishes.header : 0)
      decided = true
      first.forEach(take)
    }
    try {
      for await (const row of this.#rows(book, extras)) {
        if (decided) { take(row); continue }
        first.push(row)
        if (first.length >= LOOK_ROWS && row.row > (typeof this.#wishes.header === 'number' ? this.#wishes.header : 0)) decide()
      }
      if (!decided) decide()
      notes.push(...book.notes)
    } finally {
      await book.close()
    }
    const cells = (header as SheetRow | null)?.cells ?? []
    const width = Math.max(cells.length, used.length)
    this.#positions = Array.from({ length: width }, (_, i) => i).filter((i) => used[i] === true || (cells[i] ?? '').trim() !== '')
    if (this.#positions.length > this.#limits.columns) throw new LandfallError('limit-exceeded', `The sheet has ${this.#positions.length} columns, more than the limit of ${this.#limits.columns}: ${this.#where}`, { hint: 'Raise `limits.columns`.', where: { entity: this.name } })
    this.#records = Math.max(0, records - this.#wishes.skipBottom)
    const unique = uniqueNames(this.#positions.map((i) => cells[i]?.trim() || (header === null ? letters(i) : '')))
    const columns = this.#positions.map((at, i) => (shapes[at] ?? new ColumnShape()).column(unique.names[i] as string))
    if (this.#sheet.hidden) notes.push('the sheet is hidden')
    notes.push(this.#headerRow > 0 ? `header on row ${this.#headerRow}` : 'no header: columns have the letters of the sheet')
    if (above > 0) notes.push(`${above} rows above the header are left out`)
    if (hidden > 0) notes.push(`${hidden} records stand in hidden rows: they are read`)
    if (errors > 0) notes.push(`${errors} cells hold an error such as #N/A: they are NULL`)
    if (extras.merged > 0) notes.push(`${extras.merged} ranges of cells are merged: the value stands in the first cell, the others are NULL`)
    notes.push(...unique.notes, ...columns.flatMap((column) => column.note ?? []).slice(0, 50))
    return { name: this.name, namespace: this.#namespace, columns: columns.map((column) => column.column), primaryKey: [], uniqueKeys: [], foreignKeys: [], rowCount: { value: this.#records, exact: true }, notes }
  }

  async *read(part: ReadPart): AsyncGenerator<Batch> {
    const batch = new RowBatch(this.name, part.columns, part.batchRows, part.ordinal, part.spoolFolder)
    const positions = part.pick === null ? this.#positions : part.pick.map((n) => this.#positions[n] as number)
    let last = part.after === null ? this.#headerRow : Number(part.after['row'])
    let left = this.#records - (part.ordinal - 1)
    const book = await this.#openBook()
    try {
      for await (const row of this.#rows(book, { merged: 0 })) {
        if (row.row <= last) continue
        if (left-- <= 0) break
        last = row.row
        const raw = () => row.cells.map((cell) => cell ?? '').join('\t')
        const long = row.cells.findIndex((cell) => cell !== null && cell.length > this.#limits.cellBytes)
        if (long >= 0) batch.tally.reject(this.#where, row.row, `value ${long + 1} is longer than ${this.#limits.cellBytes} characters`, raw())
        else batch.add(positions.map((at) => row.cells[at] ?? null), this.#where, row.row, raw)
        if (batch.tally.full) yield batch.cut({ row: last }) as Batch
      }
      const rest = batch.cut({ row: last })
      if (rest) yield rest
    } finally {
      batch.discard()
      await book.close()
    }
  }

  async *values(positions: number[]): AsyncGenerator<(string | null)[]> {
    const book = await this.#openBook()
    let left = this.#records
    try {
      for await (const row of this.#rows(book, { merged: 0 })) {
        if (row.row <= this.#headerRow) continue
        if (left-- <= 0) break
        yield positions.map((n) => row.cells[this.#positions[n] as number] ?? null)
      }
    } finally {
      await book.close()
    }
  }

  /** Rows that hold any value. */
  async *#rows(book: Book, extras: SheetExtras): AsyncGenerator<SheetRow> {
    for await (const row of book.rows(this.#sheet.name, extras)) {
      if (this.#wishes.emptyIsNull) for (let i = 0; i < row.cells.length; i++) if (row.cells[i] === '') row.cells[i] = null
      if (row.cells.some((cell) => cell !== null)) yield row
    }
  }

  /** The header among the first rows: as wished, else the first row as wide as the table that is all text and names things. */
  #findHeader(rows: SheetRow[]): SheetRow | null {
    const wish = this.#wishes.header
    if (wish === false) return null
    if (typeof wish === 'number') return rows.find((row) => row.row === wish) ?? null
    if (wish === true) return rows[0] ?? null
    const filled = (row: SheetRow) => row.cells.filter((cell) => cell !== null && cell.trim() !== '').length
    const widths = rows.map(filled).sort((a, b) => a - b)
    const usual = Math.max(1, widths[Math.floor(widths.length / 2)] ?? 1)
    const wide = rows.find((row) => filled(row) >= usual * 0.6 && (usual === 1 || filled(row) > 1))
    if (wide === undefined) return rows[0] ?? null
    const named = wide.cells.every((cell, i) => cell === null || (wide.textual[i] === true && (shapeOf(cell.trim()) ?? 'boolean') === 'boolean'))
    const manyNumbers = wide.cells.filter((cell, i) => cell !== null && wide.textual[i] !== true).length > filled(wide) / 2
    return named || !manyNumbers ? wide : null
  }
}

function letters(column: number): string {
  const rest = Math.floor(column / 26)
  return (rest > 0 ? letters(rest - 1) : '') + String.fromCharCode(65 + column % 26)
}
