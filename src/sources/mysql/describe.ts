import mysql from 'mysql2'
import type { Column, ColumnType, Entity } from '../../model/entity.ts'
import { distinctNames } from '../../model/names.ts'
import { chooseColumns } from '../choice.ts'
import type { QueryEntity } from '../sql-options.ts'
import { mysqlRows, type MysqlLink } from './connection.ts'

/** A column with the SQL that renders it. */
export interface MysqlColumn extends Column {
  /** The column itself. */
  sql: string
  /** SQL giving the text that is meant, or a number whose text is it; NULL stays NULL. */
  rendered: string
  /** True when the text may hold quotes, commas or line ends. */
  quoted: boolean
  /** Longest possible text in bytes; null when there is no useful bound. */
  bytes: number | null
  /** What records are ordered and compared by; null when that would not be exact. */
  orderBy: string | null
  /** A value of the cursor as SQL. */
  keyLiteral(text: string): string
}

export interface MysqlEntity {
  name: string
  entity: Entity
  columns: MysqlColumn[]
  /** Behind FROM; its alias is `r`. */
  from: string
  key: MysqlColumn[]
  /** A plain table: without a key it is read in the order of its own storage. */
  stored: boolean
}

const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``

const TYPES: Record<string, ColumnType> = {
  tinyint: 'integer', smallint: 'integer', mediumint: 'integer', int: 'integer', bigint: 'integer', year: 'integer', decimal: 'decimal', float: 'float', double: 'float',
  date: 'date', datetime: 'timestamp', timestamp: 'timestamptz', time: 'time', json: 'json', uuid: 'uuid', binary: 'binary', varbinary: 'binary', tinyblob: 'binary', blob: 'binary',
  mediumblob: 'binary', longblob: 'binary', char: 'text', varchar: 'text', tinytext: 'text', text: 'text', mediumtext: 'text', longtext: 'text', enum: 'text', set: 'text', bit: 'text', inet4: 'text', inet6: 'text',
}
const SPATIAL = new Set(['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon', 'geometrycollection', 'geomcollection'])

interface Declared { name: string; shown: string; type: string; declared: string; nullable: boolean; characters: number | null; octets: number | null; precision: number | null; scale: number | null }

function columnOf(given: Declared, floatCast: boolean): MysqlColumn {
  const sql = `r.${quote(given.name)}`, type = given.type
  const column: MysqlColumn = {
    name: given.shown, type: TYPES[type] ?? 'unknown', declared: given.declared, nullable: given.nullable,
    sql, rendered: sql, quoted: false, bytes: 64, orderBy: sql, keyLiteral: (text) => mysql.escape(text),
  }
  const numbers = column.type === 'integer' || column.type === 'decimal'
  if (numbers) column.keyLiteral = (text) => /^-?\d+(\.\d+)?$/.test(text) ? text : mysql.escape(text)
  if (column.type === 'decimal') { column.precision = given.precision ?? undefined; column.scale = given.scale ?? undefined; column.bytes = 90 }
  if (column.type === 'float') {
    // The server shows a FLOAT with six digits even where it holds more; then all digits of its double are shown.
    if (type === 'float') column.rendered = floatCast ? `IF(CAST(CONCAT(${sql}) AS FLOAT) = ${sql}, CONCAT(${sql}), CONCAT(${sql} + 0E0))` : `CONCAT(${sql} + 0E0)`
    column.orderBy = null
    column.bytes = 400
  } else if (type === 'timestamp') {
    column.rendered = `IF(${sql} = 0, CONCAT(${sql}), CONCAT(${sql}, '+00'))`
    column.keyLiteral = (text) => mysql.escape(text.replace(/\+00$/, ''))
  } else if (type === 'bit') {
    column.rendered = `LPAD(BIN(${sql} + 0), ${given.precision ?? 1}, '0')`
    column.orderBy = `(${sql} + 0)`
    column.keyLiteral = (text) => BigInt(`0b${text}`).toString()
    column.length = given.precision ?? 1
  } else if (column.type === 'binary') {
    column.rendered = `LOWER(HEX(${sql}))`
    column.quoted = true
    column.bytes = given.octets === null ? null : given.octets * 2
    column.keyLiteral = (text) => text === '' ? `''` : `x'${text}'`
    column.length = given.characters ?? undefined
  } else if (SPATIAL.has(type)) {
    Object.assign(column, { rendered: `ST_AsText(${sql})`, quoted: true, bytes: null, orderBy: null })
  } else if (!numbers && !['date', 'datetime', 'time', 'uuid', 'inet4', 'inet6'].includes(type)) {
    column.rendered = `CONVERT(${sql} USING utf8mb4)`
    column.quoted = true
    // Doubled quotes, and four bytes a character in utf8mb4.
    column.bytes = given.characters === null || given.characters > 1 << 24 ? null : given.characters * 4 * 2
    if (column.type === 'text' && type !== 'enum' && type !== 'set') column.length = given.characters ?? undefined
    // Enums are ordered by their number and compared by their text.
    if (type === 'enum' || type === 'set') column.orderBy = column.rendered
    if (column.type === 'json' || column.type === 'unknown') column.orderBy = null
  }
  return column
}

const KINDS: Record<string, string> = { VIEW: 'view', 'SYSTEM VIEW': 'view' }
/** Tables up to this size are counted exactly; the server's estimate serves for larger ones. */
const COUNTED_BYTES = 32 << 20
const number = (text: string | null | undefined) => text === null || text === undefined ? null : Number(text)

/** Everything in the databases, and the project's own queries. Entities of the first need no prefix in their names. */
export async function describeMysql(link: MysqlLink, databases: string[], queries: QueryEntity[], keys: Record<string, string[]>): Promise<MysqlEntity[]> {
  const rows = (sql: string) => mysqlRows(link.connection, sql)
  const list = databases.map((name) => mysql.escape(name)).join(', ')
  const nameOf = (schema: string, table: string) => schema === databases[0] ? table : `${schema}.${table}`
  const by = (found: (string | null)[][]) => Map.groupBy(found, (row) => nameOf(row[0] as string, row[1] as string))
  const tables = await rows(`SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, DATA_LENGTH, TABLE_COMMENT, ENGINE FROM information_schema.TABLES
    WHERE TABLE_SCHEMA IN (${list}) AND TABLE_TYPE <> 'SEQUENCE' ORDER BY FIELD(TABLE_SCHEMA, ${list}), TABLE_NAME`)
  const columns = by(await rows(`SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (${list}) ORDER BY ORDINAL_POSITION`))
  const indexes = by(await rows(`SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA IN (${list}) AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`))
  const foreign = by(await rows(`SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
    FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA IN (${list}) AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION`))
  const shown = new Map([...columns].map(([name, own]) => [name, new Map(distinctNames(own.map((row) => row[2] as string)).map((one, i) => [own[i]?.[2] as string, one]))]))
  const known = new Set(tables.map((row) => nameOf(row[0] as string, row[1] as string)))

  const result: MysqlEntity[] = []
  for (const [schema, table, kind, estimate, bytes, comment, engine] of tables as string[][]) {
    const name = nameOf(schema as string, table as string), rename = (column: string | null | undefined) => shown.get(name)?.get(column ?? '') ?? column ?? ''
    const own = (columns.get(name) ?? []).map((row) => columnOf({
      name: row[2] as string, shown: rename(row[2]), type: (row[3] as string).toLowerCase(), declared: row[4] as string, nullable: row[5] === 'YES',
      characters: number(row[6]), octets: number(row[7]), precision: number(row[8]), scale: number(row[9]),
    }, link.floatCast))
    if (own.length === 0) continue
    const stored = kind === 'BASE TABLE' || kind === 'SYSTEM VERSIONED'
    const from = `${quote(schema as string)}.${quote(table as string)} AS r`
    const unique = [...Map.groupBy(indexes.get(name) ?? [], (row) => row[2] as string)].filter(([, parts]) => parts.every((part) => part[3] !== null && part[4] === null))
      .map(([index, parts]) => ({ primary: index === 'PRIMARY', columns: parts.map((part) => rename(part[3])) }))
    const entity: Entity = {
      name, namespace: schema as string, columns: own.map(publicColumn), primaryKey: unique.find((one) => one.primary)?.columns ?? [],
      uniqueKeys: unique.filter((one) => !one.primary).map((one) => one.columns),
      foreignKeys: [...Map.groupBy(foreign.get(name) ?? [], (row) => row[2] as string).values()].flatMap((parts) => {
        const target = nameOf(parts[0]?.[4] as string, parts[0]?.[5] as string)
        return known.has(target) ? [{ columns: parts.map((part) => rename(part[3])), references: { entity: target, columns: parts.map((part) => shown.get(target)?.get(part[6] ?? '') ?? part[6] ?? '') } }] : []
      }),
      rowCount: stored ? await rowCount(link, from, number(estimate), number(bytes)) : { value: null, exact: false },
      notes: [KINDS[kind as string] ?? '', KINDS[kind as string] ? '' : comment ?? '', engine && engine !== 'InnoDB' ? `engine ${engine}` : ''].filter((note) => note !== ''),
    }
    result.push({ name, entity, columns: own, from, key: keyOf(entity, own, keys[name]), stored })
  }
  for (const query of queries) result.push(await describeQuery(link, query))
  return result
}

async function rowCount(link: MysqlLink, from: string, estimate: number | null, bytes: number | null): Promise<Entity['rowCount']> {
  if ((bytes ?? 0) <= COUNTED_BYTES) {
    // A table that may be seen but not read is described without a count; reading it says why.
    const counted = await mysqlRows(link.connection, `SELECT COUNT(*) FROM ${from}`).catch(() => null)
    if (counted) return { value: Number(counted[0]?.[0]), exact: true }
  }
  return { value: estimate, exact: false }
}

const WIRE: Record<number, string> = {
  0: 'decimal', 1: 'tinyint', 2: 'smallint', 3: 'int', 4: 'float', 5: 'double', 7: 'timestamp', 8: 'bigint', 9: 'mediumint', 10: 'date', 11: 'time', 12: 'datetime', 13: 'year',
  15: 'varchar', 16: 'bit', 245: 'json', 246: 'decimal', 247: 'enum', 248: 'set', 252: 'longtext', 253: 'varchar', 254: 'varchar', 255: 'geometry',
}
const BINARY_CHARSET = 63

interface Field { name: string; columnType: number; columnLength: number; characterSet: number; decimals: number; flags: number }

/** The columns of a query without reading it: the server describes an empty result. */
async function describeQuery(link: MysqlLink, query: QueryEntity): Promise<MysqlEntity> {
  const from = `(${query.query}\n) AS r`
  const fields = await new Promise<Field[]>((resolve, reject) => {
    link.connection.query(`SELECT * FROM ${from} LIMIT 0`, (error, _rows, found) => error ? reject(error) : resolve(found as unknown as Field[]))
  })
  const names = distinctNames(fields.map((field) => field.name))
  const columns = fields.map((field, i) => {
    let type = WIRE[field.columnType] ?? 'varchar'
    if (field.characterSet === BINARY_CHARSET && (type === 'varchar' || type === 'longtext')) type = 'longblob'
    const exact = type === 'decimal'
    return columnOf({
      name: field.name, shown: names[i] as string, type, declared: type, nullable: true, characters: type === 'varchar' ? Math.ceil(field.columnLength / 4) : null, octets: null,
      precision: exact ? field.columnLength - (field.decimals > 0 ? 2 : 1) : type === 'bit' ? field.columnLength : null, scale: exact ? field.decimals : null,
    }, link.floatCast)
  })
  const entity: Entity = {
    name: query.name, namespace: '', columns: columns.map(publicColumn), primaryKey: query.key, uniqueKeys: [], foreignKeys: [], rowCount: { value: null, exact: false }, notes: ['query of the project'],
  }
  return { name: query.name, entity, columns, from, key: keyOf(entity, columns, query.key), stored: false }
}

function publicColumn({ sql: _sql, rendered: _rendered, quoted: _quoted, bytes: _bytes, orderBy: _orderBy, keyLiteral: _literal, ...column }: MysqlColumn): Column {
  return column
}

/** The configured key, the primary key, or a unique key whose columns are never NULL; none when a column cannot be compared exactly. */
function keyOf(entity: Entity, columns: MysqlColumn[], configured?: string[]): MysqlColumn[] {
  const known = new Map(columns.map((column) => [column.name, column]))
  if (configured && configured.length > 0) return chooseColumns(entity.name, columns, configured)
  const candidates = entity.primaryKey.length > 0 ? [entity.primaryKey] : entity.uniqueKeys.filter((names) => names.every((name) => known.get(name)?.nullable === false))
  const key = candidates.map((names) => names.map((name) => known.get(name) as MysqlColumn)).find((one) => one.every((column) => column.orderBy !== null))
  return key ?? []
}
