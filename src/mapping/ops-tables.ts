import type { Staging } from '../staging/staging.ts'

/** Tables of `ops` that mapping writes, beside `findings` and `rejected` (docs/architecture.md); created where they are missing. */
const TABLES = [
  `ops.findings (severity VARCHAR, type VARCHAR, doctype VARCHAR, id BIGINT, entity VARCHAR, "key" VARCHAR, field VARCHAR, idx BIGINT, message VARCHAR, "value" VARCHAR, cause VARCHAR, hint VARCHAR, stage INTEGER, seq BIGINT)`,
  'ops.rejected (entity VARCHAR, ordinal BIGINT, source_where VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)',
  // A staged record that is not in clean (doctype NULL), or a clean record or child row that is not in drafts. outcome: rejected, filtered, skipped, merged, failed.
  'ops.left_out (entity VARCHAR, doctype VARCHAR, ordinal BIGINT, "key" VARCHAR, outcome VARCHAR, reason VARCHAR, child VARCHAR)',
  // How many records a block of a mapping was offered, and how many documents it became.
  'ops.mapped (entity VARCHAR, doctype VARCHAR, block BIGINT, wave BIGINT, records BIGINT, drafts BIGINT, skipped BIGINT, failed BIGINT)',
  `ops.merge_log (entity VARCHAR, cluster BIGINT, survivor_row BIGINT, survivor_key VARCHAR, absorbed_row BIGINT, absorbed_key VARCHAR, rule VARCHAR, score DOUBLE, policy VARCHAR, choices VARCHAR,
     survivor_before VARCHAR, absorbed_record VARCHAR, active BOOLEAN)`,
  'ops.unmerged (entity VARCHAR, survivor_row BIGINT, absorbed_row BIGINT)',
  // Keys that stand for another: of an absorbed record (doctype NULL), or of a document that became part of another (doctype given).
  'ops.key_alias (entity VARCHAR, absorbed_key VARCHAR, doctype VARCHAR, to_entity VARCHAR, survivor_key VARCHAR)',
  'ops.placeholders (doctype VARCHAR, id BIGINT, entity VARCHAR, "key" VARCHAR, wanted_by VARCHAR, "references" BIGINT)',
  // Which record became which row of a child table, for entities whose rows others refer to. `parent`: the draft.
  'ops.child_rows (doctype VARCHAR, tbl VARCHAR, entity VARCHAR, "key" VARCHAR, parent BIGINT, idx BIGINT)',
  'ops.deferred (doctype VARCHAR, id BIGINT, field VARCHAR, ref_doctype VARCHAR, ref_entity VARCHAR, ref_key VARCHAR, name VARCHAR)',
  'ops.unmapped_values (entity VARCHAR, doctype VARCHAR, field VARCHAR, "value" VARCHAR, records BIGINT, became VARCHAR)',
]

/** Creates what mapping keeps in `ops`; harmless when it is there. */
export async function createMappingTables(staging: Staging): Promise<void> {
  for (const table of TABLES) await staging.run(`CREATE TABLE IF NOT EXISTS ${table}`)
}
