import { LandfallError, messageOf } from '../../errors/error.ts'
import type { Captured, ChangeLog } from '../changes.ts'
import { mysqlError, type MysqlAccess } from './connection.ts'

type Rows = (sql: string) => Promise<(string | null)[][]>
interface Table { name: string; namespace: string; table: string; key: string[] }
interface Place { file: string; at: number }

/** More events than this are dearer to go through than a comparison. */
const MOST_EVENTS = 500_000
const SILENT_MS = 60_000

const text = ({ file, at }: Place): string => `${file}:${at}`
const place = (position: string): Place => ({ file: position.slice(0, position.lastIndexOf(':')), at: Number(position.slice(position.lastIndexOf(':') + 1)) })
const reached = (now: Place, end: Place): boolean => now.file > end.file || (now.file === end.file && now.at >= end.at)

interface Found { position: string; touched: Map<string, string[][]>; whole: Set<string>; events: number }

/**
 * The row binlog of MariaDB or MySQL, read as a replica reads it: which rows were touched between two positions. Needs REPLICATION SLAVE and BINLOG MONITOR (MySQL: REPLICATION CLIENT), and
 * `binlog_format = ROW`.
 */
export class MysqlLog implements ChangeLog {
  readonly #rows: Rows
  readonly #access: MysqlAccess
  readonly #serverId: number
  readonly #tables: () => Promise<Table[]>
  readonly #found = new Map<string, Promise<Found>>()

  constructor(rows: Rows, access: MysqlAccess, serverId: number, tables: () => Promise<Table[]>) {
    this.#rows = rows
    this.#access = access
    this.#serverId = serverId
    this.#tables = tables
  }

  async begin(): Promise<string> {
    const [format] = (await this.#rows('SELECT @@global.binlog_format'))[0] ?? []
    const now = await this.#now()
    if (now === null || format !== 'ROW') throw new LandfallError('config-invalid', now === null ? 'The server writes no binlog.' : `The server's binlog holds statements (binlog_format ${format}), not rows.`, { hint: 'Set log_bin and binlog_format = ROW on the server, or leave out `capture`.' })
    return text(now)
  }

  async read(position: string, entities: string[]): Promise<Captured> {
    const found = this.#found.get(position) ?? this.#follow(place(position))
    this.#found.set(position, found)
    const { position: end, touched, whole, events } = await found
    return { position: end, keys: new Map(entities.map((entity) => [entity, touched.get(entity) ?? []])), whole: entities.filter((entity) => whole.has(entity)), events }
  }

  /** The server keeps its binlogs as long as it was told to. */
  async release(): Promise<void> { await Promise.resolve() }

  async #now(): Promise<Place | null> {
    const rows = await this.#rows('SHOW MASTER STATUS').catch(() => this.#rows('SHOW BINARY LOG STATUS'))
    const [file, at] = rows[0] ?? []
    return file == null ? null : { file, at: Number(at) }
  }

  async #follow(from: Place): Promise<Found> {
    const end = await this.#now(), tables = await this.#tables(), all = new Set(tables.map((table) => table.name))
    const found: Found = { position: text(end ?? from), touched: new Map(), whole: new Set(), events: 0 }
    if (end === null || reached(from, end)) {
      // Behind us: the server's logs were begun anew.
      if (end === null || from.file !== end.file || from.at !== end.at) found.whole = all
      return found
    }
    const kept = (await this.#rows('SHOW BINARY LOGS')).map((row) => row[0])
    if (!kept.includes(from.file)) return { ...found, whole: all }
    await this.#stream(from, end, tables, found)
    if (found.events >= MOST_EVENTS) found.whole = all
    return found
  }

  async #stream(from: Place, end: Place, tables: Table[], found: Found): Promise<void> {
    const { default: ZongJi } = await import('@vlasky/zongji')
    const { host, port, user, password, tls } = this.#access
    const reader = new ZongJi({ host, port, user, password, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true, ...(tls === 'require' || tls === 'verify' ? { ssl: { rejectUnauthorized: tls === 'verify' } } : {}) } as never)
    const byName = new Map(tables.map((table) => [`${table.namespace}.${table.table}`, table])), include: Record<string, string[]> = {}
    for (const table of tables) include[table.namespace] = [...include[table.namespace] ?? [], table.table]
    let now = from
    try {
      await new Promise<void>((resolve, reject) => {
        let timer = setTimeout(() => undefined, 0)
        const alive = (): void => { clearTimeout(timer); timer = setTimeout(() => reject(new LandfallError('source-failed', `The binlog said nothing for ${SILENT_MS / 1000} s.`, { hint: 'Sync again.' })), SILENT_MS) }
        const done = (): void => { clearTimeout(timer); resolve() }
        alive()
        reader.on('error', (error: Error) => { clearTimeout(timer); reject(mysqlError(error, `Reading the binlog from ${text(from)}: ${messageOf(error)}`)) })
        reader.on('binlog', (event) => {
          alive()
          const name = event.getEventName(), given = event as unknown as { binlogName?: string; position?: number; tableId?: number; tableMap?: Record<number, { parentSchema: string; tableName: string }>; rows?: Record<string, unknown>[]; query?: string }
          if (name === 'rotate') { now = { file: given.binlogName ?? now.file, at: Number(given.position ?? 4) } }
          else if (event.nextPosition > 0) now = { file: now.file, at: event.nextPosition }
          if (name === 'query' && /^\s*truncate\b/i.test(given.query ?? '')) for (const table of tables) found.whole.add(table.name)
          const map = given.tableId === undefined ? undefined : given.tableMap?.[given.tableId], table = map === undefined ? undefined : byName.get(`${map.parentSchema}.${map.tableName}`)
          if (table !== undefined && given.rows !== undefined) for (const row of given.rows) note(found, table, name === 'updaterows' ? [row['before'], row['after']] : [row])
          if (reached(now, end) || found.events >= MOST_EVENTS) done()
        })
        void reader.start({ serverId: this.#serverId, filename: from.file, position: from.at, includeSchema: include })
      })
    } finally {
      reader.stop()
    }
  }
}

function note(found: Found, table: Table, rows: unknown[]): void {
  for (const row of rows) {
    found.events++
    const key = table.key.map((column) => (row as Record<string, unknown> | undefined)?.[column])
    if (!key.every((value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')) { found.whole.add(table.name); continue }
    const list = found.touched.get(table.name)
    if (list === undefined) found.touched.set(table.name, [key.map(String)])
    else list.push(key.map(String))
  }
}
