import iconv from 'iconv-lite'
import { LandfallError } from '../../errors/error.ts'

/** What iconv-lite calls the encodings people write. */
export function knownEncoding(name: string): string | null {
  const plain = name.trim().toLowerCase().replace(/^ansi$/, 'windows-1252').replace(/^(mac|macintosh|x-mac-roman)$/, 'macroman').replace(/^latin-?1$/, 'iso-8859-1')
  return iconv.encodingExists(plain) ? plain : null
}

export function isUtf8Name(encoding: string): boolean {
  return /^utf-?8$/i.test(encoding)
}

/** Length of the byte-order mark that belongs to the encoding, 0 for none. */
export function bomLength(head: Buffer, encoding: string): number {
  const hex = head.subarray(0, 4).toString('hex')
  if (isUtf8Name(encoding)) return hex.startsWith('efbbbf') ? 3 : 0
  if (/utf-?32/i.test(encoding)) return hex === 'fffe0000' || hex === '0000feff' ? 4 : 0
  if (/utf-?16/i.test(encoding)) return hex.startsWith('fffe') || hex.startsWith('feff') ? 2 : 0
  return 0
}

/**
 * Turns bytes of `encoding` into UTF-8, without byte-order mark. What does not decode becomes U+FFFD, which readers look for to reject the record;
 * UTF-8 passes through untouched, invalid bytes and all, so that they can be told from a U+FFFD that really stands there.
 */
export async function* toUtf8(source: AsyncIterable<Buffer>, encoding: string, atStart: boolean): AsyncGenerator<Buffer> {
  const utf8 = isUtf8Name(encoding)
  const name = knownEncoding(encoding)
  if (name === null) throw new LandfallError('config-invalid', `There is no encoding \`${encoding}\`.`, { hint: 'Examples: utf-8, windows-1252, iso-8859-15, cp850, shift_jis, utf-16le.' })
  let head: Buffer | null = atStart ? Buffer.alloc(0) : null
  const decoder = utf8 ? null : iconv.getDecoder(name, { stripBOM: false })
  let half = ''
  const turn = (chunk: Buffer): Buffer => {
    if (decoder === null) return chunk
    let text = half + decoder.write(chunk)
    // A surrogate pair cut by the end of the chunk would become two U+FFFD.
    half = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : ''
    if (half !== '') text = text.slice(0, -1)
    return Buffer.from(text, 'utf8')
  }
  for await (const chunk of source) {
    if (head === null) { yield turn(chunk); continue }
    head = Buffer.concat([head, chunk])
    if (head.length < 4) continue
    yield turn(head.subarray(bomLength(head, encoding)))
    head = null
  }
  if (head !== null) yield turn(head.subarray(bomLength(head, encoding)))
  const rest = half + (decoder?.end() ?? '')
  if (rest !== '') yield Buffer.from(rest, 'utf8')
}
