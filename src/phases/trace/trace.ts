import type { LoadedMapping } from '../../config/mapping-schema.ts'
import { LandfallError } from '../../errors/error.ts'
import { draftRelation } from '../../model/draft.ts'
import { displayKey, formatKey } from '../../model/key.ts'
import type { Json } from '../../model/value.ts'
import { rawRelation, relationSql } from '../../staging/load.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Target } from '../../targets/target.ts'
import type { Extracted } from '../extract.ts'
import { originsOf } from './spec-text.ts'

/** What a trace works on: a run's staging and ledger. */
export interface TraceContext { staging: Staging; extracted: Extracted; mappings: readonly LoadedMapping[]; target: Pick<Target, 'documents' | 'tables' | 'ledger'> }

/** A legacy record as it was read. `where`: source, table and place in reading order. */
export interface LegacyRecord { entity: string; key: string; where: string; record: { [column: string]: Json } }

/** A document with all that leads to it. `record` null: it is a stand-in or was made by the project itself. `absorbed`: duplicates it stands for. */
export interface DocumentTrace {
  doctype: string; name: string; run: string; phase: string; docstatus: number; key: string; record: LegacyRecord | null; absorbed: LegacyRecord[]
  /** Field by field: on the site, as mapped, and in the legacy record. */
  fields: { field: string; site: string | null; mapped: string | null; from: string; legacy: { [column: string]: Json } }[]
  /** Rows on the site that the document wrote, by table. */
  rows: { [table: string]: number }
}

/** What became of a legacy record. */
export interface RecordTrace { record: LegacyRecord; fate: 'migrated' | 'error' | 'skipped'; reason: string | null; documents: { doctype: string; name: string }[] }

/** A document by its name. Throws `usage` when no run put it there. */
export async function traceDocument(ctx: TraceContext, doctype: string, name: string): Promise<DocumentTrace> {
  const { staging, target } = ctx
  const found = await staging.one<{ run: string; phase: string; docstatus: number; entity: string; key: string; batch: number }>(`SELECT run, phase, docstatus, entity, "key" AS key, batch FROM ${target.documents} WHERE doctype = ${literal(doctype)} AND name = ${literal(name)} AND outcome = 'loaded'`)
  if (!found) throw new LandfallError('usage', `No run put a ${doctype} "${name}" on the site.`, { hint: 'Check the spelling; names count as the site writes them. A legacy record is traced by entity and key: landfall trace customers 17' })
  const relation = draftRelation(doctype)
  const draft = await staging.exists(relation) ? await staging.one<{ id: number; row: number | null; draft: string }>(`SELECT _id AS id, _source_row AS row, to_json(d)::VARCHAR AS draft FROM ${relation} d WHERE _entity = ${literal(found.entity)} AND _key = ${literal(found.key)}`) : undefined
  const site = await staging.one<{ doc: string }>(`SELECT to_json(s)::VARCHAR AS doc FROM ${target.tables}.${ident(`tab${doctype}`)} s WHERE name = ${literal(name)}`)
  const record = draft?.row == null ? await recordByKey(ctx, found.entity, found.key) : await recordAt(ctx, found.entity, Number(draft.row), found.key)
  const drafted = parsed(draft?.draft), stands = parsed(site?.doc)
  const fields = originsOf(ctx.mappings, found.entity, doctype).filter((origin) => !origin.field.includes('[]')).map(({ field, from, columns }) => ({
    field, site: text(stands[field]), mapped: text(drafted[field]), from, legacy: Object.fromEntries(columns.filter((column) => record?.record[column] !== undefined).map((column) => [column, record!.record[column]!])),
  }))
  return {
    doctype, name, run: found.run, phase: found.phase, docstatus: Number(found.docstatus), key: displayKey(found.key), record, absorbed: await absorbedBy(ctx, found.entity, found.key), fields,
    rows: draft === undefined ? {} : await rowsOf(ctx, doctype, Number(draft.id), Number(found.batch)),
  }
}

/** A legacy record by entity and key parts. Throws `usage`. `work.fates` must be there (`accountRecords`). */
export async function traceRecord(ctx: TraceContext, entity: string, key: string[]): Promise<RecordTrace> {
  const canonical = formatKey(key), record = await recordByKey(ctx, entity, canonical)
  if (record === null) throw new LandfallError('usage', `Entity "${entity}" has no record with the key ${displayKey(canonical)}.`, { hint: ctx.extracted.entities.some((one) => one.entity === entity) ? 'A key of several columns is given part by part, in the order of the mapping: landfall trace lines 10248 11' : `Entities: ${ctx.extracted.entities.map((one) => one.entity).join(', ')}. A document is traced by DocType and name.` })
  const row = Number(record.where.split(' ').at(-1))
  const fate = await ctx.staging.one<{ fate: RecordTrace['fate']; reason: string | null }>(`SELECT fate, reason FROM work.fates WHERE entity = ${literal(entity)} AND row = ${row}`)
  return { record, fate: fate?.fate ?? 'skipped', reason: fate?.fate === 'migrated' ? null : fate?.reason ?? null, documents: await documentsOf(ctx, entity, canonical) }
}

/** Documents that stand for a legacy key, of this record or of the one it was merged into. */
async function documentsOf({ staging, target }: TraceContext, entity: string, key: string): Promise<{ doctype: string; name: string }[]> {
  const merged = await staging.exists('ops.merge_log') ? ` OR "key" IN (SELECT survivor_key FROM ops.merge_log WHERE active AND entity = ${literal(entity)} AND absorbed_key = ${literal(key)})` : ''
  return staging.all(`SELECT DISTINCT doctype, name FROM ${target.documents} WHERE entity = ${literal(entity)} AND ("key" = ${literal(key)}${merged}) AND outcome = 'loaded' ORDER BY doctype, name`)
}

async function absorbedBy(ctx: TraceContext, entity: string, key: string): Promise<LegacyRecord[]> {
  if (!await ctx.staging.exists('ops.merge_log')) return []
  const rows = await ctx.staging.all<{ row: number; key: string }>(`SELECT absorbed_row AS row, absorbed_key AS key FROM ops.merge_log WHERE active AND entity = ${literal(entity)} AND survivor_key = ${literal(key)} ORDER BY 1`)
  const records: LegacyRecord[] = []
  for (const one of rows) {
    const record = await recordAt(ctx, entity, Number(one.row), one.key)
    if (record !== null) records.push(record)
  }
  return records
}

/** Rows of tables that the batch wrote to, of this draft. */
async function rowsOf({ staging, target }: TraceContext, doctype: string, id: number, batch: number): Promise<{ [table: string]: number }> {
  const counts: { [table: string]: number } = {}
  for (const { tbl } of await staging.all<{ tbl: string }>(`SELECT DISTINCT tbl FROM ${target.ledger}.rows_written WHERE batch = ${batch} ORDER BY tbl`)) {
    if (!await staging.exists(`rows.${ident(tbl)}`)) continue
    const n = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM rows.${ident(tbl)} WHERE _draft = ${id} AND _doctype = ${literal(doctype)}`))?.n)
    if (n > 0) counts[tbl] = n
  }
  return counts
}

/** The record at a place in reading order. */
export async function recordAt({ staging, extracted }: TraceContext, entity: string, row: number, key: string): Promise<LegacyRecord | null> {
  const read = extracted.entities.find((one) => one.entity === entity)
  if (!read || !await staging.exists(relationSql(rawRelation(read.source, read.table)))) return null
  const found = await staging.one<{ record: string }>(`SELECT to_json(r)::VARCHAR AS record FROM ${relationSql(rawRelation(read.source, read.table))} r WHERE _row = ${row}`)
  if (!found) return null
  const { _row: _place, ...record } = parsed(found.record)
  return { entity, key: displayKey(key), where: `${read.source}, ${read.table}, record ${row}`, record }
}

async function recordByKey(ctx: TraceContext, entity: string, key: string): Promise<LegacyRecord | null> {
  const clean = `clean.${ident(entity)}`, { staging } = ctx
  let row = await staging.exists(clean) ? (await staging.one<{ row: number }>(`SELECT _row AS row FROM ${clean} WHERE _key = ${literal(key)} LIMIT 1`))?.row : undefined
  if (row === undefined && await staging.exists('ops.merge_log')) row = (await staging.one<{ row: number }>(`SELECT absorbed_row AS row FROM ops.merge_log WHERE entity = ${literal(entity)} AND absorbed_key = ${literal(key)} LIMIT 1`))?.row
  return row === undefined ? null : recordAt(ctx, entity, Number(row), key)
}

const parsed = (json: string | undefined): { [column: string]: Json } => (json === undefined ? {} : JSON.parse(json) as { [column: string]: Json })
const text = (value: Json | undefined): string | null => (value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value))
