import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError, messageOf } from '../errors/error.ts'

/**
 * Writes a `csv` batch in staging's dialect (the reader is staging/spool.ts): UTF-8 with a byte order mark (so that one in the first value survives),
 * no header, `,` between values, `\n` after each record,
 * `\N` unquoted is NULL, everything else is text; a value holding `"`, `,`, CR, LF or being `\N` or empty is in double quotes with quotes doubled.
 */
const MARK = Buffer.from('\ufeff')
const FLUSH_BYTES = 1 << 20
const LINE_CHARS = 1 << 14

/** Names of spool files must not meet when several entities are read at once. */
let serial = 0

export class SpoolWriter {
  readonly path: string
  count = 0
  bytes = 0
  #file: number | null
  #pending: Buffer
  #used = 0
  #lines = ''

  /** Creates the file in `folder` (made when absent). `stem` only serves people who look into the folder. */
  constructor(folder: string, stem: string) {
    mkdirSync(folder, { recursive: true })
    this.path = join(folder, `${stem.replace(/[^\w.-]+/g, '_').slice(0, 80)}-${++serial}.csv`)
    this.#file = openSync(this.path, 'w')
    this.#pending = Buffer.allocUnsafe(FLUSH_BYTES)
    this.#pending.set(MARK)
    this.#used = MARK.length
  }

  /** Appends one record. */
  record(values: (string | null)[]): void {
    let line = values.length === 0 ? '' : spoolValue(values[0] as string | null)
    for (let i = 1; i < values.length; i++) line += `,${spoolValue(values[i] as string | null)}`
    this.#lines += `${line}\n`
    if (this.#lines.length > LINE_CHARS) this.#encode()
    this.count++
  }

  /** Lines are made bytes many at a time: a call for each costs more than its characters. */
  #encode(): void {
    const lines = this.#lines
    this.#lines = ''
    if (lines !== '') this.text(lines)
  }

  /** Appends text that is in the dialect already; the caller adds to `count`. */
  text(text: string): void {
    if (this.#lines !== '') this.#encode()
    if (text.length * 3 > FLUSH_BYTES - this.#used) {
      this.#flush()
      if (text.length * 3 > FLUSH_BYTES) { this.chunk(Buffer.from(text, 'utf8')); return }
    }
    const written = this.#pending.write(text, this.#used, 'utf8')
    this.#used += written
    this.bytes += written
  }

  /** Appends bytes that are in the dialect already; the caller adds to `count`. The buffer may be reused afterwards. */
  chunk(bytes: Uint8Array): void {
    if (this.#lines !== '') this.#encode()
    this.bytes += bytes.length
    if (bytes.length > FLUSH_BYTES - this.#used) this.#flush()
    if (bytes.length > FLUSH_BYTES) { this.#write(bytes); return }
    this.#pending.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** As `chunk` with a part of a buffer: for many short ones, which need no views made of them. */
  piece(from: Buffer, start: number, end: number): void {
    if (this.#lines !== '') this.#encode()
    if (end - start > FLUSH_BYTES - this.#used) { this.chunk(from.subarray(start, end)); return }
    from.copy(this.#pending, this.#used, start, end)
    this.#used += end - start
    this.bytes += end - start
  }

  /** Appends one newline byte. */
  newline(): void {
    if (this.#lines !== '') this.#encode()
    if (this.#used === FLUSH_BYTES) this.#flush()
    this.#pending[this.#used++] = 10
    this.bytes++
  }

  /** Closes the file; it belongs to the reader of the batch from here on. */
  finish(): string {
    if (this.#lines !== '') this.#encode()
    this.#flush()
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
    return this.path
  }

  /** Closes and removes the file: for a batch that will not be handed out. Does nothing after `finish`. */
  discard(): void {
    if (this.#file === null) return
    closeSync(this.#file)
    this.#file = null
    rmSync(this.path, { force: true })
  }

  #flush(): void {
    if (this.#used > 0) this.#write(this.#pending.subarray(0, this.#used))
    this.#used = 0
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file as number, bytes, at)
    } catch (error) {
      throw new LandfallError('staging-failed', `The spool file cannot be written: ${messageOf(error)}`, { hint: 'Is the disk full?', where: { file: this.path }, cause: error })
    }
  }
}

/** One value in the dialect. */
export function spoolValue(value: string | null): string {
  if (value === null) return '\\N'
  // Quotes are never wrong, and one look for a quote is quicker than one for all that needs them.
  return value.includes('"') ? `"${value.replaceAll('"', '""')}"` : `"${value}"`
}

/** The values of one record in the dialect, with or without its line end. */
export function spoolRecord(line: string): (string | null)[] {
  const found: (string | null)[] = []
  for (let at = 0; at < line.length;) {
    if (line[at] === '"') {
      let value = ''
      for (at++; ; at++) {
        const end = line.indexOf('"', at)
        value += line.slice(at, end)
        at = end + 1
        if (line[at] !== '"') break
        value += '"'
      }
      found.push(value)
    } else {
      const comma = line.indexOf(',', at), end = comma < 0 ? line.length : comma
      const value = line.slice(at, end).replace(/\n$/, '')
      found.push(value === '\\N' ? null : value)
      at = end
    }
    at++
    if (line[at - 1] === ',' && (at === line.length || line[at] === '\n')) { found.push(''); break }
  }
  return found
}
