import type { Ledger } from '../../ledger/ledger.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import { undoBatches, undoScope } from '../embedded/undo.ts'
import type { Lane, LaneChange, LaneKind, LaneUndo, UndoRequest } from '../lane.ts'
import type { Undone } from '../target.ts'
import { actualTable, stageActual } from './actual-rows.ts'

type Kept = LaneUndo['kept'][number]
type Doomed = UndoRequest['documents'][number]

/** Tables of ledgers whose rows stay with a document that stays. */
const LEDGERS = ['tabGL Entry', 'tabPayment Ledger Entry', 'tabStock Ledger Entry']

/**
 * Takes documents back from the site, looks that they are gone, then takes them out of the mirror. Documents that stay are read anew into the mirror and stay in the ledger,
 * so that a later run knows them.
 */
export async function undoOnSite(staging: Staging, site: Site, ledger: Ledger, lane: Lane, run: string, mark: string | null): Promise<Undone> {
  const { scope } = await undoScope(staging, ledger, run, mark)
  const documents = await doomed(staging, ledger, scope)
  const { removed: _gone, kept } = await lane.undo({ run, documents, restore: await olderValues(staging, site, ledger, scope, documents), changed: await changedLater(staging, ledger, scope) })
  kept.push(...await stillThere(lane, documents, kept))
  const staying = await ledgerRows(staging, ledger, scope, kept)
  const { removed, restored } = await undoBatches(staging, ledger, SITE_DATABASE, run, mark)
  await keepInMirror(staging, site, ledger, lane, staying)
  kept.push(...await ledgersLeft(staging, site, lane, documents, kept))
  return { removed, restored, kept }
}

/** Documents of the batches, last written first, with the moment the mirror last saw them changed. */
async function doomed(staging: Staging, ledger: Ledger, scope: string): Promise<Doomed[]> {
  const rows = await staging.all<{ doctype: string; name: string; docstatus: number; batch: number; place: number; lane: LaneKind | null }>(
    `SELECT d.doctype, d.name, d.docstatus, d.batch, d.place, l.lane FROM (SELECT *, row_number() OVER () AS place FROM ${ledger.table('documents')}) d LEFT JOIN ${ledger.table('lanes')} l ON l.batch = d.batch AND l.doctype = d.doctype AND l.name = d.name `
    + `WHERE d.batch IN (${scope}) AND d.outcome = 'loaded' ORDER BY d.batch DESC, d.place DESC`)
  const modified = new Map<string, string>()
  for (const doctype of new Set(rows.map((row) => row.doctype))) {
    for (const row of await staging.all<{ name: string; modified: string | null }>(`SELECT name, modified::VARCHAR AS modified FROM ${SITE_DATABASE}.main.${ident(`tab${doctype}`)} WHERE name IN (SELECT name FROM ${ledger.table('documents')} WHERE batch IN (${scope}) AND doctype = ${literal(doctype)})`)) {
      if (row.modified !== null) modified.set(`${doctype}\u001f${row.name}`, row.modified)
    }
  }
  return rows.map((row) => ({ doctype: row.doctype, name: row.name, docstatus: Number(row.docstatus), batch: String(row.batch), modified: modified.get(`${row.doctype}\u001f${row.name}`) ?? null, lane: row.lane }))
}

/** What rows that were there before held: of documents, and of counters of series. Their moments are the site's own. */
async function olderValues(staging: Staging, site: Site, ledger: Ledger, scope: string, documents: Doomed[]): Promise<LaneChange[]> {
  const gone = new Set(documents.map((document) => `tab${document.doctype}\u001f${document.name}`)), changes = new Map<string, LaneChange>()
  const images = await staging.all<{ tbl: string; key: string; col: string; before: string | null }>(`SELECT tbl, "key", col, arg_min(coalesce("before", 'null'), seq) AS before FROM ${ledger.table('before_images')} WHERE batch IN (${scope}) AND col NOT IN ('modified', 'modified_by') AND tbl <> 'tabSingles' GROUP BY tbl, "key", col`)
  const note = (doctype: string, name: string, col: string, value: LaneChange['values'][string]): void => {
    const change = changes.get(`${doctype}\u001f${name}`) ?? { doctype, name, values: {} }
    change.values[col] = value
    changes.set(`${doctype}\u001f${name}`, change)
  }
  for (const { tbl, key, col, before } of images) {
    const doctype = tbl.slice('tab'.length)
    if (gone.has(`${tbl}\u001f${key}`) || site.doctype(doctype)?.istable) continue
    if (await writtenHere(staging, ledger, scope, tbl, key)) continue
    note(doctype, key, col, JSON.parse(before ?? 'null') as string | number | null)
  }
  // A counter that the run began with cannot be removed, only set back.
  for (const { name } of await staging.all<{ name: string }>(`SELECT name FROM ${ledger.table('rows_written')} WHERE tbl = 'tabSeries' AND batch IN (${scope})`)) note('Series', name, 'current', 0)
  return [...changes.values()]
}

/** Documents whose waiting links were set at the end of a phase: such batches wrote no documents. */
async function changedLater(staging: Staging, ledger: Ledger, scope: string): Promise<{ doctype: string; name: string }[]> {
  const rows = await staging.all<{ tbl: string; key: string }>(`SELECT DISTINCT i.tbl, i."key" FROM ${ledger.table('before_images')} i JOIN ${ledger.table('batches')} b ON b.seq = i.batch WHERE i.batch IN (${scope}) AND b.doctype = '' AND i.col NOT IN ('modified', 'modified_by') AND i.tbl <> 'tabSeries' ORDER BY ALL`)
  return rows.map(({ tbl, key }) => ({ doctype: tbl.slice('tab'.length), name: key }))
}

async function writtenHere(staging: Staging, ledger: Ledger, scope: string, table: string, name: string): Promise<boolean> {
  return Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${ledger.table('rows_written')} WHERE tbl = ${literal(table)} AND name = ${literal(name)} AND batch IN (${scope})`))?.n ?? 0) > 0
}

/** Documents that were to be gone and that the site still shows. */
async function stillThere(lane: Lane, documents: Doomed[], kept: Kept[]): Promise<Kept[]> {
  const known = new Set(kept.map((entry) => `${entry.doctype}\u001f${entry.name}`)), found: Kept[] = []
  for (const [doctype, list] of Map.groupBy(documents, (document) => document.doctype)) {
    const names = list.map((document) => document.name).filter((name) => !known.has(`${doctype}\u001f${name}`))
    const rows = names.length === 0 ? [] : await lane.read(`tab${doctype}`, 'name', names)
    for (const row of rows ?? []) found.push({ doctype, name: String(row['name']), reason: 'is still on the site after it was deleted' })
  }
  return found
}

/** Ledger entries of documents that are gone: the mirror holds them as the site does. */
async function ledgersLeft(staging: Staging, site: Site, lane: Lane, documents: Doomed[], kept: Kept[]): Promise<Kept[]> {
  const known = new Set(kept.map((entry) => entry.name)), gone = documents.filter((document) => document.docstatus === 1 && !known.has(document.name)), left = new Map<string, Kept>()
  if (gone.length === 0) return []
  for (const table of LEDGERS.filter((name) => site.doctype(name.slice('tab'.length)))) {
    const rows = await lane.read(table, 'voucher_no', gone.map((document) => document.name)) ?? []
    if (rows.length === 0) continue
    await stageActual(staging, table, rows)
    await staging.run(`INSERT INTO ${SITE_DATABASE}.main.${ident(table)} BY NAME SELECT * FROM ${actualTable(table)} a WHERE a.name NOT IN (SELECT name FROM ${SITE_DATABASE}.main.${ident(table)} WHERE name IS NOT NULL)`)
    for (const row of rows) left.set(String(row['voucher_no']), { doctype: String(row['voucher_type']), name: String(row['voucher_no']), reason: `is deleted, but its cancelled entries stay in ${table.slice('tab'.length)}; Accounts Settings can have them deleted with it` })
  }
  return [...left.values()]
}

interface Staying extends Kept { entity: string; key: string; docstatus: number; row_hash: string; run: string; phase: string; wave: number }

async function ledgerRows(staging: Staging, ledger: Ledger, scope: string, kept: Kept[]): Promise<Staying[]> {
  const rows = kept.length === 0 ? [] : await staging.all<Omit<Staying, 'reason'>>(`SELECT doctype, name, entity, "key", docstatus, row_hash::VARCHAR AS row_hash, run, phase, wave FROM ${ledger.table('documents')} WHERE batch IN (${scope}) AND outcome = 'loaded' AND name IN (${kept.map((entry) => literal(entry.name)).join(', ')})`)
  return rows.flatMap((row) => kept.filter((entry) => entry.doctype === row.doctype && entry.name === row.name).map(({ reason }) => ({ ...row, reason })))
}

async function keepInMirror(staging: Staging, site: Site, ledger: Ledger, lane: Lane, staying: Staying[]): Promise<void> {
  for (const [doctype, list] of Map.groupBy(staying, (entry) => entry.doctype)) {
    const names = list.map((entry) => entry.name), meta = site.doctype(doctype)!
    const tables = [{ table: meta.table, column: 'name' }, ...new Set(meta.tableFields().map((field) => `tab${field.options}`))].map((entry) => (typeof entry === 'string' ? { table: entry, column: 'parent' } : entry))
    for (const { table, column } of [...tables, ...meta.is_submittable ? LEDGERS.map((ledgerTable) => ({ table: ledgerTable, column: 'voucher_no' })) : []]) {
      const rows = await lane.read(table, column, names, column === 'parent' ? doctype : undefined) ?? []
      await stageActual(staging, table, rows)
      await staging.run(`INSERT INTO ${SITE_DATABASE}.main.${ident(table)} BY NAME SELECT * FROM ${actualTable(table)} a WHERE a.name NOT IN (SELECT name FROM ${SITE_DATABASE}.main.${ident(table)} WHERE name IS NOT NULL)`)
    }
    for (const entry of list) {
      await staging.run(`INSERT INTO ${ledger.table('documents')} VALUES (${[entry.run, entry.phase, entry.wave, 0, entry.entity, entry.key, doctype, entry.name, Number(entry.docstatus)].map(literal).join(', ')}, ${entry.row_hash}::UBIGINT, 'loaded', ${literal(`kept: ${entry.reason}`)})`)
    }
  }
}
