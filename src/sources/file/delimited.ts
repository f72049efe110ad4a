import { LandfallError } from '../../errors/error.ts'
import type { Batch } from '../../model/batch.ts'
import type { Entity } from '../../model/entity.ts'
import { uniqueNames } from './column-names.ts'
import type { FileTable, ReadPart } from './file-source.ts'
import { ColumnShape } from './infer.ts'
import { LineCount } from './line-count.ts'
import type { Limits } from './limits.ts'
import type { Format } from './options.ts'
import { displayPath } from './paths.ts'
import { END, MORE, RecordReader, type Place } from './record-reader.ts'
import { BatchTally } from './row-batch.ts'
import { PLAIN } from './scanner.ts'
import { SpoolRecords } from './spool-records.ts'
import { openText, probeText, readerOptions, type TextFile } from './text-file.ts'

const SAMPLE_RECORDS = 1000, SAMPLE_EVERY = 97, SAMPLE_CELLS = 2_000_000

/** What prepare() learns of a file beside what TextFile says. `records`: to be read, without those left out at the bottom. */
interface Known { file: TextFile; records: number }

/** Delimited text files of one shape as an entity. */
export class DelimitedTable implements FileTable {
  readonly name: string
  readonly paths: string[]
  readonly #base: string
  readonly #format: Format
  readonly #limits: Limits
  #known: Known[] = []
  #names: string[] = []
  /** Records may end with one delimiter more than they have values. */
  #trailing = false

  constructor(name: string, paths: string[], base: string, format: Format, limits: Limits) {
    this.name = name
    this.paths = paths
    this.#base = base
    this.#format = format
    this.#limits = limits
  }

  async prepare(): Promise<Entity> {
    const notes: string[] = []
    const files: TextFile[] = []
    for (const path of this.paths) files.push(await probeText(path, this.#format, this.#limits))
    const first = files[0] as TextFile
    this.#nameColumns(files, notes)
    const shapes = this.#names.map(() => new ColumnShape())
    const known: Known[] = []
    let exact = true
    for (const file of files) {
      const where = files.length > 1 ? `${displayPath(this.#base, file.path)}: ` : ''
      const survey = await this.#survey(file, shapes)
      if (file === first || file.notes.join() !== first.notes.join()) notes.push(...file.notes.map((note) => where + note))
      notes.push(...survey.notes.map((note) => where + note))
      exact &&= survey.exact
      known.push({ file, records: survey.records })
    }
    this.#known = known
    const columns = shapes.map((shape, i) => shape.column(this.#names[i] as string))
    notes.push(...columns.flatMap((column) => column.note ?? []).slice(0, 50))
    return {
      name: this.name, namespace: '', columns: columns.map((column) => column.column), primaryKey: [], uniqueKeys: [], foreignKeys: [],
      rowCount: { value: known.reduce((sum, one) => sum + one.records, 0), exact }, notes,
    }
  }

  /** Column names, the same for every file, and whether records have a delimiter behind their last value. */
  #nameColumns(files: TextFile[], notes: string[]): void {
    const [first, ...others] = files as [TextFile, ...TextFile[]]
    const width = (file: TextFile) => file.header?.length ?? file.width
    let cells = this.#format.names ?? first.header ?? Array.from({ length: first.width }, (_, i) => `column_${i + 1}`)
    if (cells.length > this.#limits.columns) {
      throw new LandfallError('limit-exceeded', `The file has ${cells.length} columns, more than the limit of ${this.#limits.columns}: ${first.path}`, { hint: 'Check `delimiter`, or raise `limits.columns`.', where: { file: first.path } })
    }
    for (const file of others) {
      const same = this.#format.names !== undefined || (file.header === null) === (first.header === null)
        && (first.header === null ? width(file) === width(first) : first.header.join('\u001f') === file.header?.join('\u001f'))
      if (!same) throw drift(this.name, first, file)
    }
    this.#trailing = this.#format.names === undefined && (first.header !== null ? first.width === first.header.length + 1 : false)
    if (cells.length > 1 && first.emptyLast && this.#format.names === undefined) {
      cells = cells.slice(0, -1)
      this.#trailing = true
    }
    if (this.#trailing) notes.push('lines end with a delimiter: an empty value behind the last column is left out')
    const unique = uniqueNames(cells)
    this.#names = unique.names
    notes.push(...unique.notes)
  }

  /** Goes through all of a file: how many records, how many cannot be read, and what values look like. */
  async #survey(file: TextFile, shapes: ColumnShape[]): Promise<{ records: number; exact: boolean; notes: string[] }> {
    const lines = new LineCount(file.dialect, file.gaps.comment, file.gaps.blankIsRecord)
    const reader = new RecordReader(tap(openText(file.path, file.encoding, this.#format, this.#limits, file.first.offset), lines), readerOptions(file, this.#format, this.#limits), file.first)
    const faults = new Map<string, { count: number; line: number }>()
    let records = 0, sampledCells = 0, marks = 0
    for (let state = reader.advance(); state !== END; state = reader.advance()) {
      if (state === MORE) {
        await reader.fill()
        if (file.encoding === 'utf-8' && reader.buffer.indexOf('\ufeff') > 0) marks++
        continue
      }
      records++
      const fault = this.#faultOf(reader)
      if (fault !== null) {
        const kind = fault.replace(/\d+/g, 'N'), seen = faults.get(kind)
        if (seen) seen.count++
        else faults.set(kind, { count: 1, line: reader.line })
      } else if ((records <= SAMPLE_RECORDS || records % SAMPLE_EVERY === 0) && sampledCells < SAMPLE_CELLS) {
        sampledCells += shapes.length
        for (let n = 0; n < shapes.length; n++) shapes[n]?.add(this.#valueOf(reader, n))
      }
    }
    lines.end()
    const notes = [...faults].map(([kind, { count, line }]) => `${count} records cannot be read because ${kind} (first on line ${line}): they are rejected`)
    if (marks > 0) notes.push('a byte-order mark stands within the file: were files joined?')
    if (lines.unended) notes.push('the last line has no line end: is the file cut off?')
    if (reader.skippedLines > 0) notes.push(`${reader.skippedLines} lines are left out as comments or by \`skip\``)
    const exact = file.gaps.skip.length > 0 || lines.count === records
    if (!exact) notes.push(`${records} records by the parser, ${lines.count} by a plain count of lines outside quotes: look at the rejected records`)
    return { records: Math.max(0, records - this.#format.skipBottom), exact, notes }
  }

  /** Why the record the reader stands on cannot be taken, or null. */
  #faultOf(reader: RecordReader): string | null {
    if (reader.fault !== null) return reader.fault
    const { scanner } = reader, wanted = this.#names.length
    if (scanner.bodyEnd - reader.start > this.#limits.cellBytes) {
      for (let n = 0; n < scanner.count; n++) {
        if ((scanner.ends[n] as number) - (scanner.starts[n] as number) > this.#limits.cellBytes) return `value ${n + 1} is longer than ${this.#limits.cellBytes} bytes`
      }
    }
    if (scanner.count === wanted) return null
    if (scanner.count === wanted + 1 && this.#trailing) {
      const last = scanner.count - 1
      if (scanner.kinds[last] === PLAIN && scanner.starts[last] === scanner.ends[last]) return null
    }
    if (scanner.count < wanted && this.#format.ragged === 'pad') return null
    return `it has ${scanner.count} values where there are ${wanted} columns${reader.unended && scanner.count < wanted ? ', and the file ends in it' : ''}`
  }

  #valueOf(reader: RecordReader, n: number): string | null {
    if (n >= reader.scanner.count) return null
    const text = reader.text(n)
    return ((reader.scanner.kinds[n] as number) & 1) === 0 && this.#format.nulls.includes(text) ? null : text
  }

  async *read(part: ReadPart): AsyncGenerator<Batch> {
    const tally = new BatchTally(this.name, part.batchRows, part.ordinal)
    const startFile = part.after === null ? 0 : Number(part.after['file'])
    for (let index = startFile; index < this.#known.length; index++) {
      const { file, records } = this.#known[index] as Known
      const resumed = index === startFile && part.after !== null
      const place: Place = resumed ? { offset: Number(part.after?.['offset']), line: Number(part.after?.['line']) } : file.first
      yield* this.#readFile(file, index, place, records - (resumed ? Number(part.after?.['done']) : 0), records, tally, part)
    }
  }

  async *#readFile(file: TextFile, index: number, place: Place, left: number, records: number, tally: BatchTally, part: ReadPart): AsyncGenerator<Batch> {
    const where = displayPath(this.#base, file.path)
    const reader = new RecordReader(openText(file.path, file.encoding, this.#format, this.#limits, place.offset, part.signal), readerOptions(file, this.#format, this.#limits), place)
    let spool: SpoolRecords | null = null
    const cut = (): Batch => {
      const data: Batch['data'] = spool === null ? { kind: 'rows', columns: part.columns.map(() => []) } : { kind: 'csv', path: spool.finish() }
      spool = null
      return { entity: this.name, columns: part.columns, data, ...tally.cut(), cursor: { file: index, offset: reader.following.offset, line: reader.following.line, done: records - left } }
    }
    try {
      while (left > 0) {
        const state = reader.advance()
        if (state === END) break
        if (state === MORE) { await reader.fill(); continue }
        left--
        const fault = this.#faultOf(reader)
        if (fault === null) {
          spool ??= new SpoolRecords(part.spoolFolder, this.name, reader.scanner, this.#format.nulls, this.#names.length, part.pick)
          spool.add(reader)
          tally.take(reader.scanner.bodyEnd - reader.start)
        } else {
          tally.reject(where, reader.line, fault, reader.raw())
        }
        if (tally.full) yield cut()
      }
      if (tally.read > 0) yield cut()
    } finally {
      (spool as SpoolRecords | null)?.discard()
      await reader.close()
    }
  }

  async *values(positions: number[]): AsyncGenerator<(string | null)[]> {
    const none = positions.map(() => null)
    for (const { file, records } of this.#known) {
      const reader = new RecordReader(openText(file.path, file.encoding, this.#format, this.#limits, file.first.offset), readerOptions(file, this.#format, this.#limits), file.first)
      try {
        for (let left = records; left > 0;) {
          const state = reader.advance()
          if (state === END) break
          if (state === MORE) { await reader.fill(); continue }
          left--
          yield this.#faultOf(reader) === null ? positions.map((n) => this.#valueOf(reader, n)) : none
        }
      } finally {
        await reader.close()
      }
    }
  }
}

async function* tap(source: AsyncIterable<Buffer>, lines: LineCount): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    lines.add(chunk)
    yield chunk
  }
}

function drift(entity: string, first: TextFile, file: TextFile): LandfallError {
  const [a, b] = [first.header ?? [], file.header ?? []]
  const missing = a.filter((cell) => !b.includes(cell)).slice(0, 10), extra = b.filter((cell) => !a.includes(cell)).slice(0, 10)
  const what = first.header === null || file.header === null ? `one has a header and the other has none, or they have ${first.width} and ${file.width} columns`
    : [missing.length > 0 ? `it lacks ${missing.join(', ')}` : '', extra.length > 0 ? `it adds ${extra.join(', ')}` : ''].filter(Boolean).join('; ') || 'its columns stand in another order'
  return new LandfallError('file-unreadable', `The files of \`${entity}\` differ in their columns: ${file.path} against ${first.path}: ${what}.`,
    { hint: 'Make them separate entities, or give all the same header.', where: { file: file.path, entity } })
}
