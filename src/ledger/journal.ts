import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { LandfallError, messageOf } from '../errors/error.ts'
import { redact } from '../errors/redact.ts'
import type { Json } from '../model/value.ts'

/** One line of the journal. `type` says what happened, `run` to which run; further members are the event's own. */
export type JournalEvent = { type: string; run: string; at: string } & { [key: string]: Json }

/**
 * The diary of a project: an append-only file of JSON lines, durable when `append` returns. It says what was intended and how each run
 * went on; what is on the site is said by the ledger inside the site. A line torn by a crash is dropped when the file is next opened.
 */
export class Journal {
  readonly #file: string
  readonly #descriptor: number
  #end: number

  private constructor(file: string, descriptor: number, end: number) {
    this.#file = file
    this.#descriptor = descriptor
    this.#end = end
  }

  /** Opens or creates the file. Throws `ledger-broken` when a line other than the last is damaged. */
  static open(file: string): Journal {
    mkdirSync(dirname(file), { recursive: true })
    const whole = existsSync(file) ? intactLength(file) : 0
    const descriptor = openSync(file, existsSync(file) ? 'r+' : 'w+')
    ftruncateSync(descriptor, whole)
    return new Journal(file, descriptor, whole)
  }

  /** Appends events, in order, and returns when they are on disk. Secrets are redacted by value. */
  append(events: JournalEvent[]): void {
    if (events.length === 0) return
    const bytes = Buffer.from(events.map((event) => `${redact(JSON.stringify(event))}\n`).join(''), 'utf8')
    for (let written = 0; written < bytes.length;) written += writeSync(this.#descriptor, bytes, written, bytes.length - written, this.#end + written)
    fsyncSync(this.#descriptor)
    this.#end += bytes.length
  }

  /** All events so far, oldest first. */
  replay(): JournalEvent[] {
    return readJournal(this.#file)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Events of a journal file without opening it for writing; empty when there is none. A torn last line is left out. */
export function readJournal(file: string): JournalEvent[] {
  if (!existsSync(file)) return []
  const bytes = readFileSync(file)
  const text = bytes.subarray(0, bytes.lastIndexOf(10) + 1).toString('utf8')
  return text.split('\n').filter((line) => line !== '').map((line, i) => {
    try {
      return JSON.parse(line) as JournalEvent
    } catch (error) {
      throw new LandfallError('ledger-broken', `Line ${i + 1} of the journal is damaged: ${messageOf(error)}`, {
        where: { file, line: i + 1 }, hint: 'Restore the file from a backup, or remove the damaged line: the ledger inside the site is not affected.', cause: error,
      })
    }
  })
}

/** Bytes up to and including the last line end: what is behind it was torn. */
function intactLength(file: string): number {
  return readFileSync(file).lastIndexOf(10) + 1
}
