import type { ColumnRow } from '../../site/columns.ts'
import type { Loose } from '../../site/compact.ts'
import type { Got, Series, SnapshotReader, Tally } from './reader.ts'

/** Runs one reading statement with `?` placeholders. */
export type Sql = (statement: string, values: unknown[]) => Promise<Loose[]>

/** Errors by which a database says that a table or right is missing, as opposed to failing. */
const REFUSALS = /ER_TABLEACCESS_DENIED|ER_COLUMNACCESS_DENIED|ER_NO_SUCH_TABLE|\b(1142|1143|1146)\b|command denied|doesn't exist/i

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const table = (doctype: string): string => quoted(`tab${doctype}`)
const STANDARD = ['name', 'docstatus', 'idx', 'modified']

/** Reads a site from its tables: exact columns and counters, whoever asks. `run` is a connection, or a bench that runs SQL. */
export class SqlReader implements SnapshotReader {
  readonly way: 'bench' | 'database'
  readonly site: string
  readonly #run: Sql
  readonly #close: () => Promise<void>
  #columns: Promise<Map<string, ColumnRow[]>> | null = null
  requests = 0

  constructor(way: 'bench' | 'database', site: string, run: Sql, close: () => Promise<void> = () => Promise.resolve()) {
    this.way = way
    this.site = site
    this.#run = run
    this.#close = close
  }

  who(): Promise<null> {
    return Promise.resolve(null)
  }

  async apps(): Promise<Got<Record<string, string>>> {
    const got = await this.#ask('SELECT app_name, app_version FROM `tabInstalled Application`')
    return 'refused' in got ? got : { value: Object.fromEntries(got.value.map((row) => [String(row['app_name']), String(row['app_version'])])) }
  }

  doctypes(): Promise<Got<Loose[]>> {
    return this.#ask('SELECT * FROM `tabDocType` ORDER BY name')
  }

  fields(doctypes: readonly string[] | null): Promise<Got<Loose[]>> {
    return this.#ask(`SELECT * FROM \`tabDocField\` WHERE parenttype = 'DocType'${doctypes === null ? '' : ' AND parent IN (?)'} ORDER BY parent, idx`, doctypes === null ? [] : [[...doctypes]])
  }

  applied(): Promise<null> {
    return Promise.resolve(null)
  }

  async tally(doctype: string): Promise<Got<Tally>> {
    const got = await this.#ask(`SELECT COUNT(*) AS n, CAST(MAX(modified) AS CHAR) AS m FROM ${table(doctype)}`)
    return 'refused' in got ? got : { value: { count: Number(got.value[0]?.['n'] ?? 0), modified: String(got.value[0]?.['m'] ?? '') } }
  }

  rows(doctype: string, columns: readonly string[] | null, since: string | null, most: number): Promise<Got<Loose[]>> {
    const list = columns === null ? '*' : [...STANDARD, ...columns].map(quoted).join(', ')
    return this.#ask(`SELECT ${list} FROM ${table(doctype)}${since === null ? '' : ' WHERE modified >= ?'} ORDER BY name${Number.isFinite(most) ? ` LIMIT ${most + 1}` : ''}`, since === null ? [] : [since])
  }

  async names(doctype: string): Promise<Got<string[]>> {
    const got = await this.#ask(`SELECT name FROM ${table(doctype)}`)
    return 'refused' in got ? got : { value: got.value.map((row) => String(row['name'])) }
  }

  children(doctype: string, parentDoctypes: readonly string[], parents: readonly string[] | null): Promise<Got<Loose[]>> {
    const more = parents === null ? '' : ' AND parent IN (?)'
    return this.#ask(`SELECT * FROM ${table(doctype)} WHERE parenttype IN (?)${more} ORDER BY name`, [[...parentDoctypes], ...(parents === null ? [] : [[...parents]])])
  }

  async single(doctype: string, fields: readonly string[]): Promise<Got<Record<string, string>>> {
    const got = await this.#ask('SELECT field, value FROM `tabSingles` WHERE doctype = ?', [doctype])
    if ('refused' in got) return got
    // What is no field of the DocType any more, and passwords, stay where they are.
    const wanted = new Set(['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', ...fields])
    return { value: Object.fromEntries(got.value.filter((row) => row['value'] !== null && wanted.has(String(row['field']))).map((row) => [String(row['field']), String(row['value'])])) }
  }

  async defaults(): Promise<Got<Record<string, string>>> {
    const got = await this.#ask("SELECT defkey, defvalue FROM `tabDefaultValue` WHERE parent = '__default' AND defvalue IS NOT NULL ORDER BY creation")
    return 'refused' in got ? got : { value: Object.fromEntries(got.value.map((row) => [String(row['defkey']), String(row['defvalue'])])) }
  }

  async series(): Promise<Got<Series>> {
    const got = await this.#ask('SELECT name, current FROM `tabSeries` ORDER BY name')
    return 'refused' in got ? got : { value: { values: Object.fromEntries(got.value.map((row) => [String(row['name']), Number(row['current'])])), note: null } }
  }

  columns(): Promise<Map<string, ColumnRow[]>> {
    this.#columns ??= this.#readColumns()
    return this.#columns
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #readColumns(): Promise<Map<string, ColumnRow[]>> {
    const rows = await this.#run(`SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS ty, IS_NULLABLE AS n, COLUMN_KEY AS k, COLUMN_DEFAULT AS d FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`, [])
    this.requests++
    const found = new Map<string, ColumnRow[]>()
    for (const row of rows) {
      const list = found.get(String(row['t'])) ?? []
      list.push([String(row['c']), String(row['ty']), row['n'] === 'YES', String(row['k'] ?? ''), defaultOf(row['d'], String(row['ty']))])
      found.set(String(row['t']), list)
    }
    return found
  }

  async #ask(statement: string, values: unknown[] = []): Promise<Got<Loose[]>> {
    this.requests++
    try {
      return { value: await this.#run(statement, values) }
    } catch (error) {
      const text = `${(error as { code?: string }).code ?? ''} ${String((error as Error).message)}`
      if (REFUSALS.test(text)) return { refused: text.trim().slice(0, 200) }
      throw error
    }
  }
}

/** MariaDB shows defaults as SQL (`'Open'`, `NULL`); a site folder holds what DESCRIBE shows, which quotes those of long texts only. */
function defaultOf(value: unknown, type: string): string | null {
  if (value === null || value === undefined || value === 'NULL') return null
  const text = String(value), quotes = /^'([\s\S]*)'$/.exec(text)
  return quotes === null || /text$|blob$/.test(type) ? text : quotes[1]!.replaceAll("''", "'").replaceAll('\\\\', '\\')
}
