import { SpoolWriter } from '../spool-writer.ts'
import type { RecordReader } from './record-reader.ts'
import { ESCAPED, QUOTED, type RecordScanner } from './scanner.ts'

const OUT_BYTES = 1 << 18
const COMMA = 44, QUOTE = 34, LF = 10

/**
 * Copies records from the reader's window into a spool file, as bytes: a value is made a string only when it must be written in another way.
 * `nulls` are the unquoted texts that mean NULL.
 */
export class SpoolRecords {
  readonly writer: SpoolWriter
  readonly #out = Buffer.allocUnsafe(OUT_BYTES)
  #used = 0
  readonly #nulls: Buffer[]
  readonly #emptyIsNull: boolean
  readonly #pick: number[] | null
  readonly #width: number
  readonly #sameQuotes: boolean

  /** `pick`: positions of the columns wanted, null for all `width`. */
  constructor(folder: string, stem: string, scanner: RecordScanner, nulls: string[], width: number, pick: number[] | null) {
    this.writer = new SpoolWriter(folder, stem)
    this.#nulls = nulls.filter((text) => text !== '').map((text) => Buffer.from(text))
    this.#emptyIsNull = nulls.includes('')
    this.#pick = pick
    this.#width = width
    this.#sameQuotes = scanner.dialect.quote === QUOTE && scanner.dialect.escape === 'doubled'
  }

  /** Appends the record the reader stands on. Fields it lacks are NULL. */
  add(reader: RecordReader): void {
    const { scanner } = reader
    const count = this.#pick === null ? this.#width : this.#pick.length
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#byte(COMMA)
      const n = this.#pick === null ? i : this.#pick[i] as number
      if (n >= scanner.count) { this.#null(); continue }
      this.#field(reader, n, scanner.starts[n] as number, scanner.ends[n] as number, scanner.kinds[n] as number)
    }
    this.#byte(LF)
    this.writer.count++
  }

  #field(reader: RecordReader, n: number, start: number, end: number, kind: number): void {
    const buffer = reader.buffer
    if ((kind & QUOTED) === 0) {
      if (start === end) { if (this.#emptyIsNull) this.#null(); else this.#quotedEmpty(); return }
      if (this.#isNull(buffer, start, end)) { this.#null(); return }
    }
    if (reader.scanner.hasNul || kind > (QUOTED | ESCAPED) || ((kind & ESCAPED) !== 0 && !(this.#sameQuotes && (kind & QUOTED) !== 0))) {
      this.#value(reader.text(n))
      return
    }
    if ((kind & QUOTED) === 0) {
      if (end - start === 2 && buffer[start] === 92 && buffer[start + 1] === 78) this.#value('\\N')
      else this.#copy(buffer, start, end)
      return
    }
    if (this.#sameQuotes) this.#copy(buffer, start - 1, end + 1)
    else this.#value(reader.text(n))
  }

  #isNull(buffer: Buffer, start: number, end: number): boolean {
    for (const text of this.#nulls) {
      if (text.length !== end - start) continue
      let i = 0
      while (i < text.length && text[i] === buffer[start + i]) i++
      if (i === text.length) return true
    }
    return false
  }

  #value(text: string): void {
    const bytes = Buffer.from(`"${text.replaceAll('"', '""')}"`)
    this.#copy(bytes, 0, bytes.length)
  }

  #null(): void {
    this.#byte(92)
    this.#byte(78)
  }

  #quotedEmpty(): void {
    this.#byte(QUOTE)
    this.#byte(QUOTE)
  }

  #byte(byte: number): void {
    if (this.#used === OUT_BYTES) this.#flush()
    this.#out[this.#used++] = byte
  }

  #copy(from: Buffer, start: number, end: number): void {
    const length = end - start
    if (length > OUT_BYTES - this.#used) {
      this.#flush()
      if (length > OUT_BYTES) { this.writer.chunk(from.subarray(start, end)); return }
    }
    if (length > 48) {
      from.copy(this.#out, this.#used, start, end)
      this.#used += length
      return
    }
    const out = this.#out
    let used = this.#used
    for (let i = start; i < end; i++) out[used++] = from[i] as number
    this.#used = used
  }

  #flush(): void {
    if (this.#used > 0) this.writer.chunk(this.#out.subarray(0, this.#used))
    this.#used = 0
  }

  /** Ends the file; its path. */
  finish(): string {
    this.#flush()
    return this.writer.finish()
  }

  /** Removes the file: for a batch that will not be handed out. */
  discard(): void {
    this.writer.discard()
  }
}
