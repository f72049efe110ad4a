import { ident, type Staging } from '../../staging/staging.ts'
import type { LaneBatch } from '../lane.ts'
import { loadValues, type BulkMode } from './bulk.ts'
import { storedText } from './column-text.ts'
import { quote, type Link, type Text } from './connection.ts'
import { ledgerTable } from './ledger.ts'
import { liveRows } from './prediction.ts'

/** Names in a ledger row: enough that rows are cheap to note, few enough that one is read at a time. */
const PART_NAMES = 4096

/** Rows a batch wrote to one table. `modified` as written, one for each or one for all. */
export interface WrittenRows { part: number; table: string; names: string[]; ids: number[]; modified: Text[] | Text }

/** Notes names, drafts and `modified` of the rows that the documents at work wrote to `table`; numbers the parts from `first` and answers the next number. */
export async function noteRows(link: Link, staging: Staging, mode: BulkMode, seq: number, batch: LaneBatch, table: string, type: string, first: number): Promise<number> {
  const modified = storedText('modified', type)
  const parts = await staging.all<{ names: string; ids: string; modified: string }>(`SELECT CAST(to_json(list(name)) AS VARCHAR) AS names, CAST(to_json(list(id)) AS VARCHAR) AS ids, CAST(CASE WHEN count(modified) = count(*) AND min(modified) = max(modified) `
    + `THEN to_json(any_value(${modified})) ELSE to_json(list(${modified})) END AS VARCHAR) AS modified FROM (SELECT r.name, r._draft AS id, r.${ident('modified')} AS modified, (row_number() OVER () - 1) // ${PART_NAMES} AS part FROM ${liveRows(table, batch)}) GROUP BY part ORDER BY part`)
  await writeParts(link, mode, parts.map((part, i) => [seq, first + i, table, part.names, part.ids, part.modified]))
  return first + parts.length
}

export async function writeParts(link: Link, mode: BulkMode, parts: (string | number)[][]): Promise<void> {
  if (parts.length > 0) await loadValues(link, mode, ledgerTable('rows'), ['batch', 'part', 'tbl', 'names', 'ids', 'modified'], parts)
}

/** Rows of a batch in reverse order of their writing. */
export async function writtenRows(link: Link, seq: number): Promise<WrittenRows[]> {
  const rows = await link.rows(`SELECT part, tbl, names, ids, modified FROM ${ledgerTable('rows')} WHERE batch = ${seq} ORDER BY part DESC`)
  return rows.map(([part, table, names, ids, modified]) => ({
    part: Number(part), table: table ?? '', names: JSON.parse(names ?? '[]') as string[], ids: JSON.parse(ids ?? '[]') as number[], modified: JSON.parse(modified ?? 'null') as Text[] | Text,
  }))
}

/** `IN` lists of names, a thousand each. */
export function nameLists(names: readonly string[]): string[] {
  const lists: string[] = []
  for (let i = 0; i < names.length; i += 1000) lists.push(names.slice(i, i + 1000).map(quote).join(', '))
  return lists
}
