import { hash } from 'node:crypto'
import type { LaneBatch, LaneDocument, LaneOutcome } from '../lane.ts'
import { loadValues, type BulkMode } from './bulk.ts'
import { quote, type Link, type Text } from './connection.ts'

/**
 * The ledger of express batches, in the site's own database so that it commits with the documents. `batches`: what was written as one. `documents`:
 * what became of each document; `key_hash` identifies a loaded one (DocType, entity and key), and is NULL for a refused one. `rows`: names of the
 * rows of a batch, some thousands a part, with the draft that wrote each (`ids`) and its `modified` as written (one text, or a list). `before`:
 * values of older rows before and after the batch changed them; `before_value` NULL of tabSeries says that there was no such row.
 */
const TABLES: Record<string, string> = {
  batches: 'seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, batch VARCHAR(255) NOT NULL UNIQUE, run VARCHAR(140) NOT NULL, phase VARCHAR(140) NOT NULL, wave INT NOT NULL, doctype VARCHAR(140) NOT NULL, '
    + 'documents BIGINT NOT NULL DEFAULT 0, row_count BIGINT NOT NULL DEFAULT 0, KEY run (run)',
  documents: 'batch BIGINT NOT NULL, id BIGINT NOT NULL, doctype VARCHAR(140) NOT NULL, entity VARCHAR(140) NOT NULL, legacy_key LONGTEXT NOT NULL, key_hash CHAR(22) CHARACTER SET ascii COLLATE ascii_bin, name VARCHAR(255), '
    + 'docstatus INT, outcome VARCHAR(20) NOT NULL, type VARCHAR(140), reason LONGTEXT, PRIMARY KEY (batch, id), UNIQUE KEY identity (key_hash)',
  rows: 'batch BIGINT NOT NULL, part INT NOT NULL, tbl VARCHAR(140) NOT NULL, names LONGTEXT NOT NULL, ids LONGTEXT NOT NULL, modified LONGTEXT NOT NULL, PRIMARY KEY (batch, part)',
  before: 'batch BIGINT NOT NULL, seq INT NOT NULL, id BIGINT NOT NULL, tbl VARCHAR(140) NOT NULL, row_name VARCHAR(255) NOT NULL, col VARCHAR(64) NOT NULL, before_value LONGTEXT, after_value LONGTEXT, PRIMARY KEY (batch, seq), KEY row_name (tbl, row_name)',
}

export type LedgerTable = 'batches' | 'documents' | 'rows' | 'before'

/** A value of an older row that a batch changed; `id` is the draft that changed it last. */
export interface Image { id: number; table: string; name: string; column: string; before: Text; after: Text }

/** Name of a ledger table. Frappe knows nothing of tables without `tab`. */
export function ledgerTable(name: LedgerTable): string { return `__landfall_express_${name}` }

/** Creates what is missing. DDL commits, so this is never done while data is written. */
export async function createLedger(link: Link): Promise<void> {
  for (const [name, columns] of Object.entries(TABLES)) {
    await link.run(`CREATE TABLE IF NOT EXISTS ${ledgerTable(name as LedgerTable)} (${columns}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET=utf8mb4 COLLATE=utf8mb4_bin`)
  }
}

/** Identity of a document whatever the length of its key: short, because an index in no order is what costs most of the ledger. */
export function keyHash(doctype: string, document: { entity: string; key: string }): string {
  return hash('md5', `${doctype}\u001f${document.entity}\u001f${document.key}`, 'base64').slice(0, 22)
}

/** Number of a committed batch, or null. */
export async function batchSeq(link: Link, batch: string): Promise<number | null> {
  const row = (await link.rows(`SELECT seq FROM ${ledgerTable('batches')} WHERE batch = ${quote(batch)}`))[0]
  return row === undefined ? null : Number(row[0])
}

/** First statement of a batch's transaction: whoever writes the same batch waits here and then finds it taken. Rejects with a duplicate key. */
export async function beginBatch(link: Link, batch: LaneBatch): Promise<number> {
  await link.run(`INSERT INTO ${ledgerTable('batches')} (batch, run, phase, wave, doctype) VALUES (${[batch.batch, batch.run, batch.phase].map(quote).join(', ')}, ${batch.wave}, ${quote(batch.doctype)})`)
  return Number((await link.rows('SELECT LAST_INSERT_ID()'))[0]?.[0])
}

export async function endBatch(link: Link, seq: number, documents: number, rows: number): Promise<void> {
  await link.run(`UPDATE ${ledgerTable('batches')} SET documents = ${documents}, row_count = ${rows} WHERE seq = ${seq}`)
}

export interface Refusal { type: string; message: string }

/** Notes what becomes of the documents, before their rows: a key that is loaded already shows first. */
export async function noteDocuments(link: Link, mode: BulkMode, seq: number, doctype: string, live: readonly LaneDocument[], refused: readonly { document: LaneDocument; reason: Refusal }[]): Promise<void> {
  const groups = new Map<string, LaneDocument[]>()
  for (const one of live) {
    const kind = `${one.docstatus}\u001f${one.entity}`, group = groups.get(kind)
    if (group === undefined) groups.set(kind, [one])
    else group.push(one)
  }
  const same = (entity: string, docstatus: number, outcome: string) => [['batch', seq], ['doctype', doctype], ['entity', entity], ['docstatus', docstatus], ['outcome', outcome]] as [string, string | number][]
  for (const group of groups.values()) {
    const { entity, docstatus } = group[0]!
    await loadValues(link, mode, ledgerTable('documents'), ['id', 'legacy_key', 'key_hash', 'name'], each(group, (one) => [one.id, one.key, keyHash(doctype, one), one.name]), same(entity, docstatus, 'loaded'))
  }
  for (const { document: one, reason } of refused) {
    await loadValues(link, mode, ledgerTable('documents'), ['id', 'legacy_key', 'name', 'type', 'reason'], [[one.id, one.key, one.name, reason.type, reason.message]], same(one.entity, one.docstatus, 'refused'))
  }
}

function* each<T>(items: readonly T[], row: (item: T) => (string | number | null)[]): Generator<(string | number | null)[]> {
  for (const item of items) yield row(item)
}

export async function noteImages(link: Link, mode: BulkMode, seq: number, images: readonly Image[]): Promise<void> {
  if (images.length === 0) return
  await loadValues(link, mode, ledgerTable('before'), ['batch', 'seq', 'id', 'tbl', 'row_name', 'col', 'before_value', 'after_value'],
    images.map((image, i) => [seq, i + 1, image.id, image.table, image.name, image.column, image.before, image.after]))
}

/** Outcomes of a batch committed earlier, by draft. */
export async function batchOutcomes(link: Link, seq: number): Promise<Map<number, LaneOutcome>> {
  const rows = await link.rows(`SELECT id, name, outcome, type, reason FROM ${ledgerTable('documents')} WHERE batch = ${seq}`)
  return new Map(rows.map(([id, name, outcome, type, reason]) => [Number(id), outcome === 'loaded'
    ? { id: Number(id), status: 'unchanged', name: name ?? null, reason: null }
    : { id: Number(id), status: 'refused', name: null, reason: { type: type ?? '', message: reason ?? '' } }]))
}

/** Names under which documents are on the site already, by `keyHash`. */
export async function loadedKeys(link: Link, doctype: string, documents: readonly LaneDocument[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let i = 0; i < documents.length; i += 1000) {
    const hashes = documents.slice(i, i + 1000).map((one) => quote(keyHash(doctype, one))).join(', ')
    for (const [hash, name] of await link.rows(`SELECT key_hash, name FROM ${ledgerTable('documents')} WHERE key_hash IN (${hashes})`)) found.set(hash ?? '', name ?? '')
  }
  return found
}

/** Names of documents of a run that were refused by the site: what links to them cannot be loaded either. They alone have no hash, so the index finds them among millions. */
export async function refusedNames(link: Link, run: string): Promise<{ doctype: string; name: string }[]> {
  const rows = await link.rows(`SELECT d.doctype, d.name FROM ${ledgerTable('documents')} d JOIN ${ledgerTable('batches')} b ON b.seq = d.batch WHERE b.run = ${quote(run)} AND d.key_hash IS NULL AND d.name IS NOT NULL`)
  return rows.map(([doctype, name]) => ({ doctype: doctype ?? '', name: name ?? '' }))
}
