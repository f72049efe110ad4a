import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import type { Batch, Measure } from '../../model/batch.ts'
import { addDecimal, formatDecimal, parseDecimal } from '../../model/decimal.ts'
import type { Column, ColumnType, Entity } from '../../model/entity.ts'
import { uniqueNames } from '../file/column-names.ts'
import { FileSource, type FileTable, type ReadPart } from '../file/file-source.ts'
import { readHead } from '../file/fingerprint.ts'
import { contentOf, notWhatItSays } from '../file/magic.ts'
import { findFiles, foldersOf } from '../file/paths.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import type { ParquetReader } from './scan.ts'

export const optionsSchema = z.strictObject({
  path: z.string().optional().describe('A file, a folder (an entity per file) or a glob (all its files are one entity). Relative to landfall.yaml.'),
  entities: z.record(z.string(), z.string()).optional().describe('Entities by name: a path or glob each.'),
})

export type ParquetOptions = z.infer<typeof optionsSchema>

/** Where the files lie. */
export function folders(options: ParquetOptions, baseFolder: string): string[] {
  return foldersOf(baseFolder, options.path, options.entities)
}

/** Parquet files, read through `env.scan` (the staging database's reader). */
export async function open(name: string, options: ParquetOptions, env: SourceEnv): Promise<Source> {
  const scan = env.scan
  if (scan === undefined) throw new LandfallError('internal', 'A Parquet source was opened without a reader for Parquet.', { hint: 'Hand a ParquetScan in as `scan`.' })
  const found = findFiles(env.baseFolder, options.path, options.entities, ['.parquet', '.pq'])
  return new FileSource(name, 'parquet', found.map((entity) => new ParquetTable(entity.name, entity.files.map((file) => resolve(file)), scan)), true)
}

const TYPES: [RegExp, ColumnType][] = [
  [/^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT)$/, 'integer'], [/^DECIMAL/, 'decimal'], [/^(FLOAT|DOUBLE)$/, 'float'], [/^BOOLEAN$/, 'boolean'],
  [/^DATE$/, 'date'], [/^TIMESTAMP WITH TIME ZONE$/, 'timestamptz'], [/^TIMESTAMP/, 'timestamp'], [/^TIME/, 'time'], [/^BLOB$/, 'binary'], [/^UUID$/, 'uuid'], [/(\]|\))$/, 'json'], [/^JSON$/, 'json'],
]

function columnOf(name: string, declared: string): Column {
  const type = TYPES.find(([pattern]) => pattern.test(declared))?.[1] ?? 'text'
  const size = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(declared)
  return { name, type, declared, nullable: true, ...(size ? { precision: Number(size[1]), scale: Number(size[2]) } : {}) }
}

class ParquetTable implements FileTable {
  readonly name: string
  readonly paths: string[]
  readonly #scan: ParquetReader
  #rows: number[] = []
  #columns: { name: string; type: string; as: string }[] = []

  constructor(name: string, paths: string[], scan: ParquetReader) {
    this.name = name
    this.paths = paths
    this.#scan = scan
  }

  async prepare(): Promise<Entity> {
    const rows: number[] = [], notes: string[] = []
    let shape = '', columns: { name: string; type: string }[] = []
    for (const path of this.paths) {
      const content = contentOf(readHead(path, 4096))
      if (content !== 'parquet') throw notWhatItSays(path, 'Parquet', content)
      const found = await this.#scan.describe(path)
      const own = found.columns.map((column) => `${column.name} ${column.type}`).join(', ')
      if (rows.length > 0 && own !== shape) {
        throw new LandfallError('file-unreadable', `The files of \`${this.name}\` differ in their columns: ${path} has ${own.slice(0, 500)}; ${this.paths[0]} has ${shape.slice(0, 500)}.`, { hint: 'Make them separate entities.', where: { file: path, entity: this.name } })
      }
      shape = own
      columns = found.columns
      rows.push(found.rows)
      notes.push(`${basename(path)}: ${found.groups.length} row groups`)
    }
    const unique = uniqueNames(columns.map((column) => column.name))
    this.#rows = rows
    this.#columns = columns.map((column, i) => ({ ...column, as: unique.names[i] as string }))
    return {
      name: this.name, namespace: '', columns: this.#columns.map((column) => columnOf(column.as, column.type)), primaryKey: [], uniqueKeys: [], foreignKeys: [],
      rowCount: { value: rows.reduce((sum, n) => sum + n, 0), exact: true }, notes: [...notes.slice(0, 20), ...unique.notes],
    }
  }

  async *read(part: ReadPart): AsyncGenerator<Batch> {
    const columns = part.pick === null ? this.#columns : part.pick.map((n) => this.#columns[n]!)
    let ordinal = part.ordinal
    const startFile = part.after === null ? 0 : Number(part.after['file'])
    for (let file = startFile; file < this.paths.length; file++) {
      const path = this.paths[file] as string, rows = this.#rows[file] as number
      for (let row = file === startFile && part.after !== null ? Number(part.after['row']) : 0; row < rows;) {
        const from = row, count = Math.min(part.batchRows, rows - row)
        row += count
        yield { entity: this.name, columns: part.columns, data: { kind: 'parquet', path, from, fields: columns }, count, firstOrdinal: ordinal, read: count, rejected: [], cursor: { file, row } }
        ordinal += count
      }
    }
  }

  async measure(positions: number[]): Promise<Measure> {
    let count = 0
    const totals = positions.map((): string | null => null)
    for (const path of this.paths) {
      const found = await this.#scan.measure(path, positions.map((n) => this.#columns[n]?.name as string))
      count += found.count
      found.sums.forEach((sum, i) => {
        const value = sum === null ? null : parseDecimal(sum), before = totals[i] === null ? null : parseDecimal(totals[i] as string)
        if (value !== null) totals[i] = formatDecimal(before === null ? value : addDecimal(before, value))
      })
    }
    return { count, sums: Object.fromEntries(positions.map((n, i) => [this.#columns[n]?.as as string, totals[i] ?? null])) }
  }

  async *values(): AsyncGenerator<(string | null)[]> { /* measure() answers */ }
}
