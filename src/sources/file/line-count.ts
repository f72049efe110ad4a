import type { Dialect } from './scanner.ts'

/**
 * Counts the records of a delimited text by another way than RecordScanner: byte by byte, one bit of state for "within quotes", no fields.
 * It knows nothing of faults, so the two agree exactly on files that are clean.
 */
export class LineCount {
  /** Lines outside quotes that hold anything, so far. */
  count = 0
  /** True once the text ended without a line end. */
  unended = false
  readonly #dialect: Dialect
  readonly #comment: number
  readonly #blanks: boolean
  #inside = false
  #maybeClosed = false
  #escaped = false
  #atField = true
  #bytesInLine = 0
  #commented = false
  #lastCr = false

  constructor(dialect: Dialect, comment: string | undefined, blanksCount: boolean) {
    this.#dialect = dialect
    this.#comment = comment ? comment.charCodeAt(0) : -1
    this.#blanks = blanksCount
  }

  add(chunk: Buffer): void {
    const { quote, delimiter, newline } = this.#dialect
    const last = delimiter[delimiter.length - 1], backslash = this.#dialect.escape === 'backslash'
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number
      if (this.#maybeClosed) {
        this.#maybeClosed = false
        if (byte === quote) { this.#bytesInLine++; continue }
        this.#inside = false
      }
      if (this.#inside) {
        this.#bytesInLine++
        if (this.#escaped) this.#escaped = false
        else if (backslash && byte === 92) this.#escaped = true
        else if (byte === quote) this.#maybeClosed = true
        continue
      }
      if (this.#lastCr) {
        this.#lastCr = false
        if (byte === 10) { if (newline === 'lf') this.#line(); continue }
        if (newline === 'lf') this.#bytesInLine++
      }
      if (byte === 10 && newline !== 'cr') { this.#line(); continue }
      if (byte === 13) {
        if (newline !== 'lf') this.#line()
        this.#lastCr = newline !== 'cr'
        continue
      }
      if (this.#bytesInLine === 0 && byte === this.#comment) this.#commented = true
      if (byte === quote && this.#atField && !this.#commented) this.#inside = true
      this.#atField = byte === last
      this.#bytesInLine++
    }
  }

  end(): void {
    if (this.#maybeClosed) this.#inside = false
    this.unended = this.#bytesInLine > 0
    if (this.unended) this.#line()
  }

  #line(): void {
    if (!this.#commented && (this.#bytesInLine > 0 || this.#blanks)) this.count++
    this.#bytesInLine = 0
    this.#commented = false
    this.#atField = true
  }
}
