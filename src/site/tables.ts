import { LandfallError } from '../errors/error.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Column, DocTypeMeta } from './doctype.ts'
import type { Site } from './site.ts'

/** When the records of a site folder, which carries no times, count as created: before any document of a migration. */
export const RECORDED_AT = '2023-01-01 00:00:00.000000'

const STATEMENTS_PER_CALL = 64

/** DuckDB's type for a MariaDB column type. Lengths are the posting engine's to check; a table takes any. Throws `site-invalid` for a type no site uses. */
export function duckType(mariadb: string): string {
  const match = /^(\w+)(?:\(([\d,]+)\))?/.exec(mariadb.toLowerCase())
  switch (match?.[1]) {
    case 'varchar': case 'char': case 'text': case 'tinytext': case 'mediumtext': case 'longtext': case 'json': case 'uuid': return 'VARCHAR'
    case 'int': case 'bigint': case 'tinyint': case 'smallint': case 'mediumint': return 'BIGINT'
    case 'decimal': return match[2] === undefined ? 'DECIMAL(21,9)' : `DECIMAL(${match[2]})`
    case 'double': case 'float': return 'DOUBLE'
    case 'date': return 'DATE'
    case 'datetime': case 'timestamp': return 'TIMESTAMP'
    case 'time': return 'TIME'
    default: throw new LandfallError('site-invalid', `No staging type for column type ${mariadb}`,
      { hint: 'Frappe sites have varchar, text, int, decimal, date, datetime, time and json columns.' })
  }
}

/** Tables of a site that belong to no DocType, with the columns Frappe gives them. */
const SYSTEM_TABLES: Record<string, Column[]> = {
  tabSeries: [
    { name: 'name', type: 'varchar(100)', nullable: true, key: 'PRI', default: null },
    { name: 'current', type: 'int(10)', nullable: false, key: '', default: '0' },
  ],
  tabSingles: [
    { name: 'doctype', type: 'varchar(255)', nullable: true, key: 'MUL', default: null },
    { name: 'field', type: 'varchar(255)', nullable: true, key: '', default: null },
    { name: 'value', type: 'longtext', nullable: true, key: '', default: null },
  ],
}

/** `rows` and `"site"."main"` as SQL: parts are quoted unless they are already. */
export function schemaSql(schema: string): string {
  return schema.split('.').map((part) => (part.startsWith('"') ? part : ident(part))).join('.')
}

/** `rows` holds what documents write, so its tables say which draft wrote a row. */
function ownColumns(schema: string): string[] {
  return schema.split('.').at(-1)!.replaceAll('"', '') === 'rows' ? ['"_draft" BIGINT', '"_doctype" VARCHAR'] : []
}

function tableSql(schema: string, table: string, columns: readonly Column[]): string {
  const own = ownColumns(schema)
  // Desktop Icon has a `_doctype` of its own, which in `rows` gives way to ours: nobody migrates icons.
  const given = columns.filter((column) => !own.some((definition) => definition.startsWith(`${ident(column.name)} `)))
  const parts = [...given.map((column) => `${ident(column.name)} ${duckType(column.type)}`), ...own]
  return `CREATE TABLE IF NOT EXISTS ${schemaSql(schema)}.${ident(table)} (${parts.join(', ')})`
}

async function runAll(staging: Staging, statements: string[]): Promise<void> {
  // One transaction: on a file each statement of its own would wait for the disk.
  await staging.transaction(async () => {
    for (let i = 0; i < statements.length; i += STATEMENTS_PER_CALL) await staging.run(statements.slice(i, i + STATEMENTS_PER_CALL).join(';\n'))
  })
}

/** DocTypes that have a table of their own: neither single nor virtual. */
export function tableDoctypes(site: Site): DocTypeMeta[] {
  return site.doctypes().filter((meta) => meta.columns.length > 0)
}

/**
 * Creates the schema and the tables of the named DocTypes with their child DocTypes (or of all), and `tabSeries` and `tabSingles`; tables that
 * are there already are left alone. `schema` may name a database too (`site.main`). In a schema called `rows` each table ends with
 * `_draft` BIGINT and `_doctype` VARCHAR. Throws `site-invalid` for a DocType the site does not have.
 */
export async function createTables(site: Site, staging: Staging, schema: string, doctypes: readonly string[] | 'all' = 'all'): Promise<void> {
  const wanted = doctypes === 'all' ? tableDoctypes(site) : withChildren(site, doctypes)
  const statements = [`CREATE SCHEMA IF NOT EXISTS ${schemaSql(schema)}`]
  for (const [table, columns] of Object.entries(SYSTEM_TABLES)) statements.push(tableSql(schema, table, columns))
  for (const meta of wanted) statements.push(tableSql(schema, meta.table, meta.columns))
  await runAll(staging, statements)
}

function withChildren(site: Site, doctypes: readonly string[]): DocTypeMeta[] {
  const found = new Map<string, DocTypeMeta>(), queue = [...doctypes]
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (found.has(name)) continue
    const meta = site.doctype(name)
    if (meta === undefined) throw new LandfallError('site-invalid', `The site has no DocType ${name}`,
      { hint: 'Check the spelling, or load another site folder.', where: { doctype: name } })
    found.set(name, meta)
    queue.push(...meta.tableFields().map((field) => field.options ?? '').filter((child) => child !== ''))
  }
  return [...found.values()].filter((meta) => meta.columns.length > 0)
}

/**
 * Fills the tables of `schema` that exist with what is on the site before a migration: records and child rows (owner and modified_by
 * Administrator, creation and modified RECORDED_AT where the recording leaves them out), `tabSeries`, `tabSingles`, `tabDefaultValue`.
 */
export async function loadRecords(site: Site, staging: Staging, schema: string): Promise<void> {
  const present = new Set(await tablesOf(staging, schema))
  const statements: string[] = []
  for (const doctype of site.recordDoctypes()) {
    if (!present.has(`tab${doctype}`)) continue
    const meta = site.doctype(doctype)
    if (meta !== undefined && meta.columns.length > 0) statements.push(insertRecords(site, schema, meta))
  }
  const insert = (table: string, columns: string, rows: string[]) => {
    if (present.has(table) && rows.length > 0) statements.push(`INSERT INTO ${schemaSql(schema)}.${ident(table)} (${columns}) VALUES ${rows.join(', ')}`)
  }
  insert('tabSeries', 'name, "current"', Object.entries(site.series).map(([prefix, current]) => `(${literal(prefix)}, ${current})`))
  insert('tabSingles', 'doctype, field, "value"', site.singles().flatMap((doctype) =>
    Object.entries(site.single(doctype)).map(([field, value]) => `(${literal(doctype)}, ${literal(field)}, ${literal(value)})`)))
  if (site.records('DefaultValue').length === 0) {
    insert('tabDefaultValue', 'name, creation, modified, modified_by, owner, docstatus, idx, defkey, defvalue, parent, parentfield, parenttype',
      Object.entries(site.defaults).map(([key, value], i) => `('default${String(i).padStart(3,
        '0')}', '${RECORDED_AT}', '${RECORDED_AT}', 'Administrator', 'Administrator', 0, 0, ` +
        `${literal(key)}, ${literal(value)}, '__default', 'system_defaults', '__default')`))
  }
  await runAll(staging, statements)
}

async function tablesOf(staging: Staging, schema: string): Promise<string[]> {
  const parts = schema.replaceAll('"', '').split('.')
  const database = parts.length > 1 ? literal(parts[0]!) : 'current_database()'
  const rows = await staging.all<{ table_name: string }>(`SELECT table_name FROM duckdb_tables() WHERE schema_name = ${literal(parts.at(-1)!)}
    AND database_name = ${database}`)
  return rows.map((row) => row.table_name)
}

const FILLED: Record<string, string> = { owner: 'Administrator', modified_by: 'Administrator', creation: RECORDED_AT, modified: RECORDED_AT }

function insertRecords(site: Site, schema: string, meta: DocTypeMeta): string {
  const records = site.records(meta.name)
  const used = new Set(records.flatMap((record) => Object.keys(record)))
  const columns = meta.columns.filter((column) => used.has(column.name) || column.name in FILLED || !column.nullable)
  const types = new Map(columns.map((column) => [column.name, duckType(column.type)]))
  // Rows travel as one JSON text and are cast column by column: DuckDB plans a statement of a few expressions instead of one per value.
  const rows = records.map((record) => columns.map((column) => {
    const value = record[column.name] ?? FILLED[column.name] ?? (column.nullable ? null : column.default)
    return value === null ? null : String(value)
  }))
  const casts = columns.map((column, i) => (types.get(column.name) === 'VARCHAR' ? `v[${i + 1}]` : `CAST(v[${i + 1}] AS ${types.get(column.name)})`))
  return `INSERT INTO ${schemaSql(schema)}.${ident(meta.table)} (${columns.map((column) => ident(column.name)).join(', ')}) ` +
    `SELECT ${casts.join(', ')} FROM (SELECT unnest(from_json(${literal(JSON.stringify(rows))}, '[["VARCHAR"]]')) AS v)`
}
