import type { Ledger } from '../../ledger/ledger.ts'
import { draftRelation } from '../../model/draft.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import type { Lane, LaneChange, SiteRow } from '../lane.ts'
import type { ChangeBatch } from '../target.ts'
import { actualTable, stageActual, textOf } from './actual-rows.ts'
import { applyChanges, type RowChange } from './changes.ts'

interface Wanted { n: number; doctype: string; name: string; values: LaneChange['values']; rows: boolean }
export interface Refused { doctype: string; name: string; reason: string }

/** Fields that take a document out of use; no draft names them. */
const FLAGS = ['disabled', 'enabled']

/**
 * Changes documents of a real site through its own controllers: the fields that are given, the rest follows. What the site answers is read back into the mirror and into `rows`. A document
 * whose child rows would have to change is left as it is and answered, like one that the site refuses; it is looked at again by the next sync.
 */
export async function changeOnSite(staging: Staging, site: Site, ledger: Ledger, lane: Lane, batch: ChangeBatch, touched: Set<string>): Promise<Refused[]> {
  if (await ledger.batchSeq(batch.batch) !== null) return []
  const wanted = await wantedChanges(staging, site, batch), refused: Refused[] = wanted.filter((one) => one.rows).map(({ doctype, name }) => ({ doctype, name, reason: 'its child rows changed, which this way into the site cannot set' }))
  const sent = wanted.filter((one) => !one.rows && Object.keys(one.values).length > 0)
  const answers = sent.length === 0 ? [] : await lane.change(sent.map(({ doctype, name, values }) => ({ doctype, name, values })), batch.run)
  answers.forEach((answer, i) => { if (answer !== null) refused.push({ doctype: sent[i]!.doctype, name: sent[i]!.name, reason: `${answer.type}: ${answer.message}` }) })
  const out = new Set(refused.map(({ doctype, name }) => `${doctype}\u001f${name}`)), done = wanted.filter((one) => !out.has(`${one.doctype}\u001f${one.name}`))
  const changes: RowChange[] = []
  for (const [doctype, list] of Map.groupBy(done, (one) => one.doctype)) changes.push(...await readAll(staging, lane, doctype, list.map((one) => one.name)))
  const seq = await ledger.lastSeq() + 1, failed = wanted.filter((one) => out.has(`${one.doctype}\u001f${one.name}`)).map((one) => one.n)
  await staging.transaction(async () => {
    await applyChanges(staging, ledger, { run: batch.run, seq }, changes, touched)
    await staging.run(`INSERT INTO ${ledger.table('given')} SELECT ${seq}, doctype, entity, "key", name, draft FROM ops.sync_documents WHERE n BETWEEN ${batch.from} AND ${batch.to} AND note ${failed.length === 0 ? '' : `AND n NOT IN (${failed.join(', ')})`}`)
    for (const { entity, low, position, compared } of batch.watermarks) await staging.run(`INSERT INTO ${ledger.table('watermarks')} VALUES (${[seq, batch.run, entity, low, position, compared, batch.at, batch.version].map(literal).join(', ')})`)
    await ledger.noteBatch({ seq, batch: batch.batch, run: batch.run, phase: 'sync', wave: 0, doctype: '' }, sent.length - answers.filter((answer) => answer !== null).length, 0)
  })
  // What was not done is not predicted any more either.
  for (const [doctype, list] of Map.groupBy(wanted, (one) => one.doctype)) await rowsFromMirror(staging, site, doctype, list.map((one) => one.name))
  return refused
}

/** Reads documents as they are now into the mirror and into `rows`, child rows too: what people changed since is no change of ours, so undo does not know of it. Answers false where the lane cannot read them. */
export async function refreshMirror(staging: Staging, site: Site, lane: Lane, doctype: string, names: string[]): Promise<boolean> {
  const meta = site.doctype(doctype)
  if (meta === undefined || names.length === 0) return meta !== undefined
  const rows = await lane.read(meta.table, 'name', names)
  if (rows === null) return false
  const missing = await stageActual(staging, meta.table, rows)
  const columns = (await staging.columnsOf(`${SITE_DATABASE}.main.${ident(meta.table)}`)).map((column) => column.name).filter((name) => name !== 'name' && !missing.includes(name))
  for (const table of [`${SITE_DATABASE}.main.${ident(meta.table)}`, `rows.${ident(meta.table)}`]) {
    if (rows.length > 0) await staging.run(`UPDATE ${table} AS t SET ${columns.map((name) => `${ident(name)} = a.${ident(name)}`).join(', ')} FROM ${actualTable(meta.table)} a WHERE t.name = a.name`)
    await staging.run(`DELETE FROM ${table} WHERE name IN (${names.map(literal).join(', ')}) AND name NOT IN (SELECT name FROM ${actualTable(meta.table)})`)
  }
  for (const field of meta.tableFields()) {
    const child = site.doctype(field.options ?? '')
    const read = child === undefined || child.columns.length === 0 ? null : await lane.read(child.table, 'parent', names, doctype)
    if (child === undefined || read === null) continue
    await stageActual(staging, child.table, read)
    const mine = `parenttype = ${literal(doctype)} AND parentfield = ${literal(field.fieldname)}`
    for (const [table, with_] of [[`${SITE_DATABASE}.main.${ident(child.table)}`, ''], [`rows.${ident(child.table)}`, ', NULL::BIGINT AS _draft, NULL::VARCHAR AS _doctype']] as const) {
      await staging.run(`DELETE FROM ${table} WHERE ${mine} AND parent IN (${names.map(literal).join(', ')})`)
      await staging.run(`INSERT INTO ${table} BY NAME SELECT *${with_} FROM ${actualTable(child.table)} a WHERE ${mine}`)
    }
  }
  return true
}

async function wantedChanges(staging: Staging, site: Site, batch: ChangeBatch): Promise<Wanted[]> {
  const within = `BETWEEN ${batch.from} AND ${batch.to}`
  const documents = await staging.all<{ n: number; doctype: string; name: string }>(`SELECT n, doctype, name FROM ops.sync_documents WHERE n ${within} ORDER BY n`)
  const values = Map.groupBy(await staging.all<{ n: number; tbl: string; key: string; col: string; after: string | null }>(`SELECT n, tbl, "key", col, "after" FROM ops.sync_values WHERE n ${within}`), (value) => Number(value.n))
  const rows = new Set((await staging.all<{ n: number }>(`SELECT n FROM ops.sync_inserts WHERE n ${within} UNION SELECT n FROM ops.sync_removes WHERE n ${within}`)).map((row) => Number(row.n)))
  const given = new Map<string, Set<string>>(), result: Wanted[] = []
  for (const { n, doctype, name } of documents) {
    if (!given.has(doctype)) given.set(doctype, new Set([...(await staging.exists(draftRelation(doctype)) ? await staging.columnsOf(draftRelation(doctype)) : []).map((column) => column.name), ...FLAGS]))
    const table = site.doctype(doctype)?.table ?? '', own = values.get(Number(n)) ?? []
    result.push({
      n: Number(n), doctype, name, rows: rows.has(Number(n)) || own.some((value) => value.tbl !== table && value.col !== 'modified'),
      values: Object.fromEntries(own.filter((value) => value.tbl === table && given.get(doctype)?.has(value.col)).map((value) => [value.col, JSON.parse(value.after ?? 'null') as string | number | null])),
    })
  }
  return result
}

/** Every column of documents as the site holds them now, as changes of the mirror. */
async function readAll(staging: Staging, lane: Lane, doctype: string, names: string[]): Promise<RowChange[]> {
  const tbl = `tab${doctype}`, rows: SiteRow[] = names.length === 0 ? [] : await lane.read(tbl, 'name', names) ?? []
  const columns = await staging.columnsOf(`${SITE_DATABASE}.main.${ident(tbl)}`)
  return rows.flatMap((row) => columns.flatMap(({ name: col, type }) => (col === 'name' || row[col] === undefined ? [] : [{ tbl, key: String(row['name']), col, after: JSON.stringify(textOf(row[col], type)) }])))
}

/** `rows` becomes what the mirror holds of documents, whatever was predicted. */
async function rowsFromMirror(staging: Staging, site: Site, doctype: string, names: string[]): Promise<void> {
  const meta = site.doctype(doctype), list = names.map(literal).join(', ')
  if (meta === undefined || names.length === 0) return
  const columns = (await staging.columnsOf(`${SITE_DATABASE}.main.${ident(meta.table)}`)).map((column) => column.name).filter((name) => name !== 'name')
  await staging.run(`UPDATE rows.${ident(meta.table)} AS t SET ${columns.map((name) => `${ident(name)} = m.${ident(name)}`).join(', ')} FROM ${SITE_DATABASE}.main.${ident(meta.table)} m WHERE m.name = t.name AND t.name IN (${list})`)
  for (const table of new Set(meta.tableFields().map((field) => site.doctype(field.options ?? '')).flatMap((child) => (child === undefined || child.columns.length === 0 ? [] : [child.table])))) {
    const mine = `parenttype = ${literal(doctype)} AND parent IN (${list})`
    await staging.run(`DELETE FROM rows.${ident(table)} WHERE ${mine}`)
    await staging.run(`INSERT INTO rows.${ident(table)} BY NAME SELECT *, NULL::BIGINT AS _draft, NULL::VARCHAR AS _doctype FROM ${SITE_DATABASE}.main.${ident(table)} WHERE ${mine}`)
  }
}
