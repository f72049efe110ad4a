import { BitReader, damaged, decodeSymbols, type Block } from './bunzip2-block.ts'

/** No packed block is longer: 900,000 symbols of 20 bits, and its tables. */
const BLOCK_BYTES = 2_400_000
const PIECE_BYTES = 1 << 20
const BLOCK_MAGIC = 0x314159265359, END_MAGIC = 0x177245385090

/** The checksum of bzip2 runs from the highest bit down, unlike the one of gzip and zip. */
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n << 24
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc >>> 0
})

/**
 * Unpacks bzip2 block by block, several streams behind each other included. A block is at most 900 kB packed text, but may unpack to 46 MB: it is handed
 * out in pieces of 1 MiB, so whoever reads can stop a bomb. Every checksum is compared; `file-unreadable` says what is wrong.
 */
export async function* bunzip2(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = packed[Symbol.asyncIterator]()
  let bits = new BitReader(Buffer.alloc(0)), ended = false, streams = 0
  const refill = async () => {
    if (ended || bits.left >= BLOCK_BYTES) return
    const parts = [bits.rest()]
    for (let size = (parts[0] as Buffer).length; !ended && size < 2 * BLOCK_BYTES;) {
      const next = await source.next()
      if (next.done) ended = true
      else { parts.push(next.value); size += next.value.length }
    }
    bits = bits.onward(Buffer.concat(parts))
  }
  try {
    for (;;) {
      await refill()
      if (bits.left === 0 && streams > 0) return
      if (bits.take(24) !== 0x425a68) throw damaged(streams === 0 ? 'it is no bzip2 file' : 'something else follows the packed data')
      const level = bits.take(8) - 0x30
      if (level < 1 || level > 9) throw damaged('its block size is not one of bzip2')
      let whole = 0
      for (;;) {
        await refill()
        const magic = bits.take(24) * 2 ** 24 + bits.take(24)
        if (magic === END_MAGIC) break
        if (magic !== BLOCK_MAGIC) throw damaged('a block does not begin where it should')
        const expected = bits.take(32)
        const found = yield* unpacked(decodeSymbols(bits, level * 100_000))
        if (found !== expected) throw damaged('a checksum is wrong')
        whole = ((whole << 1) | (whole >>> 31)) ^ found
      }
      if (bits.take(32) !== whole >>> 0) throw damaged('the checksum of the whole is wrong')
      bits.align()
      streams++
    }
  } finally {
    await source.return?.()
  }
}

/** Undoes the sorting of a block and the runs within; returns the checksum of what it handed out. */
function* unpacked(block: Block): Generator<Buffer, number> {
  const { sorted, length, origin, counts } = block
  // `sorted` holds the bytes; above them goes where the next one stands.
  for (let value = 0, sum = 0; value < 256; value++) {
    const count = counts[value] as number
    counts[value] = sum
    sum += count
  }
  for (let i = 0; i < length; i++) {
    const value = (sorted[i] as number) & 0xff, at = counts[value] as number
    counts[value] = at + 1
    sorted[at] = (sorted[at] as number) | (i << 8)
  }
  let piece = Buffer.allocUnsafe(PIECE_BYTES), size = 0, crc = 0xffffffff, run = 0, last = -1
  for (let i = 0, at = (sorted[origin] as number) >>> 8; i < length; i++) {
    const entry = sorted[at] as number, value = entry & 0xff
    at = entry >>> 8
    // Four equal bytes are followed by the number of further ones.
    const times = run === 4 ? value : 1, byte = run === 4 ? last : value
    if (run === 4) { run = 0; last = -1 }
    else { run = value === last ? run + 1 : 1; last = value }
    for (let n = 0; n < times; n++) {
      crc = (crc << 8) ^ (CRC[(crc >>> 24) ^ byte] as number)
      piece[size++] = byte
      if (size < PIECE_BYTES) continue
      yield piece
      piece = Buffer.allocUnsafe(PIECE_BYTES)
      size = 0
    }
  }
  if (size > 0) yield piece.subarray(0, size)
  return ~crc >>> 0
}
