import { literal, type Staging } from '../staging/staging.ts'
import { cleanseEntity, countEntity, type CleansingCounts } from './cleanse.ts'
import type { MappedEntity } from './entity.ts'
import { createMappingTables } from './ops-tables.ts'
import type { MappingPlan } from './plan.ts'

/** What became of the records a DocType was offered: `records = drafts + skipped + failed + merged`. Placeholders are drafts without a record and not among them. */
export interface DocumentAccount { doctype: string; records: number; drafts: number; skipped: number; failed: number; merged: number; balanced: boolean }
/** `balanced`: `staged = clean + rejected + merged + skipped + filtered + failed`. */
export interface EntityAccount extends CleansingCounts { balanced: boolean; documents: DocumentAccount[] }

/** Cleanses entities (all of the plan, or those named) from raw to clean; see cleanseEntity. */
export async function cleanse(staging: Staging, plan: MappingPlan, names?: string[]): Promise<CleansingCounts[]> {
  const results: CleansingCounts[] = []
  for (const entity of plan.entities.values()) {
    if (names !== undefined && !names.includes(entity.name)) continue
    results.push(await cleanseEntity(staging, entity, plan.registry))
  }
  return results
}

/** The account of every entity of a plan, counted from the tables themselves. Reads only. */
export async function accounting(staging: Staging, plan: MappingPlan): Promise<EntityAccount[]> {
  await createMappingTables(staging)
  const accounts: EntityAccount[] = []
  for (const entity of plan.entities.values()) {
    const counts = await countEntity(staging, entity)
    const sum = counts.clean + counts.rejected + counts.merged + counts.skipped + counts.filtered + counts.failed
    accounts.push({ ...counts, balanced: counts.staged === sum, documents: await documentsOf(staging, entity) })
  }
  return accounts
}

async function documentsOf(staging: Staging, entity: MappedEntity): Promise<DocumentAccount[]> {
  const rows = await staging.all<{ doctype: string; records: number; drafts: number }>(`SELECT doctype, sum(records) AS records, sum(drafts) AS drafts FROM ops.mapped WHERE entity = ${literal(entity.name)} GROUP BY doctype ORDER BY doctype`)
  const out = await staging.all<{ doctype: string; outcome: string; n: number }>(`SELECT doctype, outcome, count(*) AS n FROM ops.left_out WHERE entity = ${literal(entity.name)} AND doctype IS NOT NULL AND child IS NULL GROUP BY ALL`)
  return rows.map((row) => {
    const of = (outcome: string) => Number(out.find((item) => item.doctype === row.doctype && item.outcome === outcome)?.n ?? 0)
    const account = { doctype: row.doctype, records: Number(row.records), drafts: Number(row.drafts), skipped: of('skipped'), failed: of('failed'), merged: of('merged') }
    return { ...account, balanced: account.records === account.drafts + account.skipped + account.failed + account.merged }
  })
}

/** A value that a value map does not have. `became`: reject, keep or null. */
export interface UnmappedValue { entity: string; doctype: string; field: string; value: string; records: number; became: string }

/** Values still unmapped, the most frequent first. */
export async function unmappedValues(staging: Staging): Promise<UnmappedValue[]> {
  if (!await staging.exists('ops.unmapped_values')) return []
  const rows = await staging.all<{ entity: string; doctype: string; field: string; value: string; n: number; became: string }>('SELECT entity, doctype, field, "value", sum(records) AS n, any_value(became) AS became FROM ops.unmapped_values GROUP BY ALL ORDER BY n DESC, entity, field, "value"')
  return rows.map(({ n, ...row }) => ({ ...row, records: Number(n) }))
}

/** Why records and child rows became no document: `ops.left_out`, grouped. */
export async function leftOut(staging: Staging): Promise<{ entity: string; doctype: string | null; child: string | null; outcome: string; reason: string; records: number }[]> {
  const rows = await staging.all<{ entity: string; doctype: string | null; child: string | null; outcome: string; reason: string; n: number }>('SELECT entity, doctype, child, outcome, reason, count(*) AS n FROM ops.left_out GROUP BY ALL ORDER BY n DESC, entity')
  return rows.map(({ n, ...row }) => ({ ...row, records: Number(n) }))
}
