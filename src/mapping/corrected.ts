import { ident, literal, type Staging } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import type { MappedEntity } from './entity.ts'
import { typeRecords } from './typed-records.ts'

/** An edit as mapping needs it; `src/ledger/corrections.ts` keeps them. */
export interface RecordEdit { id: string; source: string; table: string; row: number; hash: string; unread: boolean; changes: Record<string, { new: string | null }> }

/** What an entity's records are once people's edits are laid over what was read; `raw` itself is never changed. */
export function correctedRelation(source: string, table: string): string {
  return `ops.${ident(`corrected ${source}.${table}`)}`
}

/** The relation an entity's records are read from: corrected where there are corrections, else raw. */
export async function recordsOf(staging: Staging, source: string, table: string): Promise<string> {
  const corrected = correctedRelation(source, table)
  return await staging.exists(corrected) ? corrected : `raw.${ident(`${source}.${table}`)}`
}

/** SQL for the 16 hex digits that tell whether a record is still what it was; over all columns, in the order of their names. */
export function hashSql(columns: string[], alias: string): string {
  return `left(md5(CAST(to_json(struct_pack(${[...columns].sort().map((column) => `${ident(column)} := ${alias}.${ident(column)}`).join(', ')})) AS VARCHAR)), 16)`
}

/** Of a record that could not be read, over the text that was found. */
export const unreadHashSql = (alias: string): string => `left(md5(${alias}.source_where || chr(31) || ${alias}.raw), 16)`

/**
 * Lays edits over an entity's raw records: makes the view `correctedRelation` and answers the entity reading from it. An edit whose record is not
 * what it was when it was edited is not applied; its id is among `stale`. Records that could not be read come back with ordinals behind all others.
 */
export async function applyEdits(staging: Staging, entity: MappedEntity, edits: RecordEdit[]): Promise<{ entity: MappedEntity; stale: RecordEdit[] }> {
  const view = correctedRelation(entity.source, entity.table), id = literal(`${entity.source}.${entity.table}`)
  await staging.run(`DROP VIEW IF EXISTS ${view}`)
  const own = edits.filter((edit) => edit.source === entity.source && edit.table === entity.table)
  if (own.length === 0) return { entity, stale: [] }
  const columns = (await staging.columnsOf(entity.raw)).map((column) => column.name).filter((name) => name !== '_row')
  await staging.run('CREATE TABLE IF NOT EXISTS ops.corrections (entity VARCHAR, row BIGINT, col VARCHAR, "value" VARCHAR, id VARCHAR, unread BIGINT)')
  await staging.run(`DELETE FROM ops.corrections WHERE entity = ${id}`)
  const places = await findRecords(staging, entity, own, columns)
  const cells = new Map<string, string>(), stale: RecordEdit[] = []
  for (const edit of own) {
    const place = places.get(edit.id)
    if (place === undefined) { stale.push(edit); continue }
    for (const [column, { new: value }] of Object.entries(edit.changes)) {
      if (columns.includes(column)) cells.set(`${place.row}\u001f${column}`, `(${id}, ${place.row}, ${literal(column)}, ${literal(value)}, ${literal(edit.id)}, ${place.unread ?? 'NULL'})`)
    }
  }
  const rows = [...cells.values()]
  for (let from = 0; from < rows.length; from += 500) await staging.run(`INSERT INTO ops.corrections VALUES ${rows.slice(from, from + 500).join(', ')}`)
  await staging.run(`CREATE VIEW ${view} AS ${await correctedSql(staging, entity, columns, id)}`)
  // What was put right is no longer rejected; what reading rejected stays known in ops.rejected_while_read.
  await staging.run(`DELETE FROM ops.rejected WHERE entity = ${id} AND ordinal IN (SELECT unread FROM ops.corrections WHERE entity = ${id})`)
  return { entity: { ...entity, raw: view }, stale }
}

/** Where each edit's record is now: at the ordinal it had, or at the only other place where the same record stands. */
async function findRecords(staging: Staging, entity: MappedEntity, edits: RecordEdit[], columns: string[]): Promise<Map<string, { row: number; unread: number | null }>> {
  const wanted = (list: RecordEdit[]): string => `(SELECT unnest([${list.map((edit) => literal(edit.hash)).join(', ')}]))`
  const read = edits.filter((edit) => !edit.unread), unread = edits.filter((edit) => edit.unread), places = new Map<string, { row: number; unread: number | null }>()
  const found = read.length === 0 ? [] : await staging.all<{ row: number; hash: string }>(`SELECT row, hash FROM (SELECT r._row AS row, ${hashSql(columns, 'r')} AS hash FROM ${entity.raw} r) WHERE hash IN ${wanted(read)}`)
  for (const edit of read) {
    const same = found.filter((one) => one.hash === edit.hash), one = same.find((candidate) => Number(candidate.row) === edit.row) ?? (same.length === 1 ? same[0] : undefined)
    if (one) places.set(edit.id, { row: Number(one.row), unread: null })
  }
  if (unread.length === 0) return places
  const table = await staging.exists('ops.rejected_while_read') ? 'ops.rejected_while_read' : 'ops.rejected'
  const last = Number((await staging.one<{ n: number }>(`SELECT coalesce(max(_row), 0) AS n FROM ${entity.raw}`))?.n ?? 0)
  const rejects = await staging.all<{ ordinal: number; hash: string }>(`SELECT ordinal, hash FROM (SELECT x.ordinal, ${unreadHashSql('x')} AS hash FROM ${table} x WHERE x.entity = ${literal(`${entity.source}.${entity.table}`)}) WHERE hash IN ${wanted(unread)} ORDER BY ordinal`)
  const taken = new Set<number>()
  for (const edit of unread) {
    const same = rejects.map((one, at) => ({ ...one, at })).filter((one) => one.hash === edit.hash), at = (same.find((one) => Number(one.ordinal) === edit.row) ?? same.find((one) => !taken.has(one.at)))?.at ?? -1
    taken.add(at)
    if (at >= 0) places.set(edit.id, { row: last + at + 1, unread: Number(rejects[at]!.ordinal) })
  }
  return places
}

async function correctedSql(staging: Staging, entity: MappedEntity, columns: string[], id: string): Promise<string> {
  const edited = (await staging.all<{ col: string }>(`SELECT DISTINCT col FROM ops.corrections WHERE entity = ${id} AND unread IS NULL ORDER BY col`)).map((row) => row.col)
  const alias = (column: string): string => `c${edited.indexOf(column)}`
  const values = columns.map((column) => (edited.includes(column) ? `CASE WHEN ${alias(column)}.row IS NULL THEN r.${ident(column)} ELSE ${alias(column)}."value" END AS ${ident(column)}` : `r.${ident(column)}`))
  const joins = edited.map((column) => ` LEFT JOIN (SELECT row, "value" FROM ops.corrections WHERE entity = ${id} AND col = ${literal(column)} AND unread IS NULL) ${alias(column)} ON ${alias(column)}.row = r._row`)
  const given = columns.map((column) => `any_value("value") FILTER (col = ${literal(column)}) AS ${ident(column)}`)
  return `SELECT r._row, ${values.join(', ')} FROM ${entity.raw} r${joins.join('')} UNION ALL SELECT row AS _row, ${given.join(', ')} FROM ops.corrections WHERE entity = ${id} AND unread IS NOT NULL GROUP BY row`
}

/** A value that its column cannot take. `row`: as in the relation that was checked. */
export interface UnfitValue { row: number; column: string | null; reason: string }

/**
 * Tries the mapping's typing on records of `relation` (columns of the entity, `_row`), and answers what does not fit; `changed` says which columns of a
 * row are to be judged. Leaves nothing behind.
 */
export async function checkEdits(staging: Staging, entity: MappedEntity, registry: TransformRegistry, relation: string, changed: Map<number, string[]>): Promise<UnfitValue[]> {
  await typeRecords(staging, { ...entity, raw: relation }, registry)
  const rows = await staging.all<{ row: number; bad: string; reject: string | null }>('SELECT _row AS row, CAST(to_json(_bad) AS VARCHAR) AS bad, _reject AS reject FROM work.typed')
  await staging.run('DROP TABLE work.typed')
  const unfit: UnfitValue[] = []
  for (const { row, bad, reject } of rows) {
    const columns = changed.get(Number(row)) ?? []
    for (const column of (JSON.parse(bad) as string[]).filter((name) => columns.includes(name))) unfit.push({ row: Number(row), column, reason: `cannot be read as ${entity.columns.find((one) => one.name === column)?.declared ?? 'its type'}` })
    if (reject !== null && columns.length > 0) unfit.push({ row: Number(row), column: null, reason: reject })
  }
  return unfit
}
