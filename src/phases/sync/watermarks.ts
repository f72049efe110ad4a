import type { Staging } from '../../staging/staging.ts'
import type { Target, WatermarkRow } from '../../targets/target.ts'
import type { Watermark } from './windows.ts'

/** How far each entity was read by the last sync that came to its end, and the state of `raw` that the documents were made from ('' when there was none). */
export async function readWatermarks(staging: Staging, target: Target): Promise<{ marks: Map<string, Watermark>; version: string }> {
  const rows = await staging.all<{ entity: string; low: string | null; position: string | null; compared: string | null; at: string }>(
    `SELECT entity, arg_max(low, batch) AS low, arg_max("position", batch) AS "position", arg_max(compared, batch) AS compared, arg_max("at", batch) AS "at" FROM ${target.ledger}.watermarks WHERE entity <> '' GROUP BY entity`)
  const last = await staging.one<{ version: string | null }>(`SELECT arg_max(version, batch) AS version FROM ${target.ledger}.watermarks`)
  return {
    marks: new Map(rows.map((row) => [row.entity, { entity: row.entity, low: row.low, position: row.position, compared: row.compared === null ? null : Number(row.compared), at: Number(row.at) }])),
    version: last?.version ?? '',
  }
}

/** As the ledger keeps them; one without an entity says which state of `raw` it was, where nothing else does. */
export function watermarkRows(marks: Watermark[]): WatermarkRow[] {
  const rows = marks.map(({ entity, low, position, compared }) => ({ entity, low, position, compared: compared === null ? null : String(compared) }))
  return [...rows, { entity: '', low: null, position: null, compared: null }]
}
