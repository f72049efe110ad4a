import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { encode } from 'iconv-lite'
import type { Cells } from './people.ts'

export interface TextDialect { encoding: string; bom?: boolean; delimiter: string; newline: '\n' | '\r\n' }

/** Writes a delimited file as legacy systems export it; returns the number of records. Quotes only where the dialect needs it. */
export async function writeDelimited(path: string, dialect: TextDialect, columns: readonly string[], records: Iterable<Cells>): Promise<number> {
  const out = createWriteStream(path)
  const cell = (value: string | number | null): string => {
    const text = value === null ? '' : String(value)
    return text.includes(dialect.delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  let pending = columns.map(cell).join(dialect.delimiter) + dialect.newline, count = 0, first = true
  const flush = async (): Promise<void> => {
    const bytes = encode(pending, dialect.encoding, { addBOM: first && dialect.bom === true })
    first = false
    pending = ''
    if (!out.write(bytes)) await once(out, 'drain')
  }
  for (const record of records) {
    pending += record.map(cell).join(dialect.delimiter) + dialect.newline
    count++
    if (pending.length > 1 << 19) await flush()
  }
  await flush()
  out.end()
  await once(out, 'finish')
  return count
}

export interface Sheet { name: string; columns: readonly string[]; records: Iterable<Cells> }

/** Writes an Excel book, streaming; returns the number of records per sheet. */
export async function writeBook(path: string, sheets: readonly Sheet[]): Promise<Record<string, number>> {
  const { default: exceljs } = await import('exceljs')
  const book = new exceljs.stream.xlsx.WorkbookWriter({ filename: path, useSharedStrings: false, useStyles: false })
  const counts: Record<string, number> = {}
  for (const sheet of sheets) {
    const page = book.addWorksheet(sheet.name)
    page.addRow([...sheet.columns]).commit()
    let count = 0
    for (const record of sheet.records) {
      page.addRow(record).commit()
      count++
    }
    page.commit()
    counts[sheet.name] = count
  }
  await book.commit()
  return counts
}

export interface SqlTable { name: string; ddl: string; columns: readonly string[] }

/** A SQLite database being filled; `insert` takes one record, `close` commits. */
export class SqliteWriter {
  readonly #db: DatabaseSync
  readonly #inserts = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  readonly counts: Record<string, number> = {}

  constructor(path: string, tables: readonly SqlTable[]) {
    this.#db = new DatabaseSync(path)
    this.#db.exec('PRAGMA foreign_keys = OFF; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    for (const table of tables) {
      this.#db.exec(table.ddl)
      this.#inserts.set(table.name, this.#db.prepare(`INSERT INTO ${table.name} (${table.columns.join(', ')}) VALUES (${table.columns.map(() => '?').join(', ')})`))
      this.counts[table.name] = 0
    }
    this.#db.exec('BEGIN')
  }

  insert(table: string, record: Cells): void {
    this.#inserts.get(table)!.run(...record)
    this.counts[table] = (this.counts[table] ?? 0) + 1
  }

  close(): void {
    this.#db.exec('COMMIT')
    this.#db.close()
  }
}
