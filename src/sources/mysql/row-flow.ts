import type mysql from 'mysql2'
import { LandfallError } from '../../errors/error.ts'

type Row = (Buffer | string | null)[]

/** A result as it arrives, held back on the socket while the reader is busy: no more than the driver's own buffer is in memory. */
export class RowFlow {
  readonly #connection: mysql.Connection
  readonly #idleTimeoutMs: number
  #take: ((row: Row) => boolean) | null = null
  #ended = false
  #error: Error | null = null
  #full = false
  #seen = 0
  #wake: (() => void) | null = null

  /** Sends the statement. */
  constructor(connection: mysql.Connection, sql: string, idleTimeoutMs: number) {
    this.#connection = connection
    this.#idleTimeoutMs = idleTimeoutMs
    const query = connection.query({ sql, rowsAsArray: true } as mysql.QueryOptions) as unknown as NodeJS.EventEmitter
    // Only now: the driver would not even send a statement while paused.
    connection.pause()
    query.on('result', (row: Row) => {
      this.#seen++
      if (this.#take?.(row)) {
        this.#full = true
        connection.pause()
        this.#wake?.()
      }
    })
    query.on('end', () => { this.#ended = true; this.#wake?.() })
    const failed = (error: Error) => { this.#error ??= error; this.#wake?.() }
    query.on('error', failed)
    connection.on('error', failed)
    connection.on('end', () => { if (!this.#ended) failed(new Error('the connection was closed by the server')) })
  }

  /** Hands rows to `take` until it returns true (`full`) or all were given (`end`). Throws what the server or socket reports. */
  async fill(take: (row: Row) => boolean): Promise<'full' | 'end'> {
    this.#take = take
    this.#full = false
    this.#connection.resume()
    for (let seen = -1; !this.#full && !this.#ended && !this.#error;) {
      if (seen === this.#seen) throw new LandfallError('source-failed', `The MySQL server sent nothing for ${this.#idleTimeoutMs} ms.`, { hint: 'Resume the run; raise `idleTimeoutMs` for a slow server.' })
      seen = this.#seen
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.#wake?.(), this.#idleTimeoutMs)
        this.#wake = () => { clearTimeout(timer); this.#wake = null; resolve() }
      })
    }
    this.#take = null
    if (this.#full) return 'full'
    if (this.#error) throw this.#error
    return 'end'
  }
}
