import { draftRelation } from '../model/draft.ts'
import { literal, type Staging } from '../staging/staging.ts'

/** Keeps the findings and refusals of all documents outside a cluster (relation of `entity`, `key`; of one DocType) while that is posted again. */
export async function keepAside(staging: Staging, cluster: string, doctype: string): Promise<void> {
  const outside = `NOT (f.doctype = ${literal(doctype)} AND EXISTS (SELECT 1 FROM ${cluster} c WHERE c.entity = f.entity AND c."key" = f."key"))`
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
