import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import * as XLSX from '@e965/xlsx'
import { messageOf } from '../../errors/error.ts'
import type { SheetRow } from './book.ts'
import { lookOf, momentText, numberText } from './cell-text.ts'

/**
 * Reads a book of an older or other format (.xls, .xlsb, .ods), which must be held whole: in a thread of its own with a memory limit, so that a hostile
 * file costs the thread and not the program. Told `{ path, sheet? }`; answers `{ sheets }`, or `{ rows }` in pieces and `{ done }`, or `{ error }`.
 */
interface Task { path: string; sheet?: string }

const PIECE = 2000

function run(task: Task): void {
  const book = XLSX.read(readFileSync(task.path), { type: 'buffer', cellNF: true, cellHTML: false, cellFormula: false, cellText: false, bookVBA: false, sheetStubs: false, ...(task.sheet === undefined ? { bookSheets: true, bookProps: false } : { sheets: task.sheet }) })
  const meta = book.Workbook?.Sheets ?? []
  if (task.sheet === undefined) {
    parentPort?.postMessage({ sheets: book.SheetNames.map((name, i) => ({ name, hidden: (meta[i]?.Hidden ?? 0) !== 0 })) })
    return
  }
  const sheet = book.Sheets[task.sheet]
  const reference = sheet?.['!ref']
  let rows: SheetRow[] = []
  if (sheet !== undefined && reference !== undefined) {
    const range = XLSX.utils.decode_range(reference)
    const epoch1904 = book.Workbook?.WBProps?.date1904 === true
    for (let r = range.s.r; r <= range.e.r; r++) {
      const row = rowOf(sheet, r, range.e.c, epoch1904)
      if (row.cells.length > 0) rows.push(row)
      if (rows.length >= PIECE) { parentPort?.postMessage({ rows }); rows = [] }
    }
  }
  parentPort?.postMessage({ rows })
  parentPort?.postMessage({ done: true, merged: sheet?.['!merges']?.length ?? 0 })
}

function rowOf(sheet: XLSX.WorkSheet, r: number, lastColumn: number, epoch1904: boolean): SheetRow {
  const row: SheetRow = { row: r + 1, cells: [], textual: [], hidden: sheet['!rows']?.[r]?.hidden === true, errors: 0 }
  for (let c = 0; c <= lastColumn; c++) {
    const cell = sheet[XLSX.utils.encode_cell({ r, c })] as XLSX.CellObject | undefined
    if (cell === undefined || cell.v === undefined) continue
    while (row.cells.length < c) { row.cells.push(null); row.textual.push(false) }
    row.cells[c] = cellText(cell, row, epoch1904)
    row.textual[c] = cell.t === 's'
  }
  return row
}

function cellText(cell: XLSX.CellObject, row: SheetRow, epoch1904: boolean): string | null {
  if (cell.t === 's') return String(cell.v)
  if (cell.t === 'b') return cell.v === true ? 'true' : 'false'
  if (cell.t === 'e') { row.errors++; return null }
  if (cell.t === 'z') return null
  if (cell.v instanceof Date) return cell.v.toISOString().replace('T', ' ').replace(/\.000Z$|Z$/, '').replace(/ 00:00:00$/, '')
  const look = lookOf(0, typeof cell.z === 'string' ? cell.z : undefined)
  return look.date || look.time ? momentText(String(cell.v), look, epoch1904) : numberText(String(cell.v))
}

try {
  run(workerData as Task)
} catch (error) {
  parentPort?.postMessage({ error: messageOf(error) })
}
