import { draftRelation, isNumericColumn } from '../../model/draft.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import type { Value } from '../../model/value.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { settled, type Prepared } from '../embedded/settling.ts'
import type { LaneDocument, LaneOutcome } from '../lane.ts'
import type { LoadBatch } from '../target.ts'
import { Absent } from './absent.ts'
import { actualNames, RANDOM_NAME } from './renames.ts'

type Row = Record<string, Value>

/** Documents to be sent, and those that are not because they speak of one that is not on the site. */
export interface BuiltDocuments { documents: LaneDocument[]; heldBack: LaneOutcome[] }

/** Makes the drafts of a batch that are still open into documents as a lane takes them, with the names that were predicted. */
export async function buildDocuments(staging: Staging, site: Site, batch: LoadBatch, prepared: Prepared): Promise<BuiltDocuments> {
  const meta = site.doctype(batch.doctype)!, drafts = draftRelation(batch.doctype), main = `rows.${ident(meta.table)}`
  const numeric = await numericColumns(staging, drafts)
  const rows = await staging.all<Row>(`SELECT d.*, r.name AS __name, r.docstatus AS __docstatus FROM ${drafts} d JOIN ${main} r ON r._draft = d._id AND r._doctype = ${literal(batch.doctype)} `
    + `WHERE d._id BETWEEN ${batch.from} AND ${batch.to} AND d._id NOT IN (SELECT id FROM ${settled(batch.doctype)}) QUALIFY row_number() OVER (PARTITION BY d._id ORDER BY r.creation, r.name) = 1 ORDER BY d._id`)
  const children = await childRows(staging, meta, batch)
  const nested = await nestedDrafts(staging, site, batch, prepared), touches = await touchedRows(staging, batch, prepared)
  const stock = prepared.tables.includes('tabStock Ledger Entry') || prepared.tables.includes('tabBin')
  const all = rows.map((row): LaneDocument => {
    const id = Number(row['_id']), doc: Record<string, unknown> = { doctype: batch.doctype, ...valuesOf(row, numeric) }
    for (const [field, list] of children) {
      const own = list.get(id)
      if (own) doc[field] = own
    }
    return { id, entity: String(row['_entity']), key: String(row['_key']), name: String(row['__name']), docstatus: Number(row['__docstatus']) === 1 ? 1 : 0, once: Number(row['_docstatus'] ?? 0) === 1, doc, nested: nested.has(id), touches: [...touches.get(id) ?? [], ...stock ? stockOf(doc) : []] }
  })
  await translate(staging, all)
  const absent = await Absent.load(staging, site)
  const built: BuiltDocuments = { documents: [], heldBack: [] }
  for (const document of all) {
    const reason = absent.reasonFor(meta, document.doc)
    if (reason === null) built.documents.push(document)
    else built.heldBack.push({ id: document.id, status: 'refused', name: null, reason: { type: 'link-absent', message: reason } })
  }
  return built
}

async function numericColumns(staging: Staging, relation: string): Promise<Set<string>> {
  return new Set((await staging.columnsOf(relation)).filter((column) => isNumericColumn(column.type)).map((column) => column.name))
}

/** Fields that are given. */
function valuesOf(row: Row, numeric: Set<string>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    if (value === null || name.startsWith('_') || name === 'docstatus') continue
    values[name] = numeric.has(name) ? Number(value) : value
  }
  return values
}

/** Child rows by table field and draft, in order, with the names they have in the prediction. */
async function childRows(staging: Staging, meta: DocTypeMeta, batch: LoadBatch): Promise<Map<string, Map<number, Record<string, unknown>[]>>> {
  const found = new Map<string, Map<number, Record<string, unknown>[]>>()
  for (const field of meta.tableFields()) {
    const relation = draftRelation(meta.name, field.fieldname)
    if (!await staging.exists(relation)) continue
    const numeric = await numericColumns(staging, relation), table = `rows.${ident(`tab${field.options}`)}`
    const rows = await staging.all<Row>(`SELECT c.*, r.name AS __name FROM ${relation} c JOIN rows.${ident(meta.table)} m ON m._draft = c._parent AND m._doctype = ${literal(meta.name)} `
      + `LEFT JOIN ${table} r ON r.parent = m.name AND r.parenttype = ${literal(meta.name)} AND r.parentfield = ${literal(field.fieldname)} AND r.idx = c._idx WHERE c._parent BETWEEN ${batch.from} AND ${batch.to} ORDER BY c._parent, c._idx`)
    const byDraft = new Map<number, Record<string, unknown>[]>()
    for (const row of rows) {
      const list = byDraft.get(Number(row['_parent'])) ?? []
      list.push({ doctype: field.options, ...(row['__name'] === null ? {} : { name: row['__name'] }), ...valuesOf(row, numeric) })
      byDraft.set(Number(row['_parent']), list)
    }
    found.set(field.fieldname, byDraft)
  }
  return found
}

/** Items of a document: the site keeps a row per item and warehouse, and makes it with the first document. */
function stockOf(doc: Record<string, unknown>): string[] {
  const items = Object.values(doc).filter(Array.isArray).flatMap((rows) => (rows as Record<string, unknown>[]).map((row) => row['item_code']))
  return [...new Set(items.filter((item): item is string => typeof item === 'string'))].map((item) => `stock ${item}`)
}

/** Drafts that bring another document with child rows into being. */
async function nestedDrafts(staging: Staging, site: Site, batch: LoadBatch, prepared: Prepared): Promise<Set<number>> {
  const found = new Set<number>()
  for (const table of prepared.tables) {
    if (!site.doctype(table.slice('tab'.length))?.istable) continue
    const rows = await staging.all<{ id: number }>(`SELECT DISTINCT _draft AS id FROM rows.${ident(table)} WHERE _doctype = ${literal(batch.doctype)} AND _draft BETWEEN ${batch.from} AND ${batch.to} AND parenttype IS DISTINCT FROM ${literal(batch.doctype)}`)
    for (const { id } of rows) found.add(Number(id))
  }
  return found
}

/** Older rows that each draft changes, and rows it makes that others change. Counters of series are left out: lanes raise them. */
async function touchedRows(staging: Staging, batch: LoadBatch, prepared: Prepared): Promise<Map<number, string[]>> {
  const touches = new Map<number, string[]>()
  if (!prepared.updated) return touches
  const mine = `u.doctype = ${literal(batch.doctype)} AND u.id BETWEEN ${batch.from} AND ${batch.to} AND u.tbl <> 'tabSeries'`
  const tables = await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ops.updates u WHERE ${mine}`)
  const made = tables.filter(({ tbl }) => prepared.tables.includes(tbl)).map(({ tbl }) =>
    `SELECT r._draft AS id, ${literal(`${tbl} `)} || r.name AS what FROM rows.${ident(tbl)} r WHERE r._doctype = ${literal(batch.doctype)} AND r._draft BETWEEN ${batch.from} AND ${batch.to} AND r.name IN (SELECT "key" FROM ops.updates u WHERE ${mine} AND u.tbl = ${literal(tbl)})`)
  const rows = await staging.all<{ id: number; what: string }>([`SELECT DISTINCT u.id AS id, u.tbl || ' ' || u."key" AS what FROM ops.updates u WHERE ${mine}`, ...made].join(' UNION ALL '))
  for (const { id, what } of rows) touches.set(Number(id), [...touches.get(Number(id)) ?? [], what])
  return touches
}

/** Random names that the prediction made up are replaced by those the site gave. */
async function translate(staging: Staging, documents: LaneDocument[]): Promise<void> {
  const used = new Set<string>()
  const walk = (values: Record<string, unknown>, each: (holder: Record<string, unknown>, field: string, value: string) => void): void => {
    for (const [field, value] of Object.entries(values)) {
      if (Array.isArray(value)) for (const row of value) walk(row as Record<string, unknown>, each)
      else if (field !== 'name' && typeof value === 'string' && RANDOM_NAME.test(value)) each(values, field, value)
    }
  }
  for (const { doc } of documents) walk(doc, (_holder, _field, value) => used.add(value))
  if (used.size === 0) return
  const names = await actualNames(staging, [...used])
  for (const { doc } of documents) walk(doc, (holder, field, value) => { holder[field] = names.get(value) ?? value })
}
