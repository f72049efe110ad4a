import { ident, literal, type Staging } from '../staging/staging.ts'
import { fillReferenceTables } from './reference-tables.ts'
import { referenceTable } from './block.ts'

/** A link to be set in the second pass: field of document `id`, and the name it should have (null: no such document). */
export interface DeferredLink { doctype: string; id: number; field: string; refDoctype: string; refEntity: string; refKey: string; name: string | null }

/** Resolves the links that could not be given while mapping, now that their DocTypes are posted, and answers all of them. They stand in `ops.deferred` with `name`. */
export async function resolveDeferred(staging: Staging): Promise<DeferredLink[]> {
  const pairs = await staging.all<{ ref_doctype: string; ref_entity: string }>('SELECT DISTINCT ref_doctype, ref_entity FROM ops.deferred')
  await fillReferenceTables(staging, pairs.map((pair) => ({ field: '', key: '', doctype: pair.ref_doctype, entity: pair.ref_entity, itself: false, deferred: false, missing: 'fail' as const, row: null })))
  for (const pair of pairs) {
    await staging.run(`UPDATE ops.deferred AS d SET name = t.r FROM ${referenceTable(pair.ref_doctype, pair.ref_entity)} t WHERE t.k = d.ref_key AND d.ref_doctype = ${literal(pair.ref_doctype)} AND d.ref_entity = ${literal(pair.ref_entity)}`)
  }
  const rows = await staging.all<{ doctype: string; id: number; field: string; ref_doctype: string; ref_entity: string; ref_key: string; name: string | null }>(`SELECT * FROM ops.deferred ORDER BY doctype, id, ${ident('field')}`)
  return rows.map((row) => ({ doctype: row.doctype, id: Number(row.id), field: row.field, refDoctype: row.ref_doctype, refEntity: row.ref_entity, refKey: row.ref_key, name: row.name }))
}
