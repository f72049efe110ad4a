import { isUtf8 } from 'node:buffer'

const QUOTE = 34, BACKSLASH = 92, LF = 10, CR = 13, TAB = 9, SPACE = 32, COMMA = 44, COLON = 58, MINUS = 45, POINT = 46, PLUS = 43
const ABSENT = 0, NULL = 1, TEXT = 2, ESCAPED = 3, BARE = 4
/** What stands behind a backslash, and the byte it means. `\\u` is looked at by itself. */
const MEANT = new Uint8Array(256)
for (const pair of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) MEANT[pair.charCodeAt(0)] = pair.charCodeAt(1)
/** Longer values are copied by the runtime, shorter ones byte by byte. */
const SHORT = 48
const WORDS: [Buffer, number][] = [[Buffer.from('true'), BARE], [Buffer.from('false'), BARE], [Buffer.from('null'), NULL]]

/**
 * Takes the records that nearly all lines hold without making texts of them: one flat object on a line, its keys among the known ones and in their order
 * (so none stands twice), its values texts (escaped surrogates and NUL apart), numbers as RFC 8259 has them, true, false, null. Whatever else a line holds is left to JsonText,
 * which alone says what is wrong with it.
 */
export class PlainRecord {
  readonly #keys: Buffer[] = []
  readonly #cellBytes: number
  #starts = new Int32Array(64)
  #ends = new Int32Array(64)
  #kinds = new Uint8Array(64)
  #out = Buffer.allocUnsafe(1 << 14)
  /** Bytes of the line `line()` gave, its end included. */
  used = 0

  /** `keys` in the order in which they were met; `cellBytes`: records with a longer value are not taken. */
  constructor(keys: Iterable<string>, cellBytes: number) {
    this.#cellBytes = cellBytes
    for (const key of keys) this.learn(key)
  }

  /** Adds a key at the end. */
  learn(key: string): void {
    const size = this.#keys.push(Buffer.from(JSON.stringify(key)))
    if (size <= this.#kinds.length) return
    this.#starts = new Int32Array(size * 2)
    this.#ends = new Int32Array(size * 2)
    this.#kinds = new Uint8Array(size * 2)
  }

  /** Index behind the line that begins at `from`, or -1 when the line does not end before `end` or is not taken. The record is at hand until the next call. */
  scan(buffer: Buffer, from: number, end: number): number {
    this.#kinds.fill(ABSENT, 0, this.#keys.length)
    let at = gap(buffer, from)
    if (buffer[at] !== 123) return -1
    for (let slot = 0; ; slot++) {
      at = gap(buffer, at + 1)
      slot = this.#slot(buffer, at, slot)
      if (slot < 0) return -1
      at = gap(buffer, at + (this.#keys[slot] as Buffer).length)
      if (buffer[at] !== COLON) return -1
      at = gap(buffer, this.#value(buffer, gap(buffer, at + 1), end, slot))
      const byte = buffer[at]
      if (byte === 125) break
      if (byte !== COMMA) return -1
    }
    at = gap(buffer, at + 1)
    if (at >= end || buffer[at] !== LF) return -1
    return high(buffer, from, at) && !isUtf8(buffer.subarray(from, at)) ? -1 : at + 1
  }

  /** The value of the key at `slot` in the record at hand. */
  text(buffer: Buffer, slot: number): string | null {
    const kind = this.#kinds[slot] as number, start = this.#starts[slot] as number, end = this.#ends[slot] as number
    if (kind <= NULL) return null
    return kind === ESCAPED ? JSON.parse(buffer.toString('utf8', start - 1, end + 1)) as string : buffer.toString('utf8', start, end)
  }

  /** True when the record at hand has the key at `slot`. */
  has(slot: number): boolean {
    return this.#kinds[slot] !== ABSENT
  }

  /** The record at hand as a line of staging's dialect with the keys at `slots` (-1: none such): its first `used` bytes, valid until the next call. */
  line(buffer: Buffer, slots: Int32Array, room: number): Buffer {
    if (this.#out.length < room) this.#out = Buffer.allocUnsafe(room * 2)
    const out = this.#out
    let used = 0
    for (let i = 0; i < slots.length; i++) {
      if (i > 0) out[used++] = COMMA
      const slot = slots[i] as number, kind = slot < 0 ? ABSENT : this.#kinds[slot] as number
      if (kind <= NULL) {
        out[used++] = BACKSLASH
        out[used++] = 78
        continue
      }
      if (kind === ESCAPED) {
        used = unescaped(buffer, this.#starts[slot] as number, this.#ends[slot] as number, out, used)
        continue
      }
      // A text keeps the quotes it has: it holds none.
      const quotes = kind === TEXT ? 1 : 0, start = (this.#starts[slot] as number) - quotes, end = (this.#ends[slot] as number) + quotes
      if (end - start > SHORT) {
        buffer.copy(out, used, start, end)
        used += end - start
      } else for (let from = start; from < end; from++) out[used++] = buffer[from] as number
    }
    out[used++] = LF
    this.used = used
    return out
  }

  /** The first key from `slot` on that stands at `at`, or -1. */
  #slot(buffer: Buffer, at: number, slot: number): number {
    for (; slot < this.#keys.length; slot++) {
      const key = this.#keys[slot] as Buffer
      let i = 0
      while (i < key.length && key[i] === buffer[at + i]) i++
      if (i === key.length) return slot
    }
    return -1
  }

  /** Index behind the value at `at`; one where nothing can follow (the end) when it is not taken. */
  #value(buffer: Buffer, at: number, end: number, slot: number): number {
    let start = at, kind = BARE
    const first = buffer[at] as number
    if (first === QUOTE) {
      kind = TEXT
      start = ++at
      for (let byte = buffer[at] as number; byte !== QUOTE; byte = buffer[++at] as number) {
        if (byte < SPACE || at >= end) return end
        if (byte !== BACKSLASH) continue
        kind = ESCAPED
        at = escapeEnd(buffer, at)
        if (at < 0) return end
      }
    } else if (first === MINUS || digit(first)) {
      at = numberEnd(buffer, at)
      if (at < 0) return end
    } else {
      const word = WORDS.find(([text]) => text[0] === first && buffer.subarray(at, at + text.length).equals(text))
      if (word === undefined) return end
      kind = word[1]
      at += word[0].length
    }
    if (at - start > this.#cellBytes) return end
    this.#starts[slot] = start
    this.#ends[slot] = at
    this.#kinds[slot] = kind
    return kind === BARE || kind === NULL ? at : at + 1
  }
}

/** Index of the next byte that is no white space within a line. */
function gap(buffer: Buffer, at: number): number {
  for (let byte = buffer[at]; byte === SPACE || byte === CR || byte === TAB; byte = buffer[at]) at++
  return at
}

function digit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

/** Index behind the number at `at`, -1 when RFC 8259 knows none such. */
function numberEnd(buffer: Buffer, at: number): number {
  if (buffer[at] === MINUS) at++
  const first = at
  while (digit(buffer[at])) at++
  if (at === first || (buffer[first] === 48 && at > first + 1)) return -1
  if (buffer[at] === POINT) {
    const point = ++at
    while (digit(buffer[at])) at++
    if (at === point) return -1
  }
  if (buffer[at] === 101 || buffer[at] === 69) {
    at++
    if (buffer[at] === PLUS || buffer[at] === MINUS) at++
    const power = at
    while (digit(buffer[at])) at++
    if (at === power) return -1
  }
  return at
}

/** Index of the last byte of the escape at `at`, -1 when it means nothing here: NUL and halves of characters are for the strict reader. */
function escapeEnd(buffer: Buffer, at: number): number {
  const letter = buffer[at + 1] as number
  if (letter !== 117) return MEANT[letter] === 0 || letter === undefined ? -1 : at + 1
  const code = hexAt(buffer, at + 2)
  return code <= 0 || (code >= 0xd800 && code <= 0xdfff) ? -1 : at + 5
}

/** The number that four hex digits at `at` make, -1 when they are none. */
function hexAt(buffer: Buffer, at: number): number {
  let code = 0
  for (let i = at; i < at + 4; i++) {
    const byte = buffer[i] as number, letter = byte | 32
    const one = digit(byte) ? byte - 48 : letter >= 97 && letter <= 102 ? letter - 87 : -1
    if (one < 0) return -1
    code = code * 16 + one
  }
  return code
}

/** Writes a text with escapes as a quoted value of staging's dialect; answers where `out` goes on. */
function unescaped(buffer: Buffer, start: number, end: number, out: Buffer, used: number): number {
  out[used++] = QUOTE
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte !== BACKSLASH) { out[used++] = byte; continue }
    const letter = buffer[++at] as number
    if (letter === 117) {
      const code = hexAt(buffer, at + 1)
      at += 4
      if (code > 0x7ff) out[used++] = 0xe0 | (code >> 12)
      if (code > 0x7ff) out[used++] = 0x80 | ((code >> 6) & 63)
      else if (code > 0x7f) out[used++] = 0xc0 | (code >> 6)
      if (code === QUOTE) out[used++] = QUOTE
      out[used++] = code > 0x7f ? 0x80 | (code & 63) : code
    } else {
      if (letter === QUOTE) out[used++] = QUOTE
      out[used++] = MEANT[letter] as number
    }
  }
  out[used++] = QUOTE
  return used
}

/** True when a byte is not ASCII. */
function high(buffer: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((buffer[at] as number) > 127) return true
  return false
}
