import type { Staging } from '../../staging/staging.ts'

/** Tables of `ops` that posting writes, as docs/architecture.md describes them; created where they are missing. */
const TABLES = [
  `ops.findings (severity VARCHAR, type VARCHAR, doctype VARCHAR, id BIGINT, entity VARCHAR, "key" VARCHAR, field VARCHAR, idx BIGINT, message VARCHAR,
     "value" VARCHAR, cause VARCHAR, hint VARCHAR, stage INTEGER, seq BIGINT)`,
  `ops.refused (doctype VARCHAR, id BIGINT, type VARCHAR, message VARCHAR)`,
  `ops.updates (seq BIGINT, doctype VARCHAR, id BIGINT, tbl VARCHAR, "key" VARCHAR, col VARCHAR, before VARCHAR, after VARCHAR)`,
  // Drafts that stand for documents the site has already: their rows count as there before, although they carry a draft's number.
  `ops.known_drafts (doctype VARCHAR, id BIGINT)`,
  // Which number stands for which unit (child table, effect) in generated hash names; see hash.ts.
  `ops.hash_units (unit VARCHAR, ordinal INTEGER)`,
]

/** Findings of the batch at work, before they are known to be final. */
export const FOUND = `(id BIGINT, severity VARCHAR, type VARCHAR, field VARCHAR, idx BIGINT, message VARCHAR, "value" VARCHAR, cause VARCHAR, hint VARCHAR,
  stage INTEGER, seq BIGINT, late BOOLEAN)`

export async function createOpsTables(staging: Staging): Promise<void> {
  await staging.run(TABLES.map((table) => `CREATE TABLE IF NOT EXISTS ${table}`).join(';\n'))
}
