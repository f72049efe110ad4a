import { draftRelation } from '../model/draft.ts'
import { LandfallError } from '../errors/error.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'

/** A cluster is a relation of `doctype` (NULL: of any), `entity` and `key`: documents that are to be mapped, posted and loaded again. */
const within = (cluster: string, of: string): string => `EXISTS (SELECT 1 FROM ${cluster} c WHERE c.entity = ${of}.entity AND c."key" = ${of}."key" AND (c.doctype IS NULL OR c.doctype = ${of}.doctype))`

/** Keeps the findings and refusals of all documents outside a cluster while that is posted again. */
export async function keepAside(staging: Staging, cluster: string): Promise<void> {
  const outside = `NOT coalesce(${within(cluster, 'f')}, false)`
  await staging.run(`CREATE OR REPLACE TABLE ops.kept_findings AS SELECT * FROM ops.findings f WHERE ${outside}`)
  await staging.run(`CREATE OR REPLACE TABLE ops.kept_refused AS SELECT DISTINCT r.*, f.entity, f."key" FROM ops.refused r JOIN ops.findings f ON f.doctype = r.doctype AND f.id = r.id AND f."key" IS NOT NULL WHERE ${outside}`)
}

/** Puts them back, under the numbers the documents have now. Findings that mapping made anew (those without a posted document) are not doubled. */
export async function putBack(staging: Staging): Promise<void> {
  const doctypes = (await staging.all<{ doctype: string }>('SELECT DISTINCT doctype FROM ops.kept_findings')).map((row) => row.doctype)
  await staging.transaction(async () => {
    for (const doctype of doctypes) {
      if (!await staging.exists(draftRelation(doctype))) continue
      const name = literal(doctype)
      await staging.run(`INSERT INTO ops.findings BY NAME SELECT k.* REPLACE (d._id AS id) FROM ops.kept_findings k JOIN ${draftRelation(doctype)} d ON d._entity = k.entity AND d._key = k."key" WHERE k.doctype = ${name} `
        + `AND NOT EXISTS (SELECT 1 FROM ops.findings f WHERE f.doctype = k.doctype AND f.entity = k.entity AND f."key" = k."key" AND f.type = k.type AND f.message = k.message)`)
      await staging.run(`INSERT INTO ops.refused SELECT k.doctype, d._id, k.type, k.message FROM ops.kept_refused k JOIN ${draftRelation(doctype)} d ON d._entity = k.entity AND d._key = k."key" WHERE k.doctype = ${name} `
        + `AND NOT EXISTS (SELECT 1 FROM ops.refused r WHERE r.doctype = k.doctype AND r.id = d._id)`)
    }
    await staging.run('DROP TABLE ops.kept_findings; DROP TABLE ops.kept_refused')
  })
}

/** A cause to be retried: `condition` selects its findings in `ops.findings`. */
export interface ClusterCause { condition: string; doctype: string }

/**
 * The cluster of causes, as a view. Documents are known by DocType and key. Records of causes found before mapping (`entity:X`) are known by ordinal, also those
 * that could not be read and were corrected since: their documents, of whatever DocType, are known once they are cleansed again. Throws `usage` when there is none.
 */
export async function makeCluster(staging: Staging, causes: ClusterCause[]): Promise<string> {
  await staging.run('CREATE TABLE IF NOT EXISTS ops.corrections (entity VARCHAR, row BIGINT, col VARCHAR, "value" VARCHAR, id VARCHAR, unread BIGINT)')
  await staging.run('CREATE OR REPLACE TABLE ops.retry_documents (doctype VARCHAR, entity VARCHAR, "key" VARCHAR); CREATE OR REPLACE TABLE ops.retry_records (entity VARCHAR, row BIGINT, unread BOOLEAN)')
  const parts = ['SELECT doctype, entity, "key" FROM ops.retry_documents'], entities = new Set<string>()
  for (const { condition, doctype } of causes) {
    if (!doctype.startsWith('entity:')) {
      await staging.run(`INSERT INTO ops.retry_documents SELECT DISTINCT doctype, entity, "key" FROM ops.findings WHERE ${condition} AND entity IS NOT NULL AND "key" IS NOT NULL`)
      continue
    }
    entities.add(doctype.slice('entity:'.length))
    await staging.run(`INSERT INTO ops.retry_records SELECT DISTINCT ${literal(doctype.slice('entity:'.length))}, id, type = 'record-unread' FROM ops.findings WHERE ${condition}`)
  }
  for (const entity of entities) {
    const clean = `clean.${ident(entity)}`
    if (!await staging.exists(clean)) throw new LandfallError('usage', `The records of ${entity} were not cleansed yet.`, { hint: 'Start with: landfall preflight' })
    parts.push(`SELECT NULL::VARCHAR, ${literal(entity)}, c._key FROM ${clean} c WHERE c._row IN (SELECT row FROM ops.retry_records WHERE entity = ${literal(entity)} AND NOT unread) `
      + `OR c._row IN (SELECT k.row FROM ops.corrections k JOIN ops.retry_records r ON r.unread AND r.row = k.unread AND r.entity = ${literal(entity)})`)
  }
  await staging.run(`CREATE OR REPLACE VIEW ops.retry_cluster AS ${parts.join(' UNION ALL ')}`)
  const any = await staging.one('SELECT 1 AS x FROM ops.retry_documents UNION ALL SELECT 1 FROM ops.retry_records LIMIT 1')
  if (!any) throw new LandfallError('usage', 'The findings of this cause belong to no document, so none can be retried.', { hint: 'Begin a new run: landfall run' })
  return 'ops.retry_cluster'
}

/** Documents of a cluster that are refused again, and records of its causes that are set aside again. */
export async function stillRefused(staging: Staging, cluster: string, causes: ClusterCause[]): Promise<number> {
  const refused = `SELECT d.doctype || ' ' || d.entity || ' ' || d."key" AS one FROM ops.findings d WHERE d.severity = 'blocking' AND ${within(cluster, 'd')}`
  const unfit = `SELECT doctype || ' ' || id AS one FROM ops.findings WHERE (${causes.map(({ condition }) => condition).join(' OR ')}) AND type IN ('record-rejected', 'record-unread')`
  return Number((await staging.one<{ n: number }>(`SELECT count(DISTINCT one) AS n FROM (${refused} UNION ALL ${unfit})`))?.n ?? 0)
}
