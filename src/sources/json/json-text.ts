import { LandfallError } from '../../errors/error.ts'

/** Why a text is no JSON, with the place of the fault in the text (index). Never leaves this folder. */
export class JsonFault extends LandfallError {
  readonly at: number
  constructor(message: string, at: number) {
    super('file-unreadable', message)
    this.at = at
  }
}

/** Where a record's parts go. */
export interface RecordSink {
  /** A value of the record under its path of keys; arrays and empty objects come as compact JSON text. */
  value(path: string, text: string | null): void
  /** A key stood twice in one object; the later value counts, as everywhere. */
  doubled(path: string): void
}

const MAX_DEPTH = 500
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPES: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/**
 * Reads one JSON value strictly (RFC 8259) and without loss: numbers stay the text they are. Nested objects become paths `a.b`, everything that is
 * no object at the top goes under `value`. Keys are only texts, so `__proto__` is a column like any other.
 */
export class JsonText {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The whole text as one record. Throws JsonFault. */
  record(sink: RecordSink): void {
    this.#space()
    if (this.#text[this.#at] === '{') this.#object('', sink)
    else sink.value('value', this.#scalarOrText())
    this.#space()
    if (this.#at < this.#text.length) throw new JsonFault('text follows the value', this.#at)
  }

  #object(path: string, sink: RecordSink): void {
    this.#enter()
    this.#at++
    this.#space()
    if (this.#text[this.#at] === '}') {
      this.#at++
      this.#depth--
      if (path !== '') sink.value(path, '{}')
      return
    }
    const keys = new Set<string>()
    for (;;) {
      const key = this.#key()
      const full = path === '' ? key : `${path}.${key}`
      if (keys.has(key)) sink.doubled(full)
      keys.add(key)
      if (this.#text[this.#at] === '{') this.#object(full, sink)
      else sink.value(full, this.#scalarOrText())
      if (this.#next('}')) break
    }
    this.#depth--
  }

  /** A key and its colon; stands on the value afterwards. */
  #key(): string {
    if (this.#text[this.#at] !== '"') throw this.#unexpected('a key in double quotes')
    const key = this.#string()
    this.#space()
    if (this.#text[this.#at] !== ':') throw this.#unexpected('`:`')
    this.#at++
    this.#space()
    return key
  }

  /** After a member: true when the container ended, false when another member follows. */
  #next(close: string): boolean {
    this.#space()
    const char = this.#text[this.#at]
    if (char === close) { this.#at++; return true }
    if (char !== ',') throw this.#unexpected(`\`,\` or \`${close}\``)
    this.#at++
    this.#space()
    if (this.#text[this.#at] === close) throw new JsonFault('a comma stands before the end (trailing comma)', this.#at)
    return false
  }

  /** Scalars as their text, null as null, arrays as compact JSON. */
  #scalarOrText(): string | null {
    const char = this.#text[this.#at]
    if (char === '"') return this.#string()
    if (char === 'n' && this.#text.startsWith('null', this.#at)) { this.#at += 4; return null }
    return this.#compact()
  }

  #compact(): string {
    const char = this.#text[this.#at]
    if (char === '"') return JSON.stringify(this.#string())
    if (char === '[') return this.#array()
    if (char === '{') return this.#compactObject()
    for (const word of ['true', 'false', 'null']) if (this.#text.startsWith(word, this.#at)) { this.#at += word.length; return word }
    NUMBER.lastIndex = this.#at
    const number = NUMBER.exec(this.#text)
    if (!number) throw this.#unexpected('a value')
    this.#at += number[0].length
    if (/[\w.+-]/.test(this.#text[this.#at] ?? ' ')) throw this.#unexpected('the end of a number')
    return number[0]
  }

  #array(): string {
    this.#enter()
    this.#at++
    this.#space()
    const parts: string[] = []
    if (this.#text[this.#at] === ']') this.#at++
    else do parts.push(this.#compact()); while (!this.#next(']'))
    this.#depth--
    return `[${parts.join(',')}]`
  }

  #compactObject(): string {
    this.#enter()
    this.#at++
    this.#space()
    const parts: string[] = []
    if (this.#text[this.#at] === '}') this.#at++
    else do { const key = this.#key(); parts.push(`${JSON.stringify(key)}:${this.#compact()}`) } while (!this.#next('}'))
    this.#depth--
    return `{${parts.join(',')}}`
  }

  #string(): string {
    const text = this.#text
    let at = this.#at + 1, result = ''
    for (;;) {
      PLAIN.lastIndex = at
      const run = (PLAIN.exec(text) as RegExpExecArray)[0]
      at += run.length
      const char = text[at]
      if (char === '"') { this.#at = at + 1; return result === '' ? run : result + run }
      if (char === undefined) throw new JsonFault('a text is opened and never closed', this.#at)
      if (char !== '\\') throw new JsonFault('a text holds a bare control character', at)
      result += run
      const escape = text[at + 1] ?? ''
      if (escape === 'u') {
        const hex = text.slice(at + 2, at + 6)
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new JsonFault('`\\u` without four hex digits', at)
        result += String.fromCharCode(parseInt(hex, 16))
        at += 6
      } else {
        const plain = Object.hasOwn(ESCAPES, escape) ? ESCAPES[escape] : undefined
        if (plain === undefined) throw new JsonFault(`\`\\${escape}\` means nothing`, at)
        result += plain
        at += 2
      }
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new JsonFault(`it is nested deeper than ${MAX_DEPTH} levels`, this.#at)
  }

  #space(): void {
    const text = this.#text
    for (let code = text.charCodeAt(this.#at); code === 32 || code === 10 || code === 13 || code === 9; code = text.charCodeAt(this.#at)) this.#at++
  }

  #unexpected(wanted: string): JsonFault {
    const char = this.#text[this.#at]
    return new JsonFault(char === undefined ? `it ends where ${wanted} should stand` : `${shownChar(char)} stands where ${wanted} should`, this.#at)
  }
}

/** A character as messages name it: what cannot be seen by its number. */
export function shownChar(char: string): string {
  return /^[ -~\u00a1-\ud7ff]$/.test(char) ? `\`${char}\`` : `the character U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** A byte as messages name it. */
export function shownByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `the byte 0x${byte.toString(16).padStart(2, '0')}`
}
