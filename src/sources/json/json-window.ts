import { LandfallError } from '../../errors/error.ts'
import { shownByte } from './json-text.ts'

const QUOTE = 34, BACKSLASH = 92, LF = 10

/**
 * A text as UTF-8 bytes, seen through a window that moves forward. Knows its place as offset, line and column. Structure is followed by bytes, which
 * is safe because UTF-8 holds no ASCII byte inside another character.
 */
export class JsonWindow {
  buffer: Buffer = Buffer.alloc(0)
  at = 0
  #end = 0
  #base: number
  #line: number
  #lineStart: number
  #counted = 0
  #eof = false
  readonly #file: string
  readonly #limit: number
  readonly #source: AsyncIterator<Buffer>

  /** `limit`: bytes of one value that is taken whole. */
  constructor(source: AsyncIterable<Buffer>, file: string, limit: number, offset = 0, line = 1) {
    this.#source = source[Symbol.asyncIterator]()
    this.#file = file
    this.#limit = limit
    this.#base = offset
    this.#line = line
    this.#lineStart = offset
  }

  get offset(): number {
    return this.#base + this.at
  }

  /** Line of the byte at hand, from 1. */
  get line(): number {
    this.#count(this.at)
    return this.#line
  }

  /** Line and column (in bytes, from 1) of the byte at `index` of the window, which lies at or behind the one at hand. */
  placeOf(index: number): { line: number; column: number } {
    let line = this.line, start = this.#lineStart
    for (let i = this.at; i < index && i < this.#end; i++) if (this.buffer[i] === LF) { line++; start = this.#base + i + 1 }
    return { line, column: this.#base + index - start + 1 }
  }

  fault(message: string, index = this.at): LandfallError {
    const { line, column } = this.placeOf(index)
    return new LandfallError('file-unreadable', `The JSON is broken at line ${line}, column ${column}: ${message}: ${this.#file}`, { hint: 'Repair the file or export it again.', where: { file: this.#file, line, column } })
  }

  /** The next byte that is no white space, -1 at the end. Stands on it. */
  async peek(): Promise<number> {
    for (;;) {
      while (this.at < this.#end) {
        const byte = this.buffer[this.at] as number
        if (byte !== 32 && byte !== LF && byte !== 13 && byte !== 9) return byte
        this.at++
      }
      if (this.#eof) return -1
      await this.#more()
    }
  }

  /** Up to `bytes` bytes from the one at hand on, without moving. */
  async ahead(bytes: number): Promise<string> {
    while (this.#end - this.at < bytes && !this.#eof) await this.#more()
    return this.buffer.toString('latin1', this.at, Math.min(this.#end, this.at + bytes))
  }

  /** Takes the byte at hand, which must be `byte`. */
  async expect(byte: number, wanted: string): Promise<void> {
    const found = await this.peek()
    if (found !== byte) throw this.fault(found < 0 ? `it ends where ${wanted} should stand` : `${shownByte(found)} stands where ${wanted} should`)
    this.at++
  }

  /** The value at hand as a range of the window [from, to), taken whole. Null when it is longer than the limit: then it was passed over. */
  async value(): Promise<{ from: number; to: number } | null> {
    await this.peek()
    for (;;) {
      const to = this.#valueEnd(this.at)
      if (to >= 0) {
        const from = this.at
        return { from, to }
      }
      if (this.#end - this.at > this.#limit) { await this.skip(); return null }
      await this.#more()
    }
  }

  /** Passes over the value at hand in bounded memory; only brackets and quotes are looked at. */
  async skip(): Promise<void> {
    let depth = 0, inside = false, escaped = false
    const first = await this.peek()
    const scalar = first !== QUOTE && first !== 123 && first !== 91
    for (;;) {
      while (this.at < this.#end) {
        const byte = this.buffer[this.at] as number
        if (inside) {
          this.at++
          if (escaped) escaped = false
          else if (byte === BACKSLASH) escaped = true
          else if (byte === QUOTE) { inside = false; if (depth === 0) return }
          continue
        }
        if (scalar) {
          if (byte === 44 || byte === 93 || byte === 125 || byte <= 32) return
          this.at++
          continue
        }
        this.at++
        if (byte === QUOTE) inside = true
        else if (byte === 123 || byte === 91) depth++
        else if ((byte === 125 || byte === 93) && --depth === 0) return
      }
      if (this.#eof) {
        if (scalar) return
        throw this.fault('it ends in the middle of a value')
      }
      await this.#more()
    }
  }

  /** The rest of the line at hand as a range without its line end; null at the end of the text. `long` when it was cut at the limit. */
  async lineRange(): Promise<{ from: number; to: number; long: boolean } | null> {
    for (let searched = this.at; ;) {
      const to = this.buffer.indexOf(LF, searched)
      if (to >= 0 && to < this.#end) return { from: this.at, to: to > this.at && this.buffer[to - 1] === 13 ? to - 1 : to, long: false }
      if (this.#eof) return this.at < this.#end ? { from: this.at, to: this.#end, long: false } : null
      if (this.#end - this.at > this.#limit) return { from: this.at, to: this.#end, long: true }
      const behind = this.#end - this.at
      await this.#more()
      searched = this.at + behind
    }
  }

  /** Goes behind the next line end (or the end of the text). */
  async nextLine(): Promise<void> {
    for (;;) {
      const to = this.buffer.indexOf(LF, this.at)
      if (to >= 0 && to < this.#end) { this.at = to + 1; return }
      this.at = this.#end
      if (this.#eof) return
      await this.#more()
    }
  }

  /** Hands the lines in the window to `take`, which answers the index behind the line it took, or -1: then the line stays. Never waits for more. */
  takeLines(take: (buffer: Buffer, from: number, end: number) => number): void {
    this.#count(this.at)
    for (;;) {
      const next = this.at < this.#end ? take(this.buffer, this.at, this.#end) : -1
      if (next < 0) return
      this.at = this.#counted = next
      this.#line++
      this.#lineStart = this.#base + next
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  /** Index behind the value at `from`; -1 when it does not end within the window. */
  #valueEnd(from: number): number {
    const buffer = this.buffer, end = this.#end
    const first = buffer[from]
    if (first !== QUOTE && first !== 123 && first !== 91) {
      for (let at = from; at < end; at++) {
        const byte = buffer[at] as number
        if (byte === 44 || byte === 93 || byte === 125 || byte <= 32) return at
      }
      return this.#eof ? end : -1
    }
    let depth = 0
    for (let at = from; at < end; at++) {
      const byte = buffer[at]
      if (byte === QUOTE) {
        for (at++; at < end && buffer[at] !== QUOTE; at++) if (buffer[at] === BACKSLASH) at++
        if (at >= end) break
        if (depth === 0) return at + 1
      } else if (byte === 123 || byte === 91) depth++
      else if ((byte === 125 || byte === 93) && --depth === 0) return at + 1
    }
    if (this.#eof) throw this.fault('it ends in the middle of a value')
    return -1
  }

  async #more(): Promise<void> {
    this.#count(this.at)
    const waiting = this.#end - this.at
    const pieces: Buffer[] = [this.buffer.subarray(this.at, this.#end)]
    let got = 0
    while (got === 0 || got < waiting) {
      const { done, value } = await this.#source.next()
      if (done) { this.#eof = true; break }
      pieces.push(value)
      got += value.length
    }
    this.#base += this.at
    this.buffer = Buffer.concat(pieces)
    this.at = this.#counted = 0
    this.#end = this.buffer.length
  }

  /** Counts the line ends up to `index`. */
  #count(index: number): void {
    const buffer = this.buffer
    for (let at = this.#counted; at < index; at++) if (buffer[at] === LF) { this.#line++; this.#lineStart = this.#base + at + 1 }
    if (index > this.#counted) this.#counted = index
  }
}
