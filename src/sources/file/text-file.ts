import { LandfallError } from '../../errors/error.ts'
import { bomLength, isUtf8Name, knownEncoding, toUtf8 } from './decode.ts'
import { findDialect, looksLikeHeader } from './dialect.ts'
import { EncodingProbe } from './encoding.ts'
import { readHead } from './fingerprint.ts'
import { isPacked, openBytes } from './bytes.ts'
import type { Limits } from './limits.ts'
import { contentOf, notWhatItSays } from './magic.ts'
import type { Format } from './options.ts'
import { END, MORE, RecordReader, type Gaps, type Place, type ReaderOptions } from './record-reader.ts'
import type { Dialect } from './scanner.ts'

const SAMPLE_BYTES = 1 << 18
const SAMPLE_RECORDS = 200

/** A delimited file, its encoding and dialect known. */
export interface TextFile {
  path: string
  encoding: string
  dialect: Dialect
  gaps: Gaps
  /** Cells of the header as they stand there; null without header. */
  header: string[] | null
  /** Where the first record begins. */
  first: Place
  /** Fields most records of the sample have. */
  width: number
  /** The header ends with an empty cell that no record of the sample has a value for. */
  emptyLast: boolean
  notes: string[]
}

/** The file as UTF-8 from `offset` (of that UTF-8) on. Only plain UTF-8 can really be entered in the middle; else what comes before is read and dropped. */
export async function* openText(path: string, encoding: string, format: Pick<Format, 'member'>, limits: Limits, offset: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const options = { member: format.member, limits, signal } as { member?: string; limits: Limits; signal?: AbortSignal }
  if (offset > 0 && isUtf8Name(encoding) && !isPacked(path)) {
    yield* openBytes(path, options, offset + bomLength(readHead(path, 4), encoding))
    return
  }
  let left = offset
  for await (const chunk of toUtf8(openBytes(path, options), encoding, true)) {
    if (left >= chunk.length) { left -= chunk.length; continue }
    yield left === 0 ? chunk : chunk.subarray(left)
    left = 0
  }
}

/** The encoding of a file: configured, or found by a pass over all of it. */
export async function encodingOf(path: string, format: Pick<Format, 'encoding' | 'member'>, limits: Limits, check: (path: string, head: Buffer) => void = assertText): Promise<{ encoding: string; notes: string[] }> {
  if (format.encoding !== undefined) {
    const known = knownEncoding(format.encoding)
    if (known === null) throw new LandfallError('config-invalid', `There is no encoding \`${format.encoding}\`.`, { hint: 'Examples: utf-8, windows-1252, iso-8859-15, cp850, shift_jis, utf-16le.' })
    return { encoding: known, notes: [`encoding ${known}, as configured`] }
  }
  const probe = new EncodingProbe()
  for await (const chunk of openBytes(path, { limits, ...(format.member === undefined ? {} : { member: format.member }) })) {
    if (probe.total === 0) check(path, chunk)
    probe.add(chunk)
  }
  probe.end()
  return probe.decide(path)
}

function assertText(path: string, head: Buffer): void {
  const content = contentOf(head)
  if (content === 'text' || content === 'empty') return
  // A table may well begin with `[1` or `<b>`: only what is certainly no table is refused.
  if (content === 'xml' && !/^\s*<\?xml/i.test(head.toString('utf8', 0, 200).replace(/^\ufeff/, ''))) return
  if (content === 'json' && !looksJson(head.toString('utf8', 0, 4096))) return
  throw notWhatItSays(path, 'delimited text', content)
}

function looksJson(text: string): boolean {
  return /^\ufeff?\s*[[{]\s*([\]}]|"[^"]*"\s*[:,]|\{|\[)/.test(text)
}

/** Finds out how the file is to be read. Throws `encoding-uncertain`, and `file-unreadable` when it is no table under any reading. */
export async function probeText(path: string, format: Format, limits: Limits): Promise<TextFile> {
  const { encoding, notes } = await encodingOf(path, format, limits)
  const { sample, complete } = await readSample(path, encoding, format, limits)
  const found = findDialect(dropLines(sample, Math.max(format.skipTop, typeof format.header === 'number' ? format.header - 1 : 0)), complete, format)
  const gaps: Gaps = { comment: format.comment, skip: format.skip.map((pattern) => compile(pattern)), blankIsRecord: false }
  const file: TextFile = { path, encoding, dialect: found.dialect, gaps, header: null, first: { offset: 0, line: 1 }, width: 0, emptyLast: false, notes: [...notes, ...found.notes] }
  await findHeader(file, sample, format, limits)
  return file
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch (error) {
    throw new LandfallError('config-invalid', `\`skip\` holds no regular expression: ${pattern}`, { hint: 'Write it as in JavaScript, e.g. ^Total', cause: error })
  }
}

async function readSample(path: string, encoding: string, format: Format, limits: Limits): Promise<{ sample: Buffer; complete: boolean }> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const chunk of openText(path, encoding, format, limits, 0)) {
    pieces.push(chunk)
    size += chunk.length
    if (size > SAMPLE_BYTES) break
  }
  return { sample: Buffer.concat(pieces).subarray(0, SAMPLE_BYTES), complete: size <= SAMPLE_BYTES }
}

function dropLines(sample: Buffer, lines: number): Buffer {
  let at = 0
  for (let n = 0; n < lines && at < sample.length; n++) {
    const lf = sample.indexOf(10, at), cr = sample.indexOf(13, at)
    const end = lf >= 0 ? lf : cr
    if (end < 0) return sample.subarray(sample.length)
    at = end + 1
  }
  return sample.subarray(at)
}

export function readerOptions(file: TextFile, format: Format, limits: Limits): ReaderOptions {
  return { dialect: file.dialect, gaps: file.gaps, maxFields: limits.columns, maxRecordBytes: limits.recordBytes, checkUtf8: isUtf8Name(file.encoding), nul: format.nul }
}

/** Reads header and first records, and sets `header`, `first`, `width`. */
async function findHeader(file: TextFile, sample: Buffer, format: Format, limits: Limits): Promise<void> {
  const top = Math.max(format.skipTop, typeof format.header === 'number' ? format.header - 1 : 0)
  const offset = sample.length - dropLines(sample, top).length
  const place = { offset, line: top + 1 }
  const reader = new RecordReader(openText(file.path, file.encoding, format, limits, offset), readerOptions(file, format, limits), place)
  const rows: { cells: string[]; line: number }[] = []
  let second = place
  try {
    while (rows.length < SAMPLE_RECORDS && reader.following.offset - offset < SAMPLE_BYTES * 4) {
      const state = reader.advance()
      if (state === END) break
      if (state === MORE) { await reader.fill(); continue }
      const isFirst = rows.length === 0 && second === place
      if (reader.fault !== null) {
        if (isFirst) {
          if (format.header === false) { second = reader.following; continue }
          throw new LandfallError('file-unreadable', `The header cannot be read, because ${reader.fault}: ${file.path}`, { hint: 'Name the line of the header with `header`, or the encoding and dialect.', where: { file: file.path, line: reader.line } })
        }
        continue
      }
      rows.push({ cells: Array.from({ length: Math.min(reader.scanner.count, limits.columns) }, (_, n) => reader.text(n)), line: reader.line })
      if (isFirst) second = reader.following
    }
  } finally {
    await reader.close()
  }
  const [head, ...body] = rows
  const named = format.header === undefined ? format.names === undefined && head !== undefined && looksLikeHeader(head.cells, body.map((row) => row.cells)) : format.header !== false
  file.width = usualWidth(body.length > 0 ? body.map((row) => row.cells.length) : [head?.cells.length ?? 0])
  file.header = named && head !== undefined ? head.cells : null
  file.first = named ? second : place
  const last = file.header?.at(-1)
  file.emptyLast = last !== undefined && last.trim() === '' && body.every((row) => row.cells.length < (head as { cells: string[] }).cells.length || row.cells.at(-1) === '')
  if (format.header === undefined && head !== undefined) file.notes.push(named ? `header on line ${head.line}` : 'no header: the first record holds values')
  if (named && head !== undefined) assertHeaderFits(file, head, body, format)
  file.gaps.blankIsRecord = (format.names?.length ?? file.header?.length ?? file.width) === 1 && rows.length > 0
}

function usualWidth(widths: number[]): number {
  const counts = new Map<number, number>()
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0
}

/** A title above the table taken for the header would reject every record: say which line the header stands on instead. */
function assertHeaderFits(file: TextFile, head: { cells: string[]; line: number }, body: { cells: string[]; line: number }[], format: Format): void {
  const width = head.cells.length
  if (body.length === 0 || format.ragged === 'pad' || format.names !== undefined) return
  if (body.some((row) => row.cells.length === width || (row.cells.length === width + 1 && row.cells.at(-1) === ''))) return
  if (body.length < 2 || body.filter((row) => row.cells.length === file.width).length < body.length * 0.5) return
  const likely = body.find((row) => row.cells.length === file.width)
  throw new LandfallError('file-unreadable', `The header on line ${head.line} has ${width} columns, but no record of the first ${body.length} has: most have ${file.width}: ${file.path}`,
    { hint: `Set \`header: ${likely?.line ?? 2}\` if the header stands there, \`delimiter\`, or \`ragged: pad\`.`, where: { file: file.path, line: head.line } })
}
