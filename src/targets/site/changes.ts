import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import { typeOf } from '../embedded/updates.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Lane, SiteRow } from '../lane.ts'
import type { LoadBatch } from '../target.ts'
import { textOf } from './actual-rows.ts'
import { ON_SITE } from './reading.ts'

/** A value of an older row as the site holds it now. `after`: JSON text. */
export interface RowChange { tbl: string; key: string; col: string; after: string }

/** Moments that follow a change; they are the site's, nobody predicts them. */
const STAMPS = ['modified', 'modified_by']

/**
 * What the batch's documents changed in rows that were there before: of those rows the values predicted to change, as the site holds them now. A row that cannot be read
 * is taken as predicted; its table is in `unread`.
 */
export async function readChanges(staging: Staging, site: Site, lane: Lane, batch: LoadBatch): Promise<{ changes: RowChange[]; unread: string[] }> {
  const predicted = await staging.all<RowChange>(`SELECT tbl, "key", col, arg_max(coalesce("after", 'null'), seq) AS after FROM ops.updates u WHERE u.doctype = ${literal(batch.doctype)} AND u.id IN (SELECT id FROM ${ON_SITE}) GROUP BY tbl, "key", col ORDER BY tbl, "key", col`)
  const changes: RowChange[] = [], unread: string[] = []
  for (const [tbl, list] of Map.groupBy(predicted, (change) => change.tbl)) {
    const rows = await readRows(staging, site, lane, tbl, [...new Set(list.map((change) => change.key))])
    if (rows === null) {
      unread.push(tbl)
      changes.push(...list)
      continue
    }
    const byName = new Map(rows.map((row) => [String(row['name']), row])), types = new Map((await staging.columnsOf(`${SITE_DATABASE}.main.${ident(tbl)}`)).map((column) => [column.name, column.type]))
    for (const change of list) {
      const row = byName.get(change.key)
      changes.push(row === undefined || row[change.col] === undefined ? change : { ...change, after: JSON.stringify(textOf(row[change.col], types.get(change.col) ?? 'VARCHAR')) })
    }
    const stamps = STAMPS.filter((column) => types.has(column))
    for (const [key, row] of byName) for (const col of stamps) if (row[col] !== undefined) changes.push({ tbl, key, col, after: JSON.stringify(textOf(row[col], types.get(col) ?? 'VARCHAR')) })
  }
  return { changes, unread }
}

async function readRows(staging: Staging, site: Site, lane: Lane, table: string, keys: string[]): Promise<SiteRow[] | null> {
  if (table === 'tabSingles') return null
  if (!site.doctype(table.slice('tab'.length))?.istable) return lane.read(table, 'name', keys)
  const parents = await staging.all<{ name: string; parenttype: string }>(`SELECT name, parenttype FROM ${SITE_DATABASE}.main.${ident(table)} WHERE name IN (${keys.map(literal).join(', ')})`)
  const rows: SiteRow[] = []
  for (const [parenttype, list] of Map.groupBy(parents, (row) => row.parenttype)) {
    const some = await lane.read(table, 'name', list.map((row) => row.name), parenttype)
    if (some === null) return null
    rows.push(...some)
  }
  return rows
}

/** Puts changes into the mirror, inside the caller's transaction, keeping what it held before. */
export async function applyChanges(staging: Staging, ledger: Ledger, batch: { run: string; seq: number }, changes: RowChange[], touched: Set<string>): Promise<void> {
  for (const list of Map.groupBy(changes, (change) => `${change.tbl}\u001f${change.col}`).values()) {
    const { tbl, col } = list[0]!, table = `${SITE_DATABASE}.main.${ident(tbl)}`, key = tbl === 'tabSingles' ? 't.doctype || chr(31) || t.field' : 't.name'
    const type = await typeOf(staging, table, col)
    touched.add(tbl)
    const values = `(SELECT v[1] AS k, v[2] AS v FROM (SELECT unnest(from_json(${literal(JSON.stringify(list.map((change) => [change.key, change.after])))}, '[["VARCHAR"]]')) AS v))`
    const differs = `t.${ident(col)} IS DISTINCT FROM CAST(json_extract_string(u.v, '$') AS ${type})`
    await staging.run(`INSERT INTO ${ledger.table('before_images')} SELECT ${literal(batch.run)}, ${batch.seq}, ${batch.seq}, ${literal(tbl)}, u.k, ${literal(col)}, to_json(t.${ident(col)})::VARCHAR FROM ${table} t JOIN ${values} u ON ${key} = u.k WHERE ${differs}`)
    await staging.run(`UPDATE ${table} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM ${values} u WHERE ${key} = u.k AND ${differs}`)
  }
}

/** The prediction takes over when and by whom older rows were changed. */
export async function alignChangeStamps(staging: Staging, changes: RowChange[]): Promise<void> {
  for (const list of Map.groupBy(changes.filter((change) => STAMPS.includes(change.col)), (change) => `${change.tbl}\u001f${change.col}`).values()) {
    const { tbl, col } = list[0]!, relation = `rows.${ident(tbl)}`
    const type = await typeOf(staging, relation, col)
    const values = `(SELECT v[1] AS k, v[2] AS v FROM (SELECT unnest(from_json(${literal(JSON.stringify(list.map((change) => [change.key, change.after])))}, '[["VARCHAR"]]')) AS v))`
    await staging.run(`UPDATE ${relation} t SET ${ident(col)} = CAST(json_extract_string(u.v, '$') AS ${type}) FROM ${values} u WHERE t.name = u.k`)
  }
}
