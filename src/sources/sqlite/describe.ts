import type { DatabaseSync } from 'node:sqlite'
import type { Column, ColumnType, Entity } from '../../model/entity.ts'
import { distinctNames } from '../../model/names.ts'
import { chooseColumns } from '../choice.ts'
import type { QueryEntity } from '../sql-options.ts'

export interface SqliteColumn extends Column {
  /** Quoted name. */
  sql: string
}

export interface SqliteEntity {
  name: string
  entity: Entity
  columns: SqliteColumn[]
  /** Behind FROM; its alias is `r`. */
  from: string
  key: SqliteColumn[]
  /** Name under which the row number can be reached; null where there is none. */
  rowid: string | null
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Declared types are free text in SQLite: the name decides as its own affinity rules do, with finer kinds where the name says so. */
export function sqliteType(declared: string): Pick<Column, 'type' | 'length' | 'precision' | 'scale'> {
  const name = declared.toUpperCase(), [, first, second] = /\((\d+)(?:\s*,\s*(\d+))?\)/.exec(name) ?? []
  const is = (pattern: RegExp) => pattern.test(name)
  if (is(/BOOL/)) return { type: 'integer' }
  if (is(/INT/)) return { type: 'integer' }
  if (is(/JSON/)) return { type: 'json' }
  if (is(/CHAR|CLOB|TEXT/)) return { type: 'text', ...(first ? { length: Number(first) } : {}) }
  if (is(/BLOB|BINARY/)) return { type: 'binary' }
  if (is(/UUID|GUID/)) return { type: 'uuid' }
  if (is(/REAL|FLOA|DOUB/)) return { type: 'float' }
  if (is(/DEC|NUMERIC|MONEY/)) return { type: 'decimal', ...(first ? { precision: Number(first), scale: Number(second ?? 0) } : {}) }
  // Dates are whatever the application stored (text, seconds, days): a guess would be one, so staging infers it from the values.
  const type: ColumnType = is(/^DATE$/) ? 'date' : is(/DATETIME|TIMESTAMP/) ? 'timestamp' : is(/^TIME/) ? 'time' : 'unknown'
  return { type }
}

interface TableRow { schema: string; name: string; type: string; wr: bigint }
interface ColumnRow { name: string; type: string; notnull: bigint; pk: bigint; hidden: bigint }
interface IndexRow { name: string; unique: bigint; origin: string; partial: bigint }
interface ForeignRow { id: bigint; seq: bigint; table: string; from: string; to: string | null }

/** Every table and view, and the project's own queries. Counts are exact: the file is at hand. */
export function describeSqlite(database: DatabaseSync, queries: QueryEntity[], keys: Record<string, string[]>): SqliteEntity[] {
  const all = <T>(sql: string) => {
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all() as unknown as T[]
  }
  const tables = all<TableRow>(`PRAGMA table_list`).filter((row) => row.schema === 'main' && !row.name.startsWith('sqlite_') && row.type !== 'shadow').sort((a, b) => a.name < b.name ? -1 : 1)
  const result: SqliteEntity[] = []
  for (const table of tables) {
    const info = all<ColumnRow>(`PRAGMA table_xinfo(${quote(table.name)})`).filter((row) => row.hidden !== 1n)
    if (info.length === 0) continue
    const names = distinctNames(info.map((row) => row.name)), shown = new Map(info.map((row, i) => [row.name, names[i] as string]))
    const columns: SqliteColumn[] = info.map((row, i) => ({
      name: names[i] as string, declared: row.type, nullable: row.notnull === 0n && !(row.pk > 0n && table.wr === 1n), ...sqliteType(row.type), sql: `r.${quote(row.name)}`,
    }))
    const primaryKey = info.filter((row) => row.pk > 0n).sort((a, b) => Number(a.pk - b.pk)).map((row) => shown.get(row.name) as string)
    const unique = all<IndexRow>(`PRAGMA index_list(${quote(table.name)})`).filter((row) => row.unique === 1n && row.partial === 0n && row.origin !== 'pk').reverse()
      .map((row) => all<{ name: string | null }>(`PRAGMA index_info(${quote(row.name)})`).map((part) => part.name))
    const from = `${quote(table.name)} AS r`
    const entity: Entity = {
      name: table.name, namespace: '', columns: columns.map(publicColumn), primaryKey,
      uniqueKeys: unique.filter((parts) => parts.every((name) => name !== null)).map((parts) => parts.map((name) => shown.get(name as string) as string)),
      foreignKeys: foreignKeys(all<ForeignRow>(`PRAGMA foreign_key_list(${quote(table.name)})`), shown, all, tables),
      rowCount: table.type === 'view' ? { value: null, exact: false } : { value: Number(all<{ n: bigint }>(`SELECT count(*) AS n FROM ${from}`)[0]?.n), exact: true },
      notes: [table.type === 'view' ? 'view' : '', table.type === 'virtual' ? 'virtual table' : ''].filter((note) => note !== ''),
    }
    const taken = new Set(info.map((row) => row.name.toLowerCase()))
    const rowid = table.type === 'table' && table.wr === 0n ? ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null : null
    const known = new Map(columns.map((column) => [column.name, column]))
    // Tables with a row number are read by it, which is their physical order; only those without need their key.
    const key = keys[table.name] ? chooseColumns(table.name, columns, keys[table.name]) : rowid === null && table.wr === 1n ? primaryKey.map((name) => known.get(name) as SqliteColumn) : []
    result.push({ name: table.name, entity, columns, from, key, rowid: keys[table.name] ? null : rowid })
  }
  for (const query of queries) result.push(describeQuery(database, query))
  return result
}

function foreignKeys(rows: ForeignRow[], shown: Map<string, string>, all: <T>(sql: string) => T[], tables: TableRow[]): Entity['foreignKeys'] {
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap((parts) => {
    const target = tables.find((table) => table.name.toLowerCase() === parts[0]?.table.toLowerCase())
    if (!target) return []
    const sorted = parts.sort((a, b) => Number(a.seq - b.seq))
    const primary = all<ColumnRow>(`PRAGMA table_xinfo(${quote(target.name)})`).filter((row) => row.pk > 0n).sort((a, b) => Number(a.pk - b.pk))
    return [{ columns: sorted.map((part) => shown.get(part.from) ?? part.from), references: { entity: target.name, columns: sorted.map((part, i) => part.to ?? primary[i]?.name ?? '') } }]
  }).reverse()
}

function describeQuery(database: DatabaseSync, query: QueryEntity): SqliteEntity {
  const from = `(${query.query}\n) AS r`
  const found = database.prepare(`SELECT * FROM ${from}`).columns()
  const names = distinctNames(found.map((column) => column.name))
  const columns: SqliteColumn[] = found.map((column, i) => ({ name: names[i] as string, declared: column.type ?? '', nullable: true, ...sqliteType(column.type ?? ''), sql: `r.${quote(column.name)}` }))
  const entity: Entity = {
    name: query.name, namespace: '', columns: columns.map(publicColumn), primaryKey: query.key, uniqueKeys: [], foreignKeys: [], rowCount: { value: null, exact: false }, notes: ['query of the project'],
  }
  return { name: query.name, entity, columns, from, key: chooseColumns(query.name, columns, query.key), rowid: null }
}

function publicColumn({ sql: _sql, ...column }: SqliteColumn): Column {
  return column
}
