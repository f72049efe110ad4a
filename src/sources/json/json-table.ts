import { isUtf8 } from 'node:buffer'
import { LandfallError } from '../../errors/error.ts'
import type { Batch } from '../../model/batch.ts'
import type { Entity } from '../../model/entity.ts'
import { uniqueNames } from '../file/column-names.ts'
import type { FileTable, ReadPart } from '../file/file-source.ts'
import { ColumnShape } from '../file/infer.ts'
import type { Limits } from '../file/limits.ts'
import { displayPath } from '../file/paths.ts'
import { RowBatch } from '../file/row-batch.ts'
import { openText } from '../file/text-file.ts'
import { lineRecords, selectedRecords, streamRecords, type RawRecord } from './json-records.ts'
import { JsonFault, JsonText, type RecordSink } from './json-text.ts'
import { JsonWindow } from './json-window.ts'
import type { Step } from './json-path.ts'
import { PlainRecord } from './plain-record.ts'

/** A JSON file, and how its records are found: by line, by steps while streaming, or by a JSONPath over the whole document. */
export interface JsonFile { path: string; encoding: string; member?: string; records: { lines: true } | { steps: Step[] } | { path: string } }

const SAMPLE_RECORDS = 5000

/** Gathers one record; used again for each. Two different paths that give one column would lose a value: that is a fault. */
class Gathered implements RecordSink {
  readonly values = new Map<string, string | null>()
  readonly twice = new Set<string>()
  fault: string | null = null
  reset(): void { this.values.clear(); this.twice.clear(); this.fault = null }
  value(path: string, text: string | null): void {
    if (this.values.has(path) && !this.twice.has(path) && this.twice.size === 0) this.fault = `two different keys give the column \`${path}\``
    this.values.set(path, text)
  }
  doubled(path: string): void { this.twice.add(path) }
}

interface OneRecord { raw: RawRecord; fault: string | null; where: string; file: number; next: { offset: number; line: number } }

/** Lines taken by the short way, since the last record; where reading stands behind them. */
interface PlainRun { raw: null; file: number; next: { offset: number; line: number } }

type TakeLine = (buffer: Buffer, from: number, end: number) => number

/** Records of JSON or NDJSON files of one shape as an entity. */
export class JsonTable implements FileTable {
  readonly name: string
  readonly paths: string[]
  readonly #files: JsonFile[]
  readonly #base: string
  readonly #limits: Limits
  readonly #record = new Gathered()
  #columns = new Map<string, number>()

  constructor(name: string, files: JsonFile[], base: string, limits: Limits) {
    this.name = name
    this.paths = files.map((file) => file.path)
    this.#files = files
    this.#base = base
    this.#limits = limits
  }

  async prepare(): Promise<Entity> {
    const columns = new Map<string, number>(), shapes: ColumnShape[] = [], faults = new Map<string, { count: number; line: number }>(), twice = new Map<string, number>()
    let records = 0
    const record = new Gathered(), plain = new PlainRecord([], this.#limits.cellBytes)
    const takeLine: TakeLine = (buffer, from, end) => {
      const next = plain.scan(buffer, from, end)
      if (next >= 0 && ++records <= SAMPLE_RECORDS) shapes.forEach((shape, slot) => { if (plain.has(slot)) shape.add(plain.text(buffer, slot)) })
      return next
    }
    for await (const one of this.#all(null, record, takeLine)) {
      if (one.raw === null) continue
      records++
      if (one.fault !== null) {
        const kind = one.fault.replace(/\d+/g, 'N'), seen = faults.get(kind)
        if (seen) seen.count++
        else faults.set(kind, { count: 1, line: one.raw.line })
        continue
      }
      for (const path of record.twice) twice.set(path, (twice.get(path) ?? 0) + 1)
      for (const [path, text] of record.values) {
        let at = columns.get(path)
        if (at === undefined) {
          at = columns.size
          columns.set(path, at)
          plain.learn(path)
          shapes.push(new ColumnShape())
          if (at >= this.#limits.columns) throw new LandfallError('limit-exceeded', `The records of \`${this.name}\` have more than ${this.#limits.columns} different keys.`, { hint: 'Are keys used as data? Point `records` elsewhere or raise `limits.columns`.', where: { entity: this.name, file: one.where } })
        }
        if (records <= SAMPLE_RECORDS) shapes[at]?.add(text)
      }
    }
    this.#columns = columns
    const unique = uniqueNames([...columns.keys()])
    const found = shapes.map((shape, i) => shape.column(unique.names[i] as string))
    const notes = [...new Set(this.#files.map((file) => `encoding ${file.encoding}; ${'lines' in file.records ? 'one record per line' : 'steps' in file.records ? `records at ${showSteps(file.records.steps)}` : `records at ${file.records.path}`}`))]
    notes.push(...unique.notes, ...[...twice].slice(0, 10).map(([path, n]) => `key \`${path}\` stands twice in ${n} records: the last value counts`))
    notes.push(...[...faults].map(([kind, { count, line }]) => `${count} records cannot be read because ${kind} (first on line ${line}): they are rejected`))
    notes.push(...found.flatMap((column) => column.note ?? []).slice(0, 50))
    return { name: this.name, namespace: '', columns: found.map((column) => column.column), primaryKey: [], uniqueKeys: [], foreignKeys: [], rowCount: { value: records, exact: true }, notes }
  }

  async *read(part: ReadPart): AsyncGenerator<Batch> {
    const batch = new RowBatch(this.name, part.columns, part.batchRows, part.ordinal, part.spoolFolder)
    const record = new Gathered()
    const wanted = [...this.#columns.keys()]
    const paths = part.pick === null ? wanted : part.pick.map((n) => wanted[n] as string)
    let cursor = { file: 0, offset: 0, line: 1, done: 0 }
    const after = part.after === null ? null : { file: Number(part.after['file']), offset: Number(part.after['offset']), line: Number(part.after['line']), done: Number(part.after['done']) }
    if (after !== null) cursor = after
    const plain = new PlainRecord(wanted, this.#limits.cellBytes), slots = Int32Array.from(paths, (path) => wanted.indexOf(path))
    let taken = 0
    const takeLine: TakeLine = (buffer, from, end) => {
      const next = batch.tally.full ? -1 : plain.scan(buffer, from, end)
      // A value that is absent takes two bytes, and each has a comma behind it.
      if (next >= 0) batch.addLine(plain.line(buffer, slots, (next - from) * 2 + slots.length * 3), plain.used)
      if (next >= 0) taken++
      return next
    }
    try {
      for await (const one of this.#all(after, record, takeLine)) {
        if (one.raw === null) {
          cursor = { file: one.file, ...one.next, done: (cursor.file === one.file ? cursor.done : 0) + taken }
          taken = 0
          if (batch.tally.full) yield batch.cut(cursor) as Batch
          continue
        }
        cursor = { file: one.file, ...one.next, done: (cursor.file === one.file ? cursor.done : 0) + 1 }
        const raw = () => one.raw.bytes?.toString('utf8', 0, 10_000) ?? ''
        if (one.fault !== null) batch.tally.reject(one.where, one.raw.line || null, one.fault, raw())
        else batch.add(paths.map((path) => record.values.get(path) ?? null), one.where, one.raw.line || null, raw)
        if (batch.tally.full) yield batch.cut(cursor) as Batch
      }
      const rest = batch.cut(cursor)
      if (rest) yield rest
    } finally {
      batch.discard()
    }
  }

  async *values(positions: number[]): AsyncGenerator<(string | null)[]> {
    const paths = [...this.#columns.keys()], record = new Gathered()
    for await (const one of this.#all(null, record, null)) {
      if (one.raw !== null) yield positions.map((n) => one.fault !== null ? null : record.values.get(paths[n] as string) ?? null)
    }
  }

  /** Every record in order, its values in `record`; from behind `after` on. Lines that `takeLine` takes come as runs. */
  async *#all(after: { file: number; offset: number; line: number; done: number } | null, record: Gathered, takeLine: TakeLine | null): AsyncGenerator<OneRecord | PlainRun> {
    for (let index = after?.file ?? 0; index < this.#files.length; index++) {
      const file = this.#files[index] as JsonFile
      const resumed = after !== null && index === after.file
      const lines = 'lines' in file.records
      const offset = resumed && lines ? after.offset : 0
      let skip = resumed && !lines ? after.done : 0
      const where = displayPath(this.#base, file.path)
      const window = new JsonWindow(openText(file.path, file.encoding, file.member === undefined ? {} : { member: file.member }, this.#limits, offset), where, this.#limits.recordBytes, offset, resumed && lines ? after.line : 1)
      try {
        const short = lines && file.encoding === 'utf-8' ? takeLine : null
        for await (const raw of this.#rawOf(window, file)) {
          if (skip > 0) { skip--; continue }
          yield { raw, fault: this.#parse(raw, file, window, record), where, file: index, next: { offset: window.offset, line: window.line } }
          if (short === null) continue
          window.takeLines(short)
          yield { raw: null, file: index, next: { offset: window.offset, line: window.line } }
        }
      } finally {
        await window.close()
      }
    }
  }

  async *#rawOf(window: JsonWindow, file: JsonFile): AsyncGenerator<RawRecord> {
    if ('lines' in file.records) { yield* lineRecords(window); return }
    if ('steps' in file.records) { yield* streamRecords(window, file.records.steps); return }
    for await (const raw of selectedRecords(window, file.records.path)) {
      if (raw === null) throw new LandfallError('limit-exceeded', `The document is too large for a JSONPath that needs all of it at once: ${file.path}`, { hint: 'Use names and [*] only, e.g. $.data[*], which is read while streaming, or raise `limits.recordBytes`.', where: { file: file.path } })
      yield raw
    }
  }

  /** Why the record cannot be taken, or null and its values are in `record`. A fault within a document (not a line) breaks the file. */
  #parse(raw: RawRecord, file: JsonFile, window: JsonWindow, record: Gathered): string | null {
    record.reset()
    if (raw.bytes === null) return `it is longer than ${this.#limits.recordBytes} bytes`
    const strict = file.encoding === 'utf-8'
    if (strict && !isUtf8(raw.bytes)) return 'it does not decode in the encoding of the file'
    const text = raw.bytes.toString('utf8')
    if (!strict && text.includes('\ufffd')) return 'it does not decode in the encoding of the file'
    try {
      new JsonText(text).record(record)
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error
      if (!('steps' in file.records) || /nested deeper/.test(error.message)) return `${error.message} (column ${error.at + 1})`
      const before = text.slice(0, error.at), lastLine = before.lastIndexOf('\n')
      const line = raw.line + (before.match(/\n/g) ?? []).length
      const column = lastLine >= 0 ? error.at - lastLine : window.placeOf(raw.from).column + error.at
      throw new LandfallError('file-unreadable', `The JSON is broken at line ${line}, column ${column}: ${error.message}: ${file.path}`, { hint: 'Repair the file or export it again.', where: { file: file.path, line, column } })
    }
    if (record.fault !== null) return record.fault
    for (const [path, value] of record.values) if (value !== null && value.length > this.#limits.cellBytes) return `the value of \`${path.slice(0, 100)}\` is longer than ${this.#limits.cellBytes} characters`
    return null
  }
}

function showSteps(steps: Step[]): string {
  return `$${steps.map((step) => step === '*' ? '[*]' : /^\w+$/.test(step.name) ? `.${step.name}` : `['${step.name}']`).join('')}`
}
