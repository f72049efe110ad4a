import type { Batch } from '../../model/batch.ts'
import type { Entity } from '../../model/entity.ts'
import { uniqueNames } from './column-names.ts'
import type { FileTable, ReadPart } from './file-source.ts'
import { ColumnShape } from './infer.ts'
import type { Limits } from './limits.ts'
import type { Format } from './options.ts'
import { displayPath } from './paths.ts'
import { END, MORE, RecordReader, type Place } from './record-reader.ts'
import { RowBatch } from './row-batch.ts'
import type { Dialect } from './scanner.ts'
import { encodingOf, openText, readerOptions, type TextFile } from './text-file.ts'

/** A byte that UTF-8 never holds: each line is one field. */
const WHOLE_LINE = Buffer.from([0xff])
const SAMPLE_RECORDS = 5000

/** Text whose columns stand at fixed positions, counted in characters. */
export class FixedWidthTable implements FileTable {
  readonly name: string
  readonly paths: string[]
  readonly #base: string
  readonly #format: Format
  readonly #limits: Limits
  readonly #widths: number[]
  #known: { file: TextFile; records: number }[] = []

  constructor(name: string, paths: string[], base: string, format: Format, limits: Limits) {
    this.name = name
    this.paths = paths
    this.#base = base
    this.#format = format
    this.#limits = limits
    this.#widths = format.widths ?? []
  }

  async prepare(): Promise<Entity> {
    const notes: string[] = [], known: { file: TextFile; records: number }[] = []
    let names: string[] = this.#format.names ?? []
    const shapes = this.#widths.map(() => new ColumnShape())
    for (const path of this.paths) {
      const { encoding, notes: found } = await encodingOf(path, this.#format, this.#limits)
      if (known.length === 0) notes.push(...found, `${this.#widths.length} columns of fixed width`)
      const dialect: Dialect = { delimiter: WHOLE_LINE, quote: -1, escape: 'doubled', newline: this.#format.newline ?? 'lf' }
      const gaps = { comment: this.#format.comment, skip: this.#format.skip.map((pattern) => new RegExp(pattern, 'u')), blankIsRecord: false }
      const file: TextFile = { path, encoding, dialect, gaps, header: null, first: { offset: 0, line: 1 }, width: this.#widths.length, emptyLast: false, notes: [] }
      let records = 0, top = typeof this.#format.header === 'number' ? this.#format.header - 1 : this.#format.skipTop
      const headed = this.#format.header === true || typeof this.#format.header === 'number'
      for await (const reader of this.#lines(file, file.first)) {
        if (top > 0) { top--; file.first = reader.following; continue }
        if (headed && file.header === null && file.first.line <= reader.line && records === 0) {
          file.header = this.#cut(reader).map((cell) => cell ?? '')
          file.first = reader.following
          if (this.#format.names === undefined && known.length === 0) names = file.header
          continue
        }
        records++
        if (records <= SAMPLE_RECORDS && this.#faultOf(reader) === null) this.#cut(reader).forEach((value, i) => shapes[i]?.add(value))
      }
      known.push({ file, records: Math.max(0, records - this.#format.skipBottom) })
    }
    this.#known = known
    const unique = uniqueNames(this.#widths.map((_, i) => names[i] ?? ''))
    const columns = shapes.map((shape, i) => shape.column(unique.names[i] as string))
    notes.push(...(names.length > 0 ? unique.notes : []), ...columns.flatMap((column) => column.note ?? []))
    return {
      name: this.name, namespace: '', columns: columns.map((column) => column.column), primaryKey: [], uniqueKeys: [], foreignKeys: [],
      rowCount: { value: known.reduce((sum, one) => sum + one.records, 0), exact: true }, notes,
    }
  }

  async *read(part: ReadPart): AsyncGenerator<Batch> {
    const batch = new RowBatch(this.name, part.columns, part.batchRows, part.ordinal, part.spoolFolder)
    const startFile = part.after === null ? 0 : Number(part.after['file'])
    try {
      for (let index = startFile; index < this.#known.length; index++) {
        const { file, records } = this.#known[index] as { file: TextFile; records: number }
        const resumed = index === startFile && part.after !== null
        const place: Place = resumed ? { offset: Number(part.after?.['offset']), line: Number(part.after?.['line']) } : file.first
        const where = displayPath(this.#base, file.path)
        let done = resumed ? Number(part.after?.['done']) : 0, next = place
        for await (const reader of this.#lines(file, place)) {
          if (done >= records) break
          done++
          next = reader.following
          const fault = this.#faultOf(reader)
          if (fault !== null) batch.tally.reject(where, reader.line, fault, reader.raw())
          else {
            const values = this.#cut(reader)
            batch.add(part.pick === null ? values : part.pick.map((n) => values[n] ?? null), where, reader.line, () => reader.raw())
          }
          if (batch.tally.full) {
            const full = batch.cut({ file: index, offset: next.offset, line: next.line, done })
            if (full) yield full
          }
        }
        const rest = batch.cut({ file: index, offset: next.offset, line: next.line, done })
        if (rest) yield rest
      }
    } finally {
      batch.discard()
    }
  }

  async *values(positions: number[]): AsyncGenerator<(string | null)[]> {
    for (const { file, records } of this.#known) {
      let left = records
      for await (const reader of this.#lines(file, file.first)) {
        if (left-- <= 0) break
        const values = this.#faultOf(reader) === null ? this.#cut(reader) : []
        yield positions.map((n) => values[n] ?? null)
      }
    }
  }

  async *#lines(file: TextFile, place: Place): AsyncGenerator<RecordReader> {
    const reader = new RecordReader(openText(file.path, file.encoding, this.#format, this.#limits, place.offset), readerOptions(file, this.#format, this.#limits), place)
    try {
      for (let state = reader.advance(); state !== END; state = reader.advance()) {
        if (state === MORE) await reader.fill()
        else yield reader
      }
    } finally {
      await reader.close()
    }
  }

  #faultOf(reader: RecordReader): string | null {
    if (reader.fault !== null) return reader.fault
    const length = [...reader.text(0).trimEnd()].length, wanted = this.#widths.reduce((sum, width) => sum + width, 0)
    if (length > wanted) return `the line has ${length} characters where the columns have ${wanted}`
    const needed = wanted - (this.#widths.at(-1) ?? 0)
    if (length < needed && this.#format.ragged === 'reject' && reader.unended) return `the file ends in it: ${length} characters of ${wanted}`
    return null
  }

  /** Values of the line, without the spaces around them; an empty one is NULL where the options say so. */
  #cut(reader: RecordReader): (string | null)[] {
    const chars = [...reader.text(0)]
    let at = 0
    return this.#widths.map((width) => {
      const text = chars.slice(at, at + width).join('').trim()
      at += width
      return this.#format.nulls.includes(text) ? null : text
    })
  }
}
