import { literal, type Staging } from '../staging/staging.ts'
import type { RecordEdit } from './corrected.ts'
import type { MappedEntity } from './entity.ts'

/** Says, as findings of the entity, which records could not be read, and which corrections no longer fit what is read. Called after the entity was cleansed. */
export async function reportReading(staging: Staging, entity: MappedEntity, stale: RecordEdit[]): Promise<void> {
  const name = literal(entity.name), doctype = literal(`entity:${entity.name}`)
  await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'record-unread', ${doctype}, ordinal, ${name}, NULL, NULL, NULL, 'The record could not be read (' || source_where || coalesce(':' || line, '') || '): ' || reason, left(raw, 200), `
    + `${literal(`record-unread ${entity.name} `)} || reason, 'Correct it at the source, or in a workbook: landfall deadletters export', 0, ordinal FROM ops.rejected WHERE entity = ${literal(`${entity.source}.${entity.table}`)}`)
  for (const edit of stale) {
    await staging.run(`INSERT INTO ops.findings VALUES ('warning', 'correction-stale', ${doctype}, ${edit.row}, ${name}, NULL, NULL, NULL, ${literal(`Correction ${edit.id} was not applied: the record has changed at the source since, or is gone.`)}, NULL, `
      + `${literal(`correction-stale ${entity.name}`)}, 'Take it back (landfall corrections undo ID) and correct the record as it is now.', 0, ${edit.row})`)
  }
}
