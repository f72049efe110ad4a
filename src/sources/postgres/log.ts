import { LandfallError } from '../../errors/error.ts'
import type { Captured, ChangeLog } from '../changes.ts'

type Rows = (sql: string) => Promise<(string | null)[][]>
interface Table { name: string; namespace: string; table: string; key: string[] }

/** More events than this are dearer to go through than a comparison. */
const MOST_EVENTS = 200_000

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`
const number = (lsn: string): bigint => { const [high = '0', low = '0'] = lsn.split('/'); return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) }

/**
 * PostgreSQL's logical replication, looked into over the source's own connection: a slot keeps the log, `pgoutput` says which rows were touched. Nothing is taken out of the slot before
 * what it said is on the target (`release`), so a sync may be killed anywhere. Needs REPLICATION, and a publication of the same name, which the owner of the tables makes.
 */
export class PostgresLog implements ChangeLog {
  readonly #rows: Rows
  readonly #slot: string
  readonly #tables: () => Promise<Table[]>
  /** What was read, once per opened source: all entities see the same log. */
  #read: Promise<{ position: string; touched: Map<string, { key: string[]; lsn: bigint }[]>; whole: Set<string>; events: number }> | null = null

  constructor(rows: Rows, slot: string, tables: () => Promise<Table[]>) {
    this.#rows = rows
    this.#slot = slot
    this.#tables = tables
  }

  async begin(entities: string[]): Promise<string> {
    await this.#published(entities)
    const slot = (await this.#rows(`SELECT plugin, database = current_database() FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoted(this.#slot)}`))[0]
    if (slot !== undefined && (slot[0] !== 'pgoutput' || slot[1] !== 't')) throw new LandfallError('config-invalid', `The replication slot \`${this.#slot}\` is somebody else's (plugin ${slot[0]}).`, { hint: 'Choose another `slot` under `sync`.' })
    if (slot === undefined) await this.#rows(`SELECT lsn::text FROM pg_catalog.pg_create_logical_replication_slot(${quoted(this.#slot)}, 'pgoutput')`)
    return (await this.#rows('SELECT pg_catalog.pg_current_wal_lsn()::text'))[0]?.[0] ?? '0/0'
  }

  async read(position: string, entities: string[]): Promise<Captured> {
    const slot = (await this.#rows(`SELECT confirmed_flush_lsn::text FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoted(this.#slot)}`))[0]?.[0]
    // Without the slot, or where it went on without us, nobody knows what was in between.
    if (slot == null || number(slot) > number(position)) return { position: await this.begin(entities), keys: new Map(), whole: entities, events: 0 }
    this.#read ??= this.#peek()
    const read = await this.#read, keys = new Map<string, string[][]>()
    if (read.events >= MOST_EVENTS) return { position: await this.begin(entities), keys, whole: entities, events: read.events }
    for (const entity of entities) keys.set(entity, (read.touched.get(entity) ?? []).filter(({ lsn }) => lsn > number(position)).map(({ key }) => key))
    return { position: number(read.position) > number(position) ? read.position : position, keys, whole: entities.filter((entity) => read.whole.has(entity)), events: read.events }
  }

  async release(position: string): Promise<void> {
    const slot = (await this.#rows(`SELECT confirmed_flush_lsn::text, active::text FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoted(this.#slot)}`))[0]
    if (slot?.[0] == null || slot[1] === 'true' || number(slot[0]) >= number(position)) return
    await this.#rows(`SELECT end_lsn::text FROM pg_catalog.pg_replication_slot_advance(${quoted(this.#slot)}, ${quoted(position)}::pg_lsn)`)
  }

  async #peek() {
    const { PgoutputPlugin } = await import('pg-logical-replication')
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [this.#slot] })
    const tables = new Map((await this.#tables()).map((table) => [`${table.namespace}.${table.table}`, table]))
    const position = (await this.#rows('SELECT pg_catalog.pg_current_wal_lsn()::text'))[0]?.[0] ?? '0/0'
    const rows = await this.#rows(`SELECT lsn::text, pg_catalog.encode(data, 'hex') FROM pg_catalog.pg_logical_slot_peek_binary_changes(${quoted(this.#slot)}, ${quoted(position)}::pg_lsn, ${MOST_EVENTS}, 'proto_version', '1', 'publication_names', ${quoted(this.#slot)})`)
    const touched = new Map<string, { key: string[]; lsn: bigint }[]>(), whole = new Set<string>()
    // Rows of a transaction count from where it was committed: it may have begun before a position and ended after it.
    let pending: { name: string; key: string[] }[] = []
    for (const [, hex] of rows) {
      const message = plugin.parse(Buffer.from(hex ?? '', 'hex'))
      if (message.tag === 'truncate') for (const relation of message.relations) { const table = tables.get(`${relation.schema}.${relation.name}`); if (table) whole.add(table.name) }
      if (message.tag === 'commit') {
        const lsn = number(message.commitEndLsn ?? '0/0')
        for (const { name, key } of pending) {
          const list = touched.get(name)
          if (list === undefined) touched.set(name, [{ key, lsn }])
          else list.push({ key, lsn })
        }
        pending = []
      }
      if (message.tag !== 'insert' && message.tag !== 'update' && message.tag !== 'delete') continue
      const table = tables.get(`${message.relation.schema}.${message.relation.name}`)
      if (!table) continue
      for (const row of message.tag === 'insert' ? [message.new] : message.tag === 'update' ? [message.key ?? message.old, message.new] : [message.key ?? message.old]) {
        if (row === null) continue
        const key = table.key.map((column) => row[column] as unknown)
        if (key.every((value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')) pending.push({ name: table.name, key: key.map(String) })
        else whole.add(table.name)
      }
    }
    return { position, touched, whole, events: rows.length }
  }

  async #published(entities: string[]): Promise<void> {
    const there = new Set((await this.#rows(`SELECT schemaname || '.' || tablename FROM pg_catalog.pg_publication_tables WHERE pubname = ${quoted(this.#slot)}`)).map((row) => row[0]))
    const wanted = (await this.#tables()).filter((table) => entities.includes(table.name)), missing = wanted.filter((table) => !there.has(`${table.namespace}.${table.table}`))
    if (missing.length === 0) return
    const list = missing.map((table) => `"${table.namespace}"."${table.table}"`).join(', ')
    throw new LandfallError('config-invalid', `The publication \`${this.#slot}\` does not tell of ${missing.map((table) => table.name).join(', ')}.`, { hint: `Have the owner run: ${there.size === 0 ? `CREATE PUBLICATION ${this.#slot} FOR TABLE ${list}` : `ALTER PUBLICATION ${this.#slot} ADD TABLE ${list}`}`, where: { entity: missing[0]!.name } })
  }
}
