import { LandfallError } from '../../errors/error.ts'
import type { Column } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { quote, type Link } from './connection.ts'

/** A table of the site's database as it is. */
interface RealTable { engine: string; columns: Map<string, { type: string; charset: string | null; nullable: boolean; given: string | null }>; triggers: string[] }

/** Columns that lanes add to tables and that no prediction knows: they stay empty. */
const OURS: ReadonlySet<string> = new Set(['landfall_key'])

/** MariaDB's name of a type without what changes nothing: the display width of integers. */
export function plainType(type: string): string {
  const lower = type.toLowerCase().trim()
  return /^(tiny|small|medium|big)?int\b/.test(lower) ? lower.replace(/\(\d+\)/, '') : lower
}

/** Looks at tables before the first row is written to them, once each. */
export class SiteTables {
  readonly #site: Site
  readonly #known = new Map<string, string | null>()
  readonly #defaults = new Map<string, Map<string, string | null>>()

  constructor(site: Site) {
    this.#site = site
  }

  /**
   * Throws `target-changed` when a table is not as the site description says: a column missing, of another type or unknown to the description, another engine, a trigger.
   * Every fault of every table is in the message.
   */
  async check(link: Link, tables: readonly string[]): Promise<void> {
    const fresh = tables.filter((table) => !this.#known.has(table))
    if (fresh.length > 0) {
      const real = await readTables(link, fresh)
      for (const table of fresh) {
        this.#known.set(table, this.#fault(table, real.get(table)))
        this.#defaults.set(table, defaultsOf(real.get(table)))
      }
    }
    const faults = tables.map((table) => this.#known.get(table) ?? null).filter((fault) => fault !== null)
    if (faults.length === 0) return
    for (const table of tables) if (this.#known.get(table) !== null) this.#known.delete(table)
    throw new LandfallError('target-changed', `The site's tables are not as its description says: ${faults.join('; ')}.`, { hint: 'Describe the site again (landfall describe) and predict anew; nothing was written.' })
  }

  /** What the database itself gives to columns of a checked table that a statement leaves out. Columns that must be given are not in it. */
  defaults(table: string): ReadonlyMap<string, string | null> {
    return this.#defaults.get(table) ?? new Map()
  }

  #fault(table: string, real: RealTable | undefined): string | null {
    if (real === undefined) return `${table} is not there`
    const described = table === 'tabSeries' ? SERIES_COLUMNS : this.#site.doctype(table.slice(3))?.columns ?? []
    const faults: string[] = []
    if (real.engine !== 'InnoDB') faults.push(`${table} is kept by ${real.engine}, which has no transactions`)
    if (described.length === 0) faults.push(`${table} is not in the description`)
    for (const column of described) {
      const found = real.columns.get(column.name)
      if (found === undefined) faults.push(`${table}.${column.name} is missing`)
      else if (plainType(found.type) !== plainType(column.type)) faults.push(`${table}.${column.name} is ${found.type} instead of ${column.type}`)
      else if (found.charset !== null && found.charset !== 'utf8mb4') faults.push(`${table}.${column.name} holds ${found.charset} instead of utf8mb4`)
      if (column.name === 'name' && /int/.test(column.type)) faults.push(`rows of ${table} are numbered by a sequence, which no prediction moves`)
    }
    const names = new Set(described.map((column) => column.name))
    for (const name of real.columns.keys()) if (!names.has(name) && !OURS.has(name) && described.length > 0) faults.push(`${table}.${name} is not in the description`)
    for (const trigger of real.triggers) faults.push(`${table} has the trigger ${trigger}, whose effects no prediction knows`)
    return faults.length === 0 ? null : faults.join('; ')
  }
}

const SERIES_COLUMNS: Column[] = [
  { name: 'name', type: 'varchar(100)', nullable: false, key: 'PRI', default: null }, { name: 'current', type: 'int(10)', nullable: false, key: '', default: '0' },
]

/** Plain values only: the server says `NULL`, numbers bare and texts in quotes; an expression is none. */
function defaultsOf(table: RealTable | undefined): Map<string, string | null> {
  const defaults = new Map<string, string | null>()
  for (const [name, { nullable, given }] of table?.columns ?? []) {
    if (given === null || given === 'NULL') { if (nullable) defaults.set(name, null) }
    else if (/^'[^'\\]*'$/.test(given)) defaults.set(name, given.slice(1, -1))
    else if (/^-?[\d.]+$/.test(given)) defaults.set(name, given)
  }
  return defaults
}

async function readTables(link: Link, tables: readonly string[]): Promise<Map<string, RealTable>> {
  const list = tables.map(quote).join(', ')
  const found = new Map<string, RealTable>()
  for (const [name, engine] of await link.rows(`SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${list})`)) {
    found.set(name ?? '', { engine: engine ?? 'a view', columns: new Map(), triggers: [] })
  }
  const columns = await link.rows(`SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, IS_NULLABLE, COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${list})`)
  for (const [table, name, type, charset, nullable, given] of columns) {
    found.get(table ?? '')?.columns.set(name ?? '', { type: type ?? '', charset: charset ?? null, nullable: nullable === 'YES', given: given ?? null })
  }
  for (const [table, name] of await link.rows(`SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE IN (${list})`)) found.get(table ?? '')?.triggers.push(name ?? '')
  return found
}
