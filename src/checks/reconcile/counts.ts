import type { CheckResult } from '../check.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { draftRelation } from '../../model/draft.ts'
import { countOf, probe, result, siteTable, type ProofContext, LOADED } from './proof.ts'

/** Records per entity: what the source counted itself against what staging holds, read = staged + rejected. */
export async function sourceCounts(staging: Staging, context: ProofContext): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [entity, counted] of Object.entries(context.sourceCounts)) {
    const spec = { id: `count:source:${entity}`, group: 'record_counts' as const, title: `${entity}: source against staging` }
    const kept = await staging.one<{ read: number; staged: number; rejected: number }>(`SELECT read, staged, rejected FROM ops.cursors WHERE entity = ${literal(entity)}`)
    if (!kept) {
      results.push(result(spec, 'unchecked', 0, 0, [], 'the entity was never extracted'))
    } else if (counted === null) {
      results.push(result(spec, 'unchecked', kept.read, 0, [], `the source cannot count it; ${kept.read} records were read`))
    } else {
      const off = kept.read !== counted || kept.read !== kept.staged + kept.rejected
      const detail = `source ${counted}, read ${kept.read} = staged ${kept.staged} + rejected ${kept.rejected}`
      results.push(result(spec, off ? 'failed' : 'passed', counted, off ? Math.max(1, Math.abs(kept.read - counted)) : 0, off ? [{ doctype: `entity:${entity}`, name: null, key: null, detail }] : [], detail))
    }
  }
  return results
}

/** Documents per DocType: drafts = loaded + refused + skipped by the ledger, and every loaded document is on the site under its name. */
export async function documentCounts(staging: Staging, context: ProofContext): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const doctype of context.doctypes) {
    const drafts = await countOf(staging, draftRelation(doctype))
    const spec = { id: `count:documents:${doctype}`, group: 'record_counts' as const, title: `${doctype}: drafts against ledger and site` }
    results.push(await probe(staging, {
      ...spec, compared: drafts, passed: `${drafts} documents accounted for`,
      select: `SELECT ${literal(doctype)} AS doctype, NULL::VARCHAR AS name, d._key AS key, 'neither loaded nor refused' AS detail
          FROM ${draftRelation(doctype)} d
          LEFT JOIN ${LOADED} l ON l.doctype = ${literal(doctype)} AND l.entity = d._entity AND l.key = d._key
          LEFT JOIN ops.refused r ON r.doctype = ${literal(doctype)} AND r.id = d._id
          WHERE l.key IS NULL AND r.id IS NULL
        UNION ALL
        SELECT l.doctype, l.name, l.key, 'in the ledger but not on the site' FROM ${LOADED} l
          ANTI JOIN ${siteTable(doctype)} s ON s.name = l.name WHERE l.doctype = ${literal(doctype)}
        UNION ALL
        SELECT doctype, NULL, key, 'loaded ' || n || ' times' FROM (SELECT doctype, entity, key, count(*) AS n FROM ${LOADED} WHERE doctype = ${literal(doctype)} GROUP BY ALL HAVING n > 1)
        UNION ALL
        SELECT ${literal(doctype)}, s.name, NULL, 'on the site but in no ledger' FROM ${siteTable(doctype)} s
          JOIN rows.${ident(`tab${doctype}`)} r ON r.name = s.name AND r._draft IS NOT NULL AND r._doctype = ${literal(doctype)}
          ANTI JOIN (SELECT name FROM ${LOADED} WHERE doctype = ${literal(doctype)}) l ON l.name = s.name`,
    }))
  }
  return results
}
