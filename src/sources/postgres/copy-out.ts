import type { Socket } from 'node:net'

interface Wire { stream: Socket; query(sql: string): void }

const COPY_DATA = 0x64, COPY_DONE = 0x63, COPY_OUT = 0x48, NOTICE = 0x4e, PARAMETER = 0x53, NOTIFICATION = 0x41
const EMPTY = Buffer.alloc(0)
const LONG_BYTES = 1 << 17

/**
 * `COPY ... TO STDOUT` as records. The server sends each record in a message of its own, so records are told apart and counted without looking into
 * them. Submitted to a pg client like a query: while data flows it reads the socket itself and hands it back to the driver when data ends.
 */
export class CopyOut {
  /** Records the server says it sent; null until it said so. */
  announced: number | null = null
  readonly #sql: string
  readonly #idleTimeoutMs: number
  #socket: Socket | null = null
  #driver: ((data: Buffer) => void) | null = null
  #buffer: Buffer = EMPTY
  #at = 0
  /** Where a long record is collected. */
  #space: Buffer | null = null
  #flowing = true
  #ready = false
  #error: Error | null = null
  #wake: (() => void) | null = null
  readonly #onEvent = () => this.#wake?.()
  readonly #onClose = () => { this.#error ??= new Error('the connection was closed by the server'); this.#wake?.() }

  constructor(sql: string, idleTimeoutMs: number) {
    this.#sql = sql
    this.#idleTimeoutMs = idleTimeoutMs
  }

  /** Called by the driver. */
  submit(connection: unknown): void {
    const wire = connection as Wire
    const socket = wire.stream
    this.#socket = socket
    this.#driver = socket.listeners('data')[0] as (data: Buffer) => void
    socket.removeListener('data', this.#driver)
    socket.pause()
    socket.on('readable', this.#onEvent)
    socket.on('close', this.#onClose)
    socket.on('end', this.#onClose)
    wire.query(this.#sql)
  }

  /** Hands records (ranges of a buffer, valid only during the call) to `take` until it returns true (`full`) or all were given (`end`). Throws what the server or socket reports. */
  async fill(take: (buffer: Buffer, from: number, to: number) => boolean): Promise<'full' | 'end'> {
    for (;;) {
      if (this.#error && !this.#more()) throw this.#error
      while (this.#flowing && this.#more()) {
        const code = this.#buffer[this.#at] as number
        const start = this.#at + 5, end = this.#end()
        if (code === COPY_DATA) {
          this.#at = end
          if (take(this.#buffer, start, end)) return 'full'
        } else if (code === COPY_OUT || code === NOTICE || code === PARAMETER || code === NOTIFICATION) {
          this.#at = end
        } else {
          if (code === COPY_DONE) this.#at = end
          this.#handBack()
        }
      }
      if (!this.#flowing) {
        if (this.#error) throw this.#error
        if (this.#ready) return 'end'
        await this.#event()
        continue
      }
      if (!this.#pull()) await this.#event()
    }
  }

  /** True when a whole message lies in the buffer. */
  #more(): boolean {
    return this.#flowing && this.#buffer.length - this.#at >= 5 && this.#buffer.length >= this.#end()
  }

  /** Index behind the message at hand, whose head lies in the buffer. */
  #end(): number {
    const buffer = this.#buffer, at = this.#at + 1
    return at + ((buffer[at] as number) * 0x1000000 + ((buffer[at + 1] as number) << 16 | (buffer[at + 2] as number) << 8 | (buffer[at + 3] as number)))
  }

  /** Takes what the socket has; false when nothing new is there. */
  #pull(): boolean {
    const part = (this.#socket as Socket).read() as Buffer | null
    if (part === null) return false
    const rest = this.#buffer.length - this.#at
    if (rest > LONG_BYTES) this.#append(part)
    else {
      this.#buffer = rest === 0 ? part : Buffer.concat([this.#buffer.subarray(this.#at), part])
      this.#at = 0
    }
    return true
  }

  /** Collects the parts of a long record in space that doubles: joining buffers part by part would take quadratic time. */
  #append(part: Buffer): void {
    const used = this.#buffer.length
    if (this.#space !== null && this.#buffer.buffer === this.#space.buffer && this.#space.length - this.#buffer.byteOffset >= used + part.length) {
      part.copy(this.#space, this.#buffer.byteOffset + used)
      this.#buffer = this.#space.subarray(this.#buffer.byteOffset, this.#buffer.byteOffset + used + part.length)
      return
    }
    const rest = this.#buffer.subarray(this.#at)
    this.#space = Buffer.from(new ArrayBuffer((rest.length + part.length) * 2))
    rest.copy(this.#space)
    part.copy(this.#space, rest.length)
    this.#buffer = this.#space.subarray(0, rest.length + part.length)
    this.#at = 0
  }

  #handBack(): void {
    const socket = this.#socket as Socket, driver = this.#driver as (data: Buffer) => void
    this.#flowing = false
    const rest = this.#buffer.subarray(this.#at)
    this.#buffer = EMPTY
    this.#at = 0
    socket.removeListener('readable', this.#onEvent)
    socket.on('data', driver)
    if (rest.length > 0) driver(rest)
    socket.resume()
  }

  async #event(): Promise<void> {
    if (this.#error) throw this.#error
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = null
        reject(new Error(`the server sent nothing for ${this.#idleTimeoutMs} ms`))
      }, this.#idleTimeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
    })
  }

  // The driver calls these.
  handleError(error: Error): void {
    this.#error ??= error
    this.#wake?.()
  }

  handleCommandComplete(message: { text?: string }): void {
    const match = /^COPY (\d+)/.exec(message.text ?? '')
    if (match) this.announced = Number(match[1])
  }

  handleReadyForQuery(): void {
    this.#ready = true
    this.#socket?.removeListener('close', this.#onClose)
    this.#socket?.removeListener('end', this.#onClose)
    this.#wake?.()
  }
}
