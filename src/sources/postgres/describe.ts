import type pg from 'pg'
import type { Column, ColumnType, Entity } from '../../model/entity.ts'
import { distinctNames } from '../../model/names.ts'
import { chooseColumns } from '../choice.ts'
import type { QueryEntity } from '../sql-options.ts'

/** A column with the SQL that renders it. */
export interface PostgresColumn extends Column {
  /** Quoted name in the origin. */
  sql: string
  /** SQL giving the text that is meant; it may leave the cast to COPY, which renders as the type's output function does. */
  rendered: string
  /** Type name for literals of a cursor. */
  literalType: string
}

/** What is needed to read an entity beside its description. */
export interface PostgresEntity {
  name: string
  entity: Entity
  columns: PostgresColumn[]
  /** Behind FROM; its alias is `r`. */
  from: string
  /** Identifying columns, never NULL: reading is ordered by them. Empty when there are none. */
  key: PostgresColumn[]
  /** True where records can be paged by their physical place. */
  physical: boolean
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
const text = (value: string) => `'${value.replaceAll("'", "''")}'`

const TYPES: Record<string, ColumnType> = {
  int2: 'integer', int4: 'integer', int8: 'integer', oid: 'integer', numeric: 'decimal', money: 'decimal', float4: 'float', float8: 'float', bool: 'boolean', date: 'date',
  timestamp: 'timestamp', timestamptz: 'timestamptz', time: 'time', bytea: 'binary', json: 'json', jsonb: 'json', uuid: 'uuid',
  text: 'text', varchar: 'text', bpchar: 'text', name: 'text', citext: 'text', xml: 'text', interval: 'text', timetz: 'text', inet: 'text', cidr: 'text', macaddr: 'text', bit: 'text', varbit: 'text',
}

interface TypeRow { oid: string; typname: string; typtype: string; typbasetype: string; typcategory: string; typtypmod: string }

/** The types of the server by oid, to look through domains. */
type TypeTable = Map<string, TypeRow>

async function typeTable(client: pg.Client): Promise<TypeTable> {
  const { rows } = await client.query<TypeRow>('SELECT oid, typname, typtype, typbasetype, typcategory, typtypmod FROM pg_catalog.pg_type')
  return new Map(rows.map((row) => [row.oid, row]))
}

function columnOf(types: TypeTable, name: string, origin: string, oid: string, modifier: number, declared: string, nullable: boolean): PostgresColumn {
  let type = types.get(oid), mod = modifier
  while (type?.typtype === 'd') {
    if (mod < 0) mod = Number(type.typtypmod)
    type = types.get(type.typbasetype)
  }
  const base = type?.typname ?? '', array = type?.typcategory === 'A' && base.startsWith('_')
  const column: PostgresColumn = {
    name, type: array ? 'json' : TYPES[base] ?? (type?.typtype === 'e' || type?.typcategory === 'S' ? 'text' : 'unknown'), declared, nullable,
    sql: quote(origin), rendered: quote(origin), literalType: declared,
  }
  if (base === 'bytea') column.rendered = `pg_catalog.encode(${column.sql}, 'hex')`
  else if (base === 'oid') column.rendered = `${column.sql}::int8`
  else if (base === 'money') column.rendered = `${column.sql}::numeric`
  else if (base === 'bool' || base === 'bpchar') column.rendered = `${column.sql}::text`
  else if (array) column.rendered = `pg_catalog.array_to_json(${column.sql})::text`
  if ((base === 'varchar' || base === 'bpchar') && mod > 4) column.length = mod - 4
  if ((base === 'bit' || base === 'varbit') && mod > 0) column.length = mod
  if (base === 'numeric' && mod >= 4) {
    column.precision = ((mod - 4) >> 16) & 0xffff
    // Scale is 11 bits, signed.
    column.scale = (((mod - 4) & 0x7ff) ^ 1024) - 1024
  }
  if (base === 'money') { column.precision = 19; column.scale = 2 }
  return column
}

interface RelationRow { oid: string; schema: string; name: string; relkind: string; relhassubclass: string; reltuples: string; bytes: string; about: string | null; secured: string }
interface ColumnRow { oid: string; name: string; type: string; mod: string; declared: string; notnull: string }
interface IndexRow { oid: string; primary: string; columns: string }
interface ForeignRow { oid: string; columns: string; target: string; targets: string }

const KINDS: Record<string, string> = { v: 'view', m: 'materialized view', f: 'foreign table', p: 'partitioned table' }
/** Tables up to this size are counted exactly; an estimate serves for larger ones. */
const COUNTED_BYTES = 32 << 20

/** Everything in the schemas, and the project's own queries. `first` of the schemas needs no prefix in entity names. */
export async function describePostgres(client: pg.Client, schemas: string[], queries: QueryEntity[], keys: Record<string, string[]>): Promise<PostgresEntity[]> {
  const types = await typeTable(client)
  const list = schemas.map(text).join(', ')
  const scope = `n.nspname IN (${list}) AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition`
  const all = async <T extends object>(sql: string) => (await client.query<T & pg.QueryResultRow>(sql)).rows as T[]
  const relations = await all<RelationRow>(`SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind, c.relhassubclass, c.reltuples, pg_relation_size(c.oid) AS bytes,
    obj_description(c.oid, 'pg_class') AS about, c.relrowsecurity AS secured FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${scope}
    ORDER BY array_position(ARRAY[${list}]::name[], n.nspname), c.relname`)
  const columns = await all<ColumnRow>(`SELECT c.oid, a.attname AS name, a.atttypid AS type, a.atttypmod AS mod, format_type(a.atttypid, a.atttypmod) AS declared, a.attnotnull AS notnull
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${scope} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.oid, a.attnum`)
  const indexes = await all<IndexRow>(`SELECT i.indrelid AS oid, i.indisprimary AS primary, (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(attnum, n)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.n <= i.indnkeyatts) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${scope} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY i.indexrelid`)
  const foreign = await all<ForeignRow>(`SELECT f.conrelid AS oid, f.confrelid AS target,
    (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum) AS columns,
    (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum) AS targets
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${scope} AND f.contype = 'f' ORDER BY f.conname`)
  const group = <T extends { oid: string }>(rows: T[]) => Map.groupBy(rows, (row) => row.oid)
  const byTable = { columns: group(columns), indexes: group(indexes), foreign: group(foreign) }
  const nameOf = (schema: string, name: string) => schema === schemas[0] ? name : `${schema}.${name}`
  const names = new Map(relations.map((row) => [row.oid, nameOf(row.schema, row.name)]))
  const shown = new Map<string, Map<string, string>>()
  for (const [oid, rows] of byTable.columns) {
    const distinct = distinctNames(rows.map((row) => row.name))
    shown.set(oid, new Map(rows.map((row, i) => [row.name, distinct[i] as string])))
  }
  const rename = (oid: string, json: string) => (JSON.parse(json) as string[]).map((name) => shown.get(oid)?.get(name) ?? name)

  const result: PostgresEntity[] = []
  for (const row of relations) {
    const own = (byTable.columns.get(row.oid) ?? []).map((column) =>
      columnOf(types, shown.get(row.oid)?.get(column.name) as string, column.name, column.type, Number(column.mod), column.declared, column.notnull !== 't'))
    if (own.length === 0) continue
    const inherited = row.relkind === 'r' && row.relhassubclass === 't'
    const from = `${inherited ? 'ONLY ' : ''}${quote(row.schema)}.${quote(row.name)} AS r`
    const unique = (byTable.indexes.get(row.oid) ?? []).map((index) => ({ primary: index.primary === 't', columns: rename(row.oid, index.columns) }))
    const notes = [KINDS[row.relkind], row.about, inherited && 'records of inheriting tables are not included', row.secured === 't' && 'row-level security is on']
    const entity: Entity = {
      name: names.get(row.oid) as string, namespace: row.schema, columns: own.map(publicColumn), primaryKey: unique.find((one) => one.primary)?.columns ?? [],
      uniqueKeys: unique.filter((one) => !one.primary).map((one) => one.columns),
      foreignKeys: (byTable.foreign.get(row.oid) ?? []).flatMap((key) => {
        const target = names.get(key.target)
        return target === undefined ? [] : [{ columns: rename(row.oid, key.columns), references: { entity: target, columns: rename(key.target, key.targets) } }]
      }),
      rowCount: await rowCount(client, row, from), notes: notes.filter((note): note is string => typeof note === 'string' && note !== ''),
    }
    result.push({ name: entity.name, entity, columns: own, from, key: keyOf(entity, own, keys[entity.name]), physical: row.relkind === 'r' || row.relkind === 'm' })
  }
  for (const query of queries) result.push(await describeQuery(client, types, query))
  return result
}

async function rowCount(client: pg.Client, row: RelationRow, from: string): Promise<Entity['rowCount']> {
  if (row.relkind !== 'r' && row.relkind !== 'm') return { value: null, exact: false }
  if (Number(row.bytes) <= COUNTED_BYTES && row.secured !== 't') {
    // A table that may be seen but not read is described without a count; reading it says why.
    const counted = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`).catch(() => null)
    if (counted) return { value: Number(counted.rows[0]?.n), exact: true }
  }
  const estimate = Number(row.reltuples)
  return { value: estimate < 0 ? null : Math.round(estimate), exact: false }
}

/** The columns of a query without reading it: the server describes an empty result. */
async function describeQuery(client: pg.Client, types: TypeTable, query: QueryEntity): Promise<PostgresEntity> {
  const from = `(${query.query}\n) AS r`
  const result = await client.query(`SELECT * FROM ${from} LIMIT 0`)
  const names = distinctNames(result.fields.map((field) => field.name))
  const declared = await client.query<Record<string, string>>(`SELECT ${result.fields.map((field, i) => `format_type(${field.dataTypeID}, ${field.dataTypeModifier}) AS f${i}`).join(', ')}`)
  const columns = result.fields.map((field, i) =>
    columnOf(types, names[i] as string, field.name, String(field.dataTypeID), field.dataTypeModifier, declared.rows[0]?.[`f${i}`] ?? '', true))
  const entity: Entity = {
    name: query.name, namespace: '', columns: columns.map(publicColumn), primaryKey: query.key, uniqueKeys: [], foreignKeys: [], rowCount: { value: null, exact: false }, notes: ['query of the project'],
  }
  return { name: query.name, entity, columns, from, key: chooseColumns(query.name, columns, query.key), physical: false }
}

function publicColumn({ sql: _sql, rendered: _rendered, literalType: _type, ...column }: PostgresColumn): Column {
  return column
}

/** The configured key, the primary key, or a unique key whose columns are never NULL. */
function keyOf(entity: Entity, columns: PostgresColumn[], configured?: string[]): PostgresColumn[] {
  const known = new Map(columns.map((column) => [column.name, column]))
  if (configured) return chooseColumns(entity.name, columns, configured)
  const candidates = entity.primaryKey.length > 0 ? [entity.primaryKey] : entity.uniqueKeys
  const key = candidates.find((names) => entity.primaryKey.length > 0 || names.every((name) => known.get(name)?.nullable === false))
  return (key ?? []).map((name) => known.get(name) as PostgresColumn)
}
