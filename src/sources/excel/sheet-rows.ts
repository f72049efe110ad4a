import type { LandfallError } from '../../errors/error.ts'
import type { SheetRow } from './book.ts'
import { momentText, numberText, unescapeText, type NumberLook } from './cell-text.ts'
import type { XmlHandler } from './xml.ts'

const MAX_COLUMNS = 16_384, MAX_ROWS = 1_048_576

/** Turns the XML of a sheet into rows. Formulas give the value Excel computed last; errors such as #N/A give null. */
export class SheetRows implements XmlHandler {
  merged = 0
  #rows: SheetRow[] = []
  #row: SheetRow | null = null
  #lastRow = 0
  #column = -1
  #type = ''
  #style = 0
  #text = ''
  #taking = false
  #phonetic = 0
  #held = false
  readonly #shared: string[]
  readonly #looks: NumberLook[]
  readonly #epoch1904: boolean
  readonly #damaged: (why: string) => LandfallError

  constructor(shared: string[], looks: NumberLook[], epoch1904: boolean, damaged: (why: string) => LandfallError) {
    this.#shared = shared
    this.#looks = looks
    this.#epoch1904 = epoch1904
    this.#damaged = damaged
  }

  /** The rows completed since the last call. */
  take(): SheetRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  open(name: string, attributes: Record<string, string>): void {
    switch (name) {
      case 'row': {
        const given = attributes['r']
        const row = given === undefined ? this.#lastRow + 1 : Number(given)
        if (!(row > this.#lastRow && row <= MAX_ROWS)) throw this.#damaged(`row ${given} follows row ${this.#lastRow}`)
        this.#lastRow = row
        this.#row = { row, cells: [], textual: [], hidden: /^(1|true)$/.test(attributes['hidden'] ?? ''), errors: 0 }
        this.#column = -1
        break
      }
      case 'c': {
        const given = attributes['r']
        this.#column = given === undefined ? this.#column + 1 : columnOf(given)
        if (!(this.#column >= 0 && this.#column < MAX_COLUMNS)) throw this.#damaged(`there is no cell ${given}`)
        this.#type = attributes['t'] ?? 'n'
        this.#style = Number(attributes['s'] ?? 0)
        this.#text = ''
        this.#held = false
        break
      }
      case 'v': this.#taking = true; this.#held = true; this.#text = ''; break
      case 't': this.#taking = this.#phonetic === 0; this.#held = true; break
      case 'rPh': this.#phonetic++; break
      case 'mergeCell': this.merged++; break
      default:
    }
  }

  text(text: string): void {
    if (this.#taking) this.#text += text
  }

  close(name: string): void {
    if (name === 'v' || name === 't') this.#taking = false
    else if (name === 'rPh') this.#phonetic--
    else if (name === 'c') this.#put()
    else if (name === 'row' && this.#row !== null) {
      this.#rows.push(this.#row)
      this.#row = null
    }
  }

  #put(): void {
    const row = this.#row
    if (row === null || !this.#held) return
    while (row.cells.length < this.#column) { row.cells.push(null); row.textual.push(false) }
    const textual = this.#type === 's' || this.#type === 'str' || this.#type === 'inlineStr'
    const value = this.#value(row)
    row.cells[this.#column] = value
    row.textual[this.#column] = textual && value !== null
  }

  #value(row: SheetRow): string | null {
    const text = this.#text
    switch (this.#type) {
      case 's': {
        const shared = this.#shared[Number(text)]
        if (shared === undefined) throw this.#damaged(`row ${row.row} refers to shared text ${text.slice(0, 20)}, which is not there`)
        return shared
      }
      case 'str': case 'inlineStr': return unescapeText(text)
      case 'b': return text === '1' || text === 'true' ? 'true' : 'false'
      case 'e': row.errors++; return null
      case 'd': return text.replace('T', ' ').replace(/Z$/, '').replace(/ 00:00:00(\.0+)?$/, '')
      default: {
        if (text === '') return null
        const look = this.#looks[this.#style]
        return look !== undefined && (look.date || look.time) ? momentText(text, look, this.#epoch1904) : numberText(text)
      }
    }
  }
}

/** Column from 0 of a reference such as `AB12`; -1 when it is none. */
export function columnOf(reference: string): number {
  let column = 0, i = 0
  for (; i < reference.length; i++) {
    const code = reference.charCodeAt(i) & ~32
    if (code < 65 || code > 90) break
    column = column * 26 + code - 64
    if (column > MAX_COLUMNS) return -1
  }
  return i === 0 ? -1 : column - 1
}
