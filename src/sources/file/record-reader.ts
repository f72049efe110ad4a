import { isUtf8 } from 'node:buffer'
import { RecordScanner, type Dialect } from './scanner.ts'

export const RECORD = 1, MORE = 2, END = 3

/** What stands between records: none of it is data. */
export interface Gaps {
  /** Lines that begin with this are comments. */
  comment?: string | undefined
  /** Lines matching one of these are left out, e.g. totals. */
  skip: RegExp[]
  /** A blank line is a record (of a file with one column) rather than nothing. */
  blankIsRecord: boolean
}

export interface ReaderOptions { dialect: Dialect; gaps: Gaps; maxFields: number; maxRecordBytes: number; checkUtf8: boolean; nul: 'reject' | 'remove' }

/** Where a record begins, counted in the text as UTF-8 without byte-order mark. */
export interface Place { offset: number; line: number }

const REPLACEMENT = Buffer.from('\ufffd')
const RAW_BYTES = 10_000

/**
 * Goes through the records of a text, window by window. `advance()` answers RECORD (fields in `scanner`, bytes in `buffer`, or a `fault`), MORE (await
 * `fill()` and ask again) or END. A record that cannot be read costs its first line only: reading goes on with the next, so that a quote
 * never closed does not swallow the file.
 */
export class RecordReader {
  readonly scanner: RecordScanner
  buffer: Buffer = Buffer.alloc(0)
  /** Line of the record, from 1. */
  line = 1
  /** Where the record's bytes begin in `buffer`. */
  start = 0
  /** Why the record cannot be taken, or null. */
  fault: string | null = null
  /** True when the record ended with the file and no line end. */
  unended = false
  skippedLines = 0
  #base: number
  #at = 0
  #end = 0
  #eof = false
  #clean = true
  #nextLine: number
  /** Beginning of a line too long for the window, while the rest of it is dropped, and when it is answered. */
  #long: Buffer | null = null
  #longRaw: Buffer | null = null
  readonly #options: ReaderOptions
  readonly #source: AsyncIterator<Buffer>
  readonly #comment: Buffer | null

  /** `source` begins at `place`. */
  constructor(source: AsyncIterable<Buffer>, options: ReaderOptions, place: Place = { offset: 0, line: 1 }) {
    this.scanner = new RecordScanner(options.dialect, options.maxFields)
    this.#options = options
    this.#source = source[Symbol.asyncIterator]()
    this.#base = place.offset
    this.#nextLine = place.line
    this.#comment = options.gaps.comment ? Buffer.from(options.gaps.comment) : null
  }

  /** Where the record after this one begins: the place to resume at. */
  get following(): Place {
    return { offset: this.#base + this.#at, line: this.#nextLine }
  }

  advance(): 1 | 2 | 3 {
    const scanner = this.scanner, options = this.#options
    for (;;) {
      this.fault = null
      this.#longRaw = null
      this.start = this.#at
      this.line = this.#nextLine
      if (this.#long !== null) return this.#endLong()
      if (this.#at >= this.#end) return this.#eof ? END : MORE
      if (!scanner.scan(this.buffer, this.#at, this.#end, this.#eof)) {
        if (this.#end - this.#at <= options.maxRecordBytes) return MORE
        scanner.fault = `it is longer than ${options.maxRecordBytes} bytes`
      }
      if (this.#isComment()) { this.#dropLine(); this.skippedLines++; continue }
      if (scanner.fault !== null) return this.#endFault(scanner.fault)
      const blank = scanner.bodyEnd === this.start
      this.unended = scanner.next === scanner.bodyEnd
      this.#at = scanner.next
      this.#nextLine += scanner.lines
      if (blank && !options.gaps.blankIsRecord) continue
      if (options.gaps.skip.length > 0 && this.#skips()) { this.skippedLines++; continue }
      if (scanner.hasNul && options.nul === 'reject') this.fault = 'it holds a NUL byte'
      else if (!this.#clean && !this.#decodes()) this.fault = 'it does not decode in the encoding of the file'
      return RECORD
    }
  }

  /** Text of the record as found, cut at 10,000 bytes. */
  raw(): string {
    if (this.#longRaw !== null) return this.#longRaw.toString('utf8')
    const end = this.fault !== null && this.scanner.fault !== null ? this.#at : this.scanner.bodyEnd
    return this.buffer.toString('utf8', this.start, Math.min(end, this.start + RAW_BYTES)).replace(/[\r\n]+$/, '')
  }

  /** Field `n` as text. */
  text(n: number): string {
    const text = this.scanner.text(this.buffer, n)
    return this.scanner.hasNul ? text.replaceAll('\0', '') : text
  }

  /** Brings in more bytes, at least as many as are waiting, so that a long record is not scanned over and over. */
  async fill(): Promise<void> {
    const waiting = this.#end - this.#at
    const pieces: Buffer[] = []
    let got = 0
    while (got === 0 || got < waiting) {
      const { done, value } = await this.#source.next()
      if (done) { this.#eof = true; break }
      if (value.length > 0) { pieces.push(value); got += value.length }
    }
    this.#base += this.#at
    this.buffer = waiting === 0 && pieces.length === 1 ? pieces[0] as Buffer : Buffer.concat([this.buffer.subarray(this.#at, this.#end), ...pieces])
    this.#at = 0
    this.#end = this.buffer.length
    this.#clean = this.#options.checkUtf8 ? isUtf8(this.#eof ? this.buffer : this.buffer.subarray(0, wholeLength(this.buffer))) : !this.buffer.includes(REPLACEMENT)
  }

  /** Ends the underlying stream. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  #decodes(): boolean {
    const body = this.buffer.subarray(this.start, this.scanner.bodyEnd)
    return this.#options.checkUtf8 ? isUtf8(body) : !body.includes(REPLACEMENT)
  }

  #isComment(): boolean {
    const comment = this.#comment
    return comment !== null && this.buffer.subarray(this.start, this.start + comment.length).equals(comment)
  }

  #skips(): boolean {
    const text = this.buffer.toString('utf8', this.start, this.scanner.bodyEnd)
    return this.#options.gaps.skip.some((pattern) => pattern.test(text))
  }

  /** Index behind the first line end from the record's start, or -1 when it is not in the window. */
  #lineEnd(): number {
    const newline = this.#options.dialect.newline
    for (let at = this.start; at < this.#end; at++) {
      const byte = this.buffer[at]
      if (byte === 10 && newline !== 'cr') return at + 1
      if (byte === 13 && newline !== 'lf' && this.buffer[at + 1] !== 10) return at + 1
    }
    return this.#eof ? this.#end : -1
  }

  #endFault(fault: string): 1 | 2 {
    const end = this.#lineEnd()
    if (end < 0) {
      this.#long = Buffer.from(this.buffer.subarray(this.start, this.start + RAW_BYTES))
      this.#at = this.#end
      return MORE
    }
    this.fault = fault
    this.scanner.fault = fault
    this.unended = end === this.#end && this.#eof
    this.#at = end
    this.#nextLine++
    return RECORD
  }

  /** A line longer than the window may grow is dropped piece by piece up to its end. */
  #endLong(): 1 | 2 {
    const end = this.#lineEnd()
    if (end < 0) { this.#at = this.#end; return MORE }
    const long = this.#long
    this.#long = null
    this.#at = end
    this.#nextLine++
    this.#longRaw = long
    this.fault = this.scanner.fault = `it is longer than ${this.#options.maxRecordBytes} bytes`
    return RECORD
  }

  #dropLine(): void {
    const end = this.#lineEnd()
    this.#at = end < 0 ? this.#end : end
    this.#nextLine++
  }
}

/** Length without the bytes of a character cut at the end. */
function wholeLength(buffer: Buffer): number {
  let end = buffer.length
  for (let back = 1; back <= 3 && back <= buffer.length; back++) {
    const byte = buffer[buffer.length - back] as number
    if (byte < 0x80) break
    if (byte >= 0xc0) { end = buffer.length - back; break }
  }
  return end
}
