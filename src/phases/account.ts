import { isChild, type ChildSpec, type LoadedMapping } from '../config/mapping-schema.ts'
import { draftRelation } from '../model/draft.ts'
import { recordsOf } from '../mapping/corrected.ts'
import { rawRelation, relationSql } from '../staging/load.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Extracted } from './extract.ts'

/** What became of an entity's records: `sourceCount = migrated + errors + skipped`, each record counted once. `skippedWhy` and `errorsWhy`: counts by reason. */
export interface EntityAccount {
  name: string; source: string; table: string; doctypes: string[]
  sourceCount: number; migrated: number; errors: number; skipped: number
  skippedWhy: Record<string, number>; errorsWhy: Record<string, number>
}

/** A child table made of another entity's records. */
interface ChildUse { parent: string; doctype: string; from: string; on: Record<string, string> }

/**
 * The fate of every record of every mapped entity, counted from the tables (raw, clean, drafts, ledger), not from what phases said: a record
 * is an error when it was rejected or a document of it was refused, migrated when a document or child row of it stands on the site, else skipped with the
 * reason that was noted. Leaves `work.fates(entity, row, fate, reason)`. `documents` is the ledger's relation of documents.
 */
export async function accountRecords(staging: Staging, mappings: LoadedMapping[], extracted: Extracted, documents: string): Promise<EntityAccount[]> {
  await staging.run('CREATE OR REPLACE TABLE work.fates (entity VARCHAR, row BIGINT, fate VARCHAR, reason VARCHAR)')
  const uses = childUses(mappings), accounts: EntityAccount[] = []
  // Entities that only give child rows take over the fate of their parents, so they come second.
  const order = [...mappings].sort((a, b) => Number(a.mapping.documents.length === 0) - Number(b.mapping.documents.length === 0))
  for (const { mapping } of order) {
    const read = extracted.entities.find((entity) => entity.entity === mapping.entity)
    if (!read || read.error !== null || !await staging.exists(relationSql(rawRelation(read.source, read.table)))) {
      if (read?.error != null) accounts.push(unread(mapping.entity, read, read.error))
      continue
    }
    const own = uses.filter((use) => use.from === mapping.entity)
    const selects = [leftOut(mapping.entity), ...mapping.documents.map((document) => documentFates(mapping.entity, document.doctype, documents)), ...await childFates(staging, own)]
    const exists = await Promise.all(mapping.documents.map((document) => staging.exists(draftRelation(document.doctype))))
    const usable = selects.filter((_, i) => i === 0 || i > mapping.documents.length || exists[i - 1])
    await staging.run(`INSERT INTO work.fates SELECT ${literal(mapping.entity)}, r._row, coalesce(f.fate, 'skipped'), coalesce(f.reason, 'no document is made of it')
      FROM ${await recordsOf(staging, read.source, read.table)} r LEFT JOIN (SELECT row, arg_min(fate, rank) AS fate, arg_min(reason, rank) AS reason
        FROM (SELECT row, fate, reason, CASE fate WHEN 'error' THEN 1 WHEN 'migrated' THEN 2 ELSE 3 END AS rank FROM (${usable.join(' UNION ALL ')})) GROUP BY row) f ON f.row = r._row`)
    accounts.push(await summarize(staging, mapping.entity, read, [...new Set([...mapping.documents.map((document) => document.doctype), ...own.map((use) => use.doctype)])]))
  }
  return mappings.map(({ mapping }) => accounts.find((account) => account.name === mapping.entity)).filter((account) => account !== undefined)
}

function unread(name: string, read: Extracted['entities'][number], error: string): EntityAccount {
  const n = read.counted ?? read.read
  return { name, source: read.source, table: read.table, doctypes: [], sourceCount: n, migrated: 0, errors: n, skipped: 0, skippedWhy: {}, errorsWhy: { [error]: n } }
}

function childUses(mappings: LoadedMapping[]): ChildUse[] {
  return mappings.flatMap(({ mapping }) => mapping.documents.flatMap((document) => Object.values(document.fields).flatMap((spec) => {
    if (!isChild(spec)) return []
    const children: ChildSpec[] = Array.isArray(spec) ? spec : [spec]
    return children.flatMap((child) => (child.from === undefined ? [] : [{ parent: mapping.entity, doctype: document.doctype, from: child.from, on: child.on ?? {} }]))
  })))
}

/** What cleansing and mapping noted: merged, filtered, skipped, rejected, failed; of records and of whole documents, not of single child rows. */
function leftOut(entity: string): string {
  return `SELECT ordinal AS row, CASE WHEN outcome IN ('rejected', 'failed') THEN 'error' WHEN outcome = 'merged' AND doctype IS NOT NULL THEN 'migrated' ELSE 'skipped' END AS fate,
    CASE outcome WHEN 'merged' THEN 'merged as duplicates' WHEN 'filtered' THEN 'filtered out' ELSE reason END AS reason FROM ops.left_out WHERE entity = ${literal(entity)} AND (child IS NULL OR reason = 'orphan')`
}

function documentFates(entity: string, doctype: string, documents: string): string {
  return `SELECT d._source_row AS row, CASE WHEN l.name IS NOT NULL THEN 'migrated' ELSE 'error' END AS fate, coalesce(x.type, 'not loaded') AS reason FROM ${draftRelation(doctype)} d
    LEFT JOIN (SELECT entity, "key", any_value(name) AS name FROM ${documents} WHERE doctype = ${literal(doctype)} AND outcome = 'loaded' GROUP BY ALL) l ON l.entity = d._entity AND l."key" = d._key
    LEFT JOIN (SELECT id, any_value(type) AS type FROM ops.refused WHERE doctype = ${literal(doctype)} GROUP BY id) x ON x.id = d._id
    WHERE d._entity = ${literal(entity)} AND d._source_row IS NOT NULL`
}

/** A record that became a child row shares the fate of its parent's record. */
async function childFates(staging: Staging, uses: ChildUse[]): Promise<string[]> {
  const selects: string[] = []
  for (const use of uses) {
    const parent = `clean.${ident(use.parent)}`, child = `clean.${ident(use.from)}`
    if (!await staging.exists(parent) || !await staging.exists(child)) continue
    const on = Object.entries(use.on).map(([left, right]) => `CAST(p.${ident(left)} AS VARCHAR) = CAST(c.${ident(right)} AS VARCHAR)`).join(' AND ')
    selects.push(`SELECT c._row AS row, f.fate, CASE f.fate WHEN 'migrated' THEN f.reason ELSE ${literal(`its ${use.doctype}: `)} || f.reason END AS reason FROM ${child} c JOIN ${parent} p ON ${on}
      JOIN work.fates f ON f.entity = ${literal(use.parent)} AND f.row = p._row
      ANTI JOIN ops.left_out o ON o.entity = ${literal(use.from)} AND o.ordinal = c._row`)
  }
  return selects
}

async function summarize(staging: Staging, name: string, read: Extracted['entities'][number], doctypes: string[]): Promise<EntityAccount> {
  const rows = await staging.all<{ fate: string; reason: string; n: number }>(`SELECT fate, reason, count(*) AS n FROM work.fates WHERE entity = ${literal(name)} GROUP BY ALL ORDER BY n DESC, reason`)
  const of = (fate: string): [string, number][] => rows.filter((row) => row.fate === fate).map((row) => [row.reason, Number(row.n)])
  const sum = (parts: [string, number][]): number => parts.reduce((total, [, n]) => total + n, 0)
  const errors = of('error')
  const restored = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM work.fates WHERE entity = ${literal(name)}`))?.n ?? 0) - read.staged
  if (read.rejected > restored) errors.push(['rejected while read', read.rejected - restored])
  return {
    name, source: read.source, table: read.table, doctypes, sourceCount: read.staged + read.rejected, migrated: sum(of('migrated')), errors: sum(errors), skipped: sum(of('skipped')),
    skippedWhy: Object.fromEntries(of('skipped')), errorsWhy: Object.fromEntries(errors),
  }
}
