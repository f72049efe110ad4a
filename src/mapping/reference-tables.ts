import { draftRelation } from '../model/draft.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import { referenceTable } from './block.ts'
import type { FieldReference, RowOf } from './field.ts'

/**
 * Makes the tables `(k, r)` that give the site's name of a document by its legacy key: drafts joined to the rows that posting made of them.
 * Keys of merged records, and of documents that became part of another, give the survivor's name.
 */
export async function fillReferenceTables(staging: Staging, references: FieldReference[]): Promise<void> {
  const pairs = new Map(references.filter((reference) => !reference.deferred).map((reference) => [`${reference.row?.doctype ?? reference.doctype}\0${reference.entity}`, reference]))
  for (const { doctype, entity, row } of pairs.values()) await (row === null ? fillReferenceTable(staging, doctype, entity) : fillRowTable(staging, doctype, row, entity))
}

async function fillReferenceTable(staging: Staging, doctype: string, entity: string): Promise<void> {
  const table = referenceTable(doctype, entity), rows = `rows.${ident(`tab${doctype}`)}`
  if (!await staging.exists(draftRelation(doctype)) || !await staging.exists(rows)) {
    await staging.run(`CREATE OR REPLACE TABLE ${table} (k VARCHAR, r VARCHAR)`)
    return
  }
  const named = `SELECT d._entity AS e, d._key AS k, r.name AS r FROM ${draftRelation(doctype)} d JOIN (SELECT _draft, name FROM ${rows} WHERE _draft IS NOT NULL AND _doctype = ${literal(doctype)}) r ON r._draft = d._id`
  await staging.run(`CREATE OR REPLACE TABLE ${table} AS WITH named AS (${named}), parts AS (SELECT e, k, r FROM named UNION ALL SELECT a.entity, a.absorbed_key, n.r FROM ops.key_alias a JOIN named n ON n.e = a.to_entity AND n.k = a.survivor_key WHERE a.doctype = ${literal(doctype)}),
    whole AS (SELECT k, r, 0 AS o FROM parts WHERE e = ${literal(entity)} UNION ALL SELECT a.absorbed_key, p.r, 1 FROM ops.key_alias a JOIN parts p ON p.e = a.entity AND p.k = a.survivor_key WHERE a.doctype IS NULL AND a.entity = ${literal(entity)})
    SELECT k, any_value(r) AS r FROM whole GROUP BY k`)
}

/** The same for rows of a child table: found by their place in the document that posting made. Where a record became several rows, the first. */
async function fillRowTable(staging: Staging, doctype: string, row: RowOf, entity: string): Promise<void> {
  const table = referenceTable(row.doctype, entity), parents = `rows.${ident(`tab${doctype}`)}`, rows = `rows.${ident(`tab${row.doctype}`)}`
  if (!await staging.exists(parents) || !await staging.exists(rows)) {
    await staging.run(`CREATE OR REPLACE TABLE ${table} (k VARCHAR, r VARCHAR)`)
    return
  }
  await staging.run(`CREATE OR REPLACE TABLE ${table} AS SELECT c.key AS k, arg_min(r.name, c.parent * 100000 + c.idx) AS r FROM ops.child_rows c JOIN (SELECT _draft, name FROM ${parents} WHERE _draft IS NOT NULL AND _doctype = ${literal(doctype)}) p ON p._draft = c.parent
    JOIN ${rows} r ON r.parent = p.name AND r.parenttype = ${literal(doctype)} AND r.parentfield = ${literal(row.table)} AND r.idx = c.idx WHERE c.doctype = ${literal(doctype)} AND c.tbl = ${literal(row.table)} AND c.entity = ${literal(entity)} GROUP BY c.key`)
}
