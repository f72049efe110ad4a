import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { bunzip2 } from './bunzip2.ts'
import { readHead } from './fingerprint.ts'
import { RATIO_FROM_BYTES, type Limits } from './limits.ts'
import { contentOf, notWhatItSays, type Content } from './magic.ts'
import { ZipFile, type ZipEntry } from './zip.ts'

const CHUNK_BYTES = 1 << 20
const PACKINGS: Content[] = ['gzip', 'zstd', 'bzip2', 'zip']

export interface ByteOptions { member?: string; limits: Limits; signal?: AbortSignal | undefined }

/** True when the file is compressed, so that reading from the middle means unpacking from the start. */
export function isPacked(path: string): boolean {
  return PACKINGS.includes(contentOf(readHead(path, 4096)))
}

/**
 * Bytes of a file from `start` on, unpacked when it is gzip, Zstandard, bzip2 or zip (told by its content, not its name). A zip with several
 * members needs `member`. Failures: `file-unreadable` (torn, encrypted, a packing that cannot be read), `limit-exceeded` (bomb).
 */
export async function* openBytes(path: string, options: ByteOptions, start = 0): AsyncGenerator<Buffer> {
  const content = contentOf(readHead(path, 4096))
  if (content === 'zip') {
    yield* skip(readZip(path, options), start)
  } else if (content === 'gzip' || content === 'zstd' || content === 'bzip2') {
    yield* skip(unpack(path, content, options), start)
  } else if (content === 'xz' || content === '7z' || content === 'rar') {
    throw notWhatItSays(path, 'packed in a way that can be read (gzip, zip, zstd, bzip2)', content)
  } else {
    yield* plain(path, start, options.signal)
  }
}

async function* plain(path: string, start: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { start, highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })) yield chunk as Buffer
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function* unpack(path: string, content: 'gzip' | 'zstd' | 'bzip2', options: ByteOptions): AsyncGenerator<Buffer> {
  const packed = (await stat(path)).size
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const inflater = content === 'bzip2' ? null : content === 'gzip' ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress({ chunkSize: CHUNK_BYTES })
  stream.on('error', (error) => inflater?.destroy(error))
  if (inflater) stream.pipe(inflater)
  let total = 0
  try {
    for await (const chunk of inflater ?? bunzip2(stream)) {
      total += (chunk as Buffer).length
      if (total > options.limits.inflatedBytes || (total > RATIO_FROM_BYTES && total > packed * options.limits.ratio)) {
        throw new LandfallError('limit-exceeded', `The file unpacks to ${total} bytes or more out of ${packed}: ${path}`, { hint: 'If it is to be trusted, raise `limits.ratio` or `limits.inflatedBytes` of the source.', where: { file: path } })
      }
      yield chunk as Buffer
    }
  } catch (error) {
    throw error instanceof LandfallError && error.code !== 'file-unreadable' ? error : unreadable(path, error)
  } finally {
    stream.destroy()
    inflater?.destroy()
  }
}

async function* readZip(path: string, options: ByteOptions): AsyncGenerator<Buffer> {
  const zip = await ZipFile.open(path, options.limits)
  try {
    yield* zip.read(memberOf(zip, options.member))
  } finally {
    await zip.close()
  }
}

function memberOf(zip: ZipFile, wanted: string | undefined): ZipEntry {
  const files = zip.entries.filter((entry) => !entry.folder && !entry.name.startsWith('__MACOSX/'))
  const names = files.slice(0, 20).map((entry) => entry.name).join(', ')
  if (wanted !== undefined) {
    const found = zip.find(wanted)
    if (found) return found
    throw new LandfallError('file-unreadable', `The archive has no member \`${wanted}\`: ${zip.path}`, { hint: `It holds: ${names || 'nothing'}.`, where: { file: zip.path } })
  }
  if (files.some((entry) => entry.name === '[Content_Types].xml')) {
    throw new LandfallError('file-unreadable', `The file is an Office document, not text: ${zip.path}`, { hint: 'Read it with source kind `excel`.', where: { file: zip.path } })
  }
  const [only, ...others] = files
  if (only === undefined) throw new LandfallError('file-unreadable', `The archive is empty: ${zip.path}`, { hint: 'Pack the file again.', where: { file: zip.path } })
  if (others.length > 0) throw new LandfallError('file-unreadable', `The archive holds ${files.length} files: ${zip.path}`, { hint: `Name one as \`member\`: ${names}.`, where: { file: zip.path } })
  return only
}

async function* skip(source: AsyncGenerator<Buffer>, start: number): AsyncGenerator<Buffer> {
  let left = start
  for await (const chunk of source) {
    if (left >= chunk.length) { left -= chunk.length; continue }
    yield left === 0 ? chunk : chunk.subarray(left)
    left = 0
  }
}

function unreadable(path: string, error: unknown): LandfallError {
  if ((error as { name?: string }).name === 'AbortError') return new LandfallError('interrupted', `Reading was stopped: ${path}`, { where: { file: path }, cause: error })
  return new LandfallError('file-unreadable', `The file cannot be read to its end: ${messageOf(error)}`, { hint: 'It may be cut off or damaged; copy or export it again.', where: { file: path }, cause: error })
}
