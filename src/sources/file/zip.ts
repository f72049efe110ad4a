import { open, type FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { RATIO_FROM_BYTES, type Limits } from './limits.ts'

export interface ZipEntry { name: string; method: number; encrypted: boolean; packed: number; size: number; crc: number; offset: number; folder: boolean }

const END = 0x06054b50, END64_LOCATOR = 0x07064b50, END64 = 0x06064b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50
const MAX_ENTRIES = 100_000
const CHUNK_BYTES = 1 << 18

/**
 * A zip archive read by its central directory, entry by entry, never to disk: names are only names, so a path in them harms nothing.
 * Every entry is inflated under the limits and checked against its size and CRC.
 */
export class ZipFile {
  readonly path: string
  readonly entries: ZipEntry[]
  readonly #file: FileHandle
  readonly #limits: Limits

  private constructor(path: string, file: FileHandle, entries: ZipEntry[], limits: Limits) {
    this.path = path
    this.#file = file
    this.entries = entries
    this.#limits = limits
  }

  /** Opens the archive and reads its directory; `file-unreadable` when torn, `limit-exceeded` for absurd directories. */
  static async open(path: string, limits: Limits): Promise<ZipFile> {
    const file = await open(path, 'r')
    try {
      const entries = await readDirectory(path, file)
      return new ZipFile(path, file, entries, limits)
    } catch (error) {
      await file.close()
      if (error instanceof LandfallError) throw error
      throw torn(path, messageOf(error), error)
    }
  }

  find(name: string): ZipEntry | undefined {
    return this.entries.find((entry) => entry.name === name) ?? this.entries.find((entry) => entry.name.toLowerCase() === name.toLowerCase())
  }

  /** The entry's bytes in pieces. `limit-exceeded` before more than the limits allow was inflated; `file-unreadable` when damaged. */
  async *read(entry: ZipEntry): AsyncGenerator<Buffer> {
    if (entry.encrypted) throw new LandfallError('file-unreadable', `The archive member is encrypted: ${entry.name}`, { hint: 'Unpack it with its password first.', where: { file: this.path } })
    if (entry.method !== 0 && entry.method !== 8) {
      throw new LandfallError('file-unreadable', `The archive member uses compression method ${entry.method}, which is not supported: ${entry.name}`, { hint: 'Pack it again with Deflate.', where: { file: this.path } })
    }
    this.guard(entry, entry.size)
    let total = 0, crc = 0
    try {
      for await (const chunk of entry.method === 0 ? this.#raw(entry) : inflate(this.#raw(entry))) {
        total += chunk.length
        this.guard(entry, total)
        crc = crc32(chunk, crc)
        yield chunk
      }
    } catch (error) {
      if (error instanceof LandfallError) throw error
      throw torn(this.path, `${entry.name}: ${messageOf(error)}`, error)
    }
    if (total !== entry.size || crc !== entry.crc) throw torn(this.path, `${entry.name} does not agree with its size and checksum`)
  }

  /** The whole entry; `limit-exceeded` beyond `maxBytes`. */
  async readAll(entry: ZipEntry, maxBytes: number): Promise<Buffer> {
    if (entry.size > maxBytes) throw tooLarge(this.path, entry, entry.size, `the limit of ${maxBytes} bytes for this part`)
    const pieces: Buffer[] = []
    for await (const chunk of this.read(entry)) pieces.push(chunk)
    return Buffer.concat(pieces)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** Throws `limit-exceeded` when `size` bytes out of this entry are too many. */
  guard(entry: ZipEntry, size: number): void {
    if (size > this.#limits.inflatedBytes) throw tooLarge(this.path, entry, size, `the limit of ${this.#limits.inflatedBytes} bytes`)
    if (size > RATIO_FROM_BYTES && size > entry.packed * this.#limits.ratio) throw tooLarge(this.path, entry, size, `${this.#limits.ratio} times its packed size of ${entry.packed} bytes, as in a zip bomb`)
  }

  async *#raw(entry: ZipEntry): AsyncGenerator<Buffer> {
    const header = await readAt(this.#file, entry.offset, 30)
    if (header.readUInt32LE(0) !== LOCAL) throw torn(this.path, `${entry.name} is not where the directory says`)
    let at = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
    for (let left = entry.packed; left > 0;) {
      const piece = await readAt(this.#file, at, Math.min(left, CHUNK_BYTES))
      yield piece
      at += piece.length
      left -= piece.length
    }
  }
}

async function* inflate(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const stream = createInflateRaw({ chunkSize: CHUNK_BYTES })
  stream.on('error', () => undefined)
  const feed = (async () => {
    try {
      for await (const chunk of source) {
        if (stream.destroyed) return
        if (!stream.write(chunk)) await drained(stream)
      }
      stream.end()
    } catch (error) {
      stream.destroy(error as Error)
    }
  })()
  try {
    for await (const chunk of stream) yield chunk as Buffer
    await feed
  } finally {
    stream.destroy()
  }
}

/** Resolves when the stream takes more or was closed; leaves no listener behind, however many pieces a member has. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let used = 0
  while (used < length) {
    const { bytesRead } = await file.read(buffer, used, length - used, position + used)
    if (bytesRead === 0) throw new RangeError('the archive ends too early')
    used += bytesRead
  }
  return buffer
}

async function readDirectory(path: string, file: FileHandle): Promise<ZipEntry[]> {
  const size = (await file.stat()).size
  const tailSize = Math.min(size, 65_557)
  const tail = await readAt(file, size - tailSize, tailSize)
  let at = tail.length - 22
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--
  if (at < 0) throw torn(path, 'its directory at the end is missing')
  let count = tail.readUInt16LE(at + 10), length = tail.readUInt32LE(at + 12), start = tail.readUInt32LE(at + 16)
  if (at >= 20 && tail.readUInt32LE(at - 20) === END64_LOCATOR) {
    const end64 = await readAt(file, Number(tail.readBigUInt64LE(at - 12)), 56)
    if (end64.readUInt32LE(0) !== END64) throw torn(path, 'its 64-bit directory is damaged')
    count = Number(end64.readBigUInt64LE(32)); length = Number(end64.readBigUInt64LE(40)); start = Number(end64.readBigUInt64LE(48))
  }
  if (count > MAX_ENTRIES || length > MAX_ENTRIES * 200) throw new LandfallError('limit-exceeded', `The archive holds ${count} members: ${path}`, { hint: `At most ${MAX_ENTRIES} are read. Unpack it first.`, where: { file: path } })
  if (start + length > size) throw torn(path, 'its directory lies beyond its end')
  return parseDirectory(path, await readAt(file, start, length), count)
}

function parseDirectory(path: string, bytes: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = []
  for (let at = 0, n = 0; n < count; n++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) throw torn(path, `entry ${n + 1} of its directory is damaged`)
    const flags = bytes.readUInt16LE(at + 8), nameLength = bytes.readUInt16LE(at + 28), extraLength = bytes.readUInt16LE(at + 30)
    const name = bytes.subarray(at + 46, at + 46 + nameLength).toString(flags & 0x800 ? 'utf8' : 'latin1')
    const entry: ZipEntry = {
      name, method: bytes.readUInt16LE(at + 10), encrypted: (flags & 1) !== 0, crc: bytes.readUInt32LE(at + 16), packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24), offset: bytes.readUInt32LE(at + 42), folder: name.endsWith('/'),
    }
    widen(entry, bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength))
    entries.push(entry)
    at += 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32)
  }
  return entries
}

/** Takes the 64-bit sizes out of the extra field where the 32-bit ones are full. */
function widen(entry: ZipEntry, extra: Buffer): void {
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at), length = extra.readUInt16LE(at + 2)
    if (id === 1) {
      let p = at + 4
      const next = () => { const value = Number(extra.readBigUInt64LE(p)); p += 8; return value }
      if (entry.size === 0xffffffff) entry.size = next()
      if (entry.packed === 0xffffffff) entry.packed = next()
      if (entry.offset === 0xffffffff) entry.offset = next()
    }
    at += 4 + length
  }
}

function torn(path: string, why: string, cause?: unknown): LandfallError {
  return new LandfallError('file-unreadable', `The archive is damaged or cut off: ${why}`, { hint: 'Copy or export the file again.', where: { file: path }, cause })
}

function tooLarge(path: string, entry: ZipEntry, size: number, what: string): LandfallError {
  return new LandfallError('limit-exceeded', `${entry.name} unpacks to ${size} bytes or more, beyond ${what}`, { hint: 'If the file is to be trusted, raise `limits` of the source.', where: { file: path } })
}
