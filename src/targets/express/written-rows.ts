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
  const parts: (string | number)[][] = []
  let names: string[] = [], ids: number[] = [], modified: Text[] = []
  const end = () => {
    if (names.length === 0) return
    parts.push([seq, first + parts.length, table, JSON.stringify(names), JSON.stringify(ids), JSON.stringify(modified.every((one) => one === modified[0]) ? modified[0] : modified)])
    names = []; ids = []; modified = []
  }
  for await (const { count, columns } of staging.scan(`SELECT r.name, r._draft, ${storedText(`r.${ident('modified')}`, type)} FROM ${liveRows(table, batch)}`)) {
    for (let i = 0; i < count; i++) {
      names.push(columns[0]![i] as string)
      ids.push(Number(columns[1]![i]))
      modified.push(columns[2]![i] as Text)
      if (names.length === PART_NAMES) end()
    }
  }
  end()
  await writeParts(link, mode, parts)
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
