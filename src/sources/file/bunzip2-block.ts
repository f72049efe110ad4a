import { LandfallError } from '../../errors/error.ts'

const GROUP = 50, MAX_BITS = 20

/** What is wrong with packed data; whoever knows the file says which. */
export function damaged(why: string): LandfallError {
  return new LandfallError('file-unreadable', `The bzip2 data is damaged: ${why}`, { hint: 'Copy or pack the file again.' })
}

/** Bits of a buffer from the highest of each byte down. `file-unreadable` when they run out. */
export class BitReader {
  readonly #bytes: Buffer
  #at = 0
  #held = 0
  #count = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Bytes not yet looked at. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }

  /** A reader that goes on in `bytes`, which begin with rest(). */
  onward(bytes: Buffer): BitReader {
    const next = new BitReader(bytes)
    next.#held = this.#held
    next.#count = this.#count
    return next
  }

  /** Up to 32 bits as a number. */
  take(bits: number): number {
    if (bits > 24) return this.take(bits - 16) * 65536 + this.take(16)
    while (this.#count < bits) {
      if (this.#at >= this.#bytes.length) throw damaged('it ends too early')
      this.#held = ((this.#held << 8) | (this.#bytes[this.#at++] as number)) >>> 0
      this.#count += 8
    }
    this.#count -= bits
    const value = this.#held >>> this.#count
    this.#held &= (1 << this.#count) - 1
    return value
  }

  /** Drops the rest of a byte. */
  align(): void {
    this.#count -= this.#count % 8
    this.#held >>>= this.#count
    this.#held = 0
    this.#count = 0
  }
}

/** A block as it was sorted: `length` bytes in the low 8 bits of `sorted`, how often each comes, and where the text begins. */
export interface Block { sorted: Uint32Array; length: number; origin: number; counts: Uint32Array }

interface Table { limit: Int32Array; base: Int32Array; symbols: Uint16Array; shortest: number }

/** Reads the tables and symbols of a block; its magic and checksum are behind us. */
export function decodeSymbols(bits: BitReader, size: number): Block {
  if (bits.take(1) === 1) throw damaged('it was packed by a bzip2 older than 0.9.5')
  const origin = bits.take(24), used = usedBytes(bits), end = used.length + 1
  const tables = bits.take(3)
  if (used.length === 0 || tables < 2 || tables > 6) throw damaged('a block has impossible tables')
  const selectors = readSelectors(bits, tables), coding = Array.from({ length: tables }, () => readTable(bits, used.length + 2))
  const sorted = new Uint32Array(size), counts = new Uint32Array(256)
  let length = 0, run = 0, weight = 1
  const flush = () => {
    const value = used[0] as number
    if (length + run > size) throw damaged('a block is longer than it may be')
    counts[value] = (counts[value] as number) + run
    sorted.fill(value, length, length + run)
    length += run
    run = 0
    weight = 1
  }
  for (let group = 0; ; group++) {
    const table = coding[selectors[group] ?? -1]
    if (table === undefined) throw damaged('a block has too few tables')
    for (let i = 0; i < GROUP; i++) {
      const symbol = readSymbol(bits, table)
      if (symbol <= 1) {
        // Runs are numbers to the base 2 with the digits 1 and 2.
        run += weight << symbol
        weight <<= 1
        if (run > size) throw damaged('a block is longer than it may be')
        continue
      }
      if (run > 0) flush()
      if (symbol === end) {
        if (origin >= length) throw damaged('a block begins nowhere')
        return { sorted, length, origin, counts }
      }
      if (length >= size) throw damaged('a block is longer than it may be')
      const value = used[symbol - 1] as number
      used.copyWithin(1, 0, symbol - 1)
      used[0] = value
      counts[value] = (counts[value] as number) + 1
      sorted[length++] = value
    }
  }
}

function usedBytes(bits: BitReader): Uint8Array {
  const rows = bits.take(16), used: number[] = []
  for (let row = 0; row < 16; row++) {
    if (!(rows & (0x8000 >> row))) continue
    const columns = bits.take(16)
    for (let column = 0; column < 16; column++) if (columns & (0x8000 >> column)) used.push(row * 16 + column)
  }
  return Uint8Array.from(used)
}

function readSelectors(bits: BitReader, tables: number): number[] {
  const order = Array.from({ length: tables }, (_, n) => n), count = bits.take(15)
  return Array.from({ length: count }, () => {
    let at = 0
    while (bits.take(1) === 1) if (++at >= tables) throw damaged('a block names a table that is not there')
    const [table] = order.splice(at, 1) as [number]
    order.unshift(table)
    return table
  })
}

/** Canonical Huffman codes out of their lengths, each told as a difference to the one before. */
function readTable(bits: BitReader, symbols: number): Table {
  let length = bits.take(5)
  const lengths = Array.from({ length: symbols }, () => {
    for (;;) {
      if (length < 1 || length > MAX_BITS) throw damaged('a code has an impossible length')
      if (bits.take(1) === 0) return length
      length += bits.take(1) === 0 ? 1 : -1
    }
  })
  const limit = new Int32Array(MAX_BITS + 2).fill(-1), base = new Int32Array(MAX_BITS + 2), sorted: number[] = []
  let code = 0
  for (let size = 1; size <= MAX_BITS; size++) {
    base[size] = sorted.length - code
    for (let symbol = 0; symbol < symbols; symbol++) if (lengths[symbol] === size) { sorted.push(symbol); code++ }
    limit[size] = code - 1
    code <<= 1
  }
  return { limit, base, symbols: Uint16Array.from(sorted), shortest: Math.min(...lengths) }
}

function readSymbol(bits: BitReader, table: Table): number {
  let size = table.shortest, code = bits.take(size)
  while (code > (table.limit[size] as number)) {
    if (++size > MAX_BITS) throw damaged('a code is unknown')
    code = (code << 1) | bits.take(1)
  }
  const symbol = table.symbols[code + (table.base[size] as number)]
  if (symbol === undefined) throw damaged('a code is unknown')
  return symbol
}
