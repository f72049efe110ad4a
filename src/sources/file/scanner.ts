/** How records are written in a delimited file. Bytes, because files are scanned as UTF-8 bytes whatever their encoding was. */
export interface Dialect {
  delimiter: Buffer
  /** Byte of the quote, -1 for none. */
  quote: number
  escape: 'doubled' | 'backslash'
  /** `lf`: LF and CRLF end records, a lone CR is data; `cr`: CR alone ends them; `any`: each of the three does. */
  newline: 'lf' | 'cr' | 'any'
}

/** How a field was written. `QUOTED`: its bytes exclude the quotes. `ESCAPED`: holds doubled quotes or backslashes still to be resolved. */
export const PLAIN = 0, QUOTED = 1, ESCAPED = 2, PLAIN_SPECIAL = 4

const ORDINARY = 0, DELIMITER = 1, LF = 2, CR = 3, QUOTE = 4, NUL = 5, SPECIAL = 6, BACKSLASH = 7

/**
 * Finds the fields of one record in a window of bytes. State lives in the public members and is overwritten by each call:
 * `count` fields with `starts`, `ends`, `kinds`; `next` where the following record begins; `bodyEnd` where the record's last byte was;
 * `lines` line ends passed; `fault` why the record is no record (then only `count`, `next`, `lines` mean nothing).
 */
export class RecordScanner {
  starts = new Int32Array(256)
  ends = new Int32Array(256)
  kinds = new Uint8Array(256)
  count = 0
  next = 0
  bodyEnd = 0
  lines = 0
  hasNul = false
  /** True when a field is not as the spool dialect would write it: an unquoted quote, comma or CR, or an escape. */
  special = false
  fault: string | null = null
  readonly dialect: Dialect
  readonly #classes = new Uint8Array(256)
  readonly #inside = new Uint8Array(256)
  readonly #maxFields: number

  constructor(dialect: Dialect, maxFields: number) {
    this.dialect = dialect
    this.#maxFields = maxFields
    const plain = this.#classes, inside = this.#inside
    plain[44] = SPECIAL; plain[34] = SPECIAL
    for (const table of [plain, inside]) { table[0] = NUL; table[10] = LF; table[13] = CR }
    if (dialect.quote >= 0) { plain[dialect.quote] = QUOTE; inside[dialect.quote] = QUOTE }
    if (dialect.escape === 'backslash') { plain[92] = BACKSLASH; inside[92] = BACKSLASH }
    plain[dialect.delimiter[0] as number] = DELIMITER
  }

  /** Scans the record at `from`. False: the window ends within the record and more bytes exist (`eof` false). */
  scan(buffer: Buffer, from: number, end: number, eof: boolean): boolean {
    this.count = 0; this.lines = 0; this.hasNul = false; this.special = false; this.fault = null
    const classes = this.#classes, quote = this.dialect.quote
    let at = from, start = from, kind = PLAIN
    for (;;) {
      if (at === start && quote >= 0 && buffer[at] === quote && at < end) {
        const close = this.#quoted(buffer, at + 1, end, eof)
        if (close < 0) return close === -2
        const after = close + 1
        if (after === end && !eof) return false
        const code = after === end ? LF : classes[buffer[after] as number] as number
        if (code !== DELIMITER && code !== LF && code !== CR) { this.fault = 'text follows a closing quote'; return true }
        this.#put(start + 1, close, this.#kind)
        at = after
        kind = -1
      } else {
        while (at < end && classes[buffer[at] as number] === ORDINARY) at++
      }
      if (at >= end) {
        if (!eof) return false
        if (kind !== -1) this.#put(start, at, kind)
        this.#finish(end, end)
        return true
      }
      switch (classes[buffer[at] as number]) {
        case DELIMITER: {
          const width = this.#delimiterAt(buffer, at, end)
          if (width === 0) {
            if (end - at < this.dialect.delimiter.length && !eof) return false
            if (kind === -1) { this.fault = 'text follows a closing quote'; return true }
            if (buffer[at] === 44 || buffer[at] === 34) kind = PLAIN_SPECIAL
            at++
            break
          }
          if (kind !== -1) this.#put(start, at, kind)
          at += width
          start = at
          kind = PLAIN
          break
        }
        case LF:
          if (this.dialect.newline === 'cr') {
            if (kind === -1) { this.fault = 'text follows a closing quote'; return true }
            kind = PLAIN_SPECIAL; at++
            break
          }
          if (kind !== -1) this.#put(start, at, kind)
          this.lines++
          this.#finish(at, at + 1)
          return true
        case CR: {
          if (at + 1 === end && !eof) return false
          const pair = buffer[at + 1] === 10 && at + 1 < end
          if (!pair && this.dialect.newline === 'lf' && at + 1 < end) {
            if (kind === -1) { this.fault = 'text follows a closing quote'; return true }
            kind = PLAIN_SPECIAL; at++
            break
          }
          if (kind !== -1) this.#put(start, at, kind)
          this.lines++
          this.#finish(at, at + (pair ? 2 : 1))
          return true
        }
        case NUL: this.hasNul = true; at++; break
        case BACKSLASH:
          if (at + 1 === end && !eof) return false
          kind = ESCAPED
          at += at + 1 < end && buffer[at + 1] !== 10 && buffer[at + 1] !== 13 ? 2 : 1
          break
        default: kind = kind === ESCAPED ? ESCAPED : PLAIN_SPECIAL; at++
      }
    }
  }

  #kind = QUOTED

  /** Index of the closing quote; -1: more bytes needed; -2: there is none, `fault` is set. */
  #quoted(buffer: Buffer, from: number, end: number, eof: boolean): number {
    const inside = this.#inside
    let at = from
    this.#kind = QUOTED
    for (;;) {
      while (at < end && inside[buffer[at] as number] === ORDINARY) at++
      if (at >= end) {
        if (!eof) return -1
        this.fault = 'a quote is opened and never closed'
        return -2
      }
      switch (inside[buffer[at] as number]) {
        case LF: this.lines++; at++; break
        case CR:
          if (at + 1 === end && !eof) return -1
          if (buffer[at + 1] !== 10) this.lines++
          at++
          break
        case NUL: this.hasNul = true; at++; break
        case BACKSLASH:
          if (at + 2 > end && !eof) return -1
          this.#kind = QUOTED | ESCAPED
          at += buffer[at + 1] === 10 || buffer[at + 1] === 13 ? 1 : 2
          break
        default:
          if (at + 1 === end && !eof) return -1
          if (buffer[at + 1] !== this.dialect.quote || at + 1 >= end) return at
          this.#kind = QUOTED | ESCAPED
          at += 2
      }
    }
  }

  #delimiterAt(buffer: Buffer, at: number, end: number): number {
    const delimiter = this.dialect.delimiter
    if (delimiter.length === 1) return 1
    if (at + delimiter.length > end) return 0
    for (let i = 1; i < delimiter.length; i++) if (buffer[at + i] !== delimiter[i]) return 0
    return delimiter.length
  }

  #put(start: number, end: number, kind: number): void {
    const n = this.count++
    if (n >= this.starts.length) {
      if (n > this.#maxFields) return
      this.#grow()
    }
    this.starts[n] = start
    this.ends[n] = end
    this.kinds[n] = kind
    if (kind > QUOTED) this.special = true
  }

  #grow(): void {
    const size = this.starts.length * 4
    const starts = new Int32Array(size), ends = new Int32Array(size), kinds = new Uint8Array(size)
    starts.set(this.starts); ends.set(this.ends); kinds.set(this.kinds)
    this.starts = starts; this.ends = ends; this.kinds = kinds
  }

  #finish(bodyEnd: number, next: number): void {
    this.bodyEnd = bodyEnd
    this.next = next
    if (this.count > this.#maxFields) this.fault = `it has ${this.count} fields, more than the limit of ${this.#maxFields} columns`
  }

  /** Text of field `n` of the record last scanned, escapes resolved. */
  text(buffer: Buffer, n: number): string {
    const kind = this.kinds[n] as number
    const text = buffer.toString('utf8', this.starts[n], this.ends[n])
    if ((kind & ESCAPED) === 0) return text
    const quote = this.dialect.quote
    const doubled = quote < 0 || (kind & QUOTED) === 0 ? text : text.replaceAll(String.fromCharCode(quote, quote), String.fromCharCode(quote))
    return this.dialect.escape === 'backslash' ? doubled.replace(/\\([^])/g, (pair: string, c: string) => (c === 'N' ? pair : c)) : doubled
  }
}
