import type { DocTypeMeta } from '../../site/doctype.ts'
import type { LaneDocument, SiteRow } from '../lane.ts'
import type { SiteClient } from './client.ts'
import { bringsName, isNumbered } from './units.ts'

const SETTINGS = 'Document Naming Settings'

/** Counters of naming series by prefix; null when the user may not see them. */
export async function readSeries(client: SiteClient, prefixes: string[]): Promise<SiteRow[] | null> {
  const rows: SiteRow[] = []
  for (const name of new Set(prefixes)) {
    const current = await currentOf(client, name)
    if (current === null) return null
    rows.push({ name, current })
  }
  return rows
}

/**
 * Raises the counters of the series that documents brought numbers of: the site numbers nothing that brings its name, and would give the same number to the next
 * document made by hand. Never lowers one.
 */
export async function raiseSeries(client: SiteClient, meta: DocTypeMeta, names: string[], documents: LaneDocument[]): Promise<void> {
  const brought = new Set(documents.filter((document) => bringsName(meta, document) && isNumbered(meta, document)).map((document) => document.name))
  const highest = new Map<string, number>()
  for (const name of names) {
    const match = brought.has(name) ? /^(.*?)(\d+)$/.exec(name) : null
    if (!match) continue
    const prefix = match[1] ?? '', number = Number(match[2])
    if (Number.isSafeInteger(number)) highest.set(prefix, Math.max(highest.get(prefix) ?? 0, number))
  }
  for (const [prefix, number] of highest) {
    const current = await currentOf(client, prefix)
    if (current === null || current >= number) continue
    await setSeries(client, prefix, number)
  }
}

/** Sets a counter; the site notes it as a Version of Series. */
export async function setSeries(client: SiteClient, prefix: string, current: number): Promise<void> {
  await client.insist({ method: 'POST', path: 'api/method/run_doc_method', body: { method: 'update_series_start', docs: settings(prefix, current) } })
}

async function currentOf(client: SiteClient, prefix: string): Promise<number | null> {
  const { data, refusal } = await client.insist({ method: 'POST', path: 'api/method/run_doc_method', body: { method: 'get_current', docs: settings(prefix, 0) } })
  return refusal === null && Number.isFinite(Number(data)) ? Number(data) : null
}

/** As a form that was never saved, so that the site does not compare it with the stored one. */
function settings(prefix: string, current: number): string {
  return JSON.stringify({ doctype: SETTINGS, name: SETTINGS, __islocal: 1, prefix, current_value: current })
}
